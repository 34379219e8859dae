//! Forwarders: which program is one, and where its command line or its configuration says that it leads. Pure, but for files
//! that are read through the function that is handed in.
//!
//! Not here: what is found at the other end (`gather/chain.rs`).

mod caddy;
mod command;
mod haproxy;
mod nginx;
pub(crate) mod router;
mod ssh;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::facts::chain::Forwarder;

/// A process that may be a forwarder.
#[derive(Clone, Debug)]
pub(crate) struct Clue<'a> {
    /// Its name (`comm`).
    pub(crate) name: &'a str,
    /// Its command line.
    pub(crate) command: &'a [String],
    /// Its working directory.
    pub(crate) cwd: Option<&'a str>,
}

/// What was asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    /// Address that was connected to.
    pub(crate) address: SocketAddr,
    /// Host name of the request, without a port.
    pub(crate) host: &'a str,
    /// Path of the request, without its query.
    pub(crate) path: &'a str,
}

/// Where a forwarder leads what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// What it is.
    pub(crate) kind: Forwarder,
    /// Places that it may lead to, in its order.
    pub(crate) ways: Vec<Goal>,
    /// How that is known.
    pub(crate) known_by: String,
}

/// A place that a forwarder leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A host and a port, as its configuration has them, and how it speaks there.
    Tcp(String, u16, Speaks),
    /// A Unix socket.
    Unix(PathBuf),
    /// A port in a container, by the container's address if that is told.
    Container(Option<IpAddr>, u16),
    /// A place at another machine: the place, and that machine.
    Elsewhere(String, String),
    /// What its configuration says, which only the forwarder can work out: a variable.
    Unknown(String),
}

/// What a forwarder speaks to the place that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// What it was spoken to: it passes bytes.
    Same,
    /// HTTP.
    Http,
    /// HTTP within TLS.
    Https,
    /// Something else.
    Other,
}

/// Returns the text of a file that the forwarder would read at a path.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Returns the names of files in a directory of the forwarder's.
pub(crate) type List<'a> = &'a dyn Fn(&Path) -> Vec<String>;

/// Returns what kind of forwarder a process is, by its name or its command line.
pub(crate) fn kind(clue: &Clue<'_>) -> Option<Forwarder> {
    let program = clue.command.first().map_or(clue.name, |program| program.as_str());
    let program = program.split_whitespace().next().unwrap_or(program).trim_end_matches(':');
    let program = program.rsplit('/').next().unwrap_or(program);
    [clue.name, program].into_iter().find_map(|name| {
        // The daemon has the router.
        if name == "wharf" && clue.command.iter().any(|word| word == "daemon") {
            return Some(Forwarder::Wharf);
        }
        Some(match name {
            "docker-proxy" | "rootlesskit-docker-proxy" | "rootlesskit-docke" | "pasta" | "pasta.avx2" => {
                Forwarder::DockerProxy
            }
            "ssh" | "autossh" => Forwarder::Ssh,
            "kubectl" | "oc" => Forwarder::Kubectl,
            "socat" | "socat1" => Forwarder::Socat,
            "nginx" | "openresty" => Forwarder::Nginx,
            "haproxy" => Forwarder::Haproxy,
            "caddy" => Forwarder::Caddy,
            _ => return None,
        })
    })
}

/// Returns where the process leads what was asked; `None` if it is no forwarder, or not of that port.
pub(crate) fn lead(clue: &Clue<'_>, asked: &Asked<'_>, read: Read<'_>, list: List<'_>) -> Option<Lead> {
    let kind = kind(clue)?;
    let (ways, known_by) = match kind {
        Forwarder::DockerProxy => command::docker(clue, asked)?,
        Forwarder::Ssh => ssh::lead(clue, asked)?,
        Forwarder::Kubectl => command::kubectl(clue, asked)?,
        Forwarder::Socat => command::socat(clue, asked)?,
        Forwarder::Nginx => nginx::lead(clue, asked, read, list)?,
        Forwarder::Haproxy => haproxy::lead(clue, asked, read, list)?,
        Forwarder::Caddy => caddy::lead(clue, asked, read)?,
        Forwarder::Wharf => return None,
    };
    Some(Lead { kind, ways, known_by })
}

/// Returns a path as a process in `cwd` means it.
fn resolved(cwd: Option<&str>, path: &str) -> PathBuf {
    match cwd {
        Some(cwd) => Path::new(cwd).join(path),
        None => PathBuf::from(path),
    }
}

/// Splits `host:port`, `[v6]:port`, `:port` and `port`; the port is `usual` where there is none.
fn host_port(text: &str, usual: Option<u16>) -> Option<(String, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None => usual?,
        };
        return Some((host.to_owned(), port));
    }
    match text.rsplit_once(':') {
        Some((host, port)) => {
            let host = if host.is_empty() || host == "*" { "127.0.0.1" } else { host };
            Some((host.to_owned(), port.parse().ok().filter(|port| *port != 0)?))
        }
        None => match text.parse() {
            Ok(port) if usual.is_none() => Some(("127.0.0.1".to_owned(), port)),
            _ => Some((text.to_owned(), usual?)),
        },
    }
}

/// Returns whether a listener at `host` (empty or `*` for all) and `port` takes what came to `address`.
fn takes(host: &str, port: u16, address: SocketAddr) -> bool {
    if port != address.port() {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => ip.is_ipv6() || address.is_ipv4(),
        Ok(ip) => ip == address.ip().to_canonical(),
        Err(_) => {
            host.is_empty() || host == "*" || host == "localhost" && address.ip().to_canonical().is_loopback()
        }
    }
}

#[cfg(test)]
mod testing {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{Asked, Clue, Lead, lead};

    /// Returns where a command line leads what was asked at a URL-like `ADDRESS HOST PATH`.
    pub(super) fn leads(command: &[&str], asked: &str, files: &[(&str, &str)]) -> Option<Lead> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let name = command[0].rsplit('/').next().unwrap().split(':').next().unwrap().to_owned();
        let clue = Clue { name: &name, command: &command, cwd: Some("/srv") };
        let mut words = asked.split(' ');
        let address = words.next().unwrap().parse().unwrap();
        let (host, path) = (words.next().unwrap_or("localhost"), words.next().unwrap_or("/"));
        let files: BTreeMap<&Path, &str> =
            files.iter().map(|(path, text)| (Path::new(*path), *text)).collect();
        let read = |path: &Path| files.get(path).map(|text| (*text).to_owned());
        let list = |folder: &Path| {
            let names = files.keys().filter(|path| path.parent() == Some(folder));
            names.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect()
        };
        lead(&clue, &Asked { address, host, path }, &read, &list)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clue, host_port, kind, takes};
    use crate::facts::chain::Forwarder;

    #[test]
    fn a_forwarder_is_known_by_its_name_or_its_title() {
        let of = |name: &str, first: &str| kind(&Clue { name, command: &[first.to_owned()], cwd: None });
        assert_eq!(of("nginx", "nginx: master process /usr/sbin/nginx -c /x"), Some(Forwarder::Nginx));
        assert_eq!(of("docker-proxy", "/usr/bin/docker-proxy"), Some(Forwarder::DockerProxy));
        assert_eq!(of("node", "node"), None);
    }

    #[test]
    fn places_are_read() {
        assert_eq!(host_port("[::1]:80", None), Some(("::1".to_owned(), 80)));
        assert_eq!(host_port("app", Some(80)), Some(("app".to_owned(), 80)));
        assert_eq!(host_port("9000", None), Some(("127.0.0.1".to_owned(), 9000)));
        assert_eq!(host_port("app:x", Some(80)), None);
        let address = "127.0.0.1:80".parse().unwrap();
        assert!(takes("", 80, address) && takes("*", 80, address) && takes("0.0.0.0", 80, address));
        assert!(
            takes("localhost", 80, address) && !takes("127.0.0.2", 80, address) && !takes("", 81, address)
        );
    }
}
