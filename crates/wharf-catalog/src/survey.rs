//! `wharf ls`: every endpoint of this machine at one instant.

use std::collections::{BTreeSet, HashMap};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use wharf_model::filter::Filter;
use wharf_model::owner::HeldBy;
use wharf_model::place::Netns;
use wharf_model::port::PortRange;
use wharf_model::snapshot::{ENDPOINTS_SCHEMA, Snapshot, Warning};
use wharf_os::Os;
use wharf_os::facts::{
    Effort, HolderSearch, Holders, Namespace, OsError, Partial, ProcessFacts, QueuedSocket, SocketFacts,
    SocketQuery,
};

use crate::fold::{Group, Placed, groups};
use crate::order::{SortKey, sort};
use crate::place::Places;
use crate::{connections, exposure, notes, owner};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Alternatives: an endpoint is shown if one of them matches; all if there are none.
    pub filters: Vec<Filter>,
    /// Also connections, with the processes that hold them.
    pub connections: bool,
    /// Also sockets that are bound and do not listen.
    pub bound: bool,
    /// Only endpoints of wharf's own user.
    pub mine: bool,
    /// Only endpoints that are not loopback only.
    pub exposed: bool,
    /// Only endpoints of some project.
    pub in_project: bool,
    /// Only endpoints of this project.
    pub project: Option<Filter>,
    /// Order of the endpoints.
    pub sort: SortKey,
    /// Only wharf's own network namespace.
    pub own_namespace: bool,
    /// How far holders are searched.
    pub effort: Effort,
    /// Home directory of the one who asks, which is no project.
    pub home: Option<String>,
}

/// Takes the survey.
///
/// # Errors
/// [`OsError`] only if the kernel's sockets cannot be listed at all; what is missing otherwise is a warning.
pub fn survey(os: &Os, request: &Request) -> Result<Snapshot, OsError> {
    let taken_at = os.clock.now();
    let mut seen = look(os, request)?;
    let mut endpoints = endpoints(os, &mut seen, request.home.as_deref());
    notes::on_shared_ports(&mut endpoints);
    let own_uid = os.host.own_uid();
    endpoints.retain(|endpoint| wanted(endpoint, request, own_uid));
    sort(&mut endpoints, request.sort, own_uid);
    seen.warnings.extend(hidden(&endpoints, &seen.holders, own_uid));
    let connections =
        if request.connections { all_connections(os, request, &mut seen.warnings) } else { Vec::new() };
    seen.warnings.dedup();
    Ok(Snapshot {
        schema: ENDPOINTS_SCHEMA.to_owned(),
        taken_at,
        boot_id: os.host.boot_id(),
        endpoints,
        connections,
        warnings: seen.warnings,
    })
}

/// Everything that the kernel was asked for one survey.
struct Seen {
    sockets: Vec<Placed>,
    namespaces: Vec<Namespace>,
    holders: Holders,
    queued: Vec<QueuedSocket>,
    processes: HashMap<u32, ProcessFacts>,
    warnings: Vec<Warning>,
}

fn look(os: &Os, request: &Request) -> Result<Seen, OsError> {
    let query = query(request);
    let own = os.sockets.list(None, &query)?;
    let mut warnings = own.warnings;
    let others = if request.own_namespace { Partial::default() } else { os.sockets.namespaces() };
    warnings.extend(others.warnings);
    let mut sockets: Vec<Placed> =
        own.value.into_iter().map(|socket| Placed { namespace: 0, socket }).collect();
    let mut unread = 0;
    for (index, namespace) in others.value.iter().enumerate() {
        match os.sockets.list(Some(namespace), &query) {
            Ok(listed) => {
                let place = |socket| Placed { namespace: index + 1, socket };
                sockets.extend(listed.value.into_iter().map(place));
            }
            Err(OsError::Gone { .. }) => {}
            Err(_) => unread += 1,
        }
    }
    if unread > 0 {
        let text = format!("{unread} other network namespaces (containers) could not be read: root can");
        warnings.push(Warning { code: "namespaces-unread".to_owned(), text });
    }
    let (mut holders, sockets, queued) = hold(os, request, &query, &others.value, sockets);
    let processes = read_processes(os, &mut holders, &queued);
    Ok(Seen { sockets, namespaces: others.value, holders, queued, processes, warnings })
}

/// Finds who holds the sockets. A socket nobody seems to hold is looked at twice: its owner may have come or
/// gone in the middle of the search.
fn hold(
    os: &Os,
    request: &Request,
    query: &SocketQuery,
    namespaces: &[Namespace],
    mut sockets: Vec<Placed>,
) -> (Holders, Vec<Placed>, Vec<QueuedSocket>) {
    let inodes = |sockets: &[Placed]| sockets.iter().map(|placed| placed.socket.inode).collect::<Vec<_>>();
    let mut holders =
        os.processes.holders(&HolderSearch { inodes: inodes(&sockets), effort: request.effort });
    let unheld = |holders: &Holders, placed: &Placed| !holders.by_inode.contains_key(&placed.socket.inode);
    if !sockets.iter().any(|placed| unheld(&holders, placed)) {
        return (holders, sockets, Vec::new());
    }
    let still_there = still_there(os, query, namespaces, &sockets, |placed| unheld(&holders, placed));
    sockets.retain(|placed| !unheld(&holders, placed) || still_there.contains(&key(placed)));
    // Another user's socket is unheld for want of privilege; it would be looked for in vain.
    let own_uid = os.host.own_uid();
    let searchable =
        |placed: &&Placed| unheld(&holders, placed) && (own_uid == 0 || placed.socket.uid == own_uid);
    let missing: Vec<u64> = sockets.iter().filter(searchable).map(|placed| placed.socket.inode).collect();
    if missing.is_empty() {
        return (holders, sockets, Vec::new());
    }
    let again = os.processes.holders(&HolderSearch { inodes: missing.clone(), effort: request.effort });
    holders.by_inode.extend(again.by_inode);
    holders.processes.extend(again.processes);
    let missing: Vec<u64> =
        missing.into_iter().filter(|inode| !holders.by_inode.contains_key(inode)).collect();
    let queued = if missing.is_empty() { Vec::new() } else { os.sockets.in_flight(&missing).value };
    (holders, sockets, queued)
}

/// Identity of a socket: its cookie, or where there is none its inode.
fn key(placed: &Placed) -> (usize, u64, u64) {
    (placed.namespace, placed.socket.cookie.unwrap_or(0), placed.socket.inode)
}

/// Asks again for the namespaces of the sockets that `doubtful` picks; returns the keys of all that are there.
fn still_there(
    os: &Os,
    query: &SocketQuery,
    namespaces: &[Namespace],
    sockets: &[Placed],
    doubtful: impl Fn(&Placed) -> bool,
) -> BTreeSet<(usize, u64, u64)> {
    let places: BTreeSet<usize> =
        sockets.iter().filter(|placed| doubtful(placed)).map(|placed| placed.namespace).collect();
    let mut keys = BTreeSet::new();
    for place in places {
        let namespace = place.checked_sub(1).and_then(|index| namespaces.get(index));
        let Ok(listed) = os.sockets.list(namespace, query) else { continue };
        keys.extend(listed.value.into_iter().map(|socket| key(&Placed { namespace: place, socket })));
    }
    keys
}

/// Returns what is known of holders, of those a socket waits for, and of their parents: one that is a zombie, or
/// that stands between two holders, matters.
fn read_processes(os: &Os, holders: &mut Holders, queued: &[QueuedSocket]) -> HashMap<u32, ProcessFacts> {
    let mut processes: HashMap<u32, ProcessFacts> =
        std::mem::take(&mut holders.processes).into_iter().collect();
    let mut add = |pids: Vec<u32>| {
        let mut missing: Vec<u32> = pids.into_iter().filter(|pid| !processes.contains_key(pid)).collect();
        missing.sort_unstable();
        missing.dedup();
        processes.extend(os.processes.read(&missing).into_iter().map(|facts| (facts.pid, facts)));
        processes.values().map(|facts| facts.ppid).filter(|&ppid| ppid > 1).collect::<Vec<u32>>()
    };
    let parents = add(queued.iter().flat_map(|queued| queued.pids.clone()).collect());
    add(parents);
    processes
}

fn query(request: &Request) -> SocketQuery {
    let mut states = vec![TcpState::Listen, TcpState::Closed];
    if request.bound {
        states.push(TcpState::Bound);
    }
    // One port is a question the kernel narrows by itself.
    let local_port = match request.filters.as_slice() {
        [filter] => filter.port().map(std::num::NonZeroU16::get),
        _ => None,
    };
    SocketQuery { protocols: vec![Protocol::Tcp, Protocol::Udp], states, local_port, remote_port: None }
}

fn endpoints(os: &Os, seen: &mut Seen, home: Option<&str>) -> Vec<Endpoint> {
    let groups = groups(std::mem::take(&mut seen.sockets), &seen.holders);
    let evidence =
        owner::Evidence { os, holders: &seen.holders, queued: &seen.queued, processes: &seen.processes };
    let mut places = Places::new(os, &seen.namespaces, &seen.holders.denied, home);
    let mut endpoints = Vec::with_capacity(groups.len());
    for group in groups {
        if group.port == 0 {
            continue;
        }
        let mut endpoint = endpoint(&group, &seen.namespaces, owner::of(&group, &evidence));
        places.fill(&mut endpoint);
        let parent = endpoint.owner.lead().and_then(|lead| seen.processes.get(&lead.ppid?));
        endpoint.notes = notes::on(&endpoint, parent);
        endpoint.notes.extend(notes::on_queues(&endpoint, &seen.queued));
        endpoints.push(endpoint);
    }
    seen.warnings.append(&mut places.warnings);
    endpoints
}

fn endpoint(group: &Group, namespaces: &[Namespace], owner: wharf_model::owner::Owner) -> Endpoint {
    let own = group.namespace == 0;
    let netns = netns(group.namespace.checked_sub(1).and_then(|index| namespaces.get(index)));
    let addresses = group.addresses();
    let exposures =
        group.sockets.iter().map(|socket| exposure::of(socket.local.ip(), socket.device.as_deref(), own));
    Endpoint {
        id: id(group, &netns),
        protocol: group.protocol,
        addresses,
        port: group.port,
        state: group.state,
        exposure: exposures.max().unwrap_or(Exposure::Loopback),
        netns,
        listeners: group.sockets.iter().map(|socket| listener(socket, group.state)).collect(),
        owner,
        service: None,
        project: None,
        container: None,
        unit: None,
        range: PortRange::of(group.port),
        notes: Vec::new(),
    }
}

fn netns(namespace: Option<&Namespace>) -> Netns {
    match namespace {
        None => Netns { inode: None, own: true, name: None, pid: None },
        Some(namespace) => Netns {
            inode: namespace.inode,
            own: false,
            name: namespace.name.clone(),
            pid: namespace.pids.first().copied(),
        },
    }
}

fn id(group: &Group, netns: &Netns) -> String {
    let place = match (netns.own, netns.inode) {
        (true, _) => "own".to_owned(),
        (false, Some(inode)) => inode.to_string(),
        (false, None) => format!("pid{}", netns.pid.unwrap_or(0)),
    };
    let addresses: Vec<String> = group.addresses().iter().map(ToString::to_string).collect();
    let sockets: Vec<String> =
        group.sockets.iter().map(|socket| format!("{:x}", socket.cookie.unwrap_or(socket.inode))).collect();
    format!(
        "{place}/{}/{}/{}/{}",
        group.protocol.as_str(),
        addresses.join(","),
        group.port,
        sockets.join(",")
    )
}

fn listener(socket: &SocketFacts, state: EndpointState) -> Listener {
    let listens = socket.protocol == Protocol::Tcp && state == EndpointState::Listening;
    // /proc/net does not tell a backlog, and one of 0 is not what a cookie-less socket has.
    let knows_backlog = listens && socket.cookie.is_some();
    Listener {
        address: socket.local.ip(),
        inode: Some(socket.inode).filter(|&inode| inode != 0),
        cookie: socket.cookie,
        uid: socket.uid,
        accept_queue: listens.then_some(socket.receive_queue),
        backlog: knows_backlog.then_some(socket.send_queue),
        receive_queue_bytes: (socket.protocol == Protocol::Udp).then_some(socket.receive_queue),
        device: socket.device.clone(),
        v6_only: socket.v6_only,
        cgroup_id: socket.cgroup_id,
    }
}

fn wanted(endpoint: &Endpoint, request: &Request, own_uid: u32) -> bool {
    let mine = endpoint.owner.uid == own_uid;
    let exposed = matches!(endpoint.exposure, Exposure::Address | Exposure::AllInterfaces);
    (request.filters.is_empty() || request.filters.iter().any(|filter| filter.matches(endpoint)))
        && (!request.mine || mine)
        && (!request.exposed || exposed)
        && (!request.in_project || endpoint.project.is_some() || request.project.is_some())
        && request.project.as_ref().is_none_or(|project| project.matches(endpoint))
}

fn all_connections(
    os: &Os,
    request: &Request,
    warnings: &mut Vec<Warning>,
) -> Vec<wharf_model::connection::Connection> {
    let port = query(request).local_port;
    match connections::list(os, port, None) {
        Ok(sockets) => connections::resolve(os, &sockets, &[]),
        Err(error) => {
            let text = format!("connections could not be listed: {error}");
            warnings.push(Warning { code: "connections-unlisted".to_owned(), text });
            Vec::new()
        }
    }
}

/// Says once what root would add.
fn hidden(endpoints: &[Endpoint], holders: &Holders, own_uid: u32) -> Option<Warning> {
    let hidden = endpoints.iter().filter(|endpoint| endpoint.owner.held_by == HeldBy::Hidden).count();
    if hidden == 0 {
        return None;
    }
    let why = if holders.processes_hidden {
        "this /proc hides other users' processes (hidepid), or there is none"
    } else if own_uid == 0 {
        "some processes may not be looked into even by root"
    } else {
        "other users' processes keep their descriptors to themselves, and only root sees those"
    };
    let text = format!("the process behind {hidden} of the endpoints is not known: {why}");
    Some(Warning { code: "owners-hidden".to_owned(), text })
}
