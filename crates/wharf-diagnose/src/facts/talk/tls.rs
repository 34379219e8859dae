//! What a TLS handshake came to, and the certificate that was shown. Plain data.

use std::net::IpAddr;

/// A TLS handshake from the client's side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSeen {
    /// The name that was asked for (SNI, or the address that the certificate must hold).
    pub asked: String,
    /// How it ended.
    pub end: TlsEnd,
    /// `TLS 1.3`, once chosen.
    pub version: Option<String>,
    /// The inner protocol that the server chose (ALPN).
    pub alpn: Option<String>,
    /// The certificate of the server, and what is to be held of it.
    pub certificate: Option<Certificate>,
    /// Names of authorities from one of which the server wants a certificate of the client; `None` if it wants none.
    pub wants_client: Option<Vec<String>>,
    /// What an older hello came to, without TLS 1.3 and with suites that are no longer usual, where the first was refused.
    pub older: Option<Older>,
}

/// How a handshake ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsEnd {
    /// It was made.
    Done,
    /// The server refused with an alert: its number and name.
    Alert(u8, String),
    /// What came is not TLS; the first bytes.
    NotTls(Vec<u8>),
    /// The server hung up; by a reset?
    Closed {
        /// Whether by a reset.
        reset: bool,
    },
    /// Nothing, or not enough, came in time.
    #[default]
    Stalled,
    /// The server broke the protocol, in words of the library.
    Broken(String),
}

/// What an older hello came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Older {
    /// The server chose this version, and this cipher suite by its number.
    Chose {
        /// Version on the wire: 0x0301 is TLS 1.0.
        version: u16,
        /// Cipher suite.
        suite: u16,
    },
    /// It refused that too, with this alert.
    Alert(u8, String),
    /// Neither.
    Nothing,
}

/// The certificate of a server, and what is to be held of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Common name or organization of its subject.
    pub subject: String,
    /// The same of its issuer.
    pub issuer: String,
    /// Whether subject and issuer are one.
    pub self_signed: bool,
    /// DNS names and addresses that it holds for.
    pub names: Vec<String>,
    /// Begin of its validity, in seconds since 1970.
    pub not_before: i64,
    /// End of its validity, in seconds since 1970.
    pub not_after: i64,
    /// The time at which it was looked at, in seconds since 1970.
    pub now: i64,
    /// Certificates that the server sent with it.
    pub intermediates: usize,
    /// Whether it holds for the name that was asked for.
    pub holds_for_name: bool,
    /// Whether its chain ends at an authority that this machine trusts.
    pub trust: Trust,
    /// Where the trusted authorities were read.
    pub store: String,
    /// Whether the certificate could be read at all.
    pub legible: bool,
}

/// Whether a chain ends at a trusted authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// It does.
    Trusted,
    /// No authority that is trusted has signed it.
    UnknownIssuer,
    /// Something else is wrong with it, in words of the library.
    Bad(String),
    /// It was not looked at: no store was found.
    #[default]
    Unknown,
}

impl TlsSeen {
    /// Returns whether the server speaks TLS, however the handshake ended.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.end, TlsEnd::Done | TlsEnd::Alert(..)) || self.version.is_some()
    }
}

impl Certificate {
    /// Returns whether it is past its end.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.legible && self.now > self.not_after
    }

    /// Returns whether it is before its begin.
    #[must_use]
    pub fn is_not_yet_valid(&self) -> bool {
        self.legible && self.now < self.not_before
    }

    /// Returns its names in one line.
    #[must_use]
    pub fn names_text(&self) -> String {
        match self.names.as_slice() {
            [] => "no name at all".to_owned(),
            names if names.len() > 6 => format!("{} and {} more", names[..6].join(", "), names.len() - 6),
            names => names.join(", "),
        }
    }
}

/// Returns whether one of `names`, as a certificate has them, is `host` (RFC 9525, section 6.3).
#[must_use]
pub fn is_named(names: &[String], host: &str) -> bool {
    let host = host.trim_end_matches('.');
    if let Ok(address) = host.split('%').next().unwrap_or(host).parse::<IpAddr>() {
        return names.iter().any(|name| name.parse() == Ok(address));
    }
    names.iter().any(|name| {
        let name = name.trim_end_matches('.');
        match (name.strip_prefix("*."), host.split_once('.')) {
            // A star stands for one label; clients take none right below a top level, where `*.localhost` would be.
            (Some(below), Some((_, rest))) => below.eq_ignore_ascii_case(rest) && below.contains('.'),
            _ => name.eq_ignore_ascii_case(host),
        }
    })
}

/// Returns the name of a version on the wire.
#[must_use]
pub fn version_name(version: u16) -> &'static str {
    match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => "an unknown version",
    }
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn names_of_certificates_are_compared_as_clients_do() {
        let names = ["localhost", "*.shop.test", "127.0.0.1", "::1", "*.localhost"].map(str::to_owned);
        for (host, holds) in [
            ("localhost", true),
            ("LOCALHOST.", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("0:0::1", true),
            ("127.0.0.2", false),
            ("api.shop.test", true),
            ("a.api.shop.test", false),
            ("shop.test", false),
            ("api.localhost", false),
        ] {
            assert_eq!(is_named(&names, host), holds, "{host}");
        }
    }
}
