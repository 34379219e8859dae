//! A descriptor of another process, or one that was inherited, as one's own; pidfd_open(2), pidfd_getfd(2).
//!
//! Not here: which descriptors a process has (`fd_link`), and what can be asked of a socket (`sock_options`) or
//! done to it (`socket_control`).

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use crate::linux::proc_dir::ProcDir;

/// Returns a duplicate of descriptor `fd` of a process or of one thread, which may have a table of its own.
///
/// Before kernel 6.9 a thread is asked for its process's descriptors.
///
/// # Errors
/// `PermissionDenied` without the right to trace the process (ptrace(2), PTRACE_MODE_ATTACH_REALCREDS);
/// `NotFound`, ESRCH or EBADF if the process or its descriptor is gone.
pub fn duplicate(pid_or_tid: u32, fd: i32) -> io::Result<OwnedFd> {
    Thread::open(pid_or_tid)?.duplicate(fd)
}

/// A thread whose descriptors are asked for again and again.
#[derive(Debug)]
pub struct Thread {
    tid: u32,
    pidfd: OwnedFd,
    is_exact: bool,
}

impl Thread {
    /// Opens thread `tid`, or the process of that number.
    ///
    /// # Errors
    /// `NotFound` or ESRCH if it is gone.
    pub fn open(tid: u32) -> io::Result<Self> {
        let (pidfd, is_exact) = open_thread(tid)?;
        Ok(Self { tid, pidfd, is_exact })
    }

    /// Returns whether this is thread `tid`, whoever has the number now: a later thread of the same number gives ESRCH.
    ///
    /// Before kernel 6.9 a process is opened in its place, and then this is never so.
    #[must_use]
    pub fn is(&self, tid: u32) -> bool {
        self.is_exact && self.tid == tid
    }

    /// Returns a duplicate of its descriptor `fd`.
    ///
    /// # Errors
    /// As [`duplicate`].
    pub fn duplicate(&self, fd: i32) -> io::Result<OwnedFd> {
        // Others choose the number, and rustix takes negative ones for a fault of the program.
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        Ok(rustix::process::pidfd_getfd(&self.pidfd, fd, PidfdGetfdFlags::empty())?)
    }
}

/// Returns a duplicate of descriptor `fd`, which the program that started this one has left open for it, and closes the
/// number on execve(2) from now on; sd_listen_fds(3) hands descriptors over so.
///
/// # Errors
/// EBADF if nothing is open there.
pub fn inherited(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: fcntl(2) takes any number, answers EBADF where nothing is open, and changes nothing of what is.
    let twin = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
    if twin < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as above; the flag is of use to whoever has the number, and of harm to nobody.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    // SAFETY: the number was just made by the kernel for this caller, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(twin) })
}

/// Sets whether `fd` is closed on execve(2) (FD_CLOEXEC, fcntl(2)).
///
/// # Errors
/// What fcntl(2) said.
pub fn set_close_on_exec(fd: BorrowedFd<'_>, closes: bool) -> io::Result<()> {
    let flags = if closes { rustix::io::FdFlags::CLOEXEC } else { rustix::io::FdFlags::empty() };
    Ok(rustix::io::fcntl_setfd(fd, flags)?)
}

/// Closes every descriptor but the standard streams on execve(2) from now on, whoever opened it: a program that goes on
/// in the background must not keep what its caller has left open; close_range(2).
///
/// # Errors
/// What close_range(2) said.
pub fn close_all_on_exec() -> io::Result<()> {
    // SAFETY: with CLOSE_RANGE_CLOEXEC the call closes nothing in this process, and takes any numbers.
    let outcome = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Returns a descriptor of the thread, and whether it is of that thread alone.
fn open_thread(tid: u32) -> io::Result<(OwnedFd, bool)> {
    match rustix::process::pidfd_open(pid(tid)?, PIDFD_THREAD) {
        // The flag is unknown.
        Err(rustix::io::Errno::INVAL) => {}
        result => return Ok((result?, true)),
    }
    let mut status = Vec::new();
    ProcDir::open()?.process(tid)?.read("status", &mut status)?;
    let leader = leader(&status).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    Ok((rustix::process::pidfd_open(pid(leader)?, PidfdFlags::empty())?, false))
}

/// Returns `number` as one that can be a process.
pub(crate) fn pid(number: u32) -> io::Result<Pid> {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// Returns the process of a thread, by the line `Tgid:` of its /proc/TID/status (proc_pid_status(5)).
fn leader(status: &[u8]) -> Option<u32> {
    let value = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Tgid:"))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// `linux/pidfd.h`, kernel 6.9.
const PIDFD_THREAD: PidfdFlags = PidfdFlags::from_bits_retain(libc::O_EXCL as u32);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use std::os::fd::AsFd;

    use super::{Thread, close_all_on_exec, duplicate, inherited, leader, open_thread, set_close_on_exec};
    use crate::linux::proc_dir::ProcDir;
    use crate::linux::sock_options::inode;

    #[test]
    fn a_thread_gives_the_descriptors_of_its_table() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = inode(&listener).unwrap();
        let fd = listener.as_raw_fd();
        // This is a thread of the test runner, and not its leader.
        let tid = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        for number in [std::process::id(), tid] {
            // A container's seccomp profile may deny pidfd_getfd(2) even for oneself.
            match duplicate(number, fd) {
                Err(error) if error.raw_os_error() == Some(libc::EPERM) => return,
                twin => assert_eq!(inode(twin.unwrap()).unwrap(), own),
            }
        }
        for fd in [-1, libc::AT_FDCWD, i32::MIN, i32::MAX] {
            assert_eq!(duplicate(tid, fd).unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
    }

    #[test]
    fn a_thread_that_has_ended_gives_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = listener.as_raw_fd();
        let own = || rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        let (thread, tid) = std::thread::spawn(move || (Thread::open(own()).unwrap(), own())).join().unwrap();
        let outcome = thread.duplicate(fd);
        // An older kernel has opened the process in its place.
        assert_eq!(thread.is(tid), outcome.is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH)));
        assert!(!thread.is(tid + 1));
    }

    #[test]
    fn nothing_is_handed_on_by_mistake() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_close_on_exec(listener.as_fd(), false).unwrap();
        close_all_on_exec().unwrap();
        assert!(rustix::io::fcntl_getfd(&listener).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        assert!(rustix::io::fcntl_getfd(std::io::stderr()).unwrap().is_empty());
    }

    #[test]
    fn what_was_inherited_is_taken_over_and_not_handed_on() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_close_on_exec(listener.as_fd(), false).unwrap();
        let twin = inherited(listener.as_raw_fd()).unwrap();
        assert_eq!(inode(&twin).unwrap(), inode(&listener).unwrap());
        assert!(rustix::io::fcntl_getfd(&twin).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        assert!(rustix::io::fcntl_getfd(&listener).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        for number in [-1, i32::MIN, 1 << 20] {
            assert_eq!(inherited(number).unwrap_err().raw_os_error(), Some(libc::EBADF));
        }
    }

    #[test]
    fn the_leader_of_a_thread_stands_in_its_status() {
        let tid = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        let mut status = Vec::new();
        ProcDir::open().unwrap().process(tid).unwrap().read("status", &mut status).unwrap();
        assert_eq!(leader(&status), Some(std::process::id()));
        for other in [&b""[..], b"Name:\tTgid: 4", b"Tgid:\t-1\n", b"Tgid:\t\xff\n"] {
            assert_eq!(leader(other), None);
        }
    }

    #[test]
    fn who_is_gone_has_no_descriptors() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(open_thread(child.id()).is_err());
        for number in [0, u32::MAX] {
            assert_eq!(duplicate(number, 0).unwrap_err().kind(), std::io::ErrorKind::NotFound);
        }
    }
}
