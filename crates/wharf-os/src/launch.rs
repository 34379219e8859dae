//! The seam for starting programs: what is started, who decides where it may listen, and what came of it.
//!
//! Not here: how an operating system does it (`linux/launch.rs`), and which ports are whose (`wharf-run`).

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use crate::ports::Held;

/// A program to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Its name or path, looked up in PATH.
    pub program: OsString,
    /// What follows.
    pub arguments: Vec<OsString>,
    /// Variables that are set in its environment; the others are wharf's own.
    pub environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// Returns it as a command that can be started.
    #[expect(clippy::disallowed_methods, reason = "to start programs is what this is for")]
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// What of a program is supervised beside its bind(2) and listen(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    /// getsockname(2) too, as it takes to move a cluster of Node: each worker looks whether it got the port that it
    /// asked for.
    pub names: bool,
    /// connect(2) too: what is meant for a sibling goes there.
    pub connects: bool,
    /// What could get by is denied: binding TCP sockets other than by the supervisor, io_uring, and listening on what
    /// cannot be looked into.
    pub strict: bool,
    /// bind(2) of UDP sockets, too.
    pub udp: bool,
}

/// Who decides where the sockets of a supervised program go. Called by one thread.
pub trait Harbour: Send {
    /// Returns where a TCP socket goes that asks for `asked`, whose port is not 0.
    fn place(&mut self, asked: SocketAddr) -> Place;

    /// Returns where a UDP socket goes that asks for `asked`, whose port is not 0.
    fn place_udp(&mut self, asked: SocketAddr) -> Place;

    /// Returns what holds `port` for this program.
    fn held(&self, port: u16) -> Option<Arc<Held>>;

    /// Returns the port that the program asked for, if it has `port` instead.
    fn asked(&self, port: u16) -> Option<u16>;

    /// Returns the port that a connection to `port` of this machine is meant for, if a sibling of the program, or the
    /// program itself, asked for that and has another.
    fn link(&mut self, port: u16) -> Option<u16>;

    /// A wharf that runs within this run holds a port for a part of it.
    fn join(&mut self, held: Held);

    /// Returns whether sockets that listen are tied to loopback.
    fn confines(&self) -> bool;

    /// A TCP socket listens at `at`.
    fn listens(&mut self, at: SocketAddr);

    /// A UDP socket is bound to `at`, and asked for port `asked`.
    fn receives(&mut self, at: SocketAddr, asked: u16);

    /// Something is to be known of the program, and was perhaps said before.
    fn remark(&mut self, remark: Remark);

    /// A call of the program could not be looked into, so it was made as it stood.
    fn passed(&mut self, why: &io::Error);
}

/// What is to be known of a program that is supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A cluster of Node was moved away from the port that it asks for, and its names are not supervised: its workers
    /// will refuse.
    RefusedByCluster,
    /// Its sockets cannot be duplicated here, so others were put in their place before bind(2).
    Substituted,
    /// Its sockets cannot be duplicated here, so its connections go where it asks.
    NotLinked,
}

/// Where a socket goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// To the port that it asks for.
    AsAsked,
    /// To a port that wharf holds for it.
    Held(Arc<Held>),
    /// To this port, which the program has already.
    Port(u16),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no such program.
    #[error("{0}: no such command")]
    NotFound(String),
    /// There is, and it cannot be executed.
    #[error("{0}: {1}")]
    NotExecutable(String, io::Error),
    /// This process is supervised itself, and the kernel allows one supervisor.
    #[error("this runs under another wharf run (or another supervisor of system calls), and only one can be")]
    Nested,
    /// The kernel cannot do it.
    #[error("this kernel cannot supervise bind(2) (Linux 5.19 or newer can, unless a container forbids it)")]
    TooOld,
    /// The kernel cannot deny what would have to be denied.
    #[error(
        "this kernel cannot deny a program to open ports by itself (Landlock of Linux 6.7 or newer can, unless it is \
         switched off or a container forbids it), so --strict cannot be had"
    )]
    NotStrict,
    /// Anything else.
    #[error("the command could not be started: {0}")]
    Other(#[from] io::Error),
}
