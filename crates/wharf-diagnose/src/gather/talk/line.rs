//! Connections to the server that was reached, three at most, and bytes to and from it with a deadline.
//!
//! Not here: what is said, and what it means.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use wharf_os::examine::attempt::Outcome;

use crate::facts::Facts;
use crate::gather::Context;

/// The server that was reached: the connection that was made to it, and leave for two more.
pub(super) struct Line {
    /// Where it is.
    pub(super) address: SocketAddr,
    /// When the conversation has to be over.
    pub(super) deadline: Instant,
    first: Option<(TcpStream, Instant)>,
    made: u8,
}

impl Line {
    /// Takes over the connection that was made; `None` if there is none.
    pub(super) fn take(facts: &Facts, context: &mut Context<'_>) -> Option<Self> {
        let stream = context.stream.take()?;
        let connected = facts.attempts.iter().find(|attempt| attempt.outcome == Outcome::Connected)?;
        let reserve = RESERVE.min(context.left() / 5);
        let deadline = context.deadline.checked_sub(reserve).unwrap_or(context.deadline);
        // A proxy that is asked first may be the very server.
        let proxy = facts.talk.proxy.as_ref().and_then(|proxy| proxy.attempt.as_ref());
        let made = if proxy.is_some_and(|attempt| attempt.to == connected.to) { 2 } else { 1 };
        Some(Self { address: connected.to, deadline, first: Some((stream, context.since)), made })
    }

    /// Returns the connection that was made, and then new ones until three were made; `None` after that, and where none
    /// can be made any more.
    pub(super) fn open(&mut self) -> Option<Wire> {
        let (stream, since) = match self.first.take() {
            Some(first) => first,
            None if self.made >= CONNECTIONS => return None,
            None => {
                let left = left(self.deadline);
                if left.is_zero() {
                    return None;
                }
                self.made += 1;
                (TcpStream::connect_timeout(&self.address, left.min(PATIENCE)).ok()?, Instant::now())
            }
        };
        // A handshake in several writes would wait for delayed acknowledgements: 40 ms each.
        let _ = stream.set_nodelay(true);
        Some(Wire { stream, since, deadline: self.deadline })
    }

    /// Returns how many connections were made.
    pub(super) fn made(&self) -> u8 {
        self.made
    }
}

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    /// Since when the server has been able to speak.
    pub(super) since: Instant,
    deadline: Instant,
}

/// How listening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Enough was heard, or as much as is taken.
    Enough,
    /// The server ended the connection.
    Closed {
        /// Whether by a reset.
        reset: bool,
    },
    /// Time was up.
    Late,
}

impl Wire {
    /// Sends `bytes`. What the server says of that, or does, is heard afterwards.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        let left = left(self.deadline).max(SHORTEST);
        let _ = self.stream.set_write_timeout(Some(left));
        let _ = self.stream.write_all(bytes);
    }

    /// Adds what comes to `heard` until `enough`, for `patience` at most, and no more than 64 KiB.
    pub(super) fn hear(
        &mut self,
        heard: &mut Vec<u8>,
        patience: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> End {
        let until = self.deadline.min(Instant::now() + patience);
        let mut buffer = [0; 8192];
        loop {
            if heard.len() >= MOST || !heard.is_empty() && enough(heard) {
                return End::Enough;
            }
            match self.read(&mut buffer, until) {
                Ok(count) => heard.extend_from_slice(&buffer[..count]),
                Err(end) => return end,
            }
        }
    }

    /// Reads what there is next, until `until`.
    pub(super) fn read(&mut self, buffer: &mut [u8], until: Instant) -> Result<usize, End> {
        loop {
            let left = left(until.min(self.deadline));
            if left.is_zero() || self.stream.set_read_timeout(Some(left)).is_err() {
                return Err(End::Late);
            }
            match self.stream.read(buffer) {
                Ok(0) => return Err(End::Closed { reset: false }),
                Ok(count) => return Ok(count),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                    _ => return Err(End::Closed { reset: true }),
                },
            }
        }
    }

    /// Ends the connection, so that a server that takes one at a time takes the next.
    pub(super) fn hang_up(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.deadline).max(SHORTEST)))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Connections to one target in all.
const CONNECTIONS: u8 = 3;
/// Time for a connection after the first; on loopback it takes a tenth of a millisecond.
const PATIENCE: Duration = Duration::from_millis(250);
/// Time that is left for what is looked at after the conversation.
const RESERVE: Duration = Duration::from_millis(70);
const SHORTEST: Duration = Duration::from_millis(1);
/// Bytes that are taken of one answer.
const MOST: usize = 64 * 1024;
