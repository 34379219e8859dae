//! Who listens at the port, examined: queues, processes, their threads, limits and control groups. Plain data, with what
//! it says of itself. Not here: which of it is a cause.

use std::time::Duration;

use wharf_model::owner::HeldBy;
use wharf_os::examine::cgroup::{Frozen, Memory, Throttle};
use wharf_os::examine::process::Process;
use wharf_os::examine::queue::{Half, Queue};

use super::{Facts, Symptom};

#[cfg(test)]
pub(crate) mod made;
pub mod wait;

use wait::Wait;

/// What was seen of our own connection from connect(2) to accept(2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The server's side of it, as it was last seen.
    pub half: Option<Half>,
    /// Whether the kernel keeps it from the server until the client has said something (TCP_DEFER_ACCEPT).
    pub deferred: bool,
    /// Whether it was ended before a byte had come, and if so whether by a reset.
    pub closed: Option<bool>,
    /// How many packets the listener itself dropped while connections to it hung.
    pub drops: u32,
    /// How long it was waited for.
    pub waited: Duration,
}

/// A server that was examined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Id of the endpoint that it belongs to.
    pub endpoint: String,
    /// By what its sockets are held open.
    pub held_by: Option<HeldBy>,
    /// Whether nobody was seen to hold it, and there are processes that may not be looked into.
    pub is_hidden: bool,
    /// Its listeners at the address that the client reaches: several with SO_REUSEPORT.
    pub queues: Vec<Queue>,
    /// Processes that have a listener open, or the connection once it is accepted.
    pub processes: Vec<Examined>,
    /// Connections of others that nobody has accepted.
    pub waiting: Vec<Half>,
    /// Connections that were accepted and are open; at most eight.
    pub serving: Vec<Serving>,
    /// Whether connections left the queue meanwhile.
    pub moves: bool,
    /// How long it was watched, from connect(2) on.
    pub watched: Duration,
    /// A listener's socket filter.
    pub filter: Option<Filter>,
    /// The control group that its sockets were made in, if that is frozen.
    pub frozen_group: Option<Frozen>,
    /// Connections that are half open.
    pub half_open: usize,
    /// What the machine is set to.
    pub machine: Machine,
    /// The line of tcp_wrappers' files that denies the client, with its file; hosts_access(5).
    pub denied_by: Option<(String, String)>,
    /// The line of its configuration that has it wait for a PROXY header, with its file.
    pub proxy_header: Option<(String, String)>,
}

/// Settings and limits of the machine that decide over new connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Files that are open, and how many may be.
    pub files: Option<(u64, u64)>,
    /// `net.ipv4.tcp_abort_on_overflow`.
    pub abort_on_overflow: Option<u64>,
    /// `net.ipv4.tcp_syncookies`.
    pub syncookies: Option<u64>,
    /// `net.ipv4.tcp_max_syn_backlog`.
    pub max_syn_backlog: Option<u64>,
}

/// A filter that a program has put before its own socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// There is none.
    None,
    /// One of so many instructions (SO_ATTACH_FILTER).
    Classic(u32),
    /// One that cannot be read (SO_ATTACH_BPF).
    Extended,
}

/// A process, watched for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// It, as it was last seen.
    pub process: Process,
    /// Its user.
    pub uid: Option<u32>,
    /// Its command line.
    pub command: Vec<String>,
    /// Its terminal.
    pub tty: Option<String>,
    /// Inodes of the listeners that it has open.
    pub listeners: Vec<u64>,
    /// Whether it has the client's own connection open.
    pub serves: bool,
    /// What its threads did, in the order of `process.threads`.
    pub threads: Vec<Seen>,
    /// Name of who traces it.
    pub tracer: Option<String>,
    /// Whether its parent has ended, and it was handed on to the first process or to a subreaper.
    pub is_orphan: bool,
    /// The control group that is frozen.
    pub frozen: Option<Frozen>,
    /// The group whose CPU time was ever used up, and how often and for how many microseconds meanwhile.
    pub throttled: Option<(Throttle, u64, u64)>,
    /// The group that made it wait for memory, and how often meanwhile.
    pub memory: Option<(Memory, u64)>,
}

/// What a thread did while it was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What it waited for at the end.
    pub wait: Wait,
    /// Whether it was so at the beginning, too.
    pub is_steady: bool,
    /// Percent of the time that it ran, or was ready to.
    pub busy: u32,
}

/// A connection that the server has accepted, and who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// The server's side.
    pub half: Half,
    /// Process that has it open.
    pub pid: Option<u32>,
    /// Process at the other end: its id and name.
    pub client: Option<(u32, String)>,
}

/// How a server keeps a client waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It does not take the connection from the queue.
    Unaccepted,
    /// Its queue is full, so the kernel drops new connections.
    Full,
    /// It has accepted, and does not answer.
    Silent,
}

impl Examined {
    /// Returns whether nothing of it can run: stopped, traced, frozen or dead.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.frozen.is_some()
            || (!self.threads.is_empty() && self.threads.iter().all(|seen| seen.wait.is_halted()))
    }

    /// Returns what its first thread waits for.
    #[must_use]
    pub fn wait(&self) -> Option<&Wait> {
        self.threads.first().map(|seen| &seen.wait)
    }

    /// Returns what tells most of why it does nothing: what its first thread waits for, or, if that waits for another thread,
    /// what the first does that waits for none.
    #[must_use]
    pub fn telling(&self) -> Wait {
        let first = self.wait().copied().unwrap_or_default();
        let waits_for_none =
            |seen: &&Seen| !matches!(seen.wait, Wait::Lock | Wait::Signal | Wait::Events(Some(false)));
        match first {
            Wait::Lock => self.threads.iter().find(waits_for_none).map_or(first, |seen| seen.wait),
            _ => first,
        }
    }

    /// Returns `node (pid 4121)`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} (pid {})", self.process.name, self.process.pid)
    }

    /// Returns the state of its first thread, as it is read: `state T (do_signal_stop)`.
    #[must_use]
    pub fn state(&self) -> String {
        self.process.threads.first().map_or_else(|| "no thread".to_owned(), wait::state_text)
    }

    /// Returns the file that has its state.
    #[must_use]
    pub fn state_file(&self) -> String {
        format!("/proc/{}/stat", self.process.pid)
    }
}

impl Server {
    /// Returns the processes that would have to act: those that have the connection once it is accepted, as far as they are
    /// known, else those that could accept it.
    pub fn subjects(&self, stuck: Option<Stuck>) -> impl Iterator<Item = &Examined> {
        let by_connection =
            stuck == Some(Stuck::Silent) && self.processes.iter().any(|examined| examined.serves);
        let is_one = move |examined: &&Examined| {
            if by_connection { examined.serves } else { !examined.listeners.is_empty() }
        };
        self.processes.iter().filter(is_one)
    }

    /// Returns whether the processes that could accept are known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.processes.is_empty() || (!self.is_hidden && self.held_by != Some(HeldBy::Hidden))
    }

    /// Returns whether a listener's queue takes no more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.queues.iter().any(Queue::is_full)
    }

    /// Returns how many connections wait at its listeners, and how many may.
    #[must_use]
    pub fn queue_text(&self) -> String {
        let waiting: u32 = self.queues.iter().map(|queue| queue.waiting).sum();
        let backlog: u32 = self.queues.iter().map(|queue| queue.backlog).sum();
        match waiting {
            1 => format!("1 connection waits to be accepted, {backlog} may"),
            _ => format!("{waiting} connections wait to be accepted, {backlog} may"),
        }
    }
}

impl Facts {
    /// Returns how the server keeps the client waiting, if it is the server that does.
    #[must_use]
    pub fn stuck(&self) -> Option<Stuck> {
        match self.symptom() {
            Symptom::Connected if self.accepted == Some(false) => Some(Stuck::Unaccepted),
            Symptom::Connected if self.talk.silent => Some(Stuck::Silent),
            Symptom::Hangs => self.servers.first().is_some_and(Server::is_full).then_some(Stuck::Full),
            _ => None,
        }
    }
}
