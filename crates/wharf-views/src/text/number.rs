//! What `wharf show` says of a port number itself, and of whether it can be had.
//!
//! Not here: who listens on it (`show`).

use std::net::SocketAddr;

use wharf_model::detail::{Availability, BindTrial};
use wharf_model::port::{EphemeralFacts, IanaName, PortFacts, PortRange};

use crate::text::block::Block;
use crate::text::line::{Ink, Line};

/// Adds the facts on a number.
pub(crate) fn add_facts(block: &mut Block, facts: &PortFacts) {
    let plain = |text: &str| Line::of(Ink::Plain, text);
    block.gap();
    block.entry("number", plain(&format!("{}, {}", facts.port, range(facts.range))));
    let names = match facts.iana.as_slice() {
        [] if facts.range == PortRange::Dynamic => Vec::new(),
        [] => vec![Line::of(Ink::Dim, "no name assigned")],
        names => names.iter().map(iana).collect(),
    };
    block.entries("IANA", names);
    block.entry("ephemeral", ephemeral(facts));
    block.entry(
        "browsers",
        match facts.browsers_refuse {
            true => Line::of(Ink::Warning, "refuse to open it (ERR_UNSAFE_PORT)"),
            false => plain("may open it"),
        },
    );
    match facts.needs_privilege {
        Some(true) => {
            block.entry("privilege", Line::of(Ink::Warning, "needs root or CAP_NET_BIND_SERVICE here"));
        }
        Some(false) => block.entry("privilege", plain("anyone here may bind it")),
        None => {}
    }
}

fn range(range: PortRange) -> &'static str {
    match range {
        PortRange::System => "a system port (0–1023)",
        PortRange::User => "a user port (1024–49151)",
        PortRange::Dynamic => "a dynamic port (49152–65535), assigned to nobody",
    }
}

fn iana(name: &IanaName) -> Line {
    let mut line = Line::of(Ink::Plain, &name.name);
    if !name.protocols.is_empty() {
        line.push(Ink::Dim, &format!(" ({})", name.protocols.join(", ")));
    }
    if let Some(description) = &name.description {
        line.push(Ink::Dim, &format!("  {description}"));
    }
    line
}

/// Returns whether a connection may take the number by chance, here and on other systems.
fn ephemeral(facts: &PortFacts) -> Line {
    let mut line = match &facts.ephemeral {
        Some(here) => ephemeral_here(facts.port, here),
        None => Line::new(),
    };
    let others: Vec<String> = facts
        .ephemeral_by_default_on
        .iter()
        .filter(|system| facts.ephemeral.is_none() || *system != "linux")
        .map(|system| format!("{}'s", system_name(system)))
        .collect();
    let elsewhere = match others.as_slice() {
        [] => return line,
        [one] => format!("inside {one} default"),
        [some @ .., last] => format!("inside {} and {last} defaults", some.join(", ")),
    };
    line.join("; ", Line::of(Ink::Plain, &elsewhere));
    line
}

fn ephemeral_here(port: u16, here: &EphemeralFacts) -> Line {
    let range = format!("this kernel's {}–{}", here.first, here.last);
    if here.handed_out {
        let text = format!("inside {range}: an outgoing connection may take it at any time");
        return Line::of(Ink::Warning, &text);
    }
    let text = match (here.first..=here.last).contains(&port) {
        true if here.reserved => format!("inside {range}, but reserved: never handed out"),
        true => format!("inside {range}, but not handed out"),
        false => format!("outside {range}"),
    };
    Line::of(Ink::Plain, &text)
}

fn system_name(system: &str) -> &str {
    match system {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        "freebsd" => "FreeBSD",
        other => other,
    }
}

/// Returns the proof that a port can be had, or what the kernel said against it: a line each answer.
pub(crate) fn trials(availability: &Availability) -> Vec<Line> {
    let as_servers = |trial: &&BindTrial| trial.reuse_address;
    let tried: Vec<&BindTrial> = availability.tried.iter().filter(as_servers).collect();
    // Where only the strict bind was tried, that is the proof.
    let tried = if tried.is_empty() { availability.tried.iter().collect() } else { tried };
    let mut lines = Vec::new();
    let bound = addresses(&tried, None);
    if !bound.is_empty() {
        lines.push(Line::of(Ink::Plain, &proof(&bound)));
    }
    let mut errors: Vec<&str> = tried.iter().filter_map(|trial| trial.error.as_deref()).collect();
    errors.dedup();
    for error in errors {
        let text = format!("{}: {} ({error})", refusal(error), addresses(&tried, Some(error)));
        lines.push(Line::of(Ink::Warning, &text));
    }
    let lenient = |address: SocketAddr| {
        tried.iter().any(|trial| trial.reuse_address && trial.error.is_none() && trial.address == address)
    };
    let strict = |trial: &BindTrial| !trial.reuse_address && trial.error.as_deref() == Some("EADDRINUSE");
    if availability.tried.iter().any(|trial| strict(trial) && lenient(trial.address)) {
        let text = "a server that does not set SO_REUSEADDR is refused still: connections have the port";
        lines.push(Line::of(Ink::Warning, text));
    }
    lines
}

/// Returns how it was found that the port can be had at `addresses`.
pub(crate) fn proof(addresses: &str) -> String {
    format!("TCP bound here to {addresses} just now, and let go")
}

/// Returns the addresses of the trials that ended so, each once.
pub(crate) fn addresses(tried: &[&BindTrial], error: Option<&str>) -> String {
    let mut found: Vec<String> = Vec::new();
    for trial in tried.iter().filter(|trial| trial.error.as_deref() == error) {
        let address = trial.address.ip().to_string();
        if !found.contains(&address) {
            found.push(address);
        }
    }
    found.join(", ")
}

fn refusal(error: &str) -> &'static str {
    match error {
        "EADDRINUSE" => "taken",
        "EACCES" | "EPERM" => "not allowed",
        "EADDRNOTAVAIL" => "this machine has no such address",
        "EAFNOSUPPORT" => "this machine does not speak that protocol",
        _ => "refused",
    }
}
