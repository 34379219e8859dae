//! Interfaces, routes and firewalls of the client's network namespace. Plain data.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::firewall::{Place, Probe};
use wharf_os::examine::links::Link;
use wharf_os::examine::programs::GroupProgram;
use wharf_os::examine::routes::Way;
use wharf_os::examine::system::{Ipv6, PortsTaken};

use super::Facts;

/// The network between client and listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Interfaces; none where they were not looked at.
    pub links: Vec<Link>,
    /// The way to each address that failed.
    pub ways: Vec<Way>,
    /// One more connection, watched on its way.
    pub probe: Option<Probe>,
    /// What is said of IPv6.
    pub ipv6: Option<Ipv6>,
    /// How many connections are tracked, and how many can be.
    pub tracked: Option<(u64, u64)>,
    /// What IPsec has dropped: names and counts.
    pub ipsec_drops: Vec<(String, u64)>,
    /// Ports that the kernel chooses, where it had none to give.
    pub ports: Option<Ports>,
    /// Programs of control groups that decide on the connection; `None` where they may not be asked for.
    pub programs: Option<Vec<Program>>,
    /// XDP program of the loopback interface that drops the packet: its id and name.
    pub xdp: Option<(u32, String)>,
    /// Program of tc(8) on the loopback interface without a queue (TCX, Linux 6.6) that drops the packet, or the answer.
    pub tcx: Option<(u32, String)>,
    /// Where a connection that was made leads, if not to where it was asked for.
    pub diverted: Option<Diverted>,
    /// A socket that is connected with itself at the port: its address, and who has it.
    pub self_connected: Option<(SocketAddr, String)>,
}

/// Ports that the kernel chooses for connections to one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// Destination.
    pub to: Option<SocketAddr>,
    /// The first and the last.
    pub range: (u16, u16),
    /// How many there are, without those that are reserved.
    pub available: usize,
    /// Which are taken.
    pub taken: PortsTaken,
    /// Who has most of them, with how many.
    pub most: Option<(String, usize)>,
}

/// A program of a control group, and what it says of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program.
    pub program: GroupProgram,
    /// Whether it is of the server's group; else of the client's.
    pub of_server: bool,
    /// Whether it denies the connection's first packet, or the answer to it; `None` where it cannot be tried.
    pub denies: Option<bool>,
}

/// Where a connection leads instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverted {
    /// Where it was asked for.
    pub asked: SocketAddr,
    /// Where it leads.
    pub to: SocketAddr,
    /// How that is known, and by what it is done.
    pub by: Diversion,
    /// Who listens where it leads.
    pub listener: Option<String>,
    /// Who listens where it was asked for, and is bypassed.
    pub bypassed: Option<String>,
}

/// What diverts a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diversion {
    /// The packets are sent elsewhere: NAT of a firewall.
    Packets,
    /// connect(2) went elsewhere: a BPF program of a control group.
    Connect,
    /// The look-up of the listener finds another: a BPF program of the namespace.
    LookUp,
}

/// Where a packet of the watched connection was last seen, where it then was lost without a rule's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The first packet, between its making and its leaving: a firewall that no trace sees.
    GoingOut,
    /// The first packet, outside of all rules: a queue, the interface, a BPF program of the client's group.
    UnderWay,
    /// The first packet, between coming in and its socket.
    ComingIn,
    /// The first packet, at the socket.
    AtListener,
    /// The answer, outside of all rules.
    AnswerUnderWay,
    /// The answer, within rules.
    AnswerInRules,
    /// The answer, at the client's socket.
    AtClient,
}

/// Returns where the kernel sends what is for `address`: a mapped address is one of IPv4, and the unspecified one means
/// loopback.
#[must_use]
pub fn destination(address: SocketAddr) -> IpAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    }
}

impl Lost {
    /// Returns where it was, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::GoingOut => "the first packet is lost among rules on its way out",
            Self::UnderWay => {
                "the first packet is lost between leaving and coming in: a queue, or a BPF program"
            }
            Self::ComingIn => "the first packet is lost among rules where it comes in",
            Self::AtListener => "the first packet comes as far as the listener, which does not take it",
            Self::AnswerUnderWay => {
                "the answer is lost between leaving and coming in: a queue, or a BPF program"
            }
            Self::AnswerInRules => "the answer is lost among rules",
            Self::AtClient => "the answer comes as far as the client's socket, which does not take it",
        }
    }
}

impl Facts {
    /// Returns where a packet was lost, if one was, and no rule is known to have stopped it.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        let probe = self.network.probe.as_ref()?;
        if probe.outcome != Outcome::TimedOut || probe.stopped.is_some() || probe.way.is_empty() {
            return None;
        }
        let passed = |reply: bool, place: Place| {
            probe.way.iter().any(|step| step.reply == reply && step.place == place)
        };
        let remote = !self.is_local(probe.to);
        Some(match () {
            () if passed(true, Place::Delivered) => Lost::AtClient,
            () if passed(true, Place::CameIn) => Lost::AnswerInRules,
            () if passed(true, Place::Left) => Lost::AnswerUnderWay,
            () if passed(true, Place::Made) => Lost::AnswerInRules,
            () if passed(false, Place::Delivered) => Lost::AtListener,
            () if passed(false, Place::CameIn) => Lost::ComingIn,
            // What another machine makes of it is not seen here.
            () if passed(false, Place::Left) && remote => return None,
            () if passed(false, Place::Left) => Lost::UnderWay,
            () => Lost::GoingOut,
        })
    }

    /// Returns whether `address` is one of this machine's own, as far as is known.
    #[must_use]
    pub fn is_local(&self, address: SocketAddr) -> bool {
        let ip = destination(address);
        let is_own = |link: &Link| link.addresses.iter().any(|(own, _)| own.to_canonical() == ip);
        ip.is_loopback() || self.network.links.iter().any(is_own)
    }

    /// Returns what the kernel says of the way to `address`, where it was asked.
    #[must_use]
    pub fn way_to(&self, address: SocketAddr) -> Option<&Way> {
        self.network.ways.iter().find(|way| way.to == destination(address))
    }
}
