//! Where a client stands: its network namespace, user and control group. Sockets are made there, so that firewalls and BPF
//! programs see whom they would see.
//!
//! Not here: what of a client cannot be put on, its seccomp filters and its security module.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use wharf_sys::linux::netns;
use wharf_sys::linux::proc_dir::ProcDir;

/// Where a client stands, as far as it is not where wharf itself does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// User and first group.
    pub user: Option<(u32, u32)>,
    /// Directory of its control group (cgroup v2).
    pub cgroup: Option<PathBuf>,
}

impl Stand {
    /// Returns whether it can be taken.
    ///
    /// # Errors
    /// As [`Stand::socket`]; `ResourceBusy` for a control group that is frozen or full.
    pub fn try_it(&self) -> io::Result<()> {
        self.socket((Ipv4Addr::LOCALHOST, 0).into()).map(drop)
    }

    /// Returns a TCP socket of this client, which does not wait.
    ///
    /// # Errors
    /// What socket(2), setresuid(2) or writing to the control group said.
    pub fn socket(&self, to: SocketAddr) -> io::Result<OwnedFd> {
        let make = || {
            let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
        };
        let _visit = self.cgroup.as_deref().map(Visit::begin).transpose()?;
        match self.user {
            None => make(),
            Some((uid, gid)) => netns::as_user(uid, gid, make),
        }
    }
}

/// Runs `ask` in the network namespace of process `pid`.
///
/// # Errors
/// `PermissionDenied` without the right to look into it, or CAP_SYS_ADMIN over the namespace; `NotFound` if it has ended.
pub fn in_network_of<T: Send>(pid: u32, ask: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    // Of another user's process no more may be known than that.
    if super::client::is_with(pid) == Some(true) {
        return ask();
    }
    let there = ProcDir::open()?.process(pid)?.open("ns/net")?;
    netns::inside(&there, ask)
}

/// wharf's own process in another control group, for as long as it takes to make a socket.
struct Visit {
    home: PathBuf,
}

impl Visit {
    fn begin(to: &Path) -> io::Result<Self> {
        let home = super::programs::own_cgroup().ok_or(io::ErrorKind::NotFound)?;
        let says = |file: &str| fs::read_to_string(to.join(file)).unwrap_or_default();
        // Whoever enters a frozen group is frozen too, and one that is full of memory ends its processes.
        let number = |file: &str| says(file).trim().parse::<u64>().ok();
        let is_full = number("memory.max")
            .zip(number("memory.current"))
            .is_some_and(|(most, now)| now > most - most / 20);
        if says("cgroup.events").contains("frozen 1") || says("cgroup.freeze").trim() == "1" || is_full {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        fs::write(to.join("cgroup.procs"), "0")?;
        Ok(Self { home })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // It came from there.
        let _ = fs::write(self.home.join("cgroup.procs"), "0");
    }
}

#[cfg(test)]
mod tests {
    use super::{Stand, in_network_of};

    #[test]
    fn a_client_of_ones_own_makes_its_sockets_here() {
        let to = "127.0.0.1:1".parse().unwrap();
        assert!(Stand::default().socket(to).is_ok());
        assert_eq!(in_network_of(std::process::id(), || Ok(7)).unwrap(), 7);
        assert!(in_network_of(u32::MAX, || Ok(7)).is_err());
    }
}
