//! `wharf watch`: what changed between two snapshots, and when it is worth looking again.

use std::collections::HashMap;
use std::net::IpAddr;

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{Endpoint, EndpointState, Protocol};
use wharf_model::event::{EVENT_SCHEMA, Event, EventKind};
use wharf_model::place::Netns;
use wharf_model::process::ProcessState;
use wharf_model::run::RunState;
use wharf_model::snapshot::Snapshot;
use wharf_model::timestamp::Timestamp;
use wharf_os::Os;
use wharf_os::facts::SocketQuery;

/// Follows the endpoints of this machine, one snapshot after the other.
#[derive(Debug, Default)]
pub struct Watch {
    last: Option<HashMap<Key, Endpoint>>,
    revision: u64,
}

impl Watch {
    /// Returns what is different in `snapshot` from the one before; for the first one everything is `present`.
    pub fn step(&mut self, snapshot: &Snapshot) -> Vec<Event> {
        let now: HashMap<Key, Endpoint> =
            snapshot.endpoints.iter().map(|endpoint| (Key::of(endpoint), endpoint.clone())).collect();
        let mut events = Vec::new();
        match self.last.take() {
            None => {
                for endpoint in &snapshot.endpoints {
                    events.push(self.event(snapshot.taken_at, EventKind::Present, endpoint, Vec::new()));
                }
            }
            Some(before) => self.compare(&before, &now, snapshot, &mut events),
        }
        self.last = Some(now);
        events
    }

    fn compare(
        &mut self,
        before: &HashMap<Key, Endpoint>,
        now: &HashMap<Key, Endpoint>,
        snapshot: &Snapshot,
        events: &mut Vec<Event>,
    ) {
        let at = snapshot.taken_at;
        let replaced = |key: &Key, old: &Endpoint| now.get(key).is_some_and(|new| is_another(old, new));
        let mut closed: Vec<&Endpoint> = before
            .iter()
            .filter(|(key, old)| !now.contains_key(key) || replaced(key, old))
            .map(|(_, old)| old)
            .collect();
        closed
            .sort_by_key(|endpoint| (endpoint.port, endpoint.protocol, endpoint.addresses.first().copied()));
        for endpoint in closed {
            events.push(self.event(at, EventKind::Closed, endpoint, Vec::new()));
        }
        // In the order of the snapshot, which is the order of the view.
        for endpoint in &snapshot.endpoints {
            match before.get(&Key::of(endpoint)) {
                Some(old) if !is_another(old, endpoint) => {
                    let changed = differences(old, endpoint);
                    if !changed.is_empty() {
                        events.push(self.event(at, EventKind::Changed, endpoint, changed));
                    }
                }
                _ => events.push(self.event(at, EventKind::Opened, endpoint, Vec::new())),
            }
        }
    }

    fn event(&mut self, at: Timestamp, kind: EventKind, endpoint: &Endpoint, changed: Vec<String>) -> Event {
        self.revision += 1;
        let schema = EVENT_SCHEMA.to_owned();
        Event { schema, revision: self.revision, at, kind, endpoint: endpoint.clone(), changed }
    }
}

/// Returns a number that differs when a listener of wharf's own namespace opened or closed: a look that costs
/// 0.1 ms where a snapshot costs ten or more.
#[must_use]
pub fn fingerprint(os: &Os) -> Option<u64> {
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp, Protocol::Udp],
        states: vec![TcpState::Listen, TcpState::Closed],
        local_port: None,
        remote_port: None,
    };
    let listed = os.sockets.list(None, &query).ok()?;
    let mix = |sum: u64, number: u64| (sum.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    let mut keys: Vec<u64> =
        listed.value.iter().map(|socket| socket.cookie.unwrap_or(socket.inode)).collect();
    keys.sort_unstable();
    Some(keys.into_iter().fold(0, mix))
}

/// What stays the same while an endpoint is that endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    netns: (bool, Option<u64>, Option<u32>),
    protocol: Protocol,
    addresses: Vec<IpAddr>,
    port: u16,
    state: EndpointState,
    device: Option<String>,
}

impl Key {
    fn of(endpoint: &Endpoint) -> Self {
        let Netns { inode, own, pid, .. } = endpoint.netns;
        Self {
            // The process by which a namespace is reached may change; its inode, where it is known, does not.
            netns: (own, inode, if inode.is_some() { None } else { pid }),
            protocol: endpoint.protocol,
            addresses: endpoint.addresses.clone(),
            port: endpoint.port,
            state: endpoint.state,
            device: endpoint.listeners.first().and_then(|listener| listener.device.clone()),
        }
    }
}

/// Whether the endpoint closed and another opened at the same address: no socket is left of the old one.
fn is_another(old: &Endpoint, new: &Endpoint) -> bool {
    let sockets = |endpoint: &Endpoint| -> Vec<u64> {
        endpoint.listeners.iter().filter_map(|listener| listener.cookie.or(listener.inode)).collect()
    };
    let (old, new) = (sockets(old), sockets(new));
    !old.is_empty() && !new.is_empty() && !old.iter().any(|socket| new.contains(socket))
}

/// Returns the names of the fields that differ in what matters.
fn differences(old: &Endpoint, new: &Endpoint) -> Vec<String> {
    let (old, new) = (steady(old), steady(new));
    let mut names = Vec::new();
    let mut compare = |name: &str, same: bool| {
        if !same {
            names.push(name.to_owned());
        }
    };
    compare("exposure", old.exposure == new.exposure);
    compare("listeners", old.listeners == new.listeners);
    compare("owner", old.owner == new.owner);
    compare("service", old.service == new.service);
    compare("project", old.project == new.project);
    compare("container", old.container == new.container);
    compare("unit", old.unit == new.unit);
    compare("run", old.run == new.run);
    compare("notes", old.notes == new.notes);
    names
}

/// Returns the endpoint without what changes by the moment: queue lengths, and which process happens to run.
fn steady(endpoint: &Endpoint) -> Endpoint {
    let mut steady = endpoint.clone();
    for listener in &mut steady.listeners {
        listener.accept_queue = None;
        listener.receive_queue_bytes = None;
    }
    for process in steady.owner.processes.iter_mut().chain(&mut steady.owner.queued_to) {
        if matches!(process.state, ProcessState::Running | ProcessState::Uninterruptible) {
            process.state = ProcessState::Sleeping;
        }
        process.fds.clear();
    }
    if let Some(run) = &mut steady.run {
        // Which port it is reached at, a run finds out in the moment after it has begun to listen.
        (run.main, run.url) = (false, None);
        if run.state == RunState::Starting {
            run.state = RunState::Listening;
        }
    }
    // A text with a count in it is one note while its code is one.
    for note in &mut steady.notes {
        note.text.clear();
    }
    steady.notes.retain(|note| note.code != "process-blocked");
    steady
}

#[cfg(test)]
mod tests;
