//! What was said on connections that were made: greetings, TLS, HTTP, databases. Plain data.

use wharf_model::place::Service;
use wharf_os::examine::attempt::Attempt;

use crate::target::Target;

pub mod database;
pub mod http;
pub mod proxy;
pub mod tls;

use database::Database;
use http::HttpSeen;
use proxy::ProxySeen;
use tls::TlsSeen;

/// Conversations with the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// What is spoken there and what it said, in a few words: `speaks HTTP/1.1, 200`.
    pub spoken: Option<String>,
    /// Whether an answer was due and waited for, and none came.
    pub silent: bool,
    /// Whether nothing came, and it is not known that anything should: what it speaks is unknown, too.
    pub quiet: bool,
    /// First bytes that came before a word was said; cut off.
    pub greeting: Vec<u8>,
    /// First bytes that came in answer to plain HTTP, where they are no HTTP/1 response; cut off.
    pub retort: Vec<u8>,
    /// What speaks there, by its own bytes.
    pub server: Option<Service>,
    /// What a TLS handshake came to.
    pub tls: Option<TlsSeen>,
    /// The answer to the request that the client would send.
    pub http: Option<HttpSeen>,
    /// The answer to plain HTTP at a target that is to be spoken to by TLS.
    pub plain: Option<HttpSeen>,
    /// The answer to the same request under the plain name `localhost`, where the name was refused.
    pub by_localhost: Option<HttpSeen>,
    /// What the server's HTTP/2 preface came to, where that was asked for.
    pub h2: Option<H2Seen>,
    /// The place that an answer leads on to.
    pub redirect: Option<Redirect>,
    /// What a proxy said that the client would ask instead.
    pub proxy: Option<ProxySeen>,
    /// What a database or broker said.
    pub database: Option<Database>,
    /// How the server ended a connection without an answer.
    pub closed: Option<Closed>,
    /// Connections that were made, the first attempt included.
    pub connections: u8,
}

/// What HTTP/2 with prior knowledge came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum H2Seen {
    /// The server's SETTINGS: it speaks HTTP/2.
    Speaks,
    /// Something else, or nothing, or an end.
    DoesNot,
}

/// How a server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// By a reset instead of an orderly end.
    pub reset: bool,
    /// What had been said to it.
    pub after: After,
}

/// What a server had been told when it hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing yet.
    Nothing,
    /// A request in plain text.
    Request,
    /// The first message of TLS.
    ClientHello,
    /// A request within TLS.
    RequestInTls,
    /// The opening of another protocol.
    Opening,
}

/// Where an answer leads on to, and what became of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The Location field, as it was said.
    pub location: String,
    /// What that is.
    pub to: Option<Target>,
    /// A connection to it, if it is on loopback and at another port.
    pub attempt: Option<Attempt>,
}

impl Talk {
    /// Returns whether nothing that was said keeps a client from its aim.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        !self.silent && self.closed.is_none() && self.database.as_ref().is_none_or(Database::is_fine)
    }

    /// Returns what the server is by its own bytes, in a few words and by the name of its protocol:
    /// `("MariaDB 10.11", "mysql")`.
    #[must_use]
    pub fn speaks(&self) -> Option<(String, &str)> {
        let server = self.server.as_ref()?;
        let name = match &server.version {
            Some(version) => format!("{} {version}", server.name),
            None => server.name.clone(),
        };
        Some((name, server.protocol.as_deref().unwrap_or_default()))
    }
}

/// Returns bytes that a server sent as one line for people: at most `most` characters, those that cannot be shown as dots.
#[must_use]
pub fn shown(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line: String = text.trim().chars().take(most + 1).collect();
    let clean = |letter: char| if letter.is_control() || letter == '\u{fffd}' { '.' } else { letter };
    let mut shown: String = line.chars().take(most).map(clean).collect();
    if line.chars().count() > most {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn bytes_are_shown_on_one_line() {
        assert_eq!(shown(b"SSH-2.0-x\r\n", 40), "SSH-2.0-x");
        assert_eq!(shown(b"a\x00\x1b[1mb\xff", 40), "a..[1mb.");
        assert_eq!(shown(b"abcdef", 3), "abc…");
    }
}
