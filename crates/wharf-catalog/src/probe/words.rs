//! What the engine of probes knows, word by word, for who holds a conversation of its own: what may be said to a server,
//! and what its bytes mean. Asks nobody.

use std::net::SocketAddr;

use wharf_model::place::Service;

use super::finding::settle;
use super::plan::{LEFT_ALONE, SERVER_FIRST};
use super::protocol::{self, Protocol, Say};
use super::{http, random};

/// Returns whether a server of `protocol` (as in [`Service::protocol`]) speaks first.
#[must_use]
pub fn speaks_first(protocol: &str) -> bool {
    SERVER_FIRST.contains(&protocol)
}

/// Returns whether a stranger's words would disturb `service`: a debugger, a listener that takes one client and ends.
#[must_use]
pub fn is_left_alone(service: &Service) -> bool {
    let id = service.id.as_str();
    match service.protocol.as_deref() {
        None => LEFT_ALONE.contains(&id),
        // What wharf has no safe words for.
        Some("http" | "https" | "ipp" | "amqps" | "tls") => false,
        Some(protocol) => !speaks_first(protocol) && protocol::by_name(protocol).is_none(),
    }
}

/// Returns what `answer` says of the server that sent it, whatever was said to it before.
#[must_use]
pub fn recognise(answer: &[u8], port: u16) -> Option<Service> {
    protocol::unasked(answer, port).map(|finding| settle(None, finding))
}

/// Returns whether a server that spoke first has said what it had to say.
#[must_use]
pub fn is_whole_greeting(answer: &[u8]) -> bool {
    Say::Nothing.is_complete(answer)
}

/// Returns whether `answer` is an HTTP/1 response with its whole body, or with as much as is of use.
#[must_use]
pub fn is_whole_response(answer: &[u8]) -> bool {
    http::response::is_complete(answer)
}

/// The safe first words of a protocol whose client speaks first.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    protocol: &'static Protocol,
    nonce: u64,
}

impl Words {
    /// Returns those of `protocol`, as in [`Service::protocol`]; `None` if wharf has none, or a server speaks first.
    #[must_use]
    pub fn of(protocol: &str, address: SocketAddr) -> Option<Self> {
        Some(Self { protocol: protocol::by_name(protocol)?, nonce: random(address) })
    }

    /// Returns the bytes to send.
    #[must_use]
    pub fn opening(&self) -> Vec<u8> {
        (self.protocol.opening)(self.nonce)
    }

    /// Returns whether an answer is whole.
    #[must_use]
    pub fn is_complete(&self, answer: &[u8]) -> bool {
        Say::Open(self.protocol).is_complete(answer)
    }

    /// Returns what an answer says of the server.
    #[must_use]
    pub fn read(&self, answer: &[u8], port: u16) -> Option<Service> {
        let finding = (self.protocol.read)(answer, self.nonce).or_else(|| protocol::unasked(answer, port));
        finding.map(|finding| settle(None, finding))
    }
}

#[cfg(test)]
mod tests {
    use super::{Words, is_left_alone, is_whole_greeting, recognise, speaks_first};

    #[test]
    fn bytes_name_their_server() {
        let name = |bytes: &[u8]| recognise(bytes, 7000).map(|service| service.id);
        assert_eq!(name(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n").as_deref(), Some("sshd"));
        assert_eq!(name(b"-ERR wrong number of arguments for 'get' command\r\n").as_deref(), Some("redis"));
        assert_eq!(name(b"\x15\x03\x01\x00\x02\x02\x46").as_deref(), Some("tls"));
        assert_eq!(name(b"hello"), None);
        assert!(is_whole_greeting(b"220 x ESMTP\r\n") && !is_whole_greeting(b"220 x"));
    }

    #[test]
    fn a_server_that_speaks_first_has_no_words() {
        let address = "127.0.0.1:6379".parse().unwrap();
        assert!(speaks_first("mysql") && Words::of("mysql", address).is_none());
        let redis = Words::of("redis", address).unwrap();
        assert_eq!(redis.opening(), b"*1\r\n$4\r\nPING\r\n");
        let said = redis.read(b"+PONG\r\n", 6379).unwrap();
        assert_eq!(said.id, "redis");
        assert!(!is_left_alone(&said));
    }
}
