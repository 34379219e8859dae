//! What is known before anything is decided: values alone, so that each decision can be tested on made-up ones.
//!
//! Not here: where they come from ([`crate::gather`]).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use wharf_model::connection::Connection;
use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::Protocol;
use wharf_model::lease::Lease;
use wharf_model::place::Unit;
use wharf_model::process::Process;
use wharf_model::run::{Run, RunProcess};

/// All facts on one target.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The target as it was given.
    pub target: String,
    /// The port, where it is one.
    pub port: Option<u16>,
    /// TCP, unless only UDP has the port.
    pub protocol: Protocol,
    /// The addresses that a server is to be able to bind.
    pub addresses: Vec<SocketAddr>,
    /// True if something was named, and not a port: then also what lives in another network namespace is meant.
    pub by_name: bool,
    /// Sockets that are in the way, with their circumstances.
    pub holders: Vec<EndpointDetail>,
    /// Connections that have the port where no socket is bound for itself, but for those in TIME_WAIT.
    pub connections: Vec<Connection>,
    /// Ports that no outgoing connection gets, as ranges with both ends.
    pub reserved: Vec<(u16, u16)>,
    /// How many connections of the port are in TIME_WAIT.
    pub time_wait: usize,
    /// What binding an address said, where it failed: errno names.
    pub refused: Vec<(SocketAddr, String)>,
    /// Listeners of the port in other network namespaces, in words.
    pub elsewhere: Vec<String>,
    /// Runs of the name, or at the port.
    pub runs: Vec<Run>,
    /// Leases of the name, or of the port.
    pub leases: Vec<Lease>,
    /// Every process that descends from a holder, or from what it belongs to, by pid; with the holders and their ancestors.
    pub family: BTreeMap<u32, Process>,
    /// Shells that run a script with an endless loop in it.
    pub loops: BTreeSet<u32>,
    /// TCP ports that processes listen at, by pid.
    pub ports: BTreeMap<u32, Vec<u16>>,
    /// Units of the holders, and socket units at the port, as their manager tells them.
    pub units: Vec<UnitSeen>,
    /// Units that could not be asked about, and why.
    pub unasked: Vec<(String, String)>,
    /// What those who look after several services can be told, by the pid of such a supervisor.
    pub keepers: BTreeMap<u32, Kept>,
    /// Who asks.
    pub caller: Caller,
}

impl Facts {
    /// Returns the facts on a target of which nothing is known yet.
    #[must_use]
    pub fn new(target: &str, addresses: Vec<SocketAddr>, caller: Caller) -> Self {
        Self {
            target: target.to_owned(),
            port: addresses.first().map(SocketAddr::port),
            protocol: Protocol::Tcp,
            addresses,
            by_name: false,
            holders: Vec::new(),
            connections: Vec::new(),
            reserved: Vec::new(),
            time_wait: 0,
            refused: Vec::new(),
            elsewhere: Vec::new(),
            runs: Vec::new(),
            leases: Vec::new(),
            family: BTreeMap::new(),
            loops: BTreeSet::new(),
            ports: BTreeMap::new(),
            units: Vec::new(),
            unasked: Vec::new(),
            keepers: BTreeMap::new(),
            caller,
        }
    }
}

/// Who asks, as far as it matters to what may be stopped.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Effective user id.
    pub uid: u32,
    /// This process and all above it.
    pub line: Vec<u32>,
    /// Unit of systemd that it runs in.
    pub unit: Option<Unit>,
    /// Container that it runs in.
    pub container: Option<String>,
    /// Port of the ssh server by which it came.
    pub ssh_port: Option<u16>,
    /// wharf's daemon.
    pub daemon: Option<RunProcess>,
}

impl Caller {
    /// Returns whether it may stop what belongs to others.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// A unit, as its manager tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitSeen {
    /// Its name.
    pub name: String,
    /// User id whose manager has it; absent for the system's.
    pub user: Option<u32>,
    /// Its main process, if it has one.
    pub main_pid: Option<u32>,
    /// Units that start it: sockets, paths, timers.
    pub triggered_by: Vec<String>,
    /// Units that it starts: the service of a socket.
    pub triggers: Vec<String>,
    /// `UnitFileState`: enabled, disabled, static, transient.
    pub file_state: String,
    /// `Restart` of a service: no, always, on-failure.
    pub restart: Option<String>,
    /// True for a socket unit that listens at the port.
    pub is_at_port: bool,
}

/// How a supervisor of several services stops one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// pm2's daemon, by its own socket: the ids of what holds the port, with their name.
    Pm2 {
        /// PM2_HOME.
        home: String,
        /// User whose daemon it is.
        uid: u32,
        /// Name of the application.
        name: String,
        /// Its processes.
        ids: Vec<u32>,
    },
    /// By its client program.
    Client(wharf_os::keepers::Order),
    /// It could not be told which of its services it is, or how it is stopped: a sentence.
    Unknown(String),
}

/// Returns the processes that have a holder open, or to whom the message with it is on its way.
pub fn processes(holder: &EndpointDetail) -> impl Iterator<Item = &Process> {
    holder.endpoint.owner.processes.iter().chain(&holder.endpoint.owner.queued_to)
}

/// Returns their pids.
#[must_use]
pub fn pids(holder: &EndpointDetail) -> Vec<u32> {
    processes(holder).map(|process| process.pid).collect()
}

/// Returns the identity of a process.
#[must_use]
pub fn identity(process: &Process) -> RunProcess {
    RunProcess { pid: process.pid, start_ticks: process.start_ticks }
}

/// Returns `node (pid 4121, /src/shop)`.
#[must_use]
pub fn who(process: &Process) -> String {
    match process.cwd.as_deref().filter(|cwd| cwd.len() > 1) {
        Some(cwd) => format!("{} (pid {}, {cwd})", process.name, process.pid),
        None => format!("{} (pid {})", process.name, process.pid),
    }
}
