//! The page that a browser asks from. Not here: what browsers forbid it.

use std::fmt;
use std::net::IpAddr;

use crate::facts::Facts;
use crate::facts::names::is_localhost;
use crate::target::{Scheme, Target};

/// The origin of a page: RFC 6454.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// `http`, `https`.
    pub(super) scheme: String,
    host: String,
    port: Option<u16>,
}

/// Returns the page that the question names, and the target.
pub(super) fn asked_from(facts: &Facts) -> Option<(Origin, &Target)> {
    Some((Origin::parse(facts.origin.as_deref()?)?, facts.target()?))
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let scheme = scheme.to_ascii_lowercase();
        let usual = usual_port(&scheme);
        let host = host.to_ascii_lowercase();
        (!host.is_empty()).then_some(Self { scheme, host, port: port.filter(|port| Some(*port) != usual) })
    }

    /// Returns whether `target` is of this origin.
    pub(super) fn is_of(&self, target: &Target) -> bool {
        let scheme = target.scheme.map_or("http", Scheme::name);
        let host = target.authority();
        let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
        self.scheme == scheme
            && self.host.eq_ignore_ascii_case(host)
            && self.port.or(usual_port(&self.scheme)) == target.port()
    }

    /// Returns whether its host is this machine, or in a private network.
    pub(super) fn is_local(&self) -> bool {
        Self::is_here(&self.host)
            || match self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
                Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
                Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
                Err(_) => self.host.ends_with(".local") || self.host.ends_with(".test"),
            }
    }

    /// Returns whether browsers take `host` for this machine.
    pub(super) fn is_here(host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        is_localhost(host) || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}://{}:{port}", self.scheme, self.host),
            None => write!(f, "{}://{}", self.scheme, self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use crate::target::Target;

    #[test]
    fn origins_are_compared_as_browsers_do() {
        let of = |origin: &str, target: &str| {
            Origin::parse(origin).unwrap().is_of(&Target::parse(target).unwrap())
        };
        assert!(of("http://localhost:80/x", "http://localhost/"));
        assert!(of("https://[::1]:3000", "https://[::1]:3000/y"));
        assert!(!of("http://localhost:3000", "https://localhost:3000"));
        assert!(!of("http://127.0.0.1:3000", "http://localhost:3000"));
        assert_eq!(Origin::parse("null"), None);
        assert_eq!(Origin::parse("HTTP://LocalHost:5173/a").unwrap().to_string(), "http://localhost:5173");
    }
}
