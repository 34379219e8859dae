//! One real connect(2), with what the namespace's counters rose by meanwhile.
//!
//! Not here: what is said on the connection, and what the outcome means.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::counters::Counters;
use super::errno::Errno;
use super::stand::Stand;

/// What came of one connect(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where to.
    pub to: SocketAddr,
    /// Own address and port, once connected.
    pub from: Option<SocketAddr>,
    /// What the kernel said.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
    /// What the counters of the network namespace rose by meanwhile.
    pub counters: Counters,
}

/// How a connect(2) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake is done.
    Connected,
    /// It failed.
    Failed(Errno),
    /// Nothing came back within the time that was given.
    TimedOut,
}

/// Connects to `to`, and waits for `patience` at most. Returns the connection too, if there is one.
#[must_use]
pub fn attempt(to: SocketAddr, patience: Duration) -> (Attempt, Option<TcpStream>) {
    attempt_from(&Stand::default(), to, patience)
}

/// Connects to `to` as a client at `stand` would; else as [`attempt`].
#[must_use]
pub fn attempt_from(stand: &Stand, to: SocketAddr, patience: Duration) -> (Attempt, Option<TcpStream>) {
    let before = Counters::read();
    let start = Instant::now();
    let result = connect(stand, to, patience);
    let elapsed = start.elapsed();
    let counters = Counters::read().since(&before);
    let outcome = match &result {
        Ok(_) => Outcome::Connected,
        Err(error) => match Errno::of(error) {
            Some(errno) => Outcome::Failed(errno),
            None if error.kind() == io::ErrorKind::TimedOut => Outcome::TimedOut,
            None => Outcome::Failed(Errno::INVAL),
        },
    };
    let stream = result.ok();
    let from = stream.as_ref().and_then(|stream| stream.local_addr().ok());
    (Attempt { to, from, outcome, elapsed, counters }, stream)
}

/// As `TcpStream::connect_timeout`, with a socket that was made elsewhere.
fn connect(stand: &Stand, to: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    if *stand == Stand::default() {
        return TcpStream::connect_timeout(&to, patience);
    }
    let socket = stand.socket(to)?;
    match rustix::net::connect(&socket, &to) {
        Err(rustix::io::Errno::INPROGRESS) => {
            let limit = Timespec::try_from(patience).map_err(io::Error::other)?;
            if poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&limit))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            sockopt::socket_error(&socket)??;
        }
        result => result?,
    }
    let stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::time::Duration;

    use super::{Outcome, attempt};
    use crate::examine::errno::Errno;

    #[test]
    fn an_attempt_tells_how_it_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (made, stream) = attempt(address, Duration::from_secs(5));
        assert_eq!(made.outcome, Outcome::Connected);
        assert_eq!(made.from, stream.unwrap().local_addr().ok());
        drop(listener);
        // Nobody else is given the port of a listener that has just been closed with a connection in it.
        let (made, stream) =
            attempt(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()), Duration::from_secs(5));
        assert!(stream.is_none());
        assert_eq!(made.outcome, Outcome::Failed(Errno::CONNREFUSED));
        // Others in this namespace count too, so no more is certain than that it counted.
        assert!(made.counters.get("TcpActiveOpens") >= 1);
    }
}
