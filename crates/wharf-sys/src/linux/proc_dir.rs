//! The directory /proc: its processes, and small files and links of one process; proc(5).
//!
//! A [`ProcessDir`] is pinned to one process, not to a pid: once that process has ended, every read
//! through it fails, even if the pid is in use again. Not here: what the texts mean (`text::*`).

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::path::Arg;

/// The directory /proc, held open.
#[derive(Debug)]
pub struct ProcDir {
    root: OwnedFd,
}

impl ProcDir {
    /// Opens /proc.
    ///
    /// # Errors
    /// What open(2) said; `NotFound` also if something other than a proc file system is mounted there.
    pub fn open() -> io::Result<Self> {
        let root = rustix::fs::open("/proc", DIRECTORY, Mode::empty())?;
        if rustix::fs::fstatfs(&root)?.f_type != libc::PROC_SUPER_MAGIC {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no proc file system is mounted at /proc"));
        }
        Ok(Self { root })
    }

    /// Returns the pids of every visible process, ascending.
    ///
    /// # Errors
    /// What open(2) or getdents64(2) said.
    pub fn pids(&self) -> io::Result<Vec<u32>> {
        // A descriptor of its own: the position in a directory belongs to the open file.
        let directory = rustix::fs::openat(&self.root, c".", DIRECTORY, Mode::empty())?;
        let mut pids = Vec::with_capacity(512);
        let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
        let mut entries = RawDir::new(directory, &mut buffer);
        while let Some(entry) = entries.next() {
            pids.extend(number(entry?.file_name()));
        }
        Ok(pids)
    }

    /// Returns the threads of process `pid`, also of one whose first thread has ended.
    ///
    /// # Errors
    /// `NotFound` if there is no such process.
    pub fn threads(&self, pid: u32) -> io::Result<Vec<u32>> {
        let directory = rustix::fs::openat(&self.root, format!("{pid}/task"), DIRECTORY, Mode::empty())?;
        let mut buffer = [MaybeUninit::uninit(); 4 * 1024];
        let mut entries = RawDir::new(directory, &mut buffer);
        let mut threads = Vec::new();
        while let Some(entry) = entries.next() {
            threads.extend(number(entry?.file_name()));
        }
        Ok(threads)
    }

    /// Opens the directory of process `pid`.
    ///
    /// # Errors
    /// `NotFound` if there is no such process, or hidepid hides it.
    pub fn process(&self, pid: u32) -> io::Result<ProcessDir> {
        ProcessDir::open_at(&self.root, Decimal::default().of(pid))
    }

    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Reads the file `path` below /proc into `buffer`, replacing what it held.
    ///
    /// # Errors
    /// What open(2) or read(2) said.
    pub fn read(&self, path: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
        read_file(&self.root, path, buffer, Pieces::Many)
    }

    /// Returns the inode of the file `path` below /proc.
    ///
    /// # Errors
    /// What stat(2) said.
    pub fn inode(&self, path: &str) -> io::Result<u64> {
        Ok(rustix::fs::statat(&self.root, path, rustix::fs::AtFlags::empty())?.st_ino)
    }

    /// Returns the target of the link `path` below /proc.
    ///
    /// # Errors
    /// What readlink(2) said.
    pub fn link(&self, path: &str) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.root, path, Vec::new())?.into_bytes())
    }

    /// Returns whether other users' processes are hidden (mount option `hidepid=invisible`): pid 1 cannot be seen.
    #[must_use]
    pub fn hides_processes(&self) -> bool {
        rustix::fs::statat(&self.root, c"1", rustix::fs::AtFlags::empty()).is_err()
    }
}

/// The directory of one process.
#[derive(Debug)]
pub struct ProcessDir {
    directory: OwnedFd,
}

impl ProcessDir {
    pub(crate) fn open_at(parent: impl AsFd, name: &CStr) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { directory: rustix::fs::openat(parent, name, flags, Mode::empty())? })
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Reads the file `name`, which the kernel writes in one piece (`stat`, `cmdline`, `cgroup`, `environ`, `fdinfo/N`),
    /// into `buffer`, replacing what it held.
    ///
    /// # Errors
    /// `PermissionDenied` without the right to trace the process, for some files; ESRCH or `NotFound` once it ended.
    pub fn read(&self, name: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
        read_file(&self.directory, name, buffer, Pieces::One)
    }

    /// Returns the target of the link `name` (`exe`, `cwd`, `ns/net`).
    ///
    /// # Errors
    /// As [`ProcessDir::read`].
    pub fn link(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.directory, name, Vec::new())?.into_bytes())
    }

    /// Returns the inode of the file `name`.
    ///
    /// # Errors
    /// As [`ProcessDir::read`].
    pub fn inode(&self, name: &str) -> io::Result<u64> {
        Ok(rustix::fs::statat(&self.directory, name, rustix::fs::AtFlags::empty())?.st_ino)
    }

    /// Returns the size of the file `name`; that of `fd` is how many descriptors are open, since Linux 6.2, and needs no
    /// privilege (`proc_fd_getattr` in fs/proc/fd.c).
    ///
    /// # Errors
    /// As [`ProcessDir::read`].
    pub fn size(&self, name: &str) -> io::Result<u64> {
        let size = rustix::fs::statat(&self.directory, name, rustix::fs::AtFlags::empty())?.st_size;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// Opens the file `name`, e.g. a namespace for setns(2).
    ///
    /// # Errors
    /// As [`ProcessDir::read`].
    pub fn open(&self, name: &str) -> io::Result<OwnedFd> {
        Ok(rustix::fs::openat(&self.directory, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// Returns the owner of the directory, which is the process's effective user id.
    ///
    /// Files below it belong to root if the process is not dumpable; the directory itself, which anybody may
    /// read, never does on that account (`task_dump_owner` in fs/proc/base.c).
    ///
    /// # Errors
    /// As [`ProcessDir::read`].
    pub fn uid(&self) -> io::Result<u32> {
        Ok(rustix::fs::fstat(&self.directory)?.st_uid)
    }
}

/// A number written in decimal into a buffer of its own: file names under /proc, without an allocation.
#[derive(Default)]
pub(crate) struct Decimal {
    digits: [u8; 11],
}

impl Decimal {
    pub(crate) fn of(&mut self, mut number: u32) -> &CStr {
        let mut at = self.digits.len() - 1;
        self.digits[at] = 0;
        loop {
            at -= 1;
            // A digit is below ten.
            self.digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        CStr::from_bytes_with_nul(&self.digits[at..]).expect("digits, then the one NUL")
    }
}

/// Returns the number that a file name is, if it is one that a pid or descriptor can be.
pub(crate) fn number(name: &CStr) -> Option<u32> {
    let digits = name.to_bytes();
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |sum: u32, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// How the kernel gives a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pieces {
    /// In one piece: a read that leaves room in the buffer was the last.
    One,
    /// Record by record: a read may fall short in the middle.
    Many,
}

fn read_file<P: Arg>(directory: impl AsFd, name: P, buffer: &mut Vec<u8>, pieces: Pieces) -> io::Result<()> {
    buffer.clear();
    let file = rustix::fs::openat(directory, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    loop {
        buffer.reserve(READ_STEP);
        let room = buffer.capacity() - buffer.len();
        match rustix::io::read(&file, rustix::buffer::spare_capacity(buffer)) {
            Ok(0) => return Ok(()),
            Ok(count) if pieces == Pieces::One && count < room => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// More than a command line of ordinary length; large files take several reads.
const READ_STEP: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{Decimal, ProcDir, number};

    #[test]
    fn numbers_are_written_and_read_as_names() {
        for pid in [0, 7, 10, 4_194_304, u32::MAX] {
            assert_eq!(Decimal::default().of(pid).to_str().unwrap(), pid.to_string());
        }
        assert_eq!(number(c"4121"), Some(4121));
        for name in [c"", c"self", c"12a", c"99999999999"] {
            assert_eq!(number(name), None);
        }
    }

    #[test]
    fn its_own_process_is_listed_and_readable() {
        let proc = ProcDir::open().unwrap();
        let pid = std::process::id();
        assert!(proc.pids().unwrap().contains(&pid));
        let mut text = Vec::new();
        proc.process(pid).unwrap().read("stat", &mut text).unwrap();
        assert!(text.starts_with(format!("{pid} (").as_bytes()));
        assert!(!proc.process(pid).unwrap().link("cwd").unwrap().is_empty());
    }

    #[test]
    fn a_directory_stays_with_its_process_when_the_process_ends() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let directory = ProcDir::open().unwrap().process(child.id()).unwrap();
        child.wait().unwrap();
        let error = directory.read("stat", &mut Vec::new()).unwrap_err();
        assert!(matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT)), "{error}");
    }
}
