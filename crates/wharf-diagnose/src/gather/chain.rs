//! Beyond a forwarder: where it leads, and what is found there by the same machinery.
//!
//! Followed only where the forwarder failed; four of them at most, none twice, and within the time that is left. Not here:
//! which program is a forwarder and where it leads ([`crate::chain`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use wharf_model::connection::TcpState;
use wharf_model::diagnosis::Hop;
use wharf_model::endpoint::{Endpoint, Protocol};
use wharf_model::process::Process;
use wharf_os::Os;
use wharf_os::examine::errno::Errno;
use wharf_os::examine::{commands, credentials};
use wharf_os::facts::SocketQuery;

use super::{Context, gather_beyond};
use crate::chain::{Asked, Clue, Goal, Lead, Speaks, kind, lead, router};
use crate::facts::chain::{Beyond, Forwarder, Inside, Way, WayEnd};
use crate::facts::talk::database::End;
use crate::facts::{Facts, Symptom, who};
use crate::question::{Aim, Question};
use crate::target::{Place, Port, Scheme, Target};

/// A forwarder that was found.
struct Found {
    by: String,
    pids: Vec<u32>,
    /// Where it leads; `None` if that could not be read.
    lead: Option<Lead>,
    kind: Forwarder,
}

/// Finds the forwarder, and looks beyond it if it failed.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let trouble = trouble(facts);
    let Some(found) = found(facts, context, trouble.is_some()) else { return };
    let at = context_address(facts).map_or_else(String::new, |address| address.to_string());
    let Some(trouble) = trouble else {
        // Nothing is wrong: what its command line says is shown, and no more.
        facts.chain.extend(found.lead.as_ref().and_then(|lead| {
            let to = lead.ways.first().map(text)?;
            Some(Hop { at, by: found.by.clone(), to, known_by: lead.known_by.clone() })
        }));
        return;
    };
    let users = found.pids.iter().rev().take(USERS).filter_map(|&pid| credentials::of(pid));
    let users: Vec<_> = users.filter(|user| found.pids.len() == 1 || user.uid != 0).collect();
    let (goals, known_by) = match found.lead {
        Some(lead) => (lead.ways, lead.known_by),
        None => (Vec::new(), String::new()),
    };
    let share = context.left().max(LEAST) / u32::try_from(goals.len().clamp(1, WAYS)).unwrap_or(1);
    let ways: Vec<Way> = goals
        .iter()
        .take(WAYS)
        .map(|goal| Way { to: text(goal), end: end(goal, facts, context, share) })
        .collect();
    if let Some(way) = ways.first() {
        facts.chain.push(Hop {
            at: at.clone(),
            by: found.by.clone(),
            to: way.to.clone(),
            known_by: known_by.clone(),
        });
        if let WayEnd::Here(next) = &way.end {
            facts.chain.extend(next.chain.iter().cloned());
        }
    }
    let fails = trouble == Trouble::Fails;
    let by = found.by;
    let mut beyond = Beyond { kind: found.kind, by, users, at, known_by, ways, fails };
    beyond.fails |= beyond.broken().is_some();
    facts.beyond = Some(beyond);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// No answer, or one that says that there is none to be had.
    Fails,
    /// 503, which many a server says of itself; or silence of what was told nothing.
    MayBeItself,
}

fn trouble(facts: &Facts) -> Option<Trouble> {
    let talk = &facts.talk;
    match talk.http.as_ref().map(|http| http.status) {
        Some(502 | 504) => return Some(Trouble::Fails),
        Some(503) => return Some(Trouble::MayBeItself),
        None if talk.quiet => return Some(Trouble::MayBeItself),
        _ => {}
    }
    if let Some(database) = &talk.database {
        return matches!(database.end, End::Closed | End::Silent).then_some(Trouble::Fails);
    }
    let is_reset = facts.symptom() == Symptom::Failed(Errno::CONNRESET);
    let fails = is_reset || talk.silent || talk.closed.is_some() || facts.watch.closed.is_some();
    fails.then_some(Trouble::Fails)
}

fn context_address(facts: &Facts) -> Option<SocketAddr> {
    facts.attempts.last().map(|attempt| attempt.to)
}

/// Finds the forwarder behind the listener. Where nothing is wrong only what a command line says is read.
fn found(facts: &Facts, context: &Context<'_>, failed: bool) -> Option<Found> {
    let target = facts.target()?;
    let asked = Asked {
        address: context_address(facts)?,
        host: target.host().unwrap_or_default(),
        path: target.path.split('?').next().unwrap_or("/"),
    };
    let endpoint = &facts.endpoint()?.endpoint;
    let processes = &endpoint.owner.processes;
    let clues: Vec<(&Process, Clue<'_>)> =
        processes.iter().take(PROCESSES).map(|process| (process, clue(process))).collect();
    let (first, known) = match clues.iter().find_map(|(process, clue)| Some((process, kind(clue)?))) {
        Some(known) => known,
        None if processes.is_empty() && failed => return hidden(context.os, &asked),
        None => return None,
    };
    let by_command =
        matches!(known, Forwarder::DockerProxy | Forwarder::Ssh | Forwarder::Kubectl | Forwarder::Socat);
    if !failed && !by_command {
        return None;
    }
    let lead = match known {
        Forwarder::Wharf => router::lead(&(context.question.routes)(), &asked),
        _ => clues.iter().find_map(|(process, clue)| leads(context.os, process.pid, clue, &asked)),
    };
    let pids = processes.iter().map(|process| process.pid).collect();
    let by = if first.cwd.is_some() { who(endpoint) } else { format!("{} (pid {})", first.name, first.pid) };
    Some(Found { by, pids, lead, kind: known })
}

fn clue(process: &Process) -> Clue<'_> {
    Clue { name: &process.name, command: &process.command, cwd: process.cwd.as_deref() }
}

/// Finds the forwarder of a listener whose process is hidden, by the command lines of all: it has to say that port, and be
/// the only one that does.
fn hidden(os: &Os, asked: &Asked<'_>) -> Option<Found> {
    let mut found: Vec<Found> = Vec::new();
    for program in PROGRAMS {
        for line in commands::with(program) {
            let Some(process) = os.processes.read(&[line.pid]).pop() else { continue };
            let clue = Clue { name: &process.name, command: &line.words, cwd: process.cwd.as_deref() };
            let Some(lead) = leads(os, line.pid, &clue, asked) else { continue };
            let by = format!("{} (pid {})", process.name, line.pid);
            if !found.iter().any(|other| other.lead.as_ref() == Some(&lead)) {
                found.push(Found { by, pids: vec![line.pid], kind: lead.kind, lead: Some(lead) });
            }
        }
    }
    if found.len() == 1 { found.pop() } else { None }
}

fn leads(os: &Os, pid: u32, clue: &Clue<'_>, asked: &Asked<'_>) -> Option<Lead> {
    // Its own root, if that may be looked into: it may be that of a container.
    let root = format!("/proc/{pid}/root");
    let within = |path: &Path| Path::new(&root).join(path.strip_prefix("/").unwrap_or(path));
    let is_open = os.files.is_dir(&within(Path::new("/etc")));
    let place = |path: &Path| if is_open { within(path) } else { path.to_owned() };
    let read = |path: &Path| {
        let bytes = path.is_absolute().then(|| os.files.read(&place(path), CONFIGURATION))??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let list = |path: &Path| {
        let names = if path.is_absolute() { os.files.list(&place(path), ENTRIES) } else { None };
        names.unwrap_or_default().into_iter().filter_map(|name| name.into_string().ok()).collect()
    };
    lead(clue, asked, &read, &list)
}

fn text(goal: &Goal) -> String {
    match goal {
        Goal::Tcp(host, port, _) if host.contains(':') => format!("[{host}]:{port}"),
        Goal::Tcp(host, port, _) => format!("{host}:{port}"),
        Goal::Unix(path) => format!("unix:{}", path.display()),
        Goal::Container(Some(ip), port) => format!("{ip}:{port} in the container"),
        Goal::Container(None, port) => format!("port {port} in the container"),
        Goal::Elsewhere(place, machine) => format!("{place}, by {machine}"),
        Goal::Unknown(text) => text.clone(),
    }
}

fn end(goal: &Goal, facts: &Facts, context: &Context<'_>, share: Duration) -> WayEnd {
    let place = match goal {
        Goal::Elsewhere(_, machine) => return WayEnd::Elsewhere(machine.clone()),
        Goal::Unknown(text) => return WayEnd::Unknown(format!("only the forwarder knows what {text} is")),
        Goal::Container(Some(ip), port) => return WayEnd::Container(inside(facts, context.os, *ip, *port)),
        Goal::Container(None, _) => {
            return WayEnd::Unknown("the container's address is not in the command line".to_owned());
        }
        Goal::Tcp(host, port, _) => Place::Tcp { host: host.clone(), port: Port::Number(*port) },
        Goal::Unix(path) => Place::Unix(path.clone()),
    };
    let mut trail = context.trail.clone();
    trail.extend(facts.addresses.iter().copied());
    if trail.len() > TRAIL {
        return WayEnd::Unknown("more forwarders than are followed".to_owned());
    }
    if let Goal::Tcp(host, port, _) = goal {
        let is_there = |address: &SocketAddr| {
            let same = host.parse::<IpAddr>().is_ok_and(|ip| ip == address.ip());
            address.port() == *port && (same || host == "localhost" && is_localhost(address.ip()))
        };
        if trail.iter().any(is_there) {
            return WayEnd::Loop;
        }
    }
    let asked = facts.target();
    let scheme = match goal {
        Goal::Tcp(_, _, Speaks::Http) => Some(Scheme::Http),
        // It was the client's turn to log in, and no password goes a second way.
        Goal::Tcp(_, _, Speaks::Same) => {
            asked.and_then(|target| target.scheme).filter(|scheme| scheme.is_http())
        }
        _ => None,
    };
    let path = asked.map_or_else(|| "/".to_owned(), |target| target.path.clone());
    let target = Target { scheme, place, user: None, password: None, path };
    let question =
        Question { aim: Aim::Reach(target), timeout: share, origin: None, ..context.question.clone() };
    let mut next = gather_beyond(context.os, &question, trail.clone());
    // The forwarder itself, where it has the same number at an address of its own, is not the server that is looked for.
    let is_passed = |endpoint: &Endpoint| {
        trail.iter().any(|at| at.port() == endpoint.port && endpoint.addresses.contains(&at.ip()))
    };
    if let Some(port) = &mut next.port {
        port.endpoints.retain(|detail| !is_passed(&detail.endpoint));
    }
    WayEnd::Here(Box::new(next))
}

/// Returns whether an address is one of the two that `localhost` is: others of 127.0.0.0/8 may be another program's.
fn is_localhost(ip: IpAddr) -> bool {
    ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST
}

/// Looks into the container that has an address.
fn inside(facts: &Facts, os: &Os, ip: IpAddr, port: u16) -> Inside {
    let container = facts.endpoint().and_then(|detail| detail.endpoint.container.as_ref());
    let mut inside =
        Inside { container: container.map(|it| it.label().to_owned()), port, ..Inside::default() };
    let namespaces = os.sockets.namespaces().value;
    let Some(namespace) = namespaces.iter().find(|namespace| os.host.addresses_in(namespace).contains(&ip))
    else {
        return inside;
    };
    inside.found = true;
    inside.pid = namespace.pids.first().copied();
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp],
        states: vec![TcpState::Listen],
        local_port: None,
        remote_port: None,
    };
    let Ok(sockets) = os.sockets.list(Some(namespace), &query) else { return inside };
    inside.listed = true;
    for socket in sockets.value {
        match socket.local.port() == port {
            true => inside.listeners.push(socket.local.ip()),
            false if inside.others.len() < OTHERS && !inside.others.contains(&socket.local.port()) => {
                inside.others.push(socket.local.port());
            }
            false => {}
        }
    }
    inside
}

/// Programs whose command line tells where they lead.
const PROGRAMS: &[&str] = &["docker-proxy", "nginx", "haproxy", "caddy", "socat", "ssh", "kubectl", "pasta"];
/// Ways of one forwarder that are followed.
const WAYS: usize = 3;
/// Addresses of forwarders: four of them, each with two families at most.
const TRAIL: usize = 8;
/// Processes of one listener that are looked at.
const PROCESSES: usize = 8;
/// Processes whose users are looked at.
const USERS: usize = 4;
const OTHERS: usize = 8;
/// Time for what is beyond, even where none is left.
const LEAST: Duration = Duration::from_millis(150);
const CONFIGURATION: usize = 512 * 1024;
const ENTRIES: usize = 1000;
