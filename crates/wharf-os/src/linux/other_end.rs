//! Whose the other end of a TCP connection within this machine is, and whether it is still there; sock_diag(7).
//!
//! Not here: what follows from it.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use wharf_sys::linux::sock_diag::SockDiag;

/// Asks about other ends, through one netlink socket.
#[derive(Debug, Default)]
pub struct OtherEnds {
    diag: Mutex<Option<SockDiag>>,
}

/// What became of the other end of a connection that has said it sends no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherEnd {
    /// It is open, and still receives.
    Open,
    /// Its program has closed it, or has ended.
    Closed,
    /// It is not on this machine, or cannot be seen.
    Unknown,
}

/// Whose the server is that there is a connection to, as far as that can be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Who has opened the port: user, and the socket's inode.
    pub listener: Option<(u32, u32)>,
    /// Who has accepted the connection: another user than the first if a server gives up its rights once it listens. `None`
    /// as long as nobody has, and once it is closed.
    pub accepted: Option<u32>,
}

impl OtherEnds {
    /// Returns whose server `remote` is, to which there is a connection from `local`.
    ///
    /// The listener is looked at before the connection: as long as nobody has accepted that, it is in the queue of the
    /// listener that was there before, which takes it along when it is closed.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn server(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<Server> {
        self.ask(|diag| {
            let listener = diag.listener_at(remote)?;
            let accepted = diag.connection(remote, local)?.filter(|connection| connection.inode != 0);
            Ok(Server {
                listener: listener.map(|socket| (socket.uid, socket.inode)),
                accepted: accepted.map(|socket| socket.uid),
            })
        })
    }

    /// Returns what became of `remote`, to which there is a connection from `local`.
    #[must_use]
    pub fn state(&self, local: SocketAddr, remote: SocketAddr) -> OtherEnd {
        match self.ask(|diag| diag.connection(remote, local)) {
            Ok(Some(socket)) if socket.inode != 0 => OtherEnd::Open,
            Ok(_) if remote.ip().to_canonical().is_loopback() => OtherEnd::Closed,
            _ => OtherEnd::Unknown,
        }
    }

    fn ask<T>(&self, question: impl FnOnce(&mut SockDiag) -> io::Result<T>) -> io::Result<T> {
        let mut diag = self.diag.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut socket = match diag.take() {
            Some(socket) => socket,
            None => SockDiag::open()?,
        };
        let answer = question(&mut socket)?;
        // After an error it may have an answer to come.
        *diag = Some(socket);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::{OtherEnd, OtherEnds, Server};

    #[test]
    fn the_server_is_known_before_it_accepts_and_after() {
        let ends = OtherEnds::default();
        for (bind, to) in [("127.0.0.1:0", "127.0.0.1"), ("[::]:0", "127.0.0.1"), ("[::1]:0", "::1")] {
            let listener = TcpListener::bind(bind).unwrap();
            let client = TcpStream::connect((to, listener.local_addr().unwrap().port())).unwrap();
            let (local, remote) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            let own = Some(rustix::process::geteuid().as_raw());
            let seen = || ends.server(local, remote).unwrap();
            assert_eq!((seen().listener.map(|(uid, _)| uid), seen().accepted), (own, None), "{bind}");
            let accepted = listener.accept().unwrap();
            assert_eq!(seen().accepted, own, "{bind}");
            drop(listener);
            assert_eq!((seen().listener, seen().accepted), (None, own), "{bind}");
            drop(accepted);
            assert_eq!(seen(), Server::default(), "{bind}");
        }
    }

    #[test]
    fn one_that_sends_no_more_is_told_from_one_that_is_gone() {
        let ends = OtherEnds::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (local, remote) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(ends.state(local, remote), OtherEnd::Open);
        drop(client);
        assert_eq!(ends.state(local, remote), OtherEnd::Closed);
    }
}
