//! `wharf ls`: every endpoint of this machine at one instant.

use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use wharf_model::owner::HeldBy;
use wharf_model::place::Netns;
use wharf_model::port::PortRange;
use wharf_model::snapshot::{ENDPOINTS_SCHEMA, Snapshot, Warning};
use wharf_os::Os;
use wharf_os::facts::{Holders, Namespace, OsError, SocketFacts};

use crate::fold::{Group, groups};
use crate::look::{Seen, look};
use crate::order::sort;
use crate::place::Places;
use crate::request::{Asker, Request};
use crate::{connections, exposure, notes, owner, run};

/// Takes the survey.
///
/// # Errors
/// [`OsError`] only if the kernel's sockets cannot be listed at all; what is missing otherwise is a warning.
pub fn survey(os: &Os, request: &Request) -> Result<Snapshot, OsError> {
    let taken_at = os.clock.now();
    let mut seen = look(os, request)?;
    let mut endpoints = endpoints(os, &mut seen, &request.asker);
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

fn endpoints(os: &Os, seen: &mut Seen, asker: &Asker) -> Vec<Endpoint> {
    let groups = groups(std::mem::take(&mut seen.sockets), &seen.holders);
    let evidence =
        owner::Evidence { os, holders: &seen.holders, queued: &seen.queued, processes: &seen.processes };
    let mut places = Places::new(os, &seen.namespaces, &seen.holders.denied, asker.home.as_deref());
    let mut endpoints = Vec::with_capacity(groups.len());
    for group in groups {
        if group.port == 0 {
            continue;
        }
        let mut endpoint = endpoint(&group, &seen.namespaces, owner::of(&group, &evidence));
        endpoint.run = run::of(&endpoint, &asker.runs, os, &seen.processes);
        fill(&mut endpoint, &mut places, os, asker);
        let parent = endpoint.owner.lead().and_then(|lead| seen.processes.get(&lead.ppid?));
        endpoint.notes = notes::on(&endpoint, parent);
        endpoint.notes.extend(notes::on_queues(&endpoint, &seen.queued));
        endpoints.push(endpoint);
    }
    seen.warnings.append(&mut places.warnings);
    endpoints
}

/// Fills in places: those of the program, where wharf listens for it.
fn fill(endpoint: &mut Endpoint, places: &mut Places<'_>, os: &Os, asker: &Asker) {
    let Some(program) = run::behind_door(endpoint, &asker.runs, os) else { return places.fill(endpoint) };
    let wharf = std::mem::replace(&mut endpoint.owner.processes, vec![program]);
    places.fill(endpoint);
    endpoint.owner.processes = wharf;
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
        run: None,
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
    let port = request.query().local_port;
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
        "not even root may look into every process here"
    } else {
        "only root can look into other users' processes"
    };
    let text = match hidden {
        1 => format!("the owner of one endpoint is hidden: {why}"),
        _ => format!("the owners of {hidden} endpoints are hidden: {why}"),
    };
    Some(Warning { code: "owners-hidden".to_owned(), text })
}

#[cfg(test)]
mod tests;
