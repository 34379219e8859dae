//! nftables by nfnetlink: a temporary table that has one connection traced, what the trace says, and the rule that decided;
//! `linux/netfilter/nf_tables.h`.
//!
//! Needs CAP_NET_ADMIN. The table belongs to its netlink socket (NFT_TABLE_F_OWNER, Linux 5.12), so the kernel removes it
//! with the process, however that ends; older kernels are told to, and the next trace removes what was left. Not here: the
//! connection (`firewall`), and a rule as its own tool writes it (`rule_text`).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use wharf_sys::linux::netlink::{
    Attributes, Batch, Message, NLM_F_APPEND, NLM_F_CREATE, Netlink, Protocol, attributes,
};

use super::nft_rule::{RuleFacts, rule_facts};
use crate::identity;

/// A table of nftables that has packets of one connection traced, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Tracer {
    control: Netlink,
    events: Netlink,
    table: String,
    /// Ends of each packet: the kernel tells them with its first event of a base chain alone.
    ends: HashMap<u32, (SocketAddr, SocketAddr)>,
}

/// What the kernel did with one packet at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) family: u8,
    pub(super) table: String,
    pub(super) chain: String,
    /// Handle of the rule; `None` for the policy of the chain.
    pub(super) handle: Option<u64>,
    pub(super) verdict: i32,
}

impl Tracer {
    /// Has packets traced to and from `own_port`.
    ///
    /// # Errors
    /// `EPERM` without CAP_NET_ADMIN; what else the kernel said, for want of nftables.
    pub(super) fn install(own_port: u16) -> io::Result<Self> {
        let events = Netlink::open(Protocol::Netfilter, 1 << (GROUP_TRACE - 1))?;
        events.make_room(EVENTS_ROOM);
        let mut control = Netlink::open(Protocol::Netfilter, 0)?;
        remove_left(&mut control);
        let table = own_name();
        let install = |control: &mut Netlink, flags: u32| control.commit(&batch(&table, own_port, flags));
        match install(&mut control, TABLE_OWNER) {
            // The flag is unknown to kernels before 5.12.
            Err(error) if is_unknown(&error) => {
                control = Netlink::open(Protocol::Netfilter, 0)?;
                install(&mut control, 0)?;
            }
            result => result?,
        }
        Ok(Self { control, events, table, ends: HashMap::new() })
    }

    /// Returns what was heard so far: of each packet that is traced, every rule that it matched.
    pub(super) fn heard(&mut self) -> Vec<Event> {
        let mut heard = Vec::new();
        // That some were lost is no reason to hear no more.
        while self
            .events
            .hear(|kind, body| {
                if kind == TRACE {
                    heard.extend(event(body, &mut self.ends));
                }
            })
            .unwrap_or(true)
        {
            if heard.len() > EVENTS_AT_MOST {
                break;
            }
        }
        heard
    }

    /// Returns the chain of this table that `event` is of, if it is of this table.
    pub(super) fn mark<'a>(&self, event: &'a Event) -> Option<&'a str> {
        (event.table == self.table).then_some(event.chain.as_str())
    }

    /// Returns what the rules of a chain are, in their order.
    pub(super) fn rules(&mut self, family: u8, table: &str, chain: &str) -> Vec<RuleFacts> {
        let mut rules = Vec::new();
        let mut request = message(GET_RULE, family).text(RULE_TABLE, table).text(RULE_CHAIN, chain);
        // What was read before an error is still of use.
        let _ = self.control.ask(&mut request, true, |_, body| {
            let of = |kind| attributes(body, 4).find(|(own, _)| *own == kind).map(|(_, value)| value);
            let is = |kind, wanted: &str| of(kind).is_some_and(|value| text(value) == wanted);
            // Kernels before 6.? list rules of every chain.
            if is(RULE_TABLE, table) && is(RULE_CHAIN, chain) {
                rules.push(rule_facts(attributes(body, 4)));
            }
        });
        rules
    }
}

/// Returns whether there is a rule, in any table of the network namespace, of which `is` holds.
pub(super) fn has_rule(is: impl Fn(&RuleFacts) -> bool) -> bool {
    let Ok(mut control) = Netlink::open(Protocol::Netfilter, 0) else { return false };
    let mut found = false;
    // What was read before an error is still of use.
    let _ = control.ask(&mut message(GET_RULE, 0), true, |_, body| {
        found |= is(&rule_facts(attributes(body, 4)));
    });
    found
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // With the owner's socket the kernel removes it, too.
        let _ = delete(&mut self.control, &self.table);
    }
}

impl AsFd for Tracer {
    /// Readable once something was heard.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

fn is_unknown(error: &io::Error) -> bool {
    let numbers =
        [rustix::io::Errno::INVAL, rustix::io::Errno::OPNOTSUPP].map(rustix::io::Errno::raw_os_error);
    error.raw_os_error().is_some_and(|errno| numbers.contains(&errno))
}

/// Returns a name by which a later run knows whether the table is still of use.
fn own_name() -> String {
    let own = identity::own().map_or(0, |own| own.start_ticks);
    let thread = rustix::thread::gettid().as_raw_nonzero();
    format!("{NAME}{}_{own}_{thread}", std::process::id())
}

/// Removes tables of processes that are no more: without an owner, or of a kernel that knows none.
fn remove_left(control: &mut Netlink) {
    let mut left = Vec::new();
    let _ = control.ask(&mut message(GET_TABLE, INET), true, |_, body| {
        let name = attributes(body, 4).find(|(kind, _)| *kind == TABLE_NAME).map(|(_, name)| text(name));
        left.extend(name.filter(|name| is_left(name)));
    });
    for name in left {
        let _ = delete(control, &name);
    }
}

fn is_left(table: &str) -> bool {
    let Some(rest) = table.strip_prefix(NAME) else { return false };
    let mut parts = rest.split('_').map(str::parse::<u64>);
    let (Some(Ok(pid)), Some(Ok(start_ticks))) = (parts.next(), parts.next()) else { return false };
    let Ok(pid) = u32::try_from(pid) else { return false };
    identity::of(pid).is_none_or(|process| process.start_ticks != start_ticks)
}

fn delete(control: &mut Netlink, table: &str) -> io::Result<()> {
    let delete = message(DELETE_TABLE, INET).text(TABLE_NAME, table);
    control.commit(&Batch::default().message(begin()).acknowledged(delete).message(end()))
}

/// The table, with a chain at each place of a packet's way through this machine: before all others where a packet comes
/// in or is made, and behind all others where it leaves or is taken in.
fn batch(table: &str, own_port: u16, flags: u32) -> Batch {
    let new_table = message(NEW_TABLE, INET)
        .with(NLM_F_CREATE)
        .text(TABLE_NAME, table)
        .attribute(TABLE_FLAGS, &flags.to_be_bytes());
    let mut batch = Batch::default().message(begin()).acknowledged(new_table);
    for (name, hook, priority) in PLACES {
        let hook = Attributes::default()
            .attribute(HOOK_NUMBER, &hook.to_be_bytes())
            .attribute(HOOK_PRIORITY, &priority.to_be_bytes());
        let chain = message(NEW_CHAIN, INET)
            .with(NLM_F_CREATE)
            .text(CHAIN_TABLE, table)
            .text(CHAIN_NAME, name)
            .nested(CHAIN_HOOK, &hook)
            .text(CHAIN_TYPE, "filter");
        batch = batch.acknowledged(chain);
        for offset in [SOURCE_PORT, DESTINATION_PORT] {
            let rule = message(NEW_RULE, INET)
                .with(NLM_F_CREATE | NLM_F_APPEND)
                .text(RULE_TABLE, table)
                .text(RULE_CHAIN, name)
                .nested(RULE_EXPRESSIONS, &trace_port(offset, own_port));
            batch = batch.acknowledged(rule);
        }
    }
    batch.message(end())
}

/// `meta l4proto tcp @th,OFFSET,16 PORT meta nftrace set 1`
fn trace_port(offset: u32, port: u16) -> Attributes {
    let number = |value: u32| value.to_be_bytes();
    let compare = |value: &[u8]| {
        let data = Attributes::default().attribute(DATA_VALUE, value);
        Attributes::default().attribute(1, &number(1)).attribute(2, &number(0)).nested(3, &data)
    };
    let one = Attributes::default().attribute(DATA_VALUE, &1_u32.to_ne_bytes());
    let expressions = [
        ("meta", Attributes::default().attribute(2, &number(META_PROTOCOL)).attribute(1, &number(1))),
        ("cmp", compare(&[IPPROTO_TCP])),
        (
            "payload",
            Attributes::default()
                .attribute(1, &number(1))
                .attribute(2, &number(TRANSPORT_HEADER))
                .attribute(3, &number(offset))
                .attribute(4, &number(2)),
        ),
        ("cmp", compare(&port.to_be_bytes())),
        ("immediate", Attributes::default().attribute(1, &number(1)).nested(2, &one)),
        ("meta", Attributes::default().attribute(2, &number(META_TRACE)).attribute(3, &number(1))),
    ];
    expressions.into_iter().fold(Attributes::default(), |list, (name, data)| {
        list.nested(LIST_ELEMENT, &Attributes::default().text(1, name).nested(2, &data))
    })
}

/// Reads a message of the trace; `None` for what is no packet of TCP, or tells no verdict.
fn event(body: &[u8], known: &mut HashMap<u32, (SocketAddr, SocketAddr)>) -> Option<Event> {
    let family = *body.first()?;
    let of = |kind| attributes(body, 4).find(|(own, _)| *own == kind).map(|(_, value)| value);
    let packet = of(TRACE_ID)?.try_into().ok().map(u32::from_ne_bytes)?;
    let told = of(TRACE_NETWORK_HEADER).zip(of(TRACE_TRANSPORT_HEADER));
    if let Some(ends) = told.and_then(|(network, transport)| ends(network, transport)) {
        known.insert(packet, ends);
    }
    let (source, destination) = *known.get(&packet)?;
    let number = |value: &[u8]| value.try_into().ok().map(i32::from_be_bytes);
    let by_rule = of(TRACE_VERDICT).and_then(|verdict| {
        attributes(verdict, 0).find(|(kind, _)| *kind == VERDICT_CODE).and_then(|(_, code)| number(code))
    });
    let is_policy = of(TRACE_TYPE).and_then(number) == Some(TYPE_POLICY);
    let verdict = if is_policy { of(TRACE_POLICY).and_then(number) } else { by_rule }?;
    Some(Event {
        source,
        destination,
        family,
        table: text(of(TRACE_TABLE)?),
        chain: text(of(TRACE_CHAIN)?),
        handle: of(TRACE_RULE_HANDLE)
            .and_then(|value| value.try_into().ok().map(u64::from_be_bytes))
            .filter(|_| !is_policy),
        verdict,
    })
}

/// Reads addresses and ports out of an IP header and a TCP header.
fn ends(network: &[u8], transport: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |at: usize, length: usize| -> Option<IpAddr> {
        let bytes = network.get(at..at + length)?;
        match length {
            4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        }
    };
    let port = |at: usize| Some(u16::from_be_bytes(transport.get(at..at + 2)?.try_into().ok()?));
    let (protocol, source, destination) = match network.first()? >> 4 {
        4 => (*network.get(9)?, ip(12, 4)?, ip(16, 4)?),
        6 => (*network.get(6)?, ip(8, 16)?, ip(24, 16)?),
        _ => return None,
    };
    if protocol != IPPROTO_TCP {
        return None;
    }
    Some((SocketAddr::new(source, port(0)?), SocketAddr::new(destination, port(2)?)))
}

pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

fn message(kind: u16, family: u8) -> Message {
    Message::new(SUBSYSTEM << 8 | kind, &[family, 0, 0, 0])
}

fn begin() -> Message {
    Message::new(BATCH_BEGIN, &[0, 0, 0, SUBSYSTEM as u8])
}

fn end() -> Message {
    Message::new(BATCH_END, &[0, 0, 0, SUBSYSTEM as u8])
}

/// Name, hook and priority of each chain.
const PLACES: [(&str, u32, i32); 4] =
    [(OUTPUT, 3, i32::MIN), (POSTROUTING, 4, i32::MAX), (PREROUTING, 0, i32::MIN), (INPUT, 1, i32::MAX)];
/// Where a packet is made on this machine.
pub(super) const OUTPUT: &str = "output";
/// Where it leaves.
pub(super) const POSTROUTING: &str = "postrouting";
/// Where it comes in.
pub(super) const PREROUTING: &str = "prerouting";
/// Where it is handed to its socket.
pub(super) const INPUT: &str = "input";

/// What the names of wharf's tables begin with; process and start time follow.
const NAME: &str = "wharf_why_";
const EVENTS_ROOM: usize = 4 * 1024 * 1024;
const EVENTS_AT_MOST: usize = 20_000;

// linux/netfilter/nfnetlink.h, nf_tables.h
const SUBSYSTEM: u16 = 10;
const GROUP_TRACE: u32 = 9;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NEW_TABLE: u16 = 0;
const GET_TABLE: u16 = 1;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const GET_RULE: u16 = 7;
const TRACE: u16 = SUBSYSTEM << 8 | 17;
const INET: u8 = 1;
const TABLE_NAME: u16 = 1;
const TABLE_FLAGS: u16 = 2;
const TABLE_OWNER: u32 = 2;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const LIST_ELEMENT: u16 = 1;
const DATA_VALUE: u16 = 1;
const VERDICT_CODE: u16 = 1;
const META_TRACE: u32 = 12;
const META_PROTOCOL: u32 = 16;
const TRANSPORT_HEADER: u32 = 2;
const SOURCE_PORT: u32 = 0;
const DESTINATION_PORT: u32 = 2;
const IPPROTO_TCP: u8 = 6;
const TRACE_TABLE: u16 = 1;
const TRACE_CHAIN: u16 = 2;
const TRACE_RULE_HANDLE: u16 = 3;
const TRACE_TYPE: u16 = 4;
const TRACE_VERDICT: u16 = 5;
const TRACE_ID: u16 = 6;
const TRACE_NETWORK_HEADER: u16 = 8;
const TRACE_TRANSPORT_HEADER: u16 = 9;
const TRACE_POLICY: u16 = 16;
const TYPE_POLICY: i32 = 1;

#[cfg(test)]
mod tests {
    use super::{ends, event, is_left, own_name};

    #[test]
    fn only_tables_of_the_dead_are_left() {
        assert!(!is_left(&own_name()));
        assert!(is_left("wharf_why_4194305_17_3"));
        for other in ["filter", "wharf_why_", "wharf_why_x_1", "wharf_why_1"] {
            assert!(!is_left(other), "{other}");
        }
    }

    #[test]
    fn ends_are_read_out_of_headers() {
        let mut header = [0; 20];
        header[0] = 0x45;
        header[9] = 6;
        header[12..20].copy_from_slice(&[127, 0, 0, 1, 127, 0, 0, 2]);
        let (from, to) = ends(&header, &[0x1e, 0x61, 0, 80]).unwrap();
        assert_eq!((from.to_string(), to.to_string()), ("127.0.0.1:7777".into(), "127.0.0.2:80".into()));
        header[9] = 17;
        assert_eq!(ends(&header, &[0; 4]), None);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        proptest::proptest!(|(body: Vec<u8>)| { let _ = event(&body, &mut std::collections::HashMap::new()); });
    }
}
