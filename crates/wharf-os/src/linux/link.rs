//! Connections of a supervised program to its siblings: connect(2) on a duplicate of its socket, to another port than it
//! asks for; connect(2), socket(7).
//!
//! Not here: whose port it is ([`Harbour::link`]).

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::net::sockopt::{self, Timeout};
use wharf_sys::linux::seccomp::Answer;
use wharf_sys::linux::socket_control as control;

use crate::launch::Harbour;

/// Returns the port that a connection to `to` is meant for, if that is another and `to` is this very machine.
pub(crate) fn sibling(to: SocketAddr, harbour: &mut dyn Harbour) -> Option<u16> {
    let host = to.ip().to_canonical();
    // To connect to the unspecified address is to connect to this machine, ip(7).
    let is_here = host.is_loopback() || host.is_unspecified();
    harbour.link(to.port()).filter(|&port| is_here && port != to.port())
}

/// Connects `socket`, and never waits: a supervisor that does could not be interrupted.
pub(crate) fn connect(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<Answer> {
    let waits = !rustix::fs::fcntl_getfl(socket)?.contains(OFlags::NONBLOCK);
    if !waits {
        return Ok(answer(control::connect(socket, address)));
    }
    let patience = sockopt::socket_timeout(socket, Timeout::Send)?;
    sockopt::set_socket_timeout(socket, Timeout::Send, Some(Duration::from_micros(1)))?;
    let outcome = control::connect(socket, address);
    sockopt::set_socket_timeout(socket, Timeout::Send, patience)?;
    let is_under_way =
        |error: &io::Error| error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error());
    match outcome {
        // Its own call goes on where this one has begun, whatever address it has, and waits as the program wants.
        Err(error) if is_under_way(&error) => Ok(Answer::Continue),
        other => Ok(answer(other)),
    }
}

fn answer(outcome: io::Result<()>) -> Answer {
    match outcome {
        Ok(()) => Answer::Value(0),
        Err(error) => Answer::Errno(error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error())),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::os::fd::AsFd;

    use rustix::net::sockopt::{self, Timeout};
    use rustix::net::{AddressFamily, SocketType};
    use wharf_sys::linux::seccomp::Answer;
    use wharf_sys::linux::socket_control as control;

    use super::connect;

    #[test]
    fn a_connection_is_made_refused_or_left_under_way_and_never_waited_for() {
        let socket = || rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let listener = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let address =
            control::sockaddr(TcpListener::from(listener.try_clone().unwrap()).local_addr().unwrap());
        let first = socket();
        assert_eq!(connect(first.as_fd(), &address).unwrap(), Answer::Value(0));
        assert_eq!(sockopt::socket_timeout(&first, Timeout::Send).unwrap(), None, "as it was");
        // The backlog has room for one: the next wait.
        let mut waiting = Vec::new();
        while waiting.len() < 4 {
            let next = socket();
            let answer = connect(next.as_fd(), &address).unwrap();
            waiting.push(next);
            if answer == Answer::Continue {
                break;
            }
        }
        assert!(waiting.len() < 4, "one is under way");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = control::sockaddr(free.local_addr().unwrap());
        drop(free);
        let errno = rustix::io::Errno::CONNREFUSED.raw_os_error();
        assert_eq!(connect(socket().as_fd(), &refused).unwrap(), Answer::Errno(errno));
    }
}
