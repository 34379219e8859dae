//! Everything that is known of one question, each part from one source, before anybody judges it.
//!
//! Plain data: rules read it, [`crate::gather`] writes it, tests make it up. A part that is `None` or empty was not
//! looked at. Not here: judgement.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use wharf_model::detail::{EndpointDetail, PortDetail};
use wharf_model::diagnosis::{Evidence, Hop};
use wharf_model::endpoint::{Endpoint, EndpointState, Protocol};
use wharf_model::lease::Lease;
use wharf_model::run::Run;
use wharf_model::snapshot::Warning;
use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::bind::How;
use wharf_os::examine::errno::Errno;
use wharf_os::examine::units::UnitSeen;
use wharf_os::examine::unix::{Bound, Node};
use wharf_os::facts::{EphemeralRange, SocketFacts};

use crate::question::{Aim, View};
use crate::target::Target;

pub mod chain;
pub mod client;
pub mod itself;
pub mod names;
pub mod network;
pub mod servers;
pub mod suspects;
pub mod talk;
pub(crate) mod words;

use chain::Beyond;
use client::Client;
use itself::Itself;
use names::Names;
use network::Network;
use servers::{Server, Watch};
use suspects::Suspect;
use talk::Talk;

/// Everything that is known of one question.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What is to be done.
    pub aim: Aim,
    /// From whose point of view.
    pub view: View,
    /// Page that a browser would ask from.
    pub origin: Option<String>,
    /// Who is to reach the target: process, user, environment, limits.
    pub client: Client,
    /// What the host name leads to.
    pub names: Names,
    /// Addresses that a client would try, in its order; those of `localhost` where the name leads nowhere.
    pub addresses: Vec<SocketAddr>,
    /// By the kernel's own look-up, the listener that each address leads to in this network namespace.
    pub reached: Vec<Reached>,
    /// The same of addresses that only other clients would try: browsers and curl know both of `localhost` by themselves,
    /// whatever the files say.
    pub twins: Vec<Reached>,
    /// All that the catalogue knows of the port.
    pub port: Option<PortDetail>,
    /// Connections that were tried.
    pub attempts: Vec<Attempt>,
    /// Whether the server's program has accepted our connection, where that was seen.
    pub accepted: Option<bool>,
    /// What was seen of that connection until it was accepted.
    pub watch: Watch,
    /// Processes whose command line tells them the port, though nobody listens where the client looks.
    pub suspects: Vec<Suspect>,
    /// Units of systemd: sockets, and services that have failed; only where nobody listens.
    pub units: Vec<UnitSeen>,
    /// Whether this is WSL; only where nobody listens.
    pub is_wsl: bool,
    /// Interfaces, routes, firewalls.
    pub network: Network,
    /// Who listens at the port, examined.
    pub servers: Vec<Server>,
    /// What was said on connections that were made.
    pub talk: Talk,
    /// Servers of the kind that was asked for which listen by a Unix socket alone.
    pub unix_only: Vec<UnixServer>,
    /// A Unix socket that is the target.
    pub unix: Option<UnixSocket>,
    /// What bind(2) said, where that is the question.
    pub binds: Vec<BindTrial>,
    /// First port that an ordinary user may bind, where bind(2) is the question.
    pub unprivileged_from: Option<u16>,
    /// Ports that are handed out to outgoing connections, where bind(2) is the question.
    pub ephemeral: Option<EphemeralRange>,
    /// What is known of wharf itself, where that is the question, or it answers for the target.
    pub itself: Option<Itself>,
    /// A run of wharf whose port it is, and that does not listen there yet.
    pub run: Option<Run>,
    /// Leases of wharf that have the port.
    pub leases: Vec<Lease>,
    /// Forwarders that the question was followed through.
    pub chain: Vec<Hop>,
    /// What lies beyond the forwarder at the target, if it is one.
    pub beyond: Option<Beyond>,
    /// How long each part took.
    pub timings_ms: BTreeMap<String, f64>,
    /// What could not be seen.
    pub warnings: Vec<Warning>,
}

/// Which listener an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The address.
    pub address: SocketAddr,
    /// The listener; `None` if there is none.
    pub socket: Option<SocketFacts>,
}

/// A server that listens by a Unix socket, and by no port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixServer {
    /// What it is: `PostgreSQL`, `gunicorn`.
    pub kind: &'static str,
    /// Path of the socket.
    pub path: String,
    /// Name and process id, if it may be seen who has the socket.
    pub process: Option<(String, u32)>,
    /// How it is known that it is of the kind that was asked for.
    pub known_by: String,
}

/// A Unix socket, and what connect(2) said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixSocket {
    /// Its path; an abstract one begins with `@`.
    pub path: String,
    /// What lies at the path; `None` for nothing, or what may not be seen.
    pub node: Option<Node>,
    /// The innermost directory of the path that is there, with what it is.
    pub innermost: Option<(String, Node)>,
    /// What connect(2) said; `None` if it connected.
    pub error: Option<Errno>,
    /// The sockets in the kernel's list that were bound to the path.
    pub bound: Vec<Bound>,
    /// Who listens there: name, pid, directory.
    pub holder: Option<String>,
}

/// One bind(2), undone at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindTrial {
    /// How it was bound.
    pub how: How,
    /// What the kernel said; `None` if it succeeded.
    pub error: Option<Errno>,
}

/// What a client sees of the target, over all addresses that it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// No connection was tried.
    NotTried,
    /// One of the addresses took the connection.
    Connected,
    /// Refused: by this kernel, which counted a reset for it.
    Refused,
    /// Refused, and not by this kernel: a firewall, or another machine.
    RefusedByOther,
    /// Nothing came back.
    Hangs,
    /// Another error.
    Failed(Errno),
}

impl Facts {
    /// Returns facts of which nothing is known yet.
    #[must_use]
    pub fn new(aim: Aim) -> Self {
        Self {
            aim,
            view: View::Own,
            origin: None,
            client: Client::default(),
            names: Names::default(),
            addresses: Vec::new(),
            reached: Vec::new(),
            twins: Vec::new(),
            port: None,
            attempts: Vec::new(),
            accepted: None,
            watch: Watch::default(),
            suspects: Vec::new(),
            units: Vec::new(),
            is_wsl: false,
            network: Network::default(),
            servers: Vec::new(),
            talk: Talk::default(),
            unix_only: Vec::new(),
            unix: None,
            binds: Vec::new(),
            unprivileged_from: None,
            ephemeral: None,
            itself: None,
            run: None,
            leases: Vec::new(),
            chain: Vec::new(),
            beyond: None,
            timings_ms: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Returns the target, if one is to be reached.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match &self.aim {
            Aim::Reach(target) => Some(target),
            Aim::Bind(_) | Aim::Itself => None,
        }
    }

    /// Returns what is to be bound, if that is the question.
    #[must_use]
    pub fn bind(&self) -> Option<SocketAddr> {
        match self.aim {
            Aim::Bind(address) => Some(address),
            Aim::Reach(_) | Aim::Itself => None,
        }
    }

    /// Returns what bind(2) said of a server that binds as most do, with SO_REUSEADDR; `None` if it succeeded, or was
    /// not tried.
    #[must_use]
    pub fn bind_error(&self) -> Option<Errno> {
        self.binds.iter().find(|trial| trial.how.reuse_address && !trial.how.reuse_port)?.error
    }

    /// Returns what a client sees: the outcome of the last address it tries, unless an earlier one connects.
    #[must_use]
    pub fn symptom(&self) -> Symptom {
        let outcomes = || self.attempts.iter().map(symptom_of);
        if outcomes().any(|symptom| symptom == Symptom::Connected) {
            return Symptom::Connected;
        }
        // A client gives up after the last; one that hangs is what people wait for.
        outcomes()
            .find(|symptom| *symptom == Symptom::Hangs)
            .or_else(|| outcomes().next_back())
            .unwrap_or(Symptom::NotTried)
    }

    /// Returns what a client sees of the first address of `family` that it tries.
    #[must_use]
    pub fn attempt_at(&self, address: IpAddr) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.to.ip() == address)
    }

    /// Returns whether a client reaches what it asked for, as far as was seen.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.client.unseen.is_none() && self.is_reachable_here()
    }

    fn is_reachable_here(&self) -> bool {
        match &self.aim {
            Aim::Itself => self.itself.is_some(),
            Aim::Bind(_) => !self.binds.is_empty() && self.binds.iter().all(|trial| trial.error.is_none()),
            Aim::Reach(_) => match &self.unix {
                Some(unix) => unix.error.is_none(),
                None => {
                    self.symptom() == Symptom::Connected
                        && self.accepted != Some(false)
                        && self.talk.is_fine()
                        && !self.beyond.as_ref().is_some_and(|beyond| beyond.fails)
                }
            },
        }
    }

    /// Returns whether any address that the client tries leads to a listener; also to one that the kernel's look-up does not
    /// see, since packets are sent on to it.
    #[must_use]
    pub fn is_listened_at(&self) -> bool {
        self.reached.iter().any(|reached| reached.socket.is_some())
            || self.attempts.iter().any(|attempt| attempt.outcome == Outcome::Connected)
    }

    /// Returns the endpoints of this network namespace that listen at the port by TCP.
    pub fn listening(&self) -> impl Iterator<Item = &EndpointDetail> {
        self.endpoints().filter(|detail| {
            let endpoint = &detail.endpoint;
            endpoint.netns.own
                && endpoint.protocol == Protocol::Tcp
                && endpoint.state == EndpointState::Listening
        })
    }

    /// Returns the endpoint that a connection to `address` reaches.
    #[must_use]
    pub fn endpoint_at(&self, address: SocketAddr) -> Option<&EndpointDetail> {
        self.endpoint_of(self.reached.iter().find(|reached| reached.address == address)?)
    }

    /// Returns the endpoint that the listener belongs to.
    #[must_use]
    pub fn endpoint_of(&self, reached: &Reached) -> Option<&EndpointDetail> {
        let socket = reached.socket.as_ref()?;
        self.listening().find(|detail| {
            detail.endpoint.listeners.iter().any(|listener| listener.inode == Some(socket.inode))
        })
    }

    /// Returns the endpoint that the client reaches, or would: that of the first address with a listener.
    #[must_use]
    pub fn endpoint(&self) -> Option<&EndpointDetail> {
        self.addresses.iter().find_map(|&address| self.endpoint_at(address))
    }

    /// Returns everything that the catalogue found at the port.
    pub fn endpoints(&self) -> impl Iterator<Item = &EndpointDetail> {
        self.port.iter().flat_map(|port| &port.endpoints)
    }

    /// Returns whether every address that the client tries is one of this machine's loopback addresses.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        !self.addresses.is_empty()
            && self.addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    /// Returns what was seen that proves that the target can be reached.
    #[must_use]
    pub fn proof(&self) -> Vec<Evidence> {
        words::proof(self)
    }
}

/// Returns what a client sees of one attempt.
#[must_use]
pub fn symptom_of(attempt: &Attempt) -> Symptom {
    match attempt.outcome {
        Outcome::Connected => Symptom::Connected,
        Outcome::TimedOut => Symptom::Hangs,
        // The kernel counts each reset that it sends for want of a listener; a firewall's refusals are not counted so.
        Outcome::Failed(Errno::CONNREFUSED) if attempt.counters.get("TcpOutRsts") > 0 => Symptom::Refused,
        Outcome::Failed(Errno::CONNREFUSED) => Symptom::RefusedByOther,
        Outcome::Failed(errno) => Symptom::Failed(errno),
    }
}

/// Returns a few words on who holds an endpoint: `node (pid 4121, /home/me/shop)`.
#[must_use]
pub fn who(endpoint: &Endpoint) -> String {
    words::who(endpoint)
}
