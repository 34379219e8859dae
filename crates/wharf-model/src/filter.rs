//! What a person names on the command line, parsed: ports, ranges, addresses, pids, users, projects, names.
//!
//! Parsing and matching are pure. Not here: the flags of the command line (the binary).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::endpoint::Endpoint;
use crate::place::Container;
use crate::process::Process;

/// One thing that a person named. Several of them are alternatives: an endpoint matches if one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `3000`, `:3000`.
    Port(NonZeroU16),
    /// `3000-3999`, both ends included.
    PortRange(NonZeroU16, NonZeroU16),
    /// `127.0.0.1:3000`, `[::1]:3000`, `localhost:3000`.
    Address(Vec<IpAddr>, NonZeroU16),
    /// `pid:4121`.
    Pid(u32),
    /// `user:postgres`, `user:1000`.
    User(String),
    /// `project:shop`.
    Project(String),
    /// Any other word: name of a service, run, process, project, container, unit or user.
    Name(String),
}

/// Why a word is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterError {
    /// A number, but no port: 0 or above 65535.
    NoSuchPort(String),
    /// A range whose first port is above its last.
    EmptyRange(NonZeroU16, NonZeroU16),
    /// `pid:` without a number.
    NoSuchPid(String),
    /// Nothing, or nothing after the prefix.
    Empty(String),
    /// `HOST:PORT` where the host is neither an address nor `localhost`.
    NoSuchHost(String),
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPort(text) => {
                write!(f, "{text} is not a port: ports are 1 to 65535 (for a process id write pid:N)")
            }
            Self::EmptyRange(first, last) => {
                write!(f, "{first}-{last} is an empty range: write {last}-{first}")
            }
            Self::NoSuchPid(text) => write!(f, "\"{text}\" is not a process id: write pid: and a number"),
            Self::Empty(text) if text.is_empty() => write!(f, "an empty word names nothing"),
            Self::Empty(text) => write!(f, "\"{text}\" names nothing: write a name after the colon"),
            Self::NoSuchHost(text) => {
                write!(
                    f,
                    "\"{text}\" is no local address: write an IP address, or localhost, before the port"
                )
            }
        }
    }
}

impl std::error::Error for FilterError {}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FilterError::Empty(String::new()));
        }
        if let Some((prefix, rest)) = text.split_once(':')
            && let Some(filter) = prefixed(prefix, rest, text)
        {
            return filter;
        }
        if let Some(range) = port_range(text) {
            return range;
        }
        let digits = text.strip_prefix(':').unwrap_or(text);
        if is_number(digits) {
            return Ok(Self::Port(port(digits)?));
        }
        if let Some((host, digits)) = text.rsplit_once(':')
            && is_number(digits)
        {
            return Ok(Self::Address(addresses(host)?, port(digits)?));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl Filter {
    /// Returns whether `endpoint` is among what this filter names.
    #[must_use]
    pub fn matches(&self, endpoint: &Endpoint) -> bool {
        match self {
            Self::Port(port) => endpoint.port == port.get(),
            Self::PortRange(first, last) => (first.get()..=last.get()).contains(&endpoint.port),
            Self::Address(addresses, port) => {
                endpoint.port == port.get() && addresses.iter().any(|address| serves(endpoint, *address))
            }
            Self::Pid(pid) => endpoint.owner.processes.iter().any(|process| process.pid == *pid),
            Self::User(user) => is_user(endpoint, user),
            Self::Project(name) => is_project(endpoint, name),
            Self::Name(name) => is_named(endpoint, name),
        }
    }

    /// Returns the port, if the filter names exactly one.
    #[must_use]
    pub fn port(&self) -> Option<NonZeroU16> {
        match self {
            Self::Port(port) | Self::Address(_, port) => Some(*port),
            _ => None,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port {port}"),
            Self::PortRange(first, last) => write!(f, "ports {first}-{last}"),
            Self::Address(addresses, port) => match addresses.as_slice() {
                [IpAddr::V6(address)] => write!(f, "[{address}]:{port}"),
                [IpAddr::V4(address)] => write!(f, "{address}:{port}"),
                [address, ..] if address.is_unspecified() => write!(f, "*:{port}"),
                _ => write!(f, "localhost:{port}"),
            },
            Self::Pid(pid) => write!(f, "pid {pid}"),
            Self::User(user) => write!(f, "user {user}"),
            Self::Project(name) => write!(f, "project {name}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

fn prefixed(prefix: &str, rest: &str, text: &str) -> Option<Result<Filter, FilterError>> {
    let named = |make: fn(String) -> Filter| {
        Some(if rest.is_empty() {
            Err(FilterError::Empty(text.to_owned()))
        } else {
            Ok(make(rest.to_owned()))
        })
    };
    match prefix {
        "pid" => Some(rest.parse().map(Filter::Pid).map_err(|_| FilterError::NoSuchPid(rest.to_owned()))),
        "user" => named(Filter::User),
        "project" => named(Filter::Project),
        "name" => named(Filter::Name),
        "port" => Some(port(rest).map(Filter::Port)),
        _ => None,
    }
}

fn port_range(text: &str) -> Option<Result<Filter, FilterError>> {
    let (first, last) = text.split_once('-')?;
    if !is_number(first) || !is_number(last) {
        return None;
    }
    Some((|| {
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(FilterError::EmptyRange(first, last));
        }
        Ok(Filter::PortRange(first, last))
    })())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn port(digits: &str) -> Result<NonZeroU16, FilterError> {
    if !is_number(digits) {
        return Err(FilterError::NoSuchPort(format!("\"{digits}\"")));
    }
    digits.parse().map_err(|_| FilterError::NoSuchPort(digits.to_owned()))
}

fn addresses(host: &str) -> Result<Vec<IpAddr>, FilterError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    match bare {
        "*" => Ok(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]),
        name if name == "localhost" || name.ends_with(".localhost") => {
            Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
        }
        _ => Err(FilterError::NoSuchHost(host.to_owned())),
    }
}

/// Whether a client that names `address` reaches the endpoint: its own address, or a wildcard that covers it.
fn serves(endpoint: &Endpoint, address: IpAddr) -> bool {
    endpoint.listeners.iter().any(|listener| {
        match (listener.address.to_canonical(), address.to_canonical()) {
            (own, asked) if own == asked => true,
            (IpAddr::V4(own), IpAddr::V4(_)) => own.is_unspecified(),
            (IpAddr::V6(own), IpAddr::V6(_)) => own.is_unspecified(),
            // Where it is not known, Linux's default, which is dual-stack: IPV6_V6ONLY in ipv6(7).
            (IpAddr::V6(own), IpAddr::V4(_)) => own.is_unspecified() && listener.v6_only != Some(true),
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    })
}

fn is_user(endpoint: &Endpoint, user: &str) -> bool {
    let uid = user.parse::<u32>().ok();
    let owner = &endpoint.owner;
    uid == Some(owner.uid)
        || owner.user.as_deref() == Some(user)
        || owner
            .processes
            .iter()
            .any(|process| process.user.as_deref() == Some(user) || (uid.is_some() && process.uid == uid))
}

fn is_project(endpoint: &Endpoint, name: &str) -> bool {
    endpoint.project.as_ref().is_some_and(|project| {
        contains(&project.name, name) || project.package.as_deref().is_some_and(|own| contains(own, name))
    }) || endpoint
        .container
        .as_ref()
        .is_some_and(|container| container.compose_project.as_deref().is_some_and(|own| contains(own, name)))
}

fn is_named(endpoint: &Endpoint, name: &str) -> bool {
    let service = endpoint
        .service
        .as_ref()
        .is_some_and(|service| contains(&service.id, name) || contains(&service.name, name));
    let container = endpoint.container.as_ref().is_some_and(|container| {
        called(container).is_some_and(|own| contains(own, name))
            || container.image.as_deref().is_some_and(|image| contains(image, name))
            || container.compose_service.as_deref().is_some_and(|own| contains(own, name))
            || (name.len() >= 4 && container.id.starts_with(name))
    });
    service
        || container
        || endpoint.run.as_ref().is_some_and(|run| contains(&run.name, name))
        || is_project(endpoint, name)
        || endpoint.unit.as_ref().is_some_and(|unit| contains(&unit.name, name))
        || endpoint.owner.user.as_deref() == Some(name)
        || endpoint.owner.processes.iter().any(|process| process_is_named(process, name))
}

/// Returns what people call a container: its name, or an id that is a name (lxc). Hex digits are no word.
fn called(container: &Container) -> Option<&str> {
    let is_number = container.id.len() >= 12 && container.id.bytes().all(|byte| byte.is_ascii_hexdigit());
    container.name.as_deref().or((!is_number).then_some(container.id.as_str()))
}

fn process_is_named(process: &Process, name: &str) -> bool {
    let file_name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    contains(&process.name, name)
        || process.exe.as_deref().is_some_and(|exe| contains(&file_name(exe), name))
        || process.command.iter().take(2).any(|word| contains(&file_name(word), name))
}

fn contains(own: &str, asked: &str) -> bool {
    own.to_lowercase().contains(&asked.to_lowercase())
}

#[cfg(test)]
mod tests;
