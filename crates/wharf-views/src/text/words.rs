//! The words for the model's values that more than one view uses: addresses, owners, projects, states.
//!
//! Not here: where they stand on the page (`list`, `show`, `watch`), and facts on port numbers (`number`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Level, Listener, Protocol};
use wharf_model::owner::{HeldBy, Owner};
use wharf_model::place::{Container, KnownBy, Netns, Project, Service};
use wharf_model::process::{Process, ProcessState};
use wharf_model::run::RunState;

use crate::style::Style;
use crate::text::line::{Ink, Line, Link};
use crate::text::shorten::tilde;

/// Returns `3000`, or `53/udp`: TCP goes without saying.
pub(crate) fn port(endpoint: &Endpoint) -> String {
    match endpoint.protocol {
        Protocol::Tcp => endpoint.port.to_string(),
        Protocol::Udp => format!("{}/udp", endpoint.port),
    }
}

/// Returns where a browser finds the endpoint, if it speaks HTTP in our own network namespace.
pub(crate) fn link(endpoint: &Endpoint) -> Option<Link> {
    let speaks = endpoint.service.as_ref()?.protocol.as_deref()?;
    let secure = match speaks {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let reachable = endpoint.netns.own
        && endpoint.protocol == Protocol::Tcp
        && endpoint.state == EndpointState::Listening;
    let address = SocketAddr::new(*endpoint.addresses.first()?, endpoint.port);
    reachable.then_some(Link { secure, address })
}

/// Returns the address for a column, and who it is open to: `localhost`, `all interfaces`, `0.0.0.0 in web`.
pub(crate) fn address(endpoint: &Endpoint) -> Line {
    if is_held(endpoint) {
        return Line::of(Ink::Dim, "held");
    }
    let ink = match endpoint.exposure {
        Exposure::AllInterfaces => Ink::Warning,
        Exposure::Address => Ink::Plain,
        _ => Ink::Dim,
    };
    let mut line = match device(endpoint) {
        Some(device) if endpoint.addresses.iter().all(IpAddr::is_unspecified) => {
            Line::of(ink, &format!("{device} only"))
        }
        Some(device) => Line::of(ink, &format!("{} ({device} only)", addresses(endpoint))),
        None => Line::of(ink, &addresses(endpoint)),
    };
    if !endpoint.netns.own {
        line.push(Ink::Dim, " ");
        line.append(within(endpoint));
    }
    line
}

/// Returns the address for a narrow column: of a foreign network namespace only its name.
pub(crate) fn address_short(endpoint: &Endpoint) -> Line {
    if endpoint.netns.own { address(endpoint) } else { within(endpoint) }
}

fn within(endpoint: &Endpoint) -> Line {
    Line::of(Ink::Dim, &format!("in {}", netns(&endpoint.netns, endpoint.container.as_ref())))
}

fn addresses(endpoint: &Endpoint) -> String {
    let has = |ip: IpAddr| endpoint.addresses.contains(&ip);
    let (any4, any6) = (has(Ipv4Addr::UNSPECIFIED.into()), has(Ipv6Addr::UNSPECIFIED.into()));
    match endpoint.addresses.len() {
        2 if has(Ipv4Addr::LOCALHOST.into()) && has(Ipv6Addr::LOCALHOST.into()) => "localhost".to_owned(),
        2 if any4 && any6 => "all interfaces".to_owned(),
        1 if any6 && endpoint.listeners.iter().any(|listener| listener.v6_only == Some(false)) => {
            "all interfaces".to_owned()
        }
        _ => endpoint.addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "),
    }
}

/// Returns the device that all sockets of the endpoint are bound to.
pub(crate) fn device(endpoint: &Endpoint) -> Option<&str> {
    let first = endpoint.listeners.first()?.device.as_deref();
    first.filter(|_| endpoint.listeners.iter().all(|listener| listener.device.as_deref() == first))
}

/// Returns what a network namespace is known by: its container, its name, a process in it, its inode.
pub(crate) fn netns(netns: &Netns, container: Option<&Container>) -> String {
    match (container, &netns.name, netns.pid, netns.inode) {
        (Some(container), ..) => container.label().to_owned(),
        (_, Some(name), ..) => format!("netns {name}"),
        (_, _, Some(pid), _) => format!("netns of pid {pid}"),
        (_, _, _, Some(inode)) => format!("netns {inode}"),
        _ => "another netns".to_owned(),
    }
}

/// Returns the service's name and version; a name that only the port number speaks for gets a `?`.
pub(crate) fn service(service: &Service) -> Line {
    if service.known_by == KnownBy::PortNumber {
        return Line::of(Ink::Dim, &format!("{}?", service.name));
    }
    let mut line = Line::of(Ink::Plain, &service.name);
    if let Some(version) = &service.version {
        line.push(Ink::Dim, &format!(" {version}"));
    }
    line
}

/// Returns the owner for a column: `nginx 812 +4`, or in a few words why it is not known.
pub(crate) fn owner(endpoint: &Endpoint) -> Line {
    let owner = &endpoint.owner;
    match (owner.held_by, owner.lead()) {
        (_, Some(lead)) => {
            let ink = if process_state(lead.state).is_some() { Ink::Alarm } else { Ink::Plain };
            let mut line = Line::of(ink, &lead.name).and(Ink::Dim, &format!(" {}", lead.pid));
            if owner.processes.len() > 1 {
                line.push(Ink::Dim, &format!(" +{}", owner.processes.len() - 1));
            }
            line
        }
        (HeldBy::InFlight, None) => Line::of(Ink::Warning, &in_flight(owner)),
        (HeldBy::NoProcess, None) => Line::of(Ink::Warning, "no process has it open"),
        _ => Line::of(Ink::Dim, &format!("? ({})", whose(endpoint))),
    }
}

/// Returns the owner for a narrow column.
pub(crate) fn owner_short(endpoint: &Endpoint) -> Line {
    let known = &endpoint.owner;
    match (known.held_by, known.lead()) {
        (_, Some(_)) => owner(endpoint),
        (HeldBy::InFlight, None) => match known.queued_to.first() {
            Some(to) => Line::of(Ink::Warning, &format!("queued to {}", to.pid)),
            None => Line::of(Ink::Warning, "in a message"),
        },
        (HeldBy::NoProcess, None) => Line::of(Ink::Warning, "no process"),
        _ => {
            let whose = whose(endpoint);
            let name = whose.strip_prefix("in container ").unwrap_or(&whose);
            Line::of(Ink::Dim, &format!("? ({})", name.strip_suffix(".service").unwrap_or(name)))
        }
    }
}

/// Returns `in a message queued to pid 812 (nginx)`.
pub(crate) fn in_flight(owner: &Owner) -> String {
    let to = owner.queued_to.iter().map(|process| format!("pid {} ({})", process.pid, process.name));
    match to.collect::<Vec<_>>() {
        none if none.is_empty() => "in a message that nobody has received".to_owned(),
        some => format!("in a message queued to {}", some.join(", ")),
    }
}

/// Returns the nearest thing known of a hidden owner: its container, its unit, else that it is hidden. (The user
/// who made the socket stands beside it; whose process holds it now is not known.)
pub(crate) fn whose(endpoint: &Endpoint) -> String {
    match (&endpoint.container, &endpoint.unit) {
        (Some(container), _) => format!("in container {}", container.label()),
        (None, Some(unit)) => unit.name.clone(),
        (None, None) => "hidden".to_owned(),
    }
}

/// Returns the user's name, else the user id.
pub(crate) fn user(owner: &Owner) -> String {
    owner.user.clone().unwrap_or_else(|| owner.uid.to_string())
}

/// Returns the name of the run, by which other commands take it: `web.shop`. Else `shop`, `shop (cart: feature/basket)`
/// in a linked worktree, `shop › @shop/web` in a package of it; where there is no project, the container and its engine.
pub(crate) fn place(endpoint: &Endpoint) -> Line {
    let line = place_short(endpoint);
    match (&endpoint.project, &endpoint.container) {
        _ if endpoint.run.is_some() => line,
        (Some(project), _) => match &project.package {
            Some(package) if *package != project.name => line.and(Ink::Dim, &format!(" › {package}")),
            _ => line,
        },
        (None, Some(container)) => line.and(Ink::Dim, &format!(" ({})", container.engine)),
        (None, None) => line,
    }
}

/// Returns the run, else the project with its linked worktree alone, else the container.
pub(crate) fn place_short(endpoint: &Endpoint) -> Line {
    if let Some(run) = &endpoint.run {
        return Line::of(Ink::Name, &run.name);
    }
    match (&endpoint.project, &endpoint.container) {
        (Some(project), _) => {
            let line = Line::of(Ink::Name, &project.name);
            match &project.worktree {
                Some(worktree) => line.and(Ink::Dim, &format!(" ({})", worktree_name(project, worktree))),
                None => line,
            }
        }
        (None, Some(container)) => Line::of(Ink::Plain, container.label()),
        (None, None) => Line::new(),
    }
}

fn worktree_name(project: &Project, worktree: &str) -> String {
    match &project.branch {
        Some(branch) if branch.rsplit('/').next() == Some(worktree) => branch.clone(),
        Some(branch) => format!("{worktree}: {branch}"),
        None => worktree.to_owned(),
    }
}

/// Returns what a person should know, the important first: what the fields say, then the catalogue's notes.
pub(crate) fn notes(endpoint: &Endpoint) -> Vec<(Ink, String)> {
    if is_held(endpoint) {
        return vec![(Ink::Dim, "held by wharf for the run".to_owned())];
    }
    let noted = |word: &str| endpoint.notes.iter().any(|note| note.code.contains(word));
    let mut notes = Vec::new();
    if let Some((code, text)) = endpoint.owner.lead().and_then(|lead| process_state(lead.state))
        && !noted(code)
    {
        notes.push((Ink::Alarm, text.to_owned()));
    }
    if let Some(full) = endpoint.listeners.iter().find(|listener| is_full(listener))
        && !noted("queue-full")
    {
        notes.push((Ink::Alarm, format!("backlog full: {}", waiting(full).unwrap_or_default())));
    }
    if endpoint.state == EndpointState::Bound && !noted("bound") {
        notes.push((Ink::Dim, "bound, not listening".to_owned()));
    }
    notes.extend(of_run(endpoint));
    notes.extend(remarks(endpoint));
    if let Some(port) = endpoint.container.as_ref().and_then(|container| container.port) {
        notes.push((Ink::Dim, format!("port {port} inside")));
    }
    notes
}

/// Returns whether it is a number that wharf keeps from others for a run, be it in use or not.
fn is_held(endpoint: &Endpoint) -> bool {
    // The daemon may have a duplicate.
    let holds = |pid: u32| endpoint.owner.processes.iter().any(|process| process.pid == pid);
    endpoint.state == EndpointState::Bound && endpoint.run.as_ref().is_some_and(|run| holds(run.wharf_pid))
}

/// Returns what is unusual about the run.
fn of_run(endpoint: &Endpoint) -> Vec<(Ink, String)> {
    let Some(run) = &endpoint.run else { return Vec::new() };
    let mut notes = Vec::new();
    if run.state == RunState::Alone {
        notes.push((Ink::Warning, "wharf was killed".to_owned()));
    }
    // What listens on loopback only is not open, whatever it might be.
    if run.host_visible && endpoint.exposure > Exposure::Loopback {
        notes.push((Ink::Warning, "open to other machines".to_owned()));
    }
    if run.isolated {
        notes.push((Ink::Dim, "isolated".to_owned()));
    }
    if let Some(asked) = run.asked_port {
        notes.push((Ink::Dim, format!("asked for {asked}")));
    }
    notes
}

/// Returns the catalogue's notes alone.
pub(crate) fn remarks(endpoint: &Endpoint) -> impl Iterator<Item = (Ink, String)> + '_ {
    endpoint.notes.iter().map(|note| (note_ink(&note.code, note.level), note.text.clone()))
}

fn note_ink(code: &str, level: Level) -> Ink {
    const ALARMS: [&str; 6] = ["stopped", "traced", "frozen", "zombie", "uninterruptible", "queue-full"];
    match level {
        _ if ALARMS.iter().any(|word| code.contains(word)) => Ink::Alarm,
        Level::Warning => Ink::Warning,
        Level::Info => Ink::Dim,
    }
}

/// Returns whether the kernel drops further connections: it takes one more than the backlog.
///
/// Source: `sk_acceptq_is_full` in Linux's include/net/sock.h.
pub(crate) fn is_full(listener: &Listener) -> bool {
    matches!((listener.accept_queue, listener.backlog), (Some(queue), Some(backlog)) if queue > backlog)
}

/// Returns `0 of 511`, the connections that wait and that may.
pub(crate) fn waiting(listener: &Listener) -> Option<String> {
    Some(format!("{} of {}", listener.accept_queue?, listener.backlog?))
}

/// Returns a word for programs and words for people, if the state explains a server that does not answer.
pub(crate) fn process_state(state: ProcessState) -> Option<(&'static str, &'static str)> {
    match state {
        ProcessState::Uninterruptible => Some(("uninterruptible", "waits for a disk or network file system")),
        ProcessState::Stopped => Some(("stopped", "stopped (Ctrl-Z or SIGSTOP)")),
        ProcessState::Traced => Some(("traced", "held by a debugger")),
        ProcessState::Frozen => Some(("frozen", "frozen by its control group")),
        ProcessState::Zombie => Some(("zombie", "dead, not yet reaped")),
        _ => None,
    }
}

/// Returns the name of a TCP state by RFC 9293, as `ss` writes it.
pub(crate) fn tcp_state_name(state: TcpState) -> &'static str {
    match state {
        TcpState::Established => "established",
        TcpState::SynSent => "syn-sent",
        TcpState::SynReceived => "syn-received",
        TcpState::FinWait1 => "fin-wait-1",
        TcpState::FinWait2 => "fin-wait-2",
        TcpState::TimeWait => "time-wait",
        TcpState::CloseWait => "close-wait",
        TcpState::LastAck => "last-ack",
        TcpState::Listen => "listen",
        TcpState::Closing => "closing",
        TcpState::Bound => "bound",
        _ => "closed",
    }
}

/// Returns what a TCP state means for the server that a connection was made to.
pub(crate) fn tcp_state(state: TcpState) -> &'static str {
    match state {
        TcpState::Established => "open",
        TcpState::SynSent | TcpState::SynReceived => "opening",
        TcpState::FinWait1 | TcpState::FinWait2 => "closed here, not yet by the other end",
        TcpState::TimeWait => "over (TIME_WAIT)",
        TcpState::CloseWait => "closed by the other end, not yet here",
        TcpState::LastAck | TcpState::Closing => "closing",
        TcpState::Listen => "listening",
        TcpState::Bound => "bound",
        _ => "closed",
    }
}

/// Returns the command line as a shell would take it; a title that the process gave itself stays as it is.
pub(crate) fn command(process: &Process, style: &Style) -> String {
    match process.command.as_slice() {
        [title] => tilde(title, style.home()),
        words => {
            let words: Vec<String> = words.iter().map(|word| quoted(&tilde(word, style.home()))).collect();
            words.join(" ")
        }
    }
}

fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || (!c.is_whitespace() && !"'\"\\$`*?&|;<>(){}[]#!".contains(c));
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(quoted("--port=3000"), "--port=3000");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
    }
}
