//! An answer in HTTP/1, as far as it was read. Plain data.

use std::time::Duration;

/// An answer in HTTP/1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSeen {
    /// First line of the request, and the host it named: `GET / of shop.test:3000`.
    pub asked: String,
    /// Minor version: 1 for HTTP/1.1.
    pub minor: u8,
    /// Status.
    pub status: u16,
    /// Its words.
    pub reason: String,
    /// Fields with names in lower case, in their order; those that are no text are left out.
    pub fields: Vec<(String, String)>,
    /// The beginning of the body, without chunks.
    pub body: String,
    /// How long the first byte took.
    pub elapsed: Duration,
    /// Whether it was asked for a WebSocket.
    pub upgrade: bool,
}

impl HttpSeen {
    /// Returns the first field of that name, which is written in lower case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the status with its words: `403 Forbidden`.
    #[must_use]
    pub fn line(&self) -> String {
        match self.reason.is_empty() {
            true => self.status.to_string(),
            false => format!("{} {}", self.status, super::shown(self.reason.as_bytes(), 60)),
        }
    }

    /// Returns whether a server says in plain HTTP that it is to be spoken to by TLS.
    #[must_use]
    pub fn wants_tls(&self) -> bool {
        self.status >= 400 && WANTS_TLS.iter().any(|words| self.body.contains(words))
    }
}

/// What servers say in plain HTTP that speak TLS: nginx, Go and Caddy, Apache, Tomcat, Jetty, HAProxy's page.
const WANTS_TLS: &[&str] = &[
    "The plain HTTP request was sent to HTTPS port",
    "Client sent an HTTP request to an HTTPS server",
    "speaking plain HTTP to an SSL-enabled server port",
    "This combination of host and port requires TLS",
];
