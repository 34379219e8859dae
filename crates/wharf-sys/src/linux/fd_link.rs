//! The descriptors of a process, as links in /proc/pid/fd: which of them are sockets, and which sockets.
//!
//! The hot path of wharf: raw getdents64(2) and readlinkat(2) on a directory descriptor, no allocation
//! a link. readlink, not stat: a stat follows the link to the file and can hang on a dead file system.
//! Not here: in which order processes and descriptors are searched (`wharf-os`).

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom};

use crate::linux::proc_dir::{Decimal, ProcDir, ProcessDir, number};

/// The directory /proc/pid/fd of one process.
#[derive(Debug)]
pub struct FdDir {
    directory: OwnedFd,
}

/// How a pass over descriptors ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The process has no descriptor beyond those that were visited.
    Complete,
    /// There are more, from this number on.
    More(u32),
}

impl ProcDir {
    /// Opens the descriptors of process `pid`.
    ///
    /// # Errors
    /// `PermissionDenied` for another user's process without CAP_SYS_PTRACE; `NotFound` if it ended.
    pub fn fds(&self, pid: u32) -> io::Result<FdDir> {
        let mut name = [0; 16];
        let digits = Decimal::default().of(pid).to_bytes().len();
        name[..digits].copy_from_slice(Decimal::default().of(pid).to_bytes());
        name[digits..digits + 3].copy_from_slice(b"/fd");
        FdDir::open(rustix::fs::openat(self.root(), &name[..digits + 3], FLAGS, Mode::empty()))
    }
}

impl ProcDir {
    /// Returns the inode of the socket that is descriptor `fd` of process `pid`; `None` if it is not open, or no
    /// socket. One question, for a look at one descriptor of many processes.
    ///
    /// # Errors
    /// `PermissionDenied` as for [`ProcDir::fds`]. A process that ended has no descriptors.
    pub fn socket(&self, pid: u32, fd: u32) -> io::Result<Option<u64>> {
        let mut digits = Decimal::default();
        socket_at_path(self.root(), &[digits.of(pid).to_bytes(), b"/"], fd)
    }

    /// Returns the name of the protocol of the socket that is descriptor `fd` of process or thread `pid`: `TCP`, `TCPv6`,
    /// `UDP`, as in /proc/net/protocols (the attribute `system.sockprotoname`, net/socket.c); `None` if it is no socket.
    ///
    /// # Errors
    /// `PermissionDenied` as for [`ProcDir::fds`]; `NotFound` if it is not open.
    pub fn socket_protocol(&self, pid: u32, fd: u32) -> io::Result<Option<String>> {
        let (path, mut name) = (format!("/proc/{pid}/fd/{fd}"), [0; 32]);
        match rustix::fs::getxattr(path, "system.sockprotoname", &mut name[..]) {
            Ok(length) => {
                let name = name[..length].split(|byte| *byte == 0).next().unwrap_or_default();
                Ok(Some(String::from_utf8_lossy(name).into_owned()))
            }
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NODATA) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the descriptors of one thread of process `pid`, which may have a table of its own.
    ///
    /// # Errors
    /// As [`ProcDir::fds`].
    pub fn thread_fds(&self, pid: u32, tid: u32) -> io::Result<FdDir> {
        let path = format!("{pid}/task/{tid}/fd");
        FdDir::open(rustix::fs::openat(self.root(), path, FLAGS, Mode::empty()))
    }
}

impl ProcessDir {
    /// Opens the descriptors of this process.
    ///
    /// # Errors
    /// As [`ProcDir::fds`].
    pub fn fds(&self) -> io::Result<FdDir> {
        FdDir::open(rustix::fs::openat(self.as_fd(), c"fd", FLAGS, Mode::empty()))
    }

    /// Returns the inode of the socket that is descriptor `fd`; `None` if it is not open, or no socket.
    ///
    /// # Errors
    /// As [`ProcDir::fds`].
    pub fn socket(&self, fd: u32) -> io::Result<Option<u64>> {
        socket_at_path(self.as_fd(), &[], fd)
    }
}

impl FdDir {
    fn open(directory: rustix::io::Result<OwnedFd>) -> io::Result<Self> {
        Ok(Self { directory: directory? })
    }

    /// Visits descriptors from `first` on, about `at_most` of them, calling `visit(fd, inode)` for each that is
    /// a socket.
    ///
    /// The links of one process are all readable or none is: the first EACCES ends the pass with an error.
    ///
    /// # Errors
    /// `PermissionDenied` if links may not be read although the directory may; ESRCH once the process ended.
    pub fn sockets(&self, first: u32, at_most: usize, mut visit: impl FnMut(u32, u64)) -> io::Result<Pass> {
        let mut buffer = [MaybeUninit::uninit(); LARGEST_BUFFER];
        // Two entries more, for "." and "..".
        let wanted = at_most.saturating_add(2).saturating_mul(ENTRY);
        let size = wanted.clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
        let is_roomy = wanted <= size && first < SHORT_NAMES;
        // The kernel's position in this directory is the descriptor plus two, for "." and "..".
        let position = if first == 0 { 0 } else { u64::from(first) + 2 };
        rustix::fs::seek(&self.directory, SeekFrom::Start(position))?;
        let mut next = first;
        let mut visited = 0;
        let mut entries = RawDir::new(&self.directory, &mut buffer[..size]);
        while visited < at_most {
            // The buffer has room for as many entries as were asked for: where it ends early, so do the descriptors.
            if visited > 0 && is_roomy && entries.is_buffer_empty() {
                return Ok(Pass::Complete);
            }
            let Some(entry) = entries.next() else { return Ok(Pass::Complete) };
            let entry = entry?;
            let Some(fd) = number(entry.file_name()) else { continue };
            visited += 1;
            next = fd + 1;
            match socket_at(self.directory.as_fd(), entry.file_name()) {
                Ok(Some(inode)) => visit(fd, inode),
                Ok(None) => {}
                // Closed between the listing and the look.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Pass::More(next))
    }

    /// Returns the inode of the socket that descriptor `fd` is; `None` if it is none, or not a socket.
    ///
    /// # Errors
    /// As [`FdDir::sockets`].
    pub fn socket(&self, fd: u32) -> io::Result<Option<u64>> {
        socket_at(self.directory.as_fd(), Decimal::default().of(fd)).or_else(none_if_absent)
    }

    /// Returns the directory of the very process whose descriptors these are, also if its pid is in use again.
    ///
    /// # Errors
    /// ESRCH or `NotFound` once the process ended.
    pub fn process(&self) -> io::Result<ProcessDir> {
        ProcessDir::open_at(&self.directory, c"..")
    }
}

/// Looks at `fd/N` below a path given in parts.
fn socket_at_path(directory: BorrowedFd<'_>, above: &[&[u8]], fd: u32) -> io::Result<Option<u64>> {
    let mut digits = Decimal::default();
    let (mut path, mut length) = ([0; LONGEST_PATH], 0);
    let below: [&[u8]; 3] = [b"fd/", digits.of(fd).to_bytes(), b"\0"];
    for part in above.iter().chain(&below) {
        path[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    let path = CStr::from_bytes_with_nul(&path[..length]).expect("digits and one NUL, at the end");
    socket_at(directory, path).or_else(none_if_absent)
}

fn socket_at(directory: BorrowedFd<'_>, path: &CStr) -> io::Result<Option<u64>> {
    let mut target = [MaybeUninit::<u8>::uninit(); 32];
    let (target, _) = rustix::fs::readlinkat_raw(directory, path, &mut target)?;
    Ok(socket_inode(target))
}

fn none_if_absent(error: io::Error) -> io::Result<Option<u64>> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

/// Returns N for a link target `socket:[N]`.
#[must_use]
pub fn socket_inode(target: &[u8]) -> Option<u64> {
    let digits = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |sum: u64, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Bytes of a `struct linux_dirent64` whose name has up to four digits.
const ENTRY: usize = 24;
/// From here on a stretch of descriptors may hold names of five digits.
const SHORT_NAMES: u32 = 9_000;
/// Of "PID/fd/N" with its NUL: two numbers of ten digits at most.
const LONGEST_PATH: usize = 10 + 4 + 10 + 1;
const SMALLEST_BUFFER: usize = 8 * ENTRY;
const LARGEST_BUFFER: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::{AsFd, AsRawFd};

    use super::{Pass, socket_inode};
    use crate::linux::proc_dir::ProcDir;

    #[test]
    fn only_a_socket_link_has_an_inode() {
        assert_eq!(socket_inode(b"socket:[48213]"), Some(48213));
        for other in [&b"socket:[]"[..], b"socket:[1", b"socket:[1a]", b"pipe:[1]", b"/tmp/socket:[1]", b""] {
            assert_eq!(socket_inode(other), None);
        }
    }

    #[test]
    fn a_pass_in_small_steps_sees_the_same_sockets_as_one_in_a_large_step() {
        let listeners: Vec<_> = (0..40).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let fds = ProcDir::open().unwrap().fds(std::process::id()).unwrap();
        let mut small = Vec::new();
        let mut from = 0;
        while let Pass::More(next) = fds.sockets(from, 8, |fd, inode| small.push((fd, inode))).unwrap() {
            assert!(next > from);
            from = next;
        }
        for listener in &listeners {
            let inode = rustix::fs::fstat(listener.as_fd()).unwrap().st_ino;
            let fd = u32::try_from(listener.as_raw_fd()).unwrap();
            assert!(small.contains(&(fd, inode)));
            assert_eq!(fds.socket(fd).unwrap(), Some(inode));
            let proc = ProcDir::open().unwrap();
            assert_eq!(proc.socket(std::process::id(), fd).unwrap(), Some(inode));
            assert_eq!(proc.process(std::process::id()).unwrap().socket(fd).unwrap(), Some(inode));
        }
    }

    #[test]
    fn a_socket_tells_its_protocol() {
        let proc = ProcDir::open().unwrap();
        let of = |fd: &dyn AsFd| {
            let fd = u32::try_from(fd.as_fd().as_raw_fd()).unwrap();
            proc.socket_protocol(std::process::id(), fd).unwrap()
        };
        assert_eq!(of(&TcpListener::bind("127.0.0.1:0").unwrap()).as_deref(), Some("TCP"));
        assert_eq!(of(&std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).as_deref(), Some("UDP"));
        assert_eq!(of(&std::fs::File::open("/dev/null").unwrap()), None);
        let closed = proc.socket_protocol(std::process::id(), 99_999).unwrap_err();
        assert_eq!(closed.kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn a_descriptor_that_is_not_open_is_no_socket() {
        let fds = ProcDir::open().unwrap().fds(std::process::id()).unwrap();
        assert_eq!(fds.socket(99_999).unwrap(), None);
        let proc = ProcDir::open().unwrap();
        assert_eq!(proc.socket(std::process::id(), u32::MAX).unwrap(), None);
        assert_eq!(proc.socket(u32::MAX, u32::MAX).unwrap(), None);
    }
}
