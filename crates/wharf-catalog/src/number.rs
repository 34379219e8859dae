//! What can be said of a port number whoever uses it: IANA's names, ephemeral ranges, browsers, privilege.
//!
//! IANA's registry lies in `number/iana.txt` as text and is searched where it lies: a look-up reads a
//! dozen lines, and who asks nothing pays nothing. `number/iana.py` makes the file. Not here: who uses a
//! port, and asking this kernel for its ranges (`wharf-os`).

use wharf_model::port::{EphemeralFacts, IanaName, PortFacts, PortRange};
use wharf_os::facts::EphemeralRange;

/// Returns the facts on `port`, given this kernel's ephemeral ports and the first port that needs no
/// privilege, where they are known.
#[must_use]
pub fn facts(port: u16, ephemeral: Option<&EphemeralRange>, unprivileged_start: Option<u16>) -> PortFacts {
    PortFacts {
        port,
        range: PortRange::of(port),
        iana: iana_names(port),
        ephemeral: ephemeral.map(|range| seen_from(port, range)),
        ephemeral_by_default_on: DEFAULT_EPHEMERAL
            .iter()
            .filter(|(_, first, last)| (*first..=*last).contains(&port))
            .map(|(system, ..)| (*system).to_owned())
            .collect(),
        browsers_refuse: browsers_refuse(port),
        needs_privilege: unprivileged_start.map(|start| port < start),
    }
}

/// Returns whether browsers refuse to open `port`.
///
/// Source: the "bad port" table of the Fetch standard, <https://fetch.spec.whatwg.org/#port-blocking>.
#[must_use]
pub fn browsers_refuse(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_ok()
}

/// Returns whether `port` is known for something else than what somebody runs here: it has a name at IANA, or browsers
/// refuse it.
#[must_use]
pub fn is_known(port: u16) -> bool {
    browsers_refuse(port) || !iana_names(port).is_empty()
}

/// Returns IANA's names for `port`, the usual one first; empty if it is unassigned.
#[must_use]
pub fn iana_names(port: u16) -> Vec<IanaName> {
    rows_of(REGISTRY, port).filter_map(iana_name).collect()
}

fn seen_from(port: u16, range: &EphemeralRange) -> EphemeralFacts {
    let reserved = range.reserved.iter().any(|(first, last)| (*first..=*last).contains(&port));
    let within = (range.first..=range.last).contains(&port);
    EphemeralFacts { first: range.first, last: range.last, handed_out: within && !reserved, reserved }
}

/// Returns the lines of `registry` that begin with `port`, by a binary search for the first of them.
///
/// A line that begins with no number (a comment) counts as port 0: comments stand at the top.
fn rows_of(registry: &str, port: u16) -> impl Iterator<Item = &str> {
    let (mut low, mut high) = (0, registry.len());
    // Both ends stay at beginnings of lines; every line before `low` has a smaller port than asked for,
    // every line from `high` on an equal or greater one.
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = registry.as_bytes();
        let start = bytes[low..middle].iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[start..high].iter().position(|byte| *byte == b'\n').map_or(high, |at| start + at + 1);
        if port_of(&registry[start..end]) < u32::from(port) {
            low = end;
        } else {
            high = start;
        }
    }
    registry[low..].lines().take_while(move |line| port_of(line) == u32::from(port) && port != 0)
}

fn port_of(line: &str) -> u32 {
    line.split('\t').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn iana_name(line: &str) -> Option<IanaName> {
    let mut columns = line.split('\t').skip(1);
    let (name, letters) = (columns.next()?, columns.next()?);
    let description = columns.next().filter(|text| !text.is_empty()).map(str::to_owned);
    let protocols = letters.chars().filter_map(protocol).map(str::to_owned).collect();
    Some(IanaName { name: name.to_owned(), protocols, description })
}

fn protocol(letter: char) -> Option<&'static str> {
    match letter {
        't' => Some("tcp"),
        'u' => Some("udp"),
        's' => Some("sctp"),
        'd' => Some("dccp"),
        _ => None,
    }
}

const REGISTRY: &str = include_str!("number/iana.txt");

/// Ephemeral ranges that systems come with.
///
/// Source: Linux, ip-sysctl.rst (`ip_local_port_range`); macOS, `IPPORT_HIFIRSTAUTO` of xnu's netinet/in.h
/// as `net.inet.ip.portrange.first`; Windows since Vista, `netsh int ipv4 show dynamicport tcp`; FreeBSD,
/// `IPPORT_EPHEMERALFIRST` of netinet/in.h (49152 is only its IP_PORTRANGE_HIGH).
const DEFAULT_EPHEMERAL: &[(&str, u16, u16)] =
    &[("linux", 32768, 60999), ("macos", 49152, 65535), ("windows", 49152, 65535), ("freebsd", 10000, 65535)];

/// The Fetch standard's "bad ports", ascending. Port 0 was added in August 2025.
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

#[cfg(test)]
mod tests;
