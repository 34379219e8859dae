//! Ports that a container engine publishes: the proxy that listens on the host, and the container behind it.
//!
//! Not here: asking an engine (`wharf-os`), and the container that a process itself runs in
//! ([`crate::cgroup`]).

use std::net::IpAddr;

use wharf_model::endpoint::Protocol;
use wharf_model::place::Container;
use wharf_os::facts::{ContainerFacts, PublishedPort};

/// What the command line of a proxy tells of the port that it publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerProxy {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Address on the host; absent for all.
    pub host_ip: Option<IpAddr>,
    /// Port on the host.
    pub host_port: u16,
    /// Address of the container; absent where the proxy only enters its namespace (pasta).
    pub container_ip: Option<IpAddr>,
    /// Port in the container.
    pub container_port: u16,
}

/// Returns what a `docker-proxy` publishes, from its command line; `None` if it is none, or tells too little.
///
/// Also Docker's `rootlesskit-docker-proxy`, which takes the same flags. The values may follow their flag
/// as an argument of their own or after `=`.
///
/// Source: cmd/docker-proxy of moby, `-proto -host-ip -host-port -container-ip -container-port`.
#[must_use]
pub fn parse_docker_proxy(command: &[String]) -> Option<DockerProxy> {
    let (program, arguments) = command.split_first()?;
    if !["docker-proxy", "rootlesskit-docker-proxy"].contains(&basename(program)) {
        return None;
    }
    let protocol = match flag(arguments, "proto") {
        None | Some("tcp") => Protocol::Tcp,
        Some("udp") => Protocol::Udp,
        Some(_) => return None,
    };
    Some(DockerProxy {
        protocol,
        host_ip: flag(arguments, "host-ip").and_then(|ip| ip.parse().ok()),
        host_port: port(flag(arguments, "host-port")?)?,
        container_ip: flag(arguments, "container-ip").and_then(|ip| ip.parse().ok()),
        container_port: port(flag(arguments, "container-port")?)?,
    })
}

/// Returns the ports that Podman's `pasta` forwards by its command line (`-t 127.0.0.1/8080-8080:80-80`,
/// `-u …`); none for another program.
///
/// Ranges give one entry a port. Podman's `rootlessport` and `slirp4netns` tell nothing there: they get
/// their ports over a pipe and a socket, and only Podman's API knows them.
///
/// Source: pasta(1), `--tcp-ports`, `--udp-ports`.
#[must_use]
pub fn parse_pasta(command: &[String]) -> Vec<DockerProxy> {
    let Some((program, arguments)) = command.split_first() else { return Vec::new() };
    if !["pasta", "pasta.avx2", "passt", "passt.avx2"].contains(&basename(program)) {
        return Vec::new();
    }
    let mut published = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, joined) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        let protocol = match name {
            "-t" | "--tcp-ports" => Protocol::Tcp,
            "-u" | "--udp-ports" => Protocol::Udp,
            _ => continue,
        };
        if let Some(specification) = joined.or_else(|| arguments.next().map(String::as_str)) {
            forwarded(protocol, specification, &mut published);
        }
    }
    published
}

/// Returns the container that publishes `host_port` on `host_ip`, with its port inside; `None` if no
/// container does, or several do and nothing tells them apart.
///
/// An absent `host_ip` asks for all addresses; an absent `container_ip` for whichever container. A
/// container that binds all addresses also answers for each one of them.
#[must_use]
pub fn match_published(
    containers: &[ContainerFacts],
    protocol: Protocol,
    host_ip: Option<IpAddr>,
    host_port: u16,
    container_ip: Option<IpAddr>,
) -> Option<Container> {
    let mut found: Vec<(u8, &ContainerFacts, u16)> = Vec::new();
    for facts in containers.iter().filter(|facts| may_have(facts, container_ip)) {
        let fits = |port: &&PublishedPort| port.protocol == protocol && port.host_port == host_port;
        for port in facts.ports.iter().filter(fits) {
            if let Some(rank) = nearness(port.host, host_ip) {
                found.push((rank, facts, port.container_port));
            }
        }
    }
    let nearest = found.iter().map(|(rank, ..)| *rank).min()?;
    let mut best = found.iter().filter(|(rank, ..)| *rank == nearest);
    let (_, facts, port) = best.next()?;
    best.all(|(_, other, _)| other.id == facts.id).then(|| described(facts, Some(*port)))
}

/// Returns the container with this id, as its engine knows it; the id may be shortened to 12 digits or more.
#[must_use]
pub fn with_id(containers: &[ContainerFacts], id: &str) -> Option<Container> {
    let fits = |facts: &&ContainerFacts| id.len() >= SHORT_ID && facts.id.starts_with(id);
    containers.iter().find(fits).map(|facts| described(facts, None))
}

fn described(facts: &ContainerFacts, port: Option<u16>) -> Container {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Container {
        engine: facts.engine.clone(),
        id: facts.id.clone(),
        name: text(&facts.name),
        image: text(&facts.image),
        port,
        compose_project: facts.compose_project.clone(),
        compose_service: facts.compose_service.clone(),
    }
}

/// Returns false only if the container's addresses are known and the one asked for is not among them.
fn may_have(facts: &ContainerFacts, address: Option<IpAddr>) -> bool {
    address.is_none_or(|address| facts.addresses.is_empty() || facts.addresses.contains(&address))
}

/// Returns how near a published address comes to the one asked for, 0 the nearest; `None` if it is another.
fn nearness(published: Option<IpAddr>, asked: Option<IpAddr>) -> Option<u8> {
    let published_all = published.is_none_or(|address| address.is_unspecified());
    let asked_all = asked.is_none_or(|address| address.is_unspecified());
    match (published, asked) {
        (Some(published), Some(asked)) if published == asked => Some(0),
        (Some(published), Some(asked)) if published_all && published.is_ipv4() == asked.is_ipv4() => Some(1),
        (None, _) => Some(if asked_all { 0 } else { 1 }),
        (Some(_), None) if published_all => Some(0),
        // A dual-stack wildcard listener stands for the IPv4 wildcard that the engine lists, and the reverse.
        (Some(_), Some(_)) if published_all && asked_all => Some(2),
        _ => None,
    }
}

/// Reads one `[ADDRESS[%DEVICE]/]PORTS[:PORTS][,…]` of pasta; what is excluded (`~`) or a word (`auto`) is left out.
fn forwarded(protocol: Protocol, specification: &str, published: &mut Vec<DockerProxy>) {
    let (address, ports) = match specification.rsplit_once('/') {
        Some((address, ports)) => (address.split('%').next(), ports),
        None => (None, specification),
    };
    let host_ip = address.and_then(|address| address.parse().ok());
    for one in ports.split(',') {
        let (outer, inner) = one.split_once(':').unwrap_or((one, one));
        let (Some((first, last)), Some((inner, _))) = (range(outer), range(inner)) else { continue };
        for host_port in first..=last {
            let Some(container_port) = inner.checked_add(host_port - first) else { break };
            if published.len() == FORWARDED_LIMIT {
                return;
            }
            published.push(DockerProxy { protocol, host_ip, host_port, container_ip: None, container_port });
        }
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((port(first)?, port(last)?))
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// Returns the value of `-name value`, `-name=value` and the same with two hyphens, as Go's flags are.
fn flag<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let stripped = |argument: &'a String| {
        let bare = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
        bare.strip_prefix(name)
    };
    arguments.iter().enumerate().find_map(|(at, argument)| match stripped(argument)? {
        "" => arguments.get(at + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Most ports that are read from one command line: whoever writes `-t 1-65535` a thousand times gets no more.
const FORWARDED_LIMIT: usize = 4096;

/// Digits of a shortened id, as engines print it.
const SHORT_ID: usize = 12;

#[cfg(test)]
mod tests;
