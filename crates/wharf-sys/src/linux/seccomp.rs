//! The supervisor's side of seccomp: start a program whose bind(2) and listen(2), and getsockname(2) where
//! wanted, wait for an answer, receive them, answer them; seccomp(2), seccomp_unotify(2), `linux/seccomp.h`.
//!
//! Not here: what to answer. What a caller's pointer points to is read with `process_memory`, its descriptor is
//! taken with `descriptor` and worked on with `socket_control`. Between the call and the answer the caller's
//! memory can change under the reader and its tid can be used anew: whatever was read by tid counts only if
//! [`Notifications::is_valid`] holds afterwards.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Weak};

use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer};
use rustix::net::{SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair};

pub use self::filter::{Call, Filter, SocketCallKind, decode};

mod filter;

/// A program under a filter, and what its calls are told by.
#[derive(Debug)]
pub struct Supervised {
    /// The program, already executed.
    pub child: Child,
    /// Its notified calls, and those of all that it starts.
    pub notifications: Notifications,
}

/// Why a filter could not be installed; found in an error of [`spawn`] by [`Refusal::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// EBUSY: this process is itself supervised, and a chain of filters holds one listener.
    Nested,
    /// ENOSYS or EINVAL: the kernel is older than 5.19, or built without CONFIG_SECCOMP_FILTER.
    TooOld,
    /// Another error number; EPERM, where the seccomp profile of a container denies seccomp(2).
    Other(i32),
}

impl Refusal {
    /// Returns the refusal that `error` is about; `None` if it is about something else, such as a program that
    /// does not exist.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    fn from_errno(errno: i32) -> Self {
        match errno {
            libc::EBUSY => Self::Nested,
            libc::ENOSYS | libc::EINVAL => Self::TooOld,
            other => Self::Other(other),
        }
    }

    fn into_error(self) -> io::Error {
        let kind = match self {
            Self::Nested => io::ErrorKind::ResourceBusy,
            Self::TooOld => io::ErrorKind::Unsupported,
            Self::Other(errno) => io::Error::from_raw_os_error(errno).kind(),
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => out.write_str("a seccomp filter with a listener is already installed"),
            Self::TooOld => out.write_str("the kernel cannot hand system calls to a supervisor"),
            Self::Other(errno) => {
                write!(out, "cannot install a seccomp filter: {}", io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Starts `command` under `filter` (see [`Filter`]).
///
/// The child sets PR_SET_NO_NEW_PRIVS (prctl(2)) only if the kernel demands it, which is without CAP_SYS_ADMIN:
/// with it, sudo does not work below. A hook that `command` already has runs before the filter is there. One
/// that is added to `command` later must not make a notified call, since nobody answers before this returns.
/// Started again without this function, `command` runs without a filter.
///
/// # Errors
/// What [`Refusal::of`] finds if the filter was refused; else what [`Command::spawn`] said. Then there is no
/// child, nor a descriptor left.
pub fn spawn(command: &mut Command, filter: &[libc::sock_filter]) -> io::Result<Supervised> {
    let sizes = notification_sizes().map_err(|error| refused(&error))?;
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    let theirs = Arc::new(theirs);
    hook(command, filter.to_vec(), Arc::downgrade(&theirs));
    let spawned = command.spawn();
    // The last strong reference: the hook, which `command` keeps, finds none from here on.
    drop(theirs);
    let report = receive_report(ours.as_fd());
    match (spawned, report) {
        (Ok(child), Ok(Report::Listener(listener))) => {
            // Older kernels (before 6.6) have no such flag, and do without.
            let _ = wake_in_step(listener.as_fd());
            Ok(Supervised { child, notifications: Notifications { listener, sizes } })
        }
        (Ok(mut child), report) => {
            // As a rule for want of descriptors here. Its filter has no listener now, so it is of no use.
            child.kill()?;
            child.wait()?;
            Err(report.err().unwrap_or_else(|| io::Error::other("the child sent no seccomp listener")))
        }
        (Err(_), Ok(Report::Refused(errno))) => Err(Refusal::from_errno(errno).into_error()),
        (Err(error), _) => Err(error),
    }
}

/// The notified calls of a program and of all that it starts.
///
/// Its descriptor is readable while a call waits, and hangs up (POLLHUP) once no process is left under the filter.
#[derive(Debug)]
pub struct Notifications {
    listener: OwnedFd,
    sizes: libc::seccomp_notif_sizes,
}

impl AsFd for Notifications {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// A system call that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// By which it is answered; unique for the filter.
    pub id: u64,
    /// The calling thread in the pid namespace of the reader; 0 if it has no number there.
    pub tid: u32,
    /// What it asks.
    pub call: Call,
}

/// What a call returns to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The kernel makes the call as it stands, reading the caller's memory anew.
    Continue,
    /// The call is not made and returns this.
    Value(i64),
    /// The call is not made and fails with this error number, which is positive.
    Errno(i32),
}

impl Notifications {
    /// Returns the calls that `listener` is the descriptor of, as another process has handed it over.
    ///
    /// # Errors
    /// What seccomp(2) said to SECCOMP_GET_NOTIF_SIZES.
    pub fn of(listener: OwnedFd) -> io::Result<Self> {
        Ok(Self { listener, sizes: notification_sizes()? })
    }

    /// Takes the next call, waiting for it if there is none: poll(2) first.
    ///
    /// `None` if the caller died or was interrupted meanwhile, or a signal came here.
    ///
    /// # Errors
    /// What ioctl(2) said to SECCOMP_IOCTL_NOTIF_RECV.
    pub fn receive(&self) -> io::Result<Option<Notification>> {
        // Zeroed, which the kernel demands.
        let mut record = self.record(self.sizes.seccomp_notif, size_of::<libc::seccomp_notif>());
        match control(self.as_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &mut record) {
            Ok(()) => Ok(Some(notification(&record))),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether the caller of `id` still waits: then what was read by its tid before was its own.
    #[must_use]
    pub fn is_valid(&self, id: u64) -> bool {
        self.insist(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &mut [id]).is_ok()
    }

    /// Answers the call `id`. A caller that is gone is no error.
    ///
    /// # Errors
    /// What ioctl(2) said to SECCOMP_IOCTL_NOTIF_SEND; EINPROGRESS if it was answered before.
    pub fn answer(&self, id: u64, answer: Answer) -> io::Result<()> {
        let (value, error, flags) = match answer {
            Answer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Value(value) => (value, 0, 0),
            Answer::Errno(errno) => (0, errno.saturating_neg(), 0),
        };
        let mut record = self.record(self.sizes.seccomp_notif_resp, size_of::<libc::seccomp_notif_resp>());
        record[0] = id;
        record[1] = u64::from_ne_bytes(value.to_ne_bytes());
        record[2] = joined(u32::from_ne_bytes(error.to_ne_bytes()), flags);
        match self.insist(libc::SECCOMP_IOCTL_NOTIF_SEND, &mut record) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            result => result,
        }
    }

    /// Puts a duplicate of `file` in the place of descriptor `fd` of the process whose call `id` waits, whatever stood
    /// there (SECCOMP_ADDFD_FLAG_SETFD, kernel 5.9). It takes no right to trace that process.
    ///
    /// # Errors
    /// What ioctl(2) said to SECCOMP_IOCTL_NOTIF_ADDFD; ENOENT if nobody waits any more, EBADF or EMFILE for a number that
    /// the process cannot have.
    pub fn put(&self, id: u64, file: BorrowedFd<'_>, fd: i32, close_on_exec: bool) -> io::Result<()> {
        let source = file.as_raw_fd().cast_unsigned();
        let closes = if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 };
        let flags = libc::SECCOMP_ADDFD_FLAG_SETFD as u32;
        // `struct seccomp_notif_addfd`: id, flags, srcfd, newfd, newfd_flags.
        let mut record = [id, joined(flags, source), joined(fd.cast_unsigned(), closes)];
        self.insist(libc::SECCOMP_IOCTL_NOTIF_ADDFD, &mut record)
    }

    /// Words for a record of which the kernel may know more fields than we do (seccomp_unotify(2)).
    fn record(&self, kernel: u16, own: usize) -> Vec<u64> {
        vec![0; usize::from(kernel).max(own).div_ceil(size_of::<u64>())]
    }

    /// For requests that a signal can interrupt and that are then to be made again.
    fn insist(&self, request: libc::Ioctl, record: &mut [u64]) -> io::Result<()> {
        loop {
            match control(self.as_fd(), request, record) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// Reads a `struct seccomp_notif`, whose fields are: id, pid and flags; then its `struct seccomp_data`: nr and
/// arch, instruction_pointer, args.
fn notification(record: &[u64]) -> Notification {
    let (tid, _flags) = halves(record[1]);
    let (number, arch) = halves(record[2]);
    let mut arguments = [0; 6];
    arguments.copy_from_slice(&record[4..10]);
    let number = i32::from_ne_bytes(number.to_ne_bytes());
    Notification { id: record[0], tid, call: decode(arch, number, &arguments) }
}

/// The two u32 that stand where the word does, in the order of memory.
fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_ne_bytes();
    (u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h]))
}

fn joined(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// One ioctl(2) on a listener. `record` has the length of the request's structure at least: that of the kernel. What
/// succeeds returns 0 or more.
fn control(listener: BorrowedFd<'_>, request: libc::Ioctl, record: &mut [u64]) -> io::Result<()> {
    // SAFETY: the request reads and writes one structure of plain numbers, aligned like u64, within `record`,
    // which the callers above have sized by SECCOMP_GET_NOTIF_SIZES (NOTIF_ID_VALID: one u64; NOTIF_ADDFD: its own size, which is in the number) and which
    // outlives the call; the descriptor is borrowed, so it is open.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), request, record.as_mut_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets the caller and whoever answers it run on one CPU, one after the other, as each waits for the other anyway: to
/// wake an idle CPU takes longer than the call (SECCOMP_IOCTL_NOTIF_SET_FLAGS, kernel 6.6, `linux/seccomp.h`).
fn wake_in_step(listener: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the request takes the flags themselves as its argument, no pointer; the descriptor is borrowed, so it
    // is open.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP of `linux/seccomp.h`.
const SYNC_WAKE_UP: libc::c_ulong = 1;

/// What the child told before it executed the program.
enum Report {
    Listener(OwnedFd),
    /// The error number of what failed.
    Refused(i32),
    /// It never came so far.
    Nothing,
}

/// Makes `command` install `filter` and send the listener, as long as `socket` is alive in the parent.
fn hook(command: &mut Command, filter: Vec<libc::sock_filter>, socket: Weak<OwnedFd>) {
    let install_and_report = move || {
        // Atomic counters alone: neither memory nor a lock.
        let Some(socket) = socket.upgrade() else { return Ok(()) };
        match install(&filter) {
            Ok(listener) => send_report(socket.as_fd(), 0, Some(listener.as_fd())),
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
                // If this fails too, std still carries the error.
                let _ = send_report(socket.as_fd(), errno, None);
                Err(error)
            }
        }
    };
    // SAFETY: between fork(2) and execve(2) the hook makes system calls on memory that it owns since before the
    // fork and on its stack; it allocates nothing, takes no lock, and its errors are mere numbers.
    unsafe { command.pre_exec(install_and_report) };
}

/// In the child: installs the filter and returns its listener.
fn install(filter: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    match set_filter(filter) {
        // Neither CAP_SYS_ADMIN nor no_new_privs.
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
            rustix::thread::set_no_new_privs(true)?;
            set_filter(filter)
        }
        result => result,
    }
}

/// SECCOMP_SET_MODE_FILTER of seccomp(2). SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (kernel 5.19): once a call was
/// received, only a deadly signal ends its wait, so that no handler makes a call that was carried out run again.
fn set_filter(filter: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    let len = u16::try_from(filter.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let program = libc::sock_fprog { len, filter: filter.as_ptr().cast_mut() };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
        | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW
        | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let program = std::ptr::from_ref(&program);
    // SAFETY: the kernel reads `program` and the `len` instructions that it points to, which both outlive the
    // call, and copies them; it writes to neither.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, program) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: with NEW_LISTENER the result is a new descriptor (close-on-exec), which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(result as RawFd) })
}

/// SECCOMP_GET_NOTIF_SIZES of seccomp(2).
fn notification_sizes() -> io::Result<libc::seccomp_notif_sizes> {
    let mut sizes = libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    let (flags, target): (libc::c_ulong, _) = (0, std::ptr::from_mut(&mut sizes));
    // SAFETY: the kernel writes one `struct seccomp_notif_sizes` to `target`, which is one and outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, flags, target) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(sizes) }
}

fn refused(error: &io::Error) -> io::Error {
    Refusal::from_errno(error.raw_os_error().unwrap_or(libc::EINVAL)).into_error()
}

/// In the child: one message with an error number, 0 for none, and the listener; unix(7), SCM_RIGHTS.
fn send_report(socket: BorrowedFd<'_>, errno: i32, listener: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); CONTROL];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let listener = listener.as_slice();
    if !listener.is_empty() && !control.push(SendAncillaryMessage::ScmRights(listener)) {
        return Err(io::Error::from_raw_os_error(libc::ENOBUFS));
    }
    let bytes = errno.to_ne_bytes();
    sendmsg(socket, &[io::IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn receive_report(socket: BorrowedFd<'_>) -> io::Result<Report> {
    let mut bytes = [0; size_of::<i32>()];
    let mut space = [MaybeUninit::uninit(); CONTROL];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let received = match recvmsg(socket, &mut [io::IoSliceMut::new(&mut bytes)], &mut control, flags) {
        Ok(message) => message.bytes,
        Err(rustix::io::Errno::AGAIN) => 0,
        Err(errno) => return Err(errno.into()),
    };
    let errno = i32::from_ne_bytes(bytes);
    if received == bytes.len() && errno != 0 {
        return Ok(Report::Refused(errno));
    }
    let listener = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut received) => received.next(),
        _ => None,
    });
    Ok(listener.map_or(Report::Nothing, Report::Listener))
}

/// Room for one descriptor, and more: CMSG_SPACE(sizeof(int)) is 24 bytes.
const CONTROL: usize = 64;

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Call, Refusal, halves, joined, notification};

    #[test]
    fn a_record_is_read_by_its_fields() {
        // id, pid and flags, nr and arch, instruction pointer, arguments.
        let head = [77, joined(4121, 0), joined(50, 0xc000_003e), 0x7f00];
        let record = [&head[..], &[5, 128, 0, 0, 0, 0]].concat();
        let read = notification(&record);
        assert_eq!((read.id, read.tid), (77, 4121));
        assert_eq!(read.call, Call::Listen { fd: 5, backlog: 128 });
        assert_eq!(halves(joined(1, u32::MAX)), (1, u32::MAX));
    }

    #[test]
    fn a_refusal_is_found_in_its_error_alone() {
        for (errno, refusal, kind) in [
            (libc::EBUSY, Refusal::Nested, io::ErrorKind::ResourceBusy),
            (libc::ENOSYS, Refusal::TooOld, io::ErrorKind::Unsupported),
            (libc::EINVAL, Refusal::TooOld, io::ErrorKind::Unsupported),
            (libc::EPERM, Refusal::Other(libc::EPERM), io::ErrorKind::PermissionDenied),
        ] {
            let error = Refusal::from_errno(errno).into_error();
            assert_eq!((Refusal::of(&error), error.kind()), (Some(refusal), kind));
        }
        assert_eq!(Refusal::of(&io::Error::from_raw_os_error(libc::EBUSY)), None);
    }
}
