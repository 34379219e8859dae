//! What is to be reached, as people write it: a port, `host:port`, a URL, the path of a Unix socket, a name of wharf's.
//!
//! Parsing is pure. Not here: what a name of wharf's leads to (the binary knows), and resolving host names.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// What is to be reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// What is spoken there, where that was said.
    pub scheme: Option<Scheme>,
    /// Where it is.
    pub place: Place,
    /// User name of a URL.
    pub user: Option<String>,
    /// Password of a URL. Never shown, and sent to nobody but the target.
    pub password: Option<String>,
    /// Path and query of a URL, `/` at least; of a database's URL the name of the database, after a `/`.
    pub path: String,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host and a port.
    Tcp {
        /// Host name, or an address without brackets.
        host: String,
        /// Port.
        port: Port,
    },
    /// A Unix socket by its path; an abstract one begins with `@`.
    Unix(PathBuf),
}

/// A port as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// 1 to 65535.
    Number(u16),
    /// 0, which no connection can have.
    Zero,
    /// No number, or one above 65535.
    Illegal(String),
}

/// What is spoken at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP within TLS.
    Https,
    /// WebSocket.
    Ws,
    /// WebSocket within TLS.
    Wss,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// Redis.
    Redis,
    /// Redis within TLS.
    Rediss,
    /// AMQP 0-9-1.
    Amqp,
    /// AMQP within TLS.
    Amqps,
    /// MQTT.
    Mqtt,
    /// MQTT within TLS.
    Mqtts,
    /// gRPC, HTTP/2 without TLS.
    Grpc,
    /// gRPC within TLS.
    Grpcs,
    /// Nothing is known but that it is TCP.
    Tcp,
}

/// Names of schemes, and the port of those that name none.
const SCHEMES: &[(&str, Scheme, Option<u16>)] = &[
    ("http", Scheme::Http, Some(80)),
    ("https", Scheme::Https, Some(443)),
    ("ws", Scheme::Ws, Some(80)),
    ("wss", Scheme::Wss, Some(443)),
    ("postgres", Scheme::Postgres, Some(5432)),
    ("postgresql", Scheme::Postgres, Some(5432)),
    ("mysql", Scheme::Mysql, Some(3306)),
    ("mariadb", Scheme::Mysql, Some(3306)),
    ("redis", Scheme::Redis, Some(6379)),
    ("rediss", Scheme::Rediss, Some(6379)),
    ("amqp", Scheme::Amqp, Some(5672)),
    ("amqps", Scheme::Amqps, Some(5671)),
    ("mqtt", Scheme::Mqtt, Some(1883)),
    ("mqtts", Scheme::Mqtts, Some(8883)),
    ("grpc", Scheme::Grpc, Some(50051)),
    ("grpcs", Scheme::Grpcs, Some(50051)),
    ("tcp", Scheme::Tcp, None),
];

impl Scheme {
    /// Returns the name that URLs have.
    #[must_use]
    pub fn name(self) -> &'static str {
        SCHEMES.iter().find(|(_, scheme, _)| *scheme == self).map_or("tcp", |(name, ..)| name)
    }

    /// Returns whether HTTP is spoken, at least at first.
    #[must_use]
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::Ws | Self::Wss)
    }

    /// Returns whether a TLS handshake comes first.
    #[must_use]
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Wss | Self::Rediss | Self::Amqps | Self::Mqtts | Self::Grpcs)
    }
}

/// Why a word is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing at all.
    #[error("an empty word names nothing: write a port, host:port or a URL")]
    Empty,
    /// A URL of a scheme that wharf does not know.
    #[error(
        "{0}: is no scheme that wharf knows: write http, https, ws, wss, postgres, mysql, redis, amqp, mqtt or grpc"
    )]
    UnknownScheme(String),
    /// A URL without a host.
    #[error("{0} names no host: write one before the port, for example 127.0.0.1")]
    NoHost(String),
    /// A host without a port.
    #[error("{0} names no port: write {0}:PORT, or a URL")]
    NoPort(String),
    /// An address in brackets that is none.
    #[error("[{0}] is no IPv6 address")]
    BadAddress(String),
    /// Neither a port nor an address: perhaps a name of wharf's.
    #[error("{0} is neither a port, an address, a URL nor the path of a socket")]
    Name(String),
}

impl Target {
    /// Returns a TCP target of which no more is known.
    #[must_use]
    pub fn tcp(host: &str, port: u16) -> Self {
        Self::at(None, Place::Tcp { host: host.to_owned(), port: Port::Number(port) })
    }

    fn at(scheme: Option<Scheme>, place: Place) -> Self {
        Self { scheme, place, user: None, password: None, path: "/".to_owned() }
    }

    /// Reads a target.
    ///
    /// # Errors
    /// [`TargetError`]; its `Name` means that the word may yet be a name of wharf's.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return url(text, scheme, rest);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::at(None, Place::Unix(path.into())));
        }
        if text.starts_with(['/', '@', '.']) {
            return Ok(Self::at(None, Place::Unix(text.into())));
        }
        let digits = text.strip_prefix(':').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
            return Ok(Self::at(None, Place::Tcp { host: "localhost".to_owned(), port: port(digits) }));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Err(TargetError::NoPort(match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            }));
        }
        // A path after it is what people paste without the scheme.
        let (authority, path) = text.find('/').map_or((text, "/"), |at| text.split_at(at));
        match host_and_port(authority)? {
            (host, Some(port)) => {
                let scheme = (path != "/").then_some(Scheme::Http);
                Ok(Self { path: path.to_owned(), ..Self::at(scheme, Place::Tcp { host, port }) })
            }
            (host, None) if host == "localhost" => Err(TargetError::NoPort(host)),
            (_, None) => Err(TargetError::Name(text.to_owned())),
        }
    }

    /// Returns the host name or address; `None` for a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match &self.place {
            Place::Tcp { host, .. } => Some(host),
            Place::Unix(_) => None,
        }
    }

    /// Returns the port, if it is one that a connection can have.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.place {
            Place::Tcp { port: Port::Number(port), .. } => Some(port),
            _ => None,
        }
    }

    /// Returns the address, if that was written and no name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let host = self.host()?;
        host.split('%').next()?.parse().ok()
    }

    /// Returns `host:port` as a URL has it; the path of a Unix socket.
    #[must_use]
    pub fn authority(&self) -> String {
        match &self.place {
            Place::Unix(path) => path.display().to_string(),
            Place::Tcp { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                match port {
                    Port::Number(port) => format!("{host}:{port}"),
                    Port::Zero => format!("{host}:0"),
                    Port::Illegal(text) => format!("{host}:{text}"),
                }
            }
        }
    }
}

/// As a person would write it; the password is left out.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.scheme) {
            (Place::Unix(_), _) => write!(f, "unix:{}", self.authority()),
            (_, None) => f.write_str(&self.authority()),
            (_, Some(scheme)) => {
                let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
                let path = if self.path == "/" { "" } else { &self.path };
                write!(f, "{}://{user}{}{path}", scheme.name(), self.authority())
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

fn url(text: &str, scheme: &str, rest: &str) -> Result<Target, TargetError> {
    let lower = scheme.to_ascii_lowercase();
    let found = SCHEMES.iter().find(|(name, ..)| *name == lower);
    let &(_, scheme, usual) = found.ok_or_else(|| TargetError::UnknownScheme(scheme.to_owned()))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    let (credentials, authority) = match authority.rsplit_once('@') {
        Some((credentials, authority)) => (Some(credentials), authority),
        None => (None, authority),
    };
    let (host, port) = host_and_port(authority)?;
    if host.is_empty() {
        return Err(TargetError::NoHost(text.to_owned()));
    }
    let port = port.or(usual.map(Port::Number)).ok_or_else(|| TargetError::NoPort(host.clone()))?;
    let (user, password) = match credentials.map(|both| both.split_once(':').unwrap_or((both, ""))) {
        None => (None, None),
        Some((user, password)) => (
            Some(decoded(user)).filter(|user| !user.is_empty()),
            Some(decoded(password)).filter(|password| !password.is_empty()),
        ),
    };
    let path = match path {
        "" => "/".to_owned(),
        path if path.starts_with('?') => format!("/{path}"),
        path => path.to_owned(),
    };
    Ok(Target { scheme: Some(scheme), place: Place::Tcp { host, port }, user, password, path })
}

fn host_and_port(authority: &str) -> Result<(String, Option<Port>), TargetError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| TargetError::BadAddress(rest.to_owned()))?;
        let address = host.split('%').next().unwrap_or(host);
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(TargetError::BadAddress(host.to_owned()));
        }
        return Ok((host.to_owned(), rest.strip_prefix(':').filter(|text| !text.is_empty()).map(port)));
    }
    Ok(match authority.rsplit_once(':') {
        Some((host, "")) => (host.to_owned(), None),
        Some((host, text)) if !host.contains(':') => {
            let host = if host.is_empty() { "localhost" } else { host };
            (host.to_owned(), Some(port(text)))
        }
        // An IPv6 address without brackets: its last group is no port.
        Some(_) => return Err(TargetError::NoPort(format!("[{authority}]"))),
        None => (authority.to_owned(), None),
    })
}

fn port(text: &str) -> Port {
    match text.parse::<u16>() {
        Ok(0) => Port::Zero,
        Ok(number) => Port::Number(number),
        Err(_) => Port::Illegal(text.to_owned()),
    }
}

/// Returns `text` without its percent signs; as it is if they are wrong.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (byte, code.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests;
