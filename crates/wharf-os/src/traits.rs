//! The questions that wharf asks an operating system.
//!
//! At most six methods a trait, each answered by facts. A trait is `Send + Sync`, because the
//! catalogue asks several at once from a few threads.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use wharf_model::detail::SocketOptions;
use wharf_model::timestamp::Timestamp;

use crate::facts::{
    BindOutcome, ContainerFacts, EphemeralRange, HolderSearch, Holders, Namespace, OsError, Partial,
    ProcessFacts, QueuedSocket, SocketFacts, SocketQuery,
};

/// The kernel's sockets.
pub trait Sockets: Send + Sync {
    /// Returns the sockets that `query` describes, in wharf's own network namespace or in `namespace`.
    ///
    /// # Errors
    /// [`OsError::Denied`] if the namespace may not be entered or read; [`OsError::Gone`] if its last
    /// process ended meanwhile; [`OsError::Unsupported`] if neither way of asking exists here.
    fn list(
        &self,
        namespace: Option<&Namespace>,
        query: &SocketQuery,
    ) -> Result<Partial<Vec<SocketFacts>>, OsError>;

    /// Returns the socket that a new connection to `address` would reach in wharf's own network
    /// namespace, by the kernel's own look-up (O(1) however many sockets there are).
    ///
    /// # Errors
    /// [`OsError::Unsupported`] where the kernel has no such question, [`OsError::Denied`] where it is filtered.
    fn listener_at(&self, address: SocketAddr) -> Result<Option<SocketFacts>, OsError>;

    /// Returns the network namespaces other than wharf's own that some visible process lives in.
    fn namespaces(&self) -> Partial<Vec<Namespace>>;

    /// Returns the options of the socket that process `pid` has open as `fd`.
    ///
    /// # Errors
    /// [`OsError::Denied`] without the right to trace that process; [`OsError::Gone`] if it closed it.
    fn options(&self, pid: u32, fd: u32) -> Result<SocketOptions, OsError>;

    /// Returns, for those of `inodes` that sit in an SCM_RIGHTS message not yet received, where they wait.
    fn in_flight(&self, inodes: &[u64]) -> Partial<Vec<QueuedSocket>>;

    /// Tries to bind `address` (TCP) and undoes it at once.
    fn try_bind(&self, address: SocketAddr, reuse_address: bool) -> BindOutcome;
}

/// Processes.
pub trait Processes: Send + Sync {
    /// Returns which processes have the sockets of `search` open.
    fn holders(&self, search: &HolderSearch) -> Holders;

    /// Returns what is to be known of the processes `pids`, in that order; those that are gone are left out.
    fn read(&self, pids: &[u32]) -> Vec<ProcessFacts>;

    /// Returns every process that descends from one of `pids`, as far as they are seen; each parent before its children.
    fn descendants(&self, pids: &[u32]) -> Vec<u32>;

    /// Returns whether so much runs here that a second CPU pays for a look at all of it.
    fn are_many(&self) -> bool {
        false
    }

    /// Returns one variable of the environment a process was started with; `None` if it has none or may not be read.
    fn environment(&self, pid: u32, name: &str) -> Option<String>;

    /// Returns the path of a control group (cgroup v2) by its kernel id, as sockets carry it.
    fn cgroup(&self, id: u64) -> Option<String>;
}

/// Files that tell of projects. Reads are bounded: a file over the limit is as good as absent.
pub trait Files: Send + Sync {
    /// Returns the content of a regular file of at most `limit` bytes; `None` if there is none, it may
    /// not be read, it is larger, or it lies on a file system that does not answer.
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>>;

    /// Returns whether `path` is a directory.
    fn is_dir(&self, path: &Path) -> bool;

    /// Returns whether `path` exists.
    fn exists(&self, path: &Path) -> bool;

    /// Returns the names in a directory of at most `limit` entries, so that one question does for many;
    /// `None` if it has more, may not be read, or this system cannot tell: then ask for each name.
    fn list(&self, directory: &Path, limit: usize) -> Option<Vec<OsString>> {
        let _ = (directory, limit);
        None
    }
}

/// Container engines, by their API sockets.
pub trait Containers: Send + Sync {
    /// Returns the running containers of every engine that answers within the time limit.
    fn list(&self) -> Partial<Vec<ContainerFacts>>;

    /// Has the `engine` (`docker`, `podman`) that has the container `id` stop it, and waits until it has: its first process
    /// gets the signal that the image names, and is killed after `grace`. A container that is stopped by its engine is not
    /// started again by its restart policy before the engine itself starts again. After `limit` nobody waits any more, and
    /// the engine may go on.
    ///
    /// # Errors
    /// [`OsError::Gone`] if no engine has such a container, [`OsError::Denied`] if the engine may not be asked,
    /// [`OsError::Failed`] with the engine's words, or if it takes longer than `limit`.
    fn stop(&self, engine: &str, id: &str, grace: Duration, limit: Duration) -> Result<(), OsError> {
        let _ = (engine, id, grace, limit);
        Err(OsError::Unsupported { what: "stopping a container" })
    }

    /// Returns the name of a container's restart policy (`no`, `always`, `unless-stopped`, `on-failure`); `None` if it has
    /// none or its engine does not answer.
    fn restart_policy(&self, engine: &str, id: &str) -> Option<String> {
        let _ = (engine, id);
        None
    }
}

/// Users, limits and names of this machine.
pub trait Host: Send + Sync {
    /// Returns the name of a user.
    fn user_name(&self, uid: u32) -> Option<String>;

    /// Returns the effective user id of wharf itself.
    fn own_uid(&self) -> u32;

    /// Returns the identity of this boot.
    fn boot_id(&self) -> Option<String>;

    /// Returns the ports that this kernel hands out to outgoing connections.
    fn ephemeral_range(&self) -> Option<EphemeralRange>;

    /// Returns the first port that an ordinary user may bind.
    fn unprivileged_port_start(&self) -> Option<u16>;

    /// Returns the local addresses of another network namespace, for matching a published port to its container.
    fn addresses_in(&self, namespace: &Namespace) -> Vec<std::net::IpAddr>;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}
