//! `wharf show`: everything about one port or name, in two parts.
//!
//! The head names the owner and can be written before the search for connections, which is slower, is done;
//! the tail is the connections. Not here: the number's facts (`number`), the clients (`peers`), runs and leases
//! (`promise`).

use std::io::{self, Write};
use std::net::SocketAddr;

use wharf_model::detail::{Availability, EndpointDetail, PortDetail, SocketOptions};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Protocol};
use wharf_model::place::{Container, Project};
use wharf_model::process::Process;

use crate::style::Style;
use crate::text::block::Block;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::{number, peers, words};

mod owner;
mod promise;

/// Writes all but the connections of the endpoints: who listens and what is known of it, or that the port is
/// free and how that was proved, or what else holds it.
///
/// Reads `holding` only where nothing listens: there it is the answer.
///
/// # Errors
/// What `out` returns.
pub fn write_head(out: &mut dyn Write, detail: &PortDetail, style: &Style) -> io::Result<()> {
    let mut blocks: Vec<Block> = detail.endpoints.iter().map(|endpoint| listener(endpoint, style)).collect();
    if blocks.is_empty() {
        blocks.push(vacant(detail, style));
    }
    let last = blocks.len() - 1;
    if let (Some(availability), false) = (&detail.availability, detail.endpoints.is_empty()) {
        add_still_free(&mut blocks[last], availability);
    }
    if !detail.endpoints.is_empty() {
        promise::add(&mut blocks[last], detail, style);
    }
    if let Some(facts) = &detail.number {
        number::add_facts(&mut blocks[last], facts);
    }
    for (i, block) in blocks.iter().enumerate() {
        if i > 0 {
            write_lines(out, &[Line::new()], style)?;
        }
        write_lines(out, &block.lines(style), style)?;
    }
    Ok(())
}

/// Writes the endpoints from number `first` on: those that came to light after the head was written.
///
/// # Errors
/// What `out` returns.
pub fn write_further(
    out: &mut dyn Write,
    detail: &PortDetail,
    first: usize,
    style: &Style,
) -> io::Result<()> {
    for endpoint in detail.endpoints.iter().skip(first) {
        write_lines(out, &[Line::new()], style)?;
        write_lines(out, &listener(endpoint, style).lines(style), style)?;
    }
    Ok(())
}

/// Writes the connections of the endpoints, by the process at their other end; nothing where nothing listens.
///
/// # Errors
/// What `out` returns.
pub fn write_tail(out: &mut dyn Write, detail: &PortDetail, style: &Style) -> io::Result<()> {
    let mut block = Block::default();
    block.entries("connections", connections(&detail.endpoints));
    if !detail.endpoints.is_empty() {
        block.entries("also taken by", peers::holders(&detail.holding));
    }
    let lines = block.lines(style);
    if !lines.is_empty() {
        write_lines(out, &[Line::new()], style)?;
    }
    write_lines(out, &lines, style)
}

/// Returns the clients of each endpoint; where there are several endpoints, each under its name.
fn connections(endpoints: &[EndpointDetail]) -> Vec<Line> {
    let mut lines = Vec::new();
    for detail in endpoints.iter().filter(|detail| detail.endpoint.state != EndpointState::Bound) {
        let mut label = Line::new();
        if endpoints.len() > 1 {
            label = Line::of(Ink::Plain, &place(&detail.endpoint)).and(Ink::Dim, ": ");
        }
        match peers::clients(&detail.connections) {
            none if none.is_empty() => lines.push(label.and(Ink::Dim, "none")),
            clients if label.is_empty() => lines.extend(clients),
            clients => {
                lines.push(label);
                lines.extend(clients.into_iter().map(|client| Line::of(Ink::Plain, "  ").and_line(client)));
            }
        }
    }
    lines
}

/// The page of an endpoint, its connections aside.
fn listener(detail: &EndpointDetail, style: &Style) -> Block {
    let endpoint = &detail.endpoint;
    let mut block = Block::new(heading(endpoint));
    let label = if endpoint.state == EndpointState::Bound { "bound to" } else { "listens on" };
    block.entry(label, listens_on(endpoint));
    block.entry("network", network(endpoint));
    block.entries("backlog", backlog(endpoint));
    block.entry("unread", unread(endpoint));
    block.entry("options", options(&detail.options));
    block.entries("notes", words::remarks(endpoint).map(|(ink, text)| Line::of(ink, &text)).collect());
    owner::add(&mut block, detail, style);
    add_project(&mut block, endpoint.project.as_ref(), style);
    promise::add_run(&mut block, endpoint.run.as_ref(), style);
    block.gap();
    block.entry("unit", unit(endpoint));
    block.entry("container", endpoint.container.as_ref().map(container).unwrap_or_default());
    block
}

/// Returns `localhost:3000 — Vite, node (pid 4121), project shop`.
fn heading(endpoint: &Endpoint) -> Line {
    let mut said = endpoint.service.as_ref().map(words::service).unwrap_or_default();
    match (endpoint.owner.lead(), &endpoint.service) {
        // Not `nginx, nginx (pid 812)`.
        (Some(lead), Some(service)) if lead.name.eq_ignore_ascii_case(&service.name) => {
            said.push(Ink::Dim, &format!(" (pid {})", lead.pid));
        }
        _ => said.join(", ", owner::short(endpoint)),
    }
    if let Some(run) = &endpoint.run {
        said.join(", ", Line::of(Ink::Plain, "run ").and(Ink::Name, &run.name));
    } else if let Some(project) = &endpoint.project {
        said.join(", ", Line::of(Ink::Plain, "project ").and(Ink::Name, &project.name));
    } else if let Some(container) = &endpoint.container {
        said.join(", ", Line::of(Ink::Plain, "container ").and(Ink::Name, container.label()));
    }
    let mut line = Line::of(Ink::Strong, &place(endpoint)).linked(words::link(endpoint));
    line.join(" — ", said);
    line
}

/// Returns `localhost:3000`, `port 53/udp on all interfaces`, `192.168.1.5:80`.
fn place(endpoint: &Endpoint) -> String {
    let address = words::address(endpoint).text();
    match endpoint.addresses.as_slice() {
        _ if endpoint.protocol == Protocol::Tcp && address == "localhost" => {
            format!("localhost:{}", endpoint.port)
        }
        [one] if endpoint.protocol == Protocol::Tcp && address == one.to_string() => {
            SocketAddr::new(*one, endpoint.port).to_string()
        }
        _ => format!("port {} on {address}", words::port(endpoint)),
    }
}

fn listens_on(endpoint: &Endpoint) -> Line {
    let sockets: Vec<String> =
        endpoint.addresses.iter().map(|ip| SocketAddr::new(*ip, endpoint.port).to_string()).collect();
    let mut line = Line::of(Ink::Plain, &sockets.join(" and "));
    if endpoint.protocol == Protocol::Udp {
        line.push(Ink::Plain, " (udp)");
    }
    if endpoint.state == EndpointState::Bound {
        line.push(Ink::Warning, ", not listening: connections are refused");
        return line;
    }
    let (ink, open_to) = match endpoint.exposure {
        Exposure::Loopback => (Ink::Dim, "open to this machine only"),
        Exposure::Namespace => (Ink::Dim, "open within its network namespace only"),
        Exposure::AllInterfaces => {
            (Ink::Warning, "open to every network that reaches this machine, firewalls aside")
        }
        _ => (Ink::Plain, "open to the network of that address"),
    };
    line.push(ink, &format!(", {open_to}"));
    if endpoint.listeners.len() > endpoint.addresses.len() {
        line.push(Ink::Dim, &format!(", by {} sockets (SO_REUSEPORT)", endpoint.listeners.len()));
    }
    line
}

fn network(endpoint: &Endpoint) -> Line {
    let mut line = Line::new();
    if let Some(device) = words::device(endpoint) {
        line.push(Ink::Plain, &format!("device {device} only"));
    }
    if !endpoint.netns.own {
        let name = words::netns(&endpoint.netns, endpoint.container.as_ref());
        line.join(", ", Line::of(Ink::Plain, &format!("in {name}")));
        if let Some(pid) = endpoint.netns.pid {
            line.push(Ink::Dim, &format!(" (enter: nsenter --net --target {pid})"));
        }
    }
    line
}

fn backlog(endpoint: &Endpoint) -> Vec<Line> {
    let of = |listener| {
        let waiting = words::waiting(listener)?;
        Some(match words::is_full(listener) {
            true => Line::of(Ink::Alarm, &format!("{waiting} waiting: full, new connections are dropped")),
            false => Line::of(Ink::Plain, &format!("{waiting} waiting to be accepted")),
        })
    };
    let mut lines: Vec<Line> = endpoint.listeners.iter().filter_map(of).collect();
    // Sockets in the same condition need not be told one by one.
    lines.dedup();
    lines
}

fn unread(endpoint: &Endpoint) -> Line {
    let bytes: Vec<u64> = endpoint
        .listeners
        .iter()
        .filter_map(|listener| listener.receive_queue_bytes.map(u64::from))
        .collect();
    match bytes.iter().sum::<u64>() {
        _ if bytes.is_empty() => Line::new(),
        sum => Line::of(Ink::Plain, &format!("{sum} bytes")),
    }
}

fn options(options: &[SocketOptions]) -> Line {
    let mut said: Vec<String> = Vec::new();
    for option in options {
        let flags = [
            (option.reuse_address, "SO_REUSEADDR"),
            (option.reuse_port, "SO_REUSEPORT"),
            (option.keep_alive, "SO_KEEPALIVE"),
            (option.free_bind, "IP_FREEBIND"),
            (option.transparent, "IP_TRANSPARENT"),
        ];
        said.extend(flags.iter().filter(|(on, _)| *on == Some(true)).map(|(_, name)| (*name).to_owned()));
        let numbers =
            [(option.defer_accept_s, "TCP_DEFER_ACCEPT", " s"), (option.fast_open, "TCP_FASTOPEN", "")];
        for (value, name, unit) in numbers {
            said.extend(value.filter(|value| *value > 0).map(|value| format!("{name} {value}{unit}")));
        }
    }
    let mut once = Vec::new();
    for option in said {
        if !once.contains(&option) {
            once.push(option);
        }
    }
    Line::of(Ink::Plain, &once.join(", "))
}

fn add_project(block: &mut Block, project: Option<&Project>, style: &Style) {
    let Some(project) = project else { return };
    block.gap();
    let root = crate::text::shorten::tilde(&project.root, style.home());
    block.entry("project", Line::of(Ink::Name, &project.name).and(Ink::Dim, &format!("  {root}")));
    block.entry("worktree", Line::of(Ink::Plain, project.worktree.as_deref().unwrap_or_default()));
    match (&project.branch, &project.detached_at) {
        (Some(branch), _) => block.entry("branch", Line::of(Ink::Plain, branch)),
        (None, Some(commit)) => {
            block.entry("branch", Line::of(Ink::Plain, &format!("none, detached at {commit}")))
        }
        (None, None) => {}
    }
    if let Some(package) = &project.package {
        let mut line = Line::of(Ink::Plain, package);
        if let Some(manifest) = &project.manifest {
            let manifest = crate::text::shorten::tilde(manifest, style.home());
            line.push(Ink::Dim, &format!("  {manifest}"));
        }
        block.entry("package", line);
    }
}

fn unit(endpoint: &Endpoint) -> Line {
    let Some(unit) = &endpoint.unit else { return Line::new() };
    let line = Line::of(Ink::Plain, &unit.name);
    match unit.user_manager {
        Some(uid) => line.and(Ink::Dim, &format!(" (of the user manager of uid {uid})")),
        None => line,
    }
}

fn container(container: &Container) -> Line {
    let mut line = Line::of(Ink::Name, container.label()).and(Ink::Dim, &format!(" ({})", container.engine));
    if let Some(image) = &container.image {
        line.push(Ink::Plain, &format!(", image {image}"));
    }
    if let Some(port) = container.port {
        line.push(Ink::Plain, &format!(", port {port} inside"));
    }
    match (&container.compose_project, &container.compose_service) {
        (Some(project), Some(service)) => {
            line.push(Ink::Plain, &format!(", service {service} of Compose project {project}"));
        }
        (Some(project), None) => line.push(Ink::Plain, &format!(", Compose project {project}")),
        _ => {}
    }
    line
}

/// Adds the addresses on which another server could have the port beside those that listen.
fn add_still_free(block: &mut Block, availability: &Availability) {
    let tried: Vec<_> = availability.tried.iter().collect();
    let free = number::addresses(&tried, None);
    if !free.is_empty() {
        block.gap();
        let text = format!("{}: another server could take it there", number::proof(&free));
        block.entry("still free", Line::of(Ink::Plain, &text));
    }
}

/// The page of a port that nothing listens on.
fn vacant(detail: &PortDetail, style: &Style) -> Block {
    let name = detail.number.as_ref().map_or_else(|| detail.target.clone(), |facts| facts.port.to_string());
    let mut block = Block::new(Line::of(Ink::Strong, &name).and(Ink::Dim, " — ").and_line(verdict(detail)));
    let availability = detail.availability.as_ref();
    let free = availability.is_some_and(|availability| availability.free);
    block.entries(if free { "lingering" } else { "held by" }, peers::holders(&detail.holding));
    let proof = availability.map(number::trials).unwrap_or_default();
    block.entries(if free { "proof" } else { "tried" }, proof);
    promise::add(&mut block, detail, style);
    block
}

fn verdict(detail: &PortDetail) -> Line {
    let holder = detail.holding.iter().find_map(|connection| connection.process.as_ref());
    match &detail.availability {
        Some(availability) if availability.free => Line::of(Ink::Good, "free"),
        _ if holder.is_some() => {
            let mut line = Line::of(Ink::Warning, "nobody listens, but a connection holds it: ");
            line.append(holder.map(peers::named).unwrap_or_default());
            line
        }
        _ if !detail.holding.is_empty() => {
            let over = detail.holding.iter().all(|connection| connection.inode.is_none());
            let text = match over {
                true => "nobody listens, but connections that are over still hold it, for a minute at most",
                false => "nobody listens, but a connection holds it",
            };
            Line::of(Ink::Warning, text)
        }
        Some(availability) if is_denied(availability) => {
            Line::of(Ink::Warning, "nobody listens, and you may not bind it")
        }
        Some(_) => Line::of(Ink::Warning, "nobody listens, and yet it cannot be bound"),
        None if !detail.runs.is_empty() => Line::of(Ink::Plain, "runs, and does not listen yet"),
        None if !detail.leases.is_empty() => Line::of(Ink::Plain, "does not run"),
        None => Line::of(Ink::Plain, "nobody listens"),
    }
}

fn is_denied(availability: &Availability) -> bool {
    availability.tried.iter().any(|trial| trial.error.as_deref() == Some("EACCES"))
}

/// Returns `node (pid 4121)`.
pub(crate) fn named(process: &Process) -> Line {
    Line::of(Ink::Plain, &process.name).and(Ink::Dim, &format!(" (pid {})", process.pid))
}
