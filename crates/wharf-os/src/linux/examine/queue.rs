//! Accept queues, and the server's side of connections: sock_diag(7), with what costs more than a list needs.
//!
//! Not here: which process has them (`Processes::holders`), and what follows.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

use wharf_model::connection::TcpState;
use wharf_sys::linux::sock_diag::{ESTABLISHED, Family, LISTEN, Record, Request, SockDiag, Transport};
use wharf_sys::linux::{descriptor, sock_options};

use crate::linux::sockets::tcp_state;

/// Asks about queues, through one netlink socket of the network namespace it is first used in.
#[derive(Debug, Default)]
pub struct Queues {
    diag: Mutex<Option<SockDiag>>,
}

/// A listening socket and its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its inode in sockfs.
    pub inode: u64,
    /// Connections that wait to be accepted.
    pub waiting: u32,
    /// Most that may wait; one more is let in.
    pub backlog: u32,
    /// Packets that it has dropped since it was made.
    pub drops: Option<u32>,
    /// Kernel id of the control group that it was made in.
    pub cgroup_id: Option<u64>,
}

impl Queue {
    /// Returns whether the kernel lets no further connection in (`sk_acceptq_is_full`).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting > self.backlog
    }
}

/// The server's side of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half {
    /// The server's address.
    pub local: SocketAddr,
    /// The client's.
    pub remote: SocketAddr,
    /// Its state.
    pub state: TcpState,
    /// Its inode; 0 as long as nobody has accepted it, and once it is closed.
    pub inode: u64,
    /// Bytes that have come and were not read.
    pub unread: u32,
    /// Milliseconds since anything was heard of the client.
    pub quiet_ms: Option<u32>,
}

impl Half {
    /// Returns whether it waits in an accept queue: whole, and without a file.
    #[must_use]
    pub fn is_unaccepted(&self) -> bool {
        self.inode == 0 && matches!(self.state, TcpState::Established | TcpState::CloseWait)
    }
}

impl Queues {
    /// Returns the listener that a connection to `address` would reach.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn at(&self, address: SocketAddr) -> io::Result<Option<Queue>> {
        self.ask(|diag| Ok(diag.listener_at(address)?.map(|record| queue(&record))))
    }

    /// Returns every listener of `port`.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn of_port(&self, port: u16) -> io::Result<Vec<Queue>> {
        Ok(self.list(port, 1 << LISTEN)?.iter().map(queue).collect())
    }

    /// Returns the server's side of the connection from `client` to `server`; `None` if there is none any more.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn half(&self, client: SocketAddr, server: SocketAddr) -> io::Result<Option<Half>> {
        self.ask(|diag| Ok(diag.connection(server, client)?.map(|record| half(&record))))
    }

    /// Returns the server's side of every connection to `port` that is open or waits. The kernel walks all connections of
    /// the machine for it.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn halves(&self, port: u16) -> io::Result<Vec<Half>> {
        Ok(self
            .list(port, 1 << ESTABLISHED | 1 << SYN_RECEIVED | 1 << CLOSE_WAIT)?
            .iter()
            .map(half)
            .collect())
    }

    fn list(&self, port: u16, states: u32) -> io::Result<Vec<Record>> {
        self.ask(|diag| {
            let mut records = Vec::new();
            for family in [Family::V4, Family::V6] {
                let transport = Transport::Tcp;
                let request = Request { family, transport, states, local_port: port, remote_port: 0 };
                diag.dump(&request, &mut records)?;
            }
            Ok(records)
        })
    }

    fn ask<T>(&self, question: impl FnOnce(&mut SockDiag) -> io::Result<T>) -> io::Result<T> {
        let mut diag = self.diag.lock().unwrap_or_else(PoisonError::into_inner);
        let mut socket = match diag.take() {
            Some(socket) => socket,
            None => SockDiag::open()?.with_details(),
        };
        let answer = question(&mut socket)?;
        // After an error it may have an answer to come.
        *diag = Some(socket);
        Ok(answer)
    }
}

/// Returns how many instructions the filter has that a process has put before the socket that it has open as `fd`: 0 for none,
/// and inside `None` for one that cannot be read. `None` without the right to trace the process.
#[must_use]
pub fn filter(pid: u32, fd: u32) -> Option<Option<u32>> {
    let socket = descriptor::duplicate(pid, fd.cast_signed()).ok()?;
    match sock_options::filter_length(&socket) {
        Ok(length) => Some(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(None),
        Err(_) => None,
    }
}

/// Returns a number of /proc/sys/net/ipv4.
#[must_use]
pub fn setting(name: &str) -> Option<u64> {
    fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).ok()?.trim().parse().ok()
}

fn queue(record: &Record) -> Queue {
    Queue {
        address: record.local,
        inode: u64::from(record.inode),
        waiting: record.receive_queue,
        backlog: record.send_queue,
        drops: record.drops,
        cgroup_id: record.cgroup_id,
    }
}

fn half(record: &Record) -> Half {
    let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    Half {
        local: canonical(record.local),
        remote: canonical(record.remote),
        state: tcp_state(record.state),
        inode: u64::from(record.inode),
        unread: record.receive_queue,
        quiet_ms: record.quiet_ms,
    }
}

// net/tcp_states.h
const SYN_RECEIVED: u8 = 3;
const CLOSE_WAIT: u8 = 8;

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use wharf_model::connection::TcpState;

    use super::Queues;

    #[test]
    fn a_connection_is_followed_from_the_queue_to_its_file() {
        let queues = Queues::default();
        for (bind, to) in [("127.0.0.1:0", "127.0.0.1"), ("[::]:0", "127.0.0.1"), ("[::1]:0", "::1")] {
            let listener = TcpListener::bind(bind).unwrap();
            let port = listener.local_addr().unwrap().port();
            let client = TcpStream::connect((to, port)).unwrap();
            let (own, server) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            let queue = queues.at(server).unwrap().unwrap();
            assert_eq!((queue.waiting, queue.is_full()), (1, false), "{bind}");
            assert!(queues.of_port(port).unwrap().contains(&queue));
            let half = queues.half(own, server).unwrap().unwrap();
            assert!(half.is_unaccepted() && half.state == TcpState::Established);
            assert_eq!(queues.halves(port).unwrap().len(), 1);
            let _accepted = listener.accept().unwrap();
            assert!(!queues.half(own, server).unwrap().unwrap().is_unaccepted());
        }
    }
}
