//! Sockets that are put in the place of a program's own, where those cannot be duplicated: a container's seccomp profile
//! may deny pidfd_getfd(2), as Docker's does without CAP_SYS_PTRACE; SECCOMP_IOCTL_NOTIF_ADDFD, seccomp_unotify(2).
//!
//! A socket is new until its first bind(2) or listen(2), so that another of its kind does as well. Of its options those
//! are kept that decide about a bind; the others that were set by then are lost, and who had registered it with epoll(7) or
//! duplicated it by then has the old one still. Not here: what is done with a socket (`supervisor`).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::seccomp::{Notification, Notifications};
use wharf_sys::linux::{descriptor, process_memory, sock_options, socket_control as control};

/// The sockets of one run that are not its own, and what is to be known of those that may be next.
#[derive(Debug)]
pub(crate) struct Substitutes {
    proc: ProcDir,
    /// Inode of the network namespace.
    namespace: u64,
    /// The newest last.
    known: VecDeque<Known>,
}

/// A socket of the program.
#[derive(Debug)]
struct Known {
    inode: u64,
    /// A thread that has it, and its number there.
    tid: u32,
    fd: u32,
    /// Options that were set on it.
    options: Vec<(BindOption, bool)>,
    /// A duplicate, from when it was put there until it listens: the last one to have it open keeps it alive.
    socket: Option<OwnedFd>,
    /// Where it listens.
    address: Option<SocketAddr>,
}

/// What decides about a bind(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BindOption {
    ReuseAddress,
    ReusePort,
    V6Only,
}

/// Returns whether no socket can be duplicated here, not even one's own.
pub(crate) fn is_needed() -> bool {
    let outcome = descriptor::duplicate(std::process::id(), 0);
    let denied = [Errno::PERM, Errno::NOSYS].map(Errno::raw_os_error);
    outcome.is_err_and(|error| error.raw_os_error().is_some_and(|errno| denied.contains(&errno)))
}

impl Substitutes {
    pub(crate) fn new() -> io::Result<Self> {
        let proc = ProcDir::open()?;
        let namespace = proc.inode("self/ns/net")?;
        Ok(Self { proc, namespace, known: VecDeque::new() })
    }

    /// Remembers an option that the caller is about to set.
    pub(crate) fn remember(
        &mut self,
        tid: u32,
        fd: i32,
        [level, name]: [i32; 2],
        value: u64,
    ) -> io::Result<()> {
        let Some(option) = BindOption::of(level, name) else { return Ok(()) };
        let mut bytes = [0; size_of::<i32>()];
        let read = process_memory::read(tid, value, &mut bytes)?;
        let Ok(fd) = u32::try_from(fd) else { return Ok(()) };
        let Some(inode) = self.proc.socket(tid, fd)?.filter(|_| read == bytes.len()) else { return Ok(()) };
        let index = match self.known.iter().position(|known| known.inode == inode) {
            Some(index) => index,
            None => self.add(Known { inode, tid, fd, options: Vec::new(), socket: None, address: None }),
        };
        self.known[index].options.push((option, i32::from_ne_bytes(bytes) != 0));
        Ok(())
    }

    /// Returns a duplicate of descriptor `fd` of the caller, if it is a TCP socket in wharf's own network namespace that
    /// does not listen yet and the caller still waits; puts one there first, if it is not one already.
    pub(crate) fn socket(
        &mut self,
        notifications: &Notifications,
        notification: &Notification,
        fd: i32,
    ) -> io::Result<Option<OwnedFd>> {
        let tid = notification.tid;
        let Ok(number) = u32::try_from(fd) else { return Ok(None) };
        let Some(inode) = self.proc.socket(tid, number)? else { return Ok(None) };
        let index = self.known.iter().position(|known| known.inode == inode);
        let known = index.map(|index| &self.known[index]);
        if let Some(socket) = known.and_then(|known| known.socket.as_ref()) {
            return Ok(Some(socket.try_clone()?));
        }
        let listens = known.is_some_and(|known| known.address.is_some());
        let Some(family) = self.family(tid, number)?.filter(|_| !listens) else { return Ok(None) };
        if self.proc.inode(&format!("{tid}/ns/net"))? != self.namespace {
            return Ok(None);
        }
        let flags = self.flags(tid, number)?;
        let nonblock = if flags & O_NONBLOCK != 0 { SocketFlags::NONBLOCK } else { SocketFlags::empty() };
        let flags_of_ours = SocketFlags::CLOEXEC | nonblock;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags_of_ours, None)?;
        for (option, value) in known.iter().flat_map(|known| &known.options) {
            option.set(socket.as_fd(), *value);
        }
        if !notifications.is_valid(notification.id) {
            return Ok(None);
        }
        notifications.put(notification.id, socket.as_fd(), fd, flags & O_CLOEXEC != 0)?;
        if let Some(index) = index {
            self.known.remove(index);
        }
        let (inode, kept) = (sock_options::inode(&socket)?, Some(socket.try_clone()?));
        self.add(Known { inode, tid, fd: number, options: Vec::new(), socket: kept, address: None });
        Ok(Some(socket))
    }

    /// Lets go of a socket that listens: it is the program's alone from here on.
    pub(crate) fn let_go(&mut self, socket: BorrowedFd<'_>) {
        let Ok(inode) = sock_options::inode(socket) else { return };
        for known in self.known.iter_mut().filter(|known| known.inode == inode) {
            known.address = control::local_address(socket).ok().flatten();
            known.socket = None;
        }
    }

    /// Returns the address of descriptor `fd` of the caller, if it was put there.
    pub(crate) fn address(&self, tid: u32, fd: i32) -> Option<SocketAddr> {
        let inode = self.proc.socket(tid, u32::try_from(fd).ok()?).ok()??;
        let known = self.known.iter().find(|known| known.inode == inode)?;
        let bound = || control::local_address(known.socket.as_ref()?.as_fd()).ok()?;
        known.address.or_else(bound)
    }

    /// Returns whether duplicates are kept, of which [`Self::settle`] is to be asked now and then.
    pub(crate) fn keeps_some(&self) -> bool {
        self.known.iter().any(|known| known.socket.is_some())
    }

    /// Lets go of sockets that the program has closed without listening.
    pub(crate) fn settle(&mut self) {
        let proc = &self.proc;
        let is_there = |known: &Known| matches!(proc.socket(known.tid, known.fd), Ok(Some(inode)) if inode == known.inode);
        self.known.retain(|known| known.socket.is_none() || is_there(known));
    }

    fn add(&mut self, known: Known) -> usize {
        if self.known.len() >= MOST {
            self.known.pop_front();
        }
        self.known.push_back(known);
        self.known.len() - 1
    }

    fn family(&self, tid: u32, fd: u32) -> io::Result<Option<AddressFamily>> {
        // Multipath TCP (Go's default) is served by TCP too.
        Ok(match self.proc.socket_protocol(tid, fd)?.as_deref() {
            Some("TCP" | "MPTCP") => Some(AddressFamily::INET),
            Some("TCPv6" | "MPTCPv6") => Some(AddressFamily::INET6),
            _ => None,
        })
    }

    /// Returns what a descriptor was opened with, proc_pid_fdinfo(5).
    fn flags(&self, tid: u32, fd: u32) -> io::Result<u32> {
        let mut text = Vec::new();
        self.proc.read(&format!("{tid}/fdinfo/{fd}"), &mut text)?;
        flags_of(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl BindOption {
    fn of(level: i32, name: i32) -> Option<Self> {
        match (level, name) {
            SO_REUSEADDR => Some(Self::ReuseAddress),
            SO_REUSEPORT => Some(Self::ReusePort),
            IPV6_V6ONLY => Some(Self::V6Only),
            _ => None,
        }
    }

    fn set(self, socket: BorrowedFd<'_>, value: bool) {
        // What could not be set on the program's own socket either, it has been told.
        let _ = match self {
            Self::ReuseAddress => sockopt::set_socket_reuseaddr(socket, value),
            Self::ReusePort => sockopt::set_socket_reuseport(socket, value),
            Self::V6Only => sockopt::set_ipv6_v6only(socket, value),
        };
    }
}

fn flags_of(fdinfo: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(fdinfo).ok()?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(flags.trim(), 8).ok()
}

/// Sockets that are known at once; a program that sets options on more of them is a client.
const MOST: usize = 1024;
/// Level and name, `asm-generic/socket.h` and `linux/in6.h`.
const SO_REUSEADDR: (i32, i32) = (1, 2);
const SO_REUSEPORT: (i32, i32) = (1, 15);
const IPV6_V6ONLY: (i32, i32) = (41, 26);
/// `asm-generic/fcntl.h`.
const O_NONBLOCK: u32 = 0o4000;
const O_CLOEXEC: u32 = 0o2_000_000;

#[cfg(test)]
mod tests {
    use super::flags_of;

    #[test]
    fn flags_are_read_as_octal_digits() {
        assert_eq!(flags_of(b"pos:\t0\nflags:\t02004002\nmnt_id:\t10\n"), Some(0o2_004_002));
        for other in [&b""[..], b"flags:\t9\n", b"flags:\xff"] {
            assert_eq!(flags_of(other), None);
        }
    }
}
