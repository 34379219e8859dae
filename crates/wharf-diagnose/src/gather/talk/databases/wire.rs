//! Messages to and from a server, within a deadline and a bound, without TLS or within it. Not here: what they mean.

use std::time::{Duration, Instant};

use super::super::line::{self, End};
use super::super::tls;
use crate::facts::talk::tls::TlsEnd;

/// A connection, and what was received on it and not yet understood.
pub(super) struct Wire {
    channel: Channel,
    received: Vec<u8>,
    deadline: Instant,
}

enum Channel {
    Plain(line::Wire),
    /// Within TLS; what is to be said goes out when the answer is waited for.
    Tls(Box<tls::Session>, Vec<u8>),
}

/// Why a conversation ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The server closed it, after these bytes.
    Closed(Vec<u8>),
    /// Nothing came in time, after these bytes.
    Silent(Vec<u8>),
    /// What came is not the protocol.
    Foreign(Vec<u8>),
    /// TLS broke off, with this alert or error.
    Tls(TlsEnd),
}

/// What a parser makes of the bytes so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed<T> {
    /// A message, and how many bytes it took.
    Whole(T, usize),
    /// It is not all there yet.
    More,
    /// It is not this protocol.
    Bad,
}

impl Wire {
    /// Returns a conversation on `wire`, on which `heard` was received already.
    pub(super) fn new(wire: line::Wire, heard: Vec<u8>, deadline: Instant) -> Self {
        Self { channel: Channel::Plain(wire), received: heard, deadline }
    }

    /// Returns a conversation within TLS.
    pub(super) fn within(session: tls::Session, deadline: Instant) -> Self {
        Self { channel: Channel::Tls(Box::new(session), Vec::new()), received: Vec::new(), deadline }
    }

    /// Returns the connection beneath, to go over to TLS on it; `None` within TLS. What came before is no part of that:
    /// whoever sent it is not the server that TLS proves.
    pub(super) fn into_plain(self) -> Option<line::Wire> {
        match self.channel {
            Channel::Plain(wire) => Some(wire),
            Channel::Tls(..) => None,
        }
    }

    /// Sends `bytes`. What the server makes of that is heard afterwards.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        match &mut self.channel {
            Channel::Plain(wire) => wire.say(bytes),
            Channel::Tls(_, unsent) => unsent.extend_from_slice(bytes),
        }
    }

    /// Sends the last words, and ends the connection.
    pub(super) fn part(self, bytes: &[u8]) {
        match self.channel {
            Channel::Plain(mut wire) => {
                wire.say(bytes);
                wire.hang_up();
            }
            Channel::Tls(mut session, _) => {
                session.converse(bytes, &mut Vec::new(), Duration::ZERO, &|_| true);
                session.end();
            }
        }
    }

    /// Waits for one message that `parse` understands.
    pub(super) fn next<T>(&mut self, parse: impl Fn(&[u8]) -> Parsed<T>) -> Result<T, Broken> {
        loop {
            match parse(&self.received) {
                Parsed::Whole(message, length) => {
                    self.received.drain(..length.min(self.received.len()));
                    return Ok(message);
                }
                Parsed::Bad => return Err(Broken::Foreign(self.rest())),
                Parsed::More if self.received.len() >= LIMIT => return Err(Broken::Foreign(self.rest())),
                Parsed::More => self.receive()?,
            }
        }
    }

    fn receive(&mut self) -> Result<(), Broken> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let mut heard = Vec::new();
        let end = match &mut self.channel {
            Channel::Plain(wire) => wire.hear(&mut heard, left, &|_| true),
            Channel::Tls(session, unsent) => {
                let unsent = std::mem::take(unsent);
                session.converse(&unsent, &mut heard, left, &|_| true)
            }
        };
        self.received.append(&mut heard);
        match end {
            End::Enough => Ok(()),
            End::Closed { .. } => match self.alert() {
                Some(end) => Err(Broken::Tls(end)),
                None => Err(Broken::Closed(self.rest())),
            },
            End::Late => Err(Broken::Silent(self.rest())),
        }
    }

    /// Returns how TLS was broken off, if it was: a server that wants a certificate says so after the handshake.
    fn alert(&self) -> Option<TlsEnd> {
        let Channel::Tls(session, _) = &self.channel else { return None };
        matches!(session.seen.end, TlsEnd::Alert(..) | TlsEnd::Broken(_)).then(|| session.seen.end.clone())
    }

    fn rest(&mut self) -> Vec<u8> {
        self.received.truncate(SHOWN);
        std::mem::take(&mut self.received)
    }
}

/// A first message of any of these protocols is far shorter.
const LIMIT: usize = 64 * 1024;
/// Of what is not understood so much is kept.
const SHOWN: usize = 1024;
