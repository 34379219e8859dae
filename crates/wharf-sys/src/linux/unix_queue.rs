//! Descriptors in flight: what waits in the queue of a Unix socket; unix(7), SCM_RIGHTS.
//!
//! A message is looked into with MSG_PEEK, which hands out duplicates of its descriptors and leaves the
//! message where it is. Not here: which Unix sockets to look into (`wharf-os`).

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt};

use crate::linux::sock_options::option_u32;

/// What a look into a queue showed.
#[derive(Debug, Default)]
pub struct Peek {
    /// Duplicates of the descriptors in the first message that carries any.
    pub descriptors: Vec<OwnedFd>,
    /// False if the socket cannot be looked into (it listens, or a peek would move its SO_PEEK_OFF).
    pub possible: bool,
}

/// Looks at the descriptors in the first message that waits in `socket`, without taking it.
///
/// # Errors
/// What recvmsg(2) said; an empty queue is no error.
pub fn peek(socket: impl AsFd) -> io::Result<Peek> {
    let socket = socket.as_fd();
    if sockopt::socket_acceptconn(socket)? || moves_on_peek(socket) {
        return Ok(Peek::default());
    }
    let mut data = [0; 1];
    let mut space = [MaybeUninit::uninit(); CONTROL];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    match recvmsg(socket, &mut [io::IoSliceMut::new(&mut data)], &mut control, flags) {
        Ok(_) => {}
        Err(rustix::io::Errno::AGAIN) => return Ok(Peek { descriptors: Vec::new(), possible: true }),
        Err(errno) => return Err(errno.into()),
    }
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(Peek { descriptors, possible: true })
}

/// Returns whether `descriptor` is a Unix socket.
pub fn is_unix_socket(descriptor: impl AsFd) -> bool {
    sockopt::socket_domain(descriptor).is_ok_and(|family| family == AddressFamily::UNIX)
}

/// With SO_PEEK_OFF set (not -1) a peek would change what the owner's next peek sees.
fn moves_on_peek(socket: impl AsFd) -> bool {
    !matches!(option_u32(socket, libc::SOL_SOCKET, libc::SO_PEEK_OFF), Ok(u32::MAX) | Err(_))
}

/// Room for SCM_MAX_FD (253) descriptors and the credentials and pidfd that options may add.
const CONTROL: usize = 253 * 4 + 256;

#[cfg(test)]
mod tests {
    use std::io::{IoSlice, Read};
    use std::mem::MaybeUninit;
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    use super::{is_unix_socket, peek};
    use crate::linux::sock_options::inode;

    #[test]
    fn a_peek_shows_the_socket_in_flight_and_leaves_the_message() {
        let (sender, mut receiver) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = inode(&listener).unwrap();
        let mut space = [MaybeUninit::uninit(); 64];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = [listener.as_fd()];
        assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
        sendmsg(&sender, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
        drop(listener);

        for _ in 0..2 {
            let seen = peek(&receiver).unwrap();
            assert!(seen.possible);
            let [descriptor] = &seen.descriptors[..] else { panic!("one descriptor in flight") };
            assert_eq!(inode(descriptor).unwrap(), wanted);
            assert!(!is_unix_socket(descriptor));
        }
        let mut byte = [0];
        assert_eq!(receiver.read(&mut byte).unwrap(), 1);
    }

    #[test]
    fn an_empty_queue_is_no_error() {
        let (_sender, receiver) = UnixStream::pair().unwrap();
        assert!(is_unix_socket(&receiver));
        assert!(peek(&receiver).unwrap().descriptors.is_empty());
    }
}
