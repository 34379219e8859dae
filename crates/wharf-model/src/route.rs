//! A route: the host name, and the part of its paths, under which something is reached; and its upstream, the server behind
//! it.
//!
//! Not here: how a request gets there (`wharf-router`), and which routes there are (`wharf-daemon`).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lease::LeaseName;
use crate::run::RunProcess;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf route ls --json`.
pub const ROUTES_SCHEMA: &str = "wharf.routes/v1";
/// Name and version of the document that tells of the router.
pub const ROUTER_SCHEMA: &str = "wharf.router/v1";

/// Routes, by host and path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routes {
    /// Always `wharf.routes/v1`; within v1 fields are only added.
    pub schema: String,
    /// The routes.
    pub routes: Vec<Route>,
}

/// A host name, and the upstream that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The host name, in lower case: `api.shop.localhost`.
    pub host: String,
    /// Paths that it is for: this one and all below it. Absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// True if the upstream is not told that part of the path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strip: bool,
    /// True if it is for every name below the host as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wildcard: bool,
    /// The server behind it.
    pub upstream: Upstream,
    /// True while a run is starting there, and requests wait for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub starting: bool,
    /// Where it is reached from outside: a URL, or `host:port` for raw TCP. Absent while the router does not listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where raw TCP comes in: an address of loopback that its project alone has. Absent for HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// What else is to be known of it, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The lease that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<LeaseName>,
    /// Who made it.
    pub origin: RouteOrigin,
    /// The process with which it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<RunProcess>,
    /// User whose listener alone is an upstream; absent for that of the daemon, and for root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
}

/// Who made a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteOrigin {
    /// A lease: it is there whether something runs or not.
    Lease,
    /// A run, with which it ends.
    Run,
    /// A person or a program, by `wharf route add`.
    Added,
}

/// The server behind a route, as `http://127.0.0.1:3000`, `h2c://[::1]:50051`, `https://127.0.0.1:8443`,
/// `tcp://127.0.0.1:5432`, `http://unix:/run/app.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// What it speaks.
    pub protocol: UpstreamProtocol,
    /// Where it is.
    pub target: Target,
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without TLS and without asking (RFC 9113 section 3.3): gRPC servers.
    H2c,
    /// HTTP/1.1 or HTTP/2 over TLS, whose certificate is not checked: it is this machine's own.
    Https,
    /// Anything over TCP.
    Tcp,
}

/// Where an upstream is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A port on 127.0.0.1, or else on ::1.
    Port(u16),
    /// An address.
    Address(SocketAddr),
    /// A Unix socket, by its absolute path.
    Unix(String),
}

/// Why a text is no upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadUpstream(String);

impl fmt::Display for BadUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "{text:?} is no upstream: a port, 127.0.0.1:3000, [::1]:3000, unix:/path, or one of these after http://, "
        )?;
        f.write_str("h2c://, https:// or tcp://")
    }
}

impl std::error::Error for BadUpstream {}

impl UpstreamProtocol {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Http, "http://"), (Self::H2c, "h2c://"), (Self::Https, "https://"), (Self::Tcp, "tcp://")];

    fn prefix(self) -> &'static str {
        Self::ALL.iter().find(|(protocol, _)| *protocol == self).map_or("", |(_, prefix)| prefix)
    }
}

impl Upstream {
    /// Returns the one that speaks HTTP/1.1 at a port of loopback.
    #[must_use]
    pub fn http(port: u16) -> Self {
        Self { protocol: UpstreamProtocol::Http, target: Target::Port(port) }
    }

    /// Returns its port, if it has one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.target {
            Target::Port(port) => Some(*port),
            Target::Address(at) => Some(at.port()),
            Target::Unix(_) => None,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.protocol.prefix())?;
        match &self.target {
            Target::Port(port) => write!(f, "localhost:{port}"),
            Target::Address(at) => write!(f, "{at}"),
            Target::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

impl FromStr for Upstream {
    type Err = BadUpstream;

    fn from_str(text: &str) -> Result<Self, BadUpstream> {
        let bad = || BadUpstream(text.to_owned());
        let known = UpstreamProtocol::ALL
            .iter()
            .find_map(|(protocol, prefix)| Some((*protocol, text.strip_prefix(prefix)?)));
        let (protocol, place) = known.unwrap_or((UpstreamProtocol::Http, text));
        if let Some(path) = place.strip_prefix("unix:") {
            let is_path = path.starts_with('/') && !path.contains('\0');
            return if is_path {
                Ok(Self { protocol, target: Target::Unix(path.to_owned()) })
            } else {
                Err(bad())
            };
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        let number = |text: &str| text.parse().ok().filter(|port| *port != 0);
        let target = match place.strip_prefix("localhost:").map_or_else(|| number(place), number) {
            Some(port) => Target::Port(port),
            None => match place.parse::<SocketAddr>() {
                Ok(at) if at.port() != 0 => Target::Address(reached(at)),
                _ => return Err(bad()),
            },
        };
        Ok(Self { protocol, target })
    }
}

/// Returns where one that listens at `at` is reached.
fn reached(at: SocketAddr) -> SocketAddr {
    let ip = at.ip();
    if ip.is_unspecified() && ip.is_ipv4() { SocketAddr::from((Ipv4Addr::LOCALHOST, at.port())) } else { at }
}

impl Serialize for Upstream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Upstream {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Upstream".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The server behind a route: http://localhost:3000, h2c://[::1]:50051, https://127.0.0.1:8443, \
                tcp://127.0.0.1:5432, http://unix:/run/app.sock."
        })
    }
}

/// The router: where it listens, and for which names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Router {
    /// Always `wharf.router/v1`; within v1 fields are only added.
    pub schema: String,
    /// Port for HTTPS on 127.0.0.1 and ::1; absent while it does not listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<u16>,
    /// Port for HTTP; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// Why it does not listen where it should.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Domains whose names it knows, the first of which is printed.
    pub domains: Vec<String>,
    /// File with the certificate of the local authority, which `wharf trust` makes known; absent without TLS of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Requests that were answered, and connections that were relayed, since the daemon began.
    pub requests: u64,
}

/// A request that was answered, as `wharf route log` tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestEntry {
    /// When it came.
    pub at: Timestamp,
    /// Its method; `TCP` for a connection that was relayed.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Status code of the answer; absent if none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of the body, or of what was relayed, to the client.
    pub bytes: u64,
    /// Milliseconds to the first byte of the answer; absent if none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
    /// Milliseconds to the last byte.
    pub total_ms: f64,
    /// Where it went; absent if it went nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Why there is no answer of the upstream, or not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Upstream;

    #[test]
    fn an_upstream_is_written_as_it_is_read() {
        for (text, written) in [
            ("3000", "http://localhost:3000"),
            ("localhost:3000", "http://localhost:3000"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("h2c://[::1]:50051", "h2c://[::1]:50051"),
            ("https://8443", "https://localhost:8443"),
            ("tcp://127.0.0.1:5432", "tcp://127.0.0.1:5432"),
            ("unix:/run/a b.sock", "http://unix:/run/a b.sock"),
        ] {
            let upstream: Upstream = text.parse().unwrap();
            assert_eq!(upstream.to_string(), written);
            assert_eq!(written.parse::<Upstream>().unwrap(), upstream);
        }
        for text in ["", "0", "70000", "example.com:80", "unix:run", "ftp://1", "127.0.0.1", "http://"] {
            let error = text.parse::<Upstream>().unwrap_err().to_string();
            assert!(error.contains("is no upstream"), "{text}");
        }
    }
}
