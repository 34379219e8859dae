//! What an operating system answers: plain facts, before anybody judges them.
//!
//! Not here: the questions ([`crate::traits`]), and what wharf makes of the answers (`wharf-model`).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_model::process::ProcessState;
use wharf_model::snapshot::Warning;
use wharf_model::timestamp::Timestamp;

/// Why a question was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OsError {
    /// This operating system or kernel cannot do it.
    #[error("{what} is not supported here")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },
    /// It takes a privilege that wharf does not have.
    #[error("{what}: permission denied")]
    Denied {
        /// What was asked for.
        what: String,
    },
    /// What was asked about ended meanwhile.
    #[error("{what} is gone")]
    Gone {
        /// What was asked about.
        what: String,
    },
    /// Anything else the kernel said.
    #[error("{what}: {reason}")]
    Failed {
        /// What was asked for.
        what: String,
        /// The kernel's words.
        reason: String,
    },
}

/// An answer that may lack a part, with a warning for each part that it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial<T> {
    /// What is known.
    pub value: T,
    /// What is missing.
    pub warnings: Vec<Warning>,
}

impl<T> From<T> for Partial<T> {
    fn from(value: T) -> Self {
        Self { value, warnings: Vec::new() }
    }
}

/// Which sockets to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketQuery {
    /// Protocols to ask for.
    pub protocols: Vec<Protocol>,
    /// States to ask for. For UDP, [`TcpState::Closed`] means bound and unconnected, [`TcpState::Established`] connected.
    pub states: Vec<TcpState>,
    /// Only sockets with this local port.
    pub local_port: Option<u16>,
    /// Only sockets with this remote port.
    pub remote_port: Option<u16>,
}

/// One socket, as the kernel told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketFacts {
    /// Transport protocol.
    pub protocol: Protocol,
    /// State; see [`SocketQuery::states`] for UDP.
    pub state: TcpState,
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port; unspecified and 0 where there is none.
    pub remote: SocketAddr,
    /// Inode in sockfs; 0 where no file belongs to it.
    pub inode: u64,
    /// The kernel's cookie; absent from /proc/net.
    pub cookie: Option<u64>,
    /// User id of its creator.
    pub uid: u32,
    /// LISTEN: connections that wait to be accepted; else bytes received and unread.
    pub receive_queue: u32,
    /// LISTEN: most connections that may wait; else bytes sent and unacknowledged.
    pub send_queue: u32,
    /// Device it is bound to.
    pub device: Option<String>,
    /// IPV6_V6ONLY.
    pub v6_only: Option<bool>,
    /// Kernel id of its control group.
    pub cgroup_id: Option<u64>,
}

/// A network namespace that is not wharf's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// A number that identifies it within one run of wharf.
    pub key: u64,
    /// Inode of the namespace file (`net:[N]`), where it may be read.
    pub inode: Option<u64>,
    /// Name under /run/netns.
    pub name: Option<String>,
    /// The processes that live in it, as far as they are seen; never empty unless `name` is set.
    pub pids: Vec<u32>,
}

/// A search for the processes that hold sockets.
#[derive(Clone, Debug, Default)]
pub struct HolderSearch {
    /// Inodes of the sockets that are looked for.
    pub inodes: Vec<u64>,
    /// Inodes that are noticed where the search comes by, and for which it goes no further.
    pub in_passing: Vec<u64>,
    /// Inodes of other listeners, which are not looked for: programs of one kind listen at one descriptor, so where
    /// one of these is met is where to look first for the others. For a search that may end early.
    pub hints: Vec<u64>,
    /// How far to look.
    pub effort: Effort,
    /// Only among these processes; among all if empty.
    pub among: Vec<u32>,
}

/// How far a search for holders looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// Until every socket has one holder, then along its family: the soonest answer to "who has this port".
    Quick,
    /// Until every socket has a holder, then its parent. Through the first descriptors of every process where
    /// something is to be noticed in passing.
    #[default]
    Enough,
    /// Every descriptor of every process.
    Exhaustive,
}

/// Which processes hold which sockets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Inode to holders; an inode that nobody was seen to hold is absent.
    pub by_inode: BTreeMap<u64, Vec<Holder>>,
    /// The holders by pid, each read through the same directory as its descriptors.
    pub processes: BTreeMap<u32, ProcessFacts>,
    /// Processes that could not be looked into for want of privilege.
    pub denied: Vec<u32>,
    /// True if the processes could not be listed at all, or are known to be hidden (hidepid).
    pub processes_hidden: bool,
}

/// A process that has a socket open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot, read before the descriptor was seen; pid and this are its identity.
    pub start_ticks: u64,
    /// Descriptor.
    pub fd: u32,
}

/// A socket in an SCM_RIGHTS message, and who would receive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedSocket {
    /// Inode of the socket in flight.
    pub inode: u64,
    /// Processes that have the receiving Unix socket open.
    pub pids: Vec<u32>,
    /// True if wharf looked into the message (a peek); false if it only counted descriptors in flight there.
    pub seen: bool,
}

/// One process, as the kernel told it. Text may hold anything: views escape it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Process id.
    pub pid: u32,
    /// Parent's process id, 0 if none.
    pub ppid: u32,
    /// Start time in clock ticks since boot.
    pub start_ticks: u64,
    /// The same as an instant.
    pub started_at: Option<Timestamp>,
    /// Name (`comm`).
    pub name: String,
    /// State.
    pub state: ProcessState,
    /// Effective user id.
    pub uid: Option<u32>,
    /// Command line; invalid UTF-8 replaced.
    pub command: Vec<String>,
    /// Executable.
    pub exe: Option<String>,
    /// True if the executable's file was deleted or replaced.
    pub exe_deleted: bool,
    /// Working directory.
    pub cwd: Option<String>,
    /// Control group path: cgroup v2's, else the systemd hierarchy's, else the longest of the others.
    pub cgroup: Option<String>,
    /// Controlling terminal, e.g. `pts/3`.
    pub tty: Option<String>,
    /// Session leader's process id.
    pub session: u32,
}

/// A running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// `docker` or `podman`.
    pub engine: String,
    /// Full id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Image.
    pub image: String,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
    /// Addresses inside its networks.
    pub addresses: Vec<IpAddr>,
    /// Docker Compose project.
    pub compose_project: Option<String>,
    /// Docker Compose service.
    pub compose_service: Option<String>,
}

/// A port that an engine publishes for a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPort {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Address on the host; absent for all.
    pub host: Option<IpAddr>,
    /// Port on the host.
    pub host_port: u16,
    /// Port in the container.
    pub container_port: u16,
}

/// The kernel's ephemeral ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EphemeralRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
    /// Ports that are never handed out, as ranges with both ends.
    pub reserved: Vec<(u16, u16)>,
}

/// What bind(2) said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindOutcome {
    /// It succeeded, and was undone.
    Bound,
    /// It failed with this errno name, e.g. `EADDRINUSE`.
    Refused(String),
}

/// Returns those of `all`, pairs of a process and its parent, that descend from one of `pids`, nearer ones first.
#[must_use]
pub fn below(pids: &[u32], all: &[(u32, u32)]) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut parents = pids.to_vec();
    while !parents.is_empty() {
        let is_new = |pid: &u32| !pids.contains(pid) && !found.contains(pid);
        let children = all.iter().filter(|(_, parent)| parents.contains(parent)).map(|(pid, _)| *pid);
        let next: Vec<u32> = children.filter(is_new).collect();
        found.extend(&next);
        parents = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn whoever_descends_is_found_once_the_nearer_first() {
        let all = [(10, 1), (11, 10), (12, 11), (13, 10), (20, 1), (5, 5)];
        assert_eq!(below(&[10], &all), [11, 13, 12]);
        assert_eq!(below(&[10, 11], &all), [12, 13]);
        assert_eq!(below(&[5], &all), Vec::<u32>::new(), "its own parent, as only a broken /proc says");
    }
}
