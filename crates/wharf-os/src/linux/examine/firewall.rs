//! One connect(2) that is watched on its way through this machine: places that its packets pass, the rule that stops or
//! redirects them, queues that drop them.
//!
//! With CAP_NET_ADMIN nftables traces the packets of this one connection; without, only what everybody may read is
//! compared before and after. Not here: netlink messages (`nftables`), and what it all means.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::attempt::Outcome;
use super::counters::Counters;
use super::errno::Errno;
use super::links::{self, Queue};
use super::nftables::{self, Event, Tracer};
use super::rule_text::{self, Counted};
use super::stand::Stand;

/// What was seen of one connection on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where to.
    pub to: SocketAddr,
    /// What came of it.
    pub outcome: Outcome,
    /// Places that packets of it passed, in their order; empty where they could not be traced.
    pub way: Vec<Step>,
    /// Why they could not be traced.
    pub untraced: Option<String>,
    /// The rule that stopped one.
    pub stopped: Option<Stopped>,
    /// Where they were sent instead, and by which rule.
    pub redirected: Option<(SocketAddr, Option<Rule>)>,
    /// Queues of devices that dropped packets meanwhile.
    pub queues: Vec<Queue>,
    /// What the counters of the network namespace rose by meanwhile.
    pub counters: Counters,
}

/// One place that a packet passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether it was one of the answer.
    pub reply: bool,
    /// Where.
    pub place: Place,
}

/// Places of a packet's way through this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It is made, before any rule.
    Made,
    /// It leaves, behind all rules.
    Left,
    /// It comes in, before any rule.
    CameIn,
    /// It is handed to its socket, behind all rules.
    Delivered,
}

/// How a packet was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// By what.
    pub rule: Rule,
    /// Whether it was one of the answer.
    pub reply: bool,
    /// What was done to it.
    pub how: How,
}

/// What was done to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Dropped without a word.
    Dropped,
    /// Refused.
    Rejected,
    /// Handed to a program that decides, and has not.
    Queued,
    /// Taken out of its way: forwarded or duplicated elsewhere.
    Taken,
}

/// A rule of a firewall, or the policy of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Family of the table: `inet`, `ip`; `legacy` for iptables-legacy.
    pub family: String,
    /// Table.
    pub table: String,
    /// Chain.
    pub chain: String,
    /// Handle; `None` for the policy of the chain, and for iptables-legacy.
    pub handle: Option<u64>,
    /// The rule as its own tool writes it, or as near to that as is known; `None` for a policy.
    pub text: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether it, or a rule that led to it, is limited to packets of a user or a control group.
    pub by_owner: bool,
    /// What led to its chain, as far as that is no base chain.
    pub via: Vec<String>,
}

/// Connects to `to` as `stand` would, and watches. With `may_trace` packets are traced, which takes CAP_NET_ADMIN.
#[must_use]
pub fn probe(to: SocketAddr, patience: Duration, stand: &Stand, may_trace: bool) -> Probe {
    let mut probe = Probe {
        to,
        outcome: Outcome::TimedOut,
        way: Vec::new(),
        untraced: None,
        stopped: None,
        redirected: None,
        queues: Vec::new(),
        counters: Counters::default(),
    };
    let (socket, own_port) = match stand.socket(to).and_then(|socket| bound(socket, to)) {
        Ok(made) => made,
        Err(error) => {
            probe.outcome = Outcome::Failed(Errno::of(&error).unwrap_or(Errno::INVAL));
            return probe;
        }
    };
    let mut tracer = None;
    let mut legacy = Vec::new();
    if may_trace {
        match Tracer::install(own_port) {
            Ok(installed) => tracer = Some(installed),
            Err(error) => probe.untraced = Some(error.to_string()),
        }
        legacy = rule_text::legacy(to.is_ipv6());
    }
    let queues = links::queues();
    let counters = Counters::read();
    let events = connect(&socket, &mut probe, patience, tracer.as_mut(), own_port);
    probe.counters = Counters::read().since(&counters);
    probe.queues = links::dropped_since(&queues);
    if let Some(mut tracer) = tracer {
        tell(&mut probe, &mut tracer, &events, own_port);
    }
    if probe.stopped.is_none() && !legacy.is_empty() && may_be_lost_in_rules(&probe) {
        probe.stopped = risen(&legacy, &rule_text::legacy(to.is_ipv6()), to.port());
    }
    probe
}

/// Returns whether a rule of nftables is limited to a control group; `false` where that may not be seen.
#[must_use]
pub fn knows_groups() -> bool {
    nftables::has_rule(|facts| facts.by_group)
}

/// Binds `socket` to a port that the kernel chooses.
fn bound(socket: OwnedFd, to: SocketAddr) -> io::Result<(OwnedFd, u16)> {
    let any: SocketAddr =
        if to.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    rustix::net::bind(&socket, &any)?;
    let own = SocketAddr::try_from(rustix::net::getsockname(&socket)?)?;
    Ok((socket, own.port()))
}

/// Returns whether a packet came to rules and is not seen behind them, as far as packets were seen at all.
fn may_be_lost_in_rules(probe: &Probe) -> bool {
    let passed =
        |reply: bool, place: Place| probe.way.iter().any(|step| step.reply == reply && step.place == place);
    let ends = |reply: bool| {
        passed(reply, Place::Made) && !passed(reply, Place::Left)
            || passed(reply, Place::CameIn) && !passed(reply, Place::Delivered)
    };
    probe.outcome != Outcome::Connected && (probe.way.is_empty() || ends(false) || ends(true))
}

/// Connects, and returns what was heard of the trace meanwhile.
fn connect(
    socket: &OwnedFd,
    probe: &mut Probe,
    patience: Duration,
    mut tracer: Option<&mut Tracer>,
    own_port: u16,
) -> Vec<Event> {
    let deadline = Instant::now() + patience;
    let mut events = Vec::new();
    match rustix::net::connect(socket, &probe.to) {
        Ok(()) => probe.outcome = Outcome::Connected,
        Err(rustix::io::Errno::INPROGRESS) => {}
        Err(errno) => probe.outcome = Outcome::Failed(Errno(errno.raw_os_error())),
    }
    while probe.outcome == Outcome::TimedOut {
        if let Some(tracer) = tracer.as_deref_mut() {
            events.extend(tracer.heard());
            let is_over = |event: &Event| is_drop(event.verdict) && is_own(event, own_port);
            // A refusal is on its way to the socket; nothing is to come of what was dropped.
            if events.iter().any(is_over) && !is_ready(socket, REFUSAL) {
                break;
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if is_ready(socket, left.min(STEP)) {
            probe.outcome = match sockopt::socket_error(socket) {
                Ok(Ok(())) => Outcome::Connected,
                Ok(Err(errno)) | Err(errno) => Outcome::Failed(Errno(errno.raw_os_error())),
            };
        } else if left.is_zero() {
            break;
        }
    }
    events.extend(tracer.map(Tracer::heard).unwrap_or_default());
    events
}

fn is_ready(socket: &OwnedFd, patience: Duration) -> bool {
    let patience = Timespec::try_from(patience).unwrap_or_default();
    poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&patience)).is_ok_and(|count| count > 0)
}

/// Writes into `probe` what `events` tell.
fn tell(probe: &mut Probe, tracer: &mut Tracer, events: &[Event], own_port: u16) {
    let mut stop: Option<(usize, How)> = None;
    let mut last_rule = None;
    for (at, event) in events.iter().enumerate().filter(|(_, event)| is_own(event, own_port)) {
        let reply = event.source.port() != own_port;
        if !reply && is_elsewhere(event.destination, probe.to) && probe.redirected.is_none() {
            let rule = last_rule.map(|at| rule_at(tracer, events, at, own_port).0);
            probe.redirected = Some((event.destination, rule));
        }
        if let Some(chain) = tracer.mark(event) {
            let step = Step { reply, place: place(chain) };
            if !probe.way.contains(&step) {
                probe.way.push(step);
            }
            continue;
        }
        if !reply && event.handle.is_some() {
            last_rule = Some(at);
        }
        match event.verdict & VERDICT_MASK {
            _ if event.verdict < 0 && !is_drop(event.verdict) => {}
            DROP if stop.is_none_or(|(_, how)| how != How::Dropped) => stop = Some((at, How::Dropped)),
            // It matters only if nothing else comes of the packet.
            QUEUE if stop.is_none() => stop = Some((at, How::Queued)),
            STOLEN if stop.is_none() => stop = Some((at, How::Taken)),
            _ => {}
        }
    }
    let Some((at, how)) = stop.filter(|(_, how)| *how == How::Dropped || probe.outcome == Outcome::TimedOut)
    else {
        return;
    };
    let (rule, rejects) = rule_at(tracer, events, at, own_port);
    let how = if rejects { How::Rejected } else { how };
    probe.stopped = Some(Stopped { rule, reply: events[at].source.port() != own_port, how });
}

/// Returns the rule of one event, and whether it says that the packet is refused.
fn rule_at(tracer: &mut Tracer, events: &[Event], at: usize, own_port: u16) -> (Rule, bool) {
    let event = &events[at];
    let family = family(event.family).to_owned();
    let mut rule = Rule {
        family,
        table: event.table.clone(),
        chain: event.chain.clone(),
        handle: event.handle,
        ..Rule::default()
    };
    let Some(handle) = event.handle else { return (rule, false) };
    let rules = tracer.rules(event.family, &event.table, &event.chain);
    let index = rules.iter().position(|facts| facts.handle == handle);
    let facts = index.map(|index| &rules[index]);
    rule.comment = facts.and_then(|facts| facts.comment.clone());
    rule.by_owner = facts.is_some_and(|facts| facts.by_owner);
    let rejects = facts.is_some_and(|facts| facts.rejects);
    let is_iptables = IPTABLES.contains(&event.table.as_str());
    rule.text = index
        .filter(|_| is_iptables)
        .and_then(|index| rule_text::by_iptables(&rule.family, &event.table, &event.chain, index))
        .or_else(|| facts.filter(|facts| facts.is_whole).map(|facts| facts.text.clone()))
        .or_else(|| rule_text::by_nft(&rule.family, &event.table, &event.chain, handle))
        .or_else(|| facts.map(|facts| facts.text.clone()));
    // Of rules that lead from chain to chain, those of this packet in this table.
    let leads = |other: &&Event| {
        is_own(other, own_port)
            && (JUMP..=GOTO).contains(&-other.verdict)
            && (other.family, &other.table) == (event.family, &event.table)
            && other.source.port() == event.source.port()
    };
    for lead in events[..at].iter().filter(leads) {
        let Some(handle) = lead.handle.filter(|_| lead.chain != event.chain) else { continue };
        let rules = tracer.rules(lead.family, &lead.table, &lead.chain);
        if let Some(facts) = rules.iter().find(|facts| facts.handle == handle) {
            rule.by_owner |= facts.by_owner;
            let via = format!("{}: {}", lead.chain, facts.text);
            if !rule.via.contains(&via) {
                rule.via.push(via);
            }
        }
    }
    (rule, rejects)
}

/// Returns the rule of iptables-legacy that stopped a packet: the first whose counter rose.
fn risen(before: &[Counted], after: &[Counted], port: u16) -> Option<Stopped> {
    let rose = |now: &&Counted| {
        let same =
            |then: &&Counted| (&then.table, &then.chain, &then.rule) == (&now.table, &now.chain, &now.rule);
        before.iter().find(same).is_some_and(|then| now.packets > then.packets)
    };
    // Others count too: a rule of another port is not it.
    let may_be = |now: &&Counted| {
        let mut words = now.rule.as_deref().unwrap_or_default().split_whitespace();
        let named = words.find(|word| matches!(*word, "--dport" | "--sport")).and_then(|_| words.next());
        named.and_then(|named| named.parse::<u16>().ok()).is_none_or(|named| named == port)
    };
    let stops =
        |now: &&Counted| matches!(now.target.as_str(), "DROP" | "REJECT" | "TARPIT" | "STEAL" | "NFQUEUE");
    let candidates = || after.iter().filter(stops).filter(rose).filter(may_be);
    let found = candidates().find(|one| one.rule.is_some()).or_else(|| candidates().next())?;
    let text = found.rule.clone();
    let reply = text.as_ref().is_some_and(|text| text.contains(&format!("--sport {port}")));
    let comment = text.as_deref().and_then(|text| {
        let rest = text.split_once("--comment ")?.1;
        Some(match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
            None => rest.split_whitespace().next().unwrap_or_default().to_owned(),
        })
    });
    let by_owner =
        text.as_deref().is_some_and(|text| text.contains("-m owner") || text.contains("-m cgroup"));
    let how = match found.target.as_str() {
        "REJECT" => How::Rejected,
        "NFQUEUE" => How::Queued,
        _ => How::Dropped,
    };
    let rule = Rule {
        family: LEGACY.to_owned(),
        table: found.table.clone(),
        chain: found.chain.clone(),
        text,
        comment,
        by_owner,
        ..Rule::default()
    };
    Some(Stopped { rule, reply, how })
}

/// A packet to 0.0.0.0 is one to 127.0.0.1, and one of IPv4 may be sent by a socket of IPv6.
fn is_elsewhere(destination: SocketAddr, asked: SocketAddr) -> bool {
    let ip = asked.ip().to_canonical();
    destination.port() != asked.port() || !ip.is_unspecified() && destination.ip().to_canonical() != ip
}

/// Whose packet it is, by the port that only this connection has.
fn is_own(event: &Event, own_port: u16) -> bool {
    event.source.port() == own_port || event.destination.port() == own_port
}

/// NF_DROP may carry an error number.
fn is_drop(verdict: i32) -> bool {
    verdict & VERDICT_MASK == DROP && !(-ERRNO_ROOM..0).contains(&verdict)
}

fn place(chain: &str) -> Place {
    match chain {
        nftables::OUTPUT => Place::Made,
        nftables::POSTROUTING => Place::Left,
        nftables::PREROUTING => Place::CameIn,
        _ => Place::Delivered,
    }
}

/// NFPROTO_* by their names in nft(8).
fn family(number: u8) -> &'static str {
    match number {
        1 => "inet",
        2 => "ip",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => "?",
    }
}

/// Family of rules of iptables-legacy.
pub const LEGACY: &str = "legacy";
/// Tables that iptables-nft makes.
const IPTABLES: [&str; 5] = ["filter", "nat", "mangle", "raw", "security"];
const VERDICT_MASK: i32 = 0xff;
const DROP: i32 = 0;
const STOLEN: i32 = 2;
const QUEUE: i32 = 3;
/// Control verdicts of nftables are -1 to -5.
const ERRNO_ROOM: i32 = 255;
const JUMP: i32 = 3;
const GOTO: i32 = 4;
const STEP: Duration = Duration::from_millis(2);
/// A refusal is made while the packet is sent, or a moment later.
const REFUSAL: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{How, Place, Step, is_drop, probe, risen};
    use crate::examine::attempt::Outcome;
    use crate::examine::rule_text::Counted;
    use crate::examine::stand::Stand;

    #[test]
    fn a_way_that_is_free_is_seen_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let seen = probe(to, Duration::from_secs(5), &Stand::default(), false);
        assert_eq!((seen.outcome, seen.way.len()), (Outcome::Connected, 0));
        let seen = probe(to, Duration::from_secs(5), &Stand::default(), true);
        assert_eq!((seen.outcome, &seen.stopped), (Outcome::Connected, &None));
        // Without privilege, and where the kernel has no nftables, it is said.
        if seen.untraced.is_none() {
            assert_eq!(seen.way.first(), Some(&Step { reply: false, place: Place::Made }));
            assert!(seen.way.contains(&Step { reply: true, place: Place::Delivered }), "{seen:?}");
        }
    }

    #[test]
    fn the_same_place_has_several_addresses() {
        let is_elsewhere = |destination: &str, asked: &str| {
            super::is_elsewhere(destination.parse().unwrap(), asked.parse().unwrap())
        };
        assert!(
            !is_elsewhere("127.0.0.1:1", "0.0.0.0:1") && !is_elsewhere("127.0.0.1:1", "[::ffff:127.0.0.1]:1")
        );
        assert!(is_elsewhere("127.0.0.1:2", "127.0.0.1:1") && is_elsewhere("127.0.0.2:1", "127.0.0.1:1"));
    }

    #[test]
    fn a_packet_that_passed_all_rules_is_not_lost_in_them() {
        let to = "127.0.0.1:1".parse().unwrap();
        let mut seen = probe(to, Duration::ZERO, &Stand::default(), false);
        seen.outcome = Outcome::TimedOut;
        let step = |place| Step { reply: false, place };
        seen.way = [Place::Made, Place::Left, Place::CameIn].map(step).into();
        assert!(super::may_be_lost_in_rules(&seen));
        seen.way.push(step(Place::Delivered));
        assert!(!super::may_be_lost_in_rules(&seen));
    }

    #[test]
    fn only_a_drop_is_a_drop() {
        assert!(is_drop(0) && is_drop(-(1 << 16)));
        assert!(!is_drop(1) && !is_drop(-1) && !is_drop(-5));
    }

    #[test]
    fn the_rule_that_counts_is_the_one_unless_it_is_of_another_port() {
        let rule = |port: u16, packets| Counted {
            table: "filter".to_owned(),
            chain: "INPUT".to_owned(),
            rule: Some(format!("-A INPUT -p tcp --dport {port} -m comment --comment \"a b\" -j REJECT")),
            target: "REJECT".to_owned(),
            packets,
        };
        let found = risen(&[rule(80, 1), rule(81, 1)], &[rule(80, 2), rule(81, 2)], 81).unwrap();
        assert_eq!((found.how, found.rule.comment.as_deref()), (How::Rejected, Some("a b")));
        assert!(found.rule.text.unwrap().contains("81"));
        assert_eq!(risen(&[rule(81, 1)], &[rule(81, 1)], 81), None);
    }
}
