//! A process as wharf speaks of it. Its identity is pid and start time, never the pid alone.
//!
//! Not here: reading /proc (`wharf-sys`), and which process leads a group (`wharf-catalog`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// A process that holds a socket, or stands in the ancestry of one that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Process id in wharf's own pid namespace.
    pub pid: u32,
    /// When the process started. Together with `pid` it is the identity of the process: pids are reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Start time in clock ticks since boot (field 22 of /proc/pid/stat): exact where `started_at` is rounded.
    pub start_ticks: u64,
    /// Parent's process id; absent for the first process of a pid namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppid: Option<u32>,
    /// The kernel's name of the process (`comm`, at most 15 bytes), control characters escaped.
    pub name: String,
    /// The command line, one string an argument. Absent where the kernel has none to show or denies it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Path of the executable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// True if the executable was deleted or replaced since the process started (an update without a restart).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exe_deleted: bool,
    /// Current working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Effective user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Name of that user, where the system knows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What the process is doing, as far as it matters to someone who waits for an answer from it.
    pub state: ProcessState,
    /// Controlling terminal, e.g. `pts/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// Control group path in the unified or systemd hierarchy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// File descriptors by which the process holds the endpoint's sockets; empty in an ancestry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fds: Vec<u32>,
}

/// State of a process. Anything but `running` and `sleeping` explains a server that accepts and does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProcessState {
    /// On a CPU or ready to be (R).
    Running,
    /// Waiting, interruptibly (S) or idle in the kernel (I).
    Sleeping,
    /// Waiting uninterruptibly, most often for a disk or a network file system (D).
    Uninterruptible,
    /// Suspended by SIGSTOP, SIGTSTP (Ctrl-Z), SIGTTIN or SIGTTOU (T).
    Stopped,
    /// Held by a debugger or tracer (t).
    Traced,
    /// Its control group is frozen: cgroup v1 freezer, cgroup v2 `cgroup.freeze`, `docker pause`.
    Frozen,
    /// Dead, not yet reaped by its parent (Z, X).
    Zombie,
    /// Could not be read.
    Unknown,
}
