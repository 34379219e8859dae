//! Who is to reach the target, or to bind: process, user, environment, limits. Plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wharf_os::examine::client::Forbidden;
use wharf_os::examine::stand::Stand;

/// The client's side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The process whose point of view it is; `None` for wharf's own.
    pub pid: Option<u32>,
    /// Its name.
    pub name: Option<String>,
    /// Its user.
    pub uid: u32,
    /// Whether wharf itself may trace packets and look into everybody's processes.
    pub privileged: bool,
    /// Variables of its environment that decide where connections go: proxies.
    pub environment: BTreeMap<String, String>,
    /// Directory that its file names begin at, as seen from here; `None` for wharf's own.
    pub root: Option<PathBuf>,
    /// Directory of its control group (cgroup v2).
    pub cgroup: Option<PathBuf>,
    /// Files that it has open, and may have open.
    pub files: Option<(u64, u64)>,
    /// Filters of system calls that a process whose point of view it is has; wharf cannot put them on.
    pub filters: Option<u32>,
    /// Where sockets are made as it would make them.
    pub stand: Stand,
    /// What of its point of view could not be taken, and why.
    pub unseen: Option<String>,
    /// Whether it is in another network namespace than the machine's first process.
    pub is_apart: Option<bool>,
    /// Who listens at the port in the namespace of the machine's first process, where the client is in another.
    pub served_outside: Option<String>,
    /// What forbids wharf itself to connect, where connect(2) was denied.
    pub forbidden: Option<Forbidden>,
}

impl Client {
    /// Returns what to call it: `this user`, `node (pid 4121)`.
    #[must_use]
    pub fn who(&self) -> String {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => format!("{name} (pid {pid})"),
            (None, Some(pid)) => format!("pid {pid}"),
            _ => format!("user {}", self.uid),
        }
    }
}
