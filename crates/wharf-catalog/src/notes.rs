//! What a person should know about an endpoint, the important first.

use wharf_model::endpoint::{Endpoint, EndpointState, Level, Note};
use wharf_model::owner::HeldBy;
use wharf_model::process::{Process, ProcessState};
use wharf_os::facts::{ProcessFacts, QueuedSocket};

/// Returns the notes on one endpoint; `parent` is the parent of its leading process, where it is known.
pub(crate) fn on(endpoint: &Endpoint, parent: Option<&ProcessFacts>) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(lead) = endpoint.owner.lead() {
        notes.extend(state(lead));
    }
    notes.extend(accept_queue(endpoint));
    if endpoint.state == EndpointState::Bound {
        notes.push(note("bound", Level::Info, "bound, not listening: connections are refused".to_owned()));
    }
    if let Some(parent) = parent.filter(|parent| parent.state == ProcessState::Zombie) {
        let text = format!("its parent, pid {}, is a zombie: dead and not yet reaped", parent.pid);
        notes.push(note("parent-zombie", Level::Warning, text));
    }
    notes.extend(strangers(endpoint));
    if endpoint.owner.lead().is_some_and(|lead| lead.exe_deleted) {
        let text = "its program was replaced or deleted since it started".to_owned();
        notes.push(note("executable-replaced", Level::Info, text));
    }
    notes
}

/// Returns where a socket that no process has open may wait, if there is a queue that could not be looked into.
pub(crate) fn on_queues(endpoint: &Endpoint, queued: &[QueuedSocket]) -> Option<Note> {
    if endpoint.owner.held_by != HeldBy::NoProcess {
        return None;
    }
    let closed = queued.iter().find(|queued| !queued.seen && !queued.pids.is_empty())?;
    let pids: Vec<String> = closed.pids.iter().take(3).map(|pid| format!("pid {pid}")).collect();
    let text = format!(
        "may wait in a message queued to {}, which cannot be looked into without receiving it",
        pids.join(", ")
    );
    Some(note("may-be-queued", Level::Info, text))
}

/// Adds to endpoints that share a port with another owner's a note on that.
pub(crate) fn on_shared_ports(endpoints: &mut [Endpoint]) {
    let shares = |one: &Endpoint, other: &Endpoint| {
        one.port == other.port
            && one.protocol == other.protocol
            && one.netns == other.netns
            && one.id != other.id
    };
    let mut by_port: std::collections::HashMap<u16, Vec<usize>> = std::collections::HashMap::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        by_port.entry(endpoint.port).or_default().push(index);
    }
    for indexes in by_port.values().filter(|indexes| indexes.len() > 1 && indexes.len() < SHARERS_AT_MOST) {
        for &index in indexes {
            let own = &endpoints[index];
            let other = indexes
                .iter()
                .map(|&other| &endpoints[other])
                .find(|other| shares(own, other) && differ(own, other));
            let Some(text) = other.map(shared_text) else { continue };
            endpoints[index].notes.push(note("port-shared", Level::Warning, text));
        }
    }
}

fn differ(one: &Endpoint, other: &Endpoint) -> bool {
    let wharf = |endpoint: &Endpoint| endpoint.run.as_ref().map(|run| run.wharf_pid);
    if wharf(one).is_some() && wharf(one) == wharf(other) {
        // What wharf holds for a run keeps others away, and takes nothing from it.
        return false;
    }
    match (one.owner.lead(), other.owner.lead()) {
        (Some(one), Some(other)) => (one.pid, one.start_ticks) != (other.pid, other.start_ticks),
        _ => one.owner.uid != other.owner.uid,
    }
}

fn shared_text(other: &Endpoint) -> String {
    let address = other.addresses.first().map_or(String::new(), |address| match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    });
    let who = other
        .owner
        .lead()
        .map_or_else(|| format!("uid {}", other.owner.uid), |lead| format!("pid {}", lead.pid));
    format!("{who} has the same port on {address}")
}

fn state(process: &Process) -> Option<Note> {
    let (code, level, text) = match process.state {
        ProcessState::Stopped => {
            ("process-stopped", Level::Warning, "stopped (Ctrl-Z or SIGSTOP): it accepts and does not answer")
        }
        ProcessState::Traced => ("process-traced", Level::Warning, "held by a debugger: it does not answer"),
        ProcessState::Frozen => {
            ("process-frozen", Level::Warning, "frozen (its control group is paused): it does not answer")
        }
        ProcessState::Zombie => ("process-zombie", Level::Warning, "dead, and not yet reaped by its parent"),
        ProcessState::Uninterruptible => ("process-blocked", Level::Info, "waits for a disk or file server"),
        _ => return None,
    };
    Some(note(code, level, text.to_owned()))
}

fn accept_queue(endpoint: &Endpoint) -> Option<Note> {
    let full = endpoint.listeners.iter().find_map(|listener| {
        let (waiting, limit) = (listener.accept_queue?, listener.backlog?);
        // The kernel lets one more in than the limit says (sk_acceptq_is_full).
        (waiting > limit).then_some((waiting, limit))
    });
    let (waiting, limit) = full?;
    let text = format!("accept queue full: {waiting} wait, {limit} may; new connections get no answer");
    Some(note("accept-queue-full", Level::Warning, text))
}

/// Several processes on one address that do not descend from one another share it by SO_REUSEPORT.
fn strangers(endpoint: &Endpoint) -> Option<Note> {
    let processes = &endpoint.owner.processes;
    let sockets =
        endpoint.listeners.iter().filter(|listener| Some(&listener.address) == endpoint.addresses.first());
    if sockets.count() < 2 || processes.len() < 2 {
        return None;
    }
    let pids: Vec<u32> = processes.iter().map(|process| process.pid).collect();
    let roots =
        processes.iter().filter(|process| process.ppid.is_none_or(|ppid| !pids.contains(&ppid))).count();
    let siblings = processes
        .iter()
        .all(|process| process.ppid.is_some_and(|ppid| ppid > 1) && process.ppid == processes[0].ppid);
    if roots < 2 || siblings {
        return None;
    }
    let text = format!("{roots} jobs share this port (SO_REUSEPORT): each gets a part of the connections");
    Some(note("several-jobs", Level::Info, text))
}

fn note(code: &str, level: Level, text: String) -> Note {
    Note { code: code.to_owned(), text, level }
}

/// On a port that more endpoints share than this, nothing is said: it is a load test, not an accident.
const SHARERS_AT_MOST: usize = 64;

#[cfg(test)]
mod tests;
