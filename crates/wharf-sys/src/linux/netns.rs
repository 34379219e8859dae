//! Entering a network namespace, or another user's rights, for the time of one question; setns(2), network_namespaces(7),
//! setresuid(2).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Gid, Uid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space, set_thread_res_gid, set_thread_res_uid};

/// Calls `ask` inside the network namespace `namespace` and returns what it answers.
///
/// It runs in a thread of its own that ends with it, so that the caller's thread never leaves its namespace.
/// Sockets that it opens stay in that namespace.
///
/// # Errors
/// `PermissionDenied` without CAP_SYS_ADMIN over the namespace; what `ask` returned.
pub fn inside<T: Send>(namespace: &OwnedFd, ask: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            ask()
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread inside the namespace ended early")))
    })
}

/// Calls `make` as another user and group, of whom what it makes is then, and returns what it answers.
///
/// It runs in a thread of its own that ends with it: credentials are a thread's (credentials(7)), and no other is changed.
/// What the kernel keeps for all threads is that the process may no longer be dumped or traced (PR_SET_DUMPABLE, prctl(2)).
///
/// # Errors
/// `PermissionDenied` without CAP_SETUID and CAP_SETGID; what `make` returned.
pub fn as_user<T: Send>(uid: u32, gid: u32, make: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            set_thread_res_gid(gid, gid, gid)?;
            set_thread_res_uid(uid, uid, uid)?;
            make()
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread of another user ended early")))
    })
}

/// Opens a namespace that has a name below `/run/netns` (ip-netns(8)).
///
/// # Errors
/// What open(2) said.
pub fn open_named(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{as_user, inside};
    use crate::linux::proc_dir::ProcDir;

    #[test]
    fn the_caller_stays_who_it_is() {
        let before = rustix::process::geteuid().as_raw();
        let own = || Ok(rustix::process::geteuid().as_raw());
        // Without privilege the answer is an error.
        if let Ok(uid) = as_user(4711, 4711, own) {
            assert_eq!(uid, 4711);
        }
        assert_eq!(rustix::process::geteuid().as_raw(), before);
    }

    #[test]
    fn the_caller_stays_where_it_is() {
        let before = fs::read_link("/proc/thread-self/ns/net").unwrap();
        let own = ProcDir::open().unwrap().process(std::process::id()).unwrap().open("ns/net").unwrap();
        // Without privilege the answer is an error; with it, the namespace that was asked for.
        if let Ok(there) = inside(&own, || fs::read_link("/proc/thread-self/ns/net")) {
            assert_eq!(there, before);
        }
        assert_eq!(fs::read_link("/proc/thread-self/ns/net").unwrap(), before);
    }
}
