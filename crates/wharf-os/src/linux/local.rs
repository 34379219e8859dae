//! Unix sockets of wharf's own, by which its processes talk and hand each other descriptors; unix(7).
//!
//! Not here: what is said there (`wharf-api`), and the directory that keeps others away from it ([`crate::state`]).

use std::fs::{self, File};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use wharf_sys::linux::descriptor;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user, as it was when it connected.
    pub uid: u32,
    /// Its process, as it was when it connected.
    pub pid: u32,
}

/// Listens at `path` for this user alone (mode 0600), in place of whoever did so before.
///
/// # Errors
/// What unlink(2), bind(2) or chmod(2) said.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Until it has its mode, its directory alone keeps others away.
    let listener = with_short_path(path, |address| UnixListener::bind_addr(&address))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to the socket at `path`.
///
/// # Errors
/// What connect(2) said: `NotFound` or `ConnectionRefused` if nobody listens there.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    with_short_path(path, |address| UnixStream::connect_addr(&address))
}

/// Returns who is at the other end of `stream`.
///
/// # Errors
/// What getsockopt(2) said.
pub fn peer(stream: BorrowedFd<'_>) -> io::Result<Peer> {
    let credentials = rustix::net::sockopt::socket_peercred(stream)?;
    let pid = credentials.pid.as_raw_nonzero().get().cast_unsigned();
    Ok(Peer { uid: credentials.uid.as_raw(), pid })
}

/// Sends some of `bytes`, with duplicates of `descriptors`, [`DESCRIPTORS`] at most, beside the first of them.
///
/// # Errors
/// What sendmsg(2) said.
pub fn send(stream: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !beside.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(rustix::net::sendmsg(stream, &[IoSlice::new(bytes)], &mut beside, SendFlags::NOSIGNAL)?)
}

/// Receives bytes into `buffer`, and adds what descriptors came with them to `descriptors`. Returns 0 at the end.
///
/// # Errors
/// What recvmsg(2) said.
pub fn receive(
    stream: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(buffer)];
    let received = rustix::net::recvmsg(stream, &mut slices, &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(received.bytes)
}

/// Returns the two ends of a connection that keeps messages apart (SOCK_SEQPACKET) and never waits.
///
/// # Errors
/// What socketpair(2) said.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Returns the user that this process acts as.
#[must_use]
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Descriptors that go with one message at most (SCM_MAX_FD, unix(7)).
pub const DESCRIPTORS: usize = 253;

/// A file that one process has at a time, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock on the file at `path`, making it (mode 0600); `None` if another process has it.
    ///
    /// # Errors
    /// What open(2) or flock(2) said.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Lock {
    /// Goes on with a lock that was taken by the program before this one.
    fn from(file: OwnedFd) -> Self {
        Self(file.into())
    }
}

/// Returns a duplicate of descriptor `number`, which the program before this one, or the one that started it, has left
/// open. The number itself stays open until this process becomes another program.
///
/// # Errors
/// EBADF if nothing is open there.
pub fn inherited(number: i32) -> io::Result<OwnedFd> {
    descriptor::inherited(number)
}

/// Leaves `fd` open for the program that this process becomes.
///
/// # Errors
/// What fcntl(2) said.
pub fn leave_open(fd: BorrowedFd<'_>) -> io::Result<()> {
    descriptor::set_close_on_exec(fd, false)
}

/// Calls `call` with the address of `path`, by way of its open directory where it is longer than an address can be.
fn with_short_path<T>(path: &Path, call: impl FnOnce(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() < LONGEST {
        return call(SocketAddr::from_pathname(path)?);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    let folder = rustix::fs::open(folder, OFlags::PATH | OFlags::CLOEXEC, rustix::fs::Mode::empty())?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&folder);
    let short: PathBuf = Path::new("/proc/self/fd").join(number.to_string()).join(name);
    call(SocketAddr::from_pathname(short)?)
}

/// Bytes of `sun_path` with the zero after it, unix(7).
const LONGEST: usize = 108;

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::fs::PermissionsExt;

    use super::{DESCRIPTORS, Lock, connect, listen, pair, peer, receive, send};

    #[test]
    fn a_descriptor_goes_with_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daemon.sock");
        let listener = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let client = connect(&path).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let found = peer(server.as_fd()).unwrap();
        assert_eq!((found.uid, found.pid), (rustix::process::geteuid().as_raw(), std::process::id()));
        let file = folder.path().join("file");
        fs::write(&file, "what is in it").unwrap();
        let opened = File::open(&file).unwrap();
        assert_eq!(send(client.as_fd(), b"hello", &[opened.as_fd()]).unwrap(), 5);
        let (mut buffer, mut descriptors) = ([0; 16], Vec::new());
        assert_eq!(receive(server.as_fd(), &mut buffer, &mut descriptors).unwrap(), 5);
        let mut text = String::new();
        File::from(descriptors.pop().unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), descriptors.len()), ("what is in it", 0));
        server.write_all(b"bye").unwrap();
        drop(server);
        assert_eq!(receive(client.as_fd(), &mut buffer, &mut descriptors).unwrap(), 3);
        assert_eq!(receive(client.as_fd(), &mut buffer, &mut descriptors).unwrap(), 0);
        // The next takes the place.
        let next = listen(&path).unwrap();
        connect(&path).unwrap();
        drop((listener, next));
        assert_eq!(connect(&path).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_path_may_be_longer_than_an_address() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a".repeat(120));
        fs::create_dir(&deep).unwrap();
        let _listener = listen(&deep.join("daemon.sock")).unwrap();
        connect(&deep.join("daemon.sock")).unwrap();
    }

    #[test]
    fn a_lock_has_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = Lock::take(&path).unwrap();
        assert!(lock.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        drop(lock);
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn messages_stay_apart_with_all_their_descriptors() {
        let (one, other) = pair().unwrap();
        let many = vec![one.as_fd(); DESCRIPTORS];
        assert_eq!(send(one.as_fd(), b"first", &many).unwrap(), 5);
        assert_eq!(send(one.as_fd(), b"second", &[]).unwrap(), 6);
        drop(one);
        let (mut buffer, mut descriptors) = ([0; 16], Vec::new());
        assert_eq!(receive(other.as_fd(), &mut buffer, &mut descriptors).unwrap(), 5);
        assert_eq!(descriptors.len(), DESCRIPTORS);
        assert_eq!(receive(other.as_fd(), &mut buffer, &mut descriptors).unwrap(), 6);
        descriptors.clear();
        assert_eq!(receive(other.as_fd(), &mut buffer, &mut descriptors).unwrap(), 0);
    }
}
