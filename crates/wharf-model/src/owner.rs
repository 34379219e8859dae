//! Who holds an endpoint, and, where that cannot be known, why not. wharf never guesses an owner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::process::Process;

/// The owner of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// User id of the socket, from the kernel: that of its creator, known even where the process is not.
    pub uid: u32,
    /// Name of that user, where the system knows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// By what the sockets are held open.
    pub held_by: HeldBy,
    /// Processes that have it open, the one that leads first (a pre-fork master before its workers).
    /// Empty unless `held_by` is `processes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// For `in_flight`: the processes to whose Unix socket the message with the socket is queued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued_to: Vec<Process>,
    /// Control group path that the socket was made in, resolved from its id; known without root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
}

impl Owner {
    /// Returns the process that leads, where any is known.
    #[must_use]
    pub fn lead(&self) -> Option<&Process> {
        self.processes.first()
    }
}

/// By what a socket is held open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeldBy {
    /// Processes have it open; they are listed.
    Processes,
    /// No process has it open; it sits in an SCM_RIGHTS message that nobody has received yet.
    InFlight,
    /// Every process was looked at and none has it open: a socket of the kernel itself (NFS, WireGuard),
    /// or one kept by a memory mapping, a BPF map or io_uring.
    NoProcess,
    /// Some processes could not be looked into for want of privilege, and the owner is among those.
    Hidden,
}
