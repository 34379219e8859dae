//! `wharf show`: everything about one port, or about the endpoints of one name.
//!
//! In two steps, because the second costs more: [`head`] has the owner, its ancestry and the number's
//! facts; [`complete`] adds the connections with their processes, and holders beyond the family.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

use wharf_model::connection::{Connection, ProcessRef};
use wharf_model::detail::{Availability, BindTrial, EndpointDetail, PORT_SCHEMA, PortDetail};
use wharf_model::endpoint::{Endpoint, EndpointState, Level, Listener, Note, Protocol};
use wharf_model::filter::Filter;
use wharf_model::port::PortFacts;
use wharf_model::process::Process;
use wharf_model::snapshot::{Snapshot, Warning};
use wharf_os::Os;
use wharf_os::facts::{BindOutcome, Effort, OsError};

use crate::order::SortKey;
use crate::request::{Asker, Request};
use crate::survey::survey;
use crate::{ancestry, connections, number, process};

/// Returns what is known at once of what `filter` names; `target` is what the person wrote.
///
/// Where a listener of wharf's own network namespace has the port, that is the answer; only if there is none
/// are other namespaces looked into, and sockets that are bound and do not listen, which takes the kernel long.
///
/// # Errors
/// As [`survey`].
pub fn head(os: &Os, target: &str, filter: &Filter, asker: &Asker) -> Result<PortDetail, OsError> {
    let near = Request { own_namespace: true, effort: Effort::Quick, ..request(filter, asker) };
    let mut snapshot = survey(os, &near)?;
    if filter.port().is_none() || !snapshot.endpoints.iter().any(listens_here) {
        snapshot = survey(os, &Request { bound: true, ..request(filter, asker) })?;
    }
    leave_held(filter, &mut snapshot);
    let mut endpoints: Vec<EndpointDetail> =
        snapshot.endpoints.into_iter().map(|endpoint| circumstances(os, endpoint)).collect();
    mark_reached(os, filter, &mut endpoints);
    let mut detail = PortDetail {
        schema: PORT_SCHEMA.to_owned(),
        taken_at: snapshot.taken_at,
        target: target.to_owned(),
        number: facts(os, filter, &endpoints),
        availability: None,
        endpoints,
        runs: Vec::new(),
        leases: Vec::new(),
        holding: Vec::new(),
        warnings: snapshot.warnings,
    };
    if let Some(port) =
        filter.port().filter(|_| !detail.endpoints.iter().any(|detail| listens_here(&detail.endpoint)))
    {
        detail.availability = Some(availability(os, filter, port.get(), &detail.endpoints));
        // Where nobody listens, a connection that holds the port is the answer itself.
        note_connections(os, &mut detail);
    }
    Ok(detail)
}

/// Adds to `detail` what takes longer: further endpoints in other network namespaces and bound ones, holders
/// beyond the family, and the connections with their processes.
pub fn complete(os: &Os, filter: &Filter, asker: &Asker, detail: &mut PortDetail) {
    if detail.endpoints.is_empty() {
        return;
    }
    let all = Request { bound: true, effort: Effort::Exhaustive, ..request(filter, asker) };
    match survey(os, &all) {
        Ok(mut snapshot) => {
            leave_held(filter, &mut snapshot);
            merge(os, snapshot, detail);
        }
        Err(error) => {
            let text = format!("the further search failed: {error}");
            detail.warnings.push(Warning { code: "search-failed".to_owned(), text });
        }
    }
    if detail.availability.is_none() {
        note_connections(os, detail);
    }
}

fn request(filter: &Filter, asker: &Asker) -> Request {
    Request { filters: vec![filter.clone()], sort: SortKey::Port, asker: asker.clone(), ..Request::default() }
}

/// Leaves out, of a name, the numbers that wharf only holds for a run that listens at others.
fn leave_held(filter: &Filter, snapshot: &mut Snapshot) {
    if filter.port().is_some() {
        return;
    }
    let wharf = |endpoint: &Endpoint| endpoint.run.as_ref().map(|run| run.wharf_pid);
    let listening: Vec<u32> =
        snapshot.endpoints.iter().filter(|endpoint| listens_here(endpoint)).filter_map(wharf).collect();
    snapshot.endpoints.retain(|endpoint| {
        let holds = |pid: u32| endpoint.owner.processes.iter().any(|process| process.pid == pid);
        let is_held = |pid: u32| endpoint.state == EndpointState::Bound && holds(pid);
        !wharf(endpoint).is_some_and(|pid| is_held(pid) && listening.contains(&pid))
    });
}

fn facts(os: &Os, filter: &Filter, endpoints: &[EndpointDetail]) -> Option<PortFacts> {
    let port = filter.port().map(NonZeroU16::get).or_else(|| one_port(endpoints))?;
    let ephemeral = os.host.ephemeral_range();
    Some(number::facts(port, ephemeral.as_ref(), os.host.unprivileged_port_start()))
}

/// Takes from a later and longer look what the first did not have.
fn merge(os: &Os, snapshot: Snapshot, detail: &mut PortDetail) {
    for endpoint in snapshot.endpoints {
        let known = detail.endpoints.iter_mut().find(|known| known.endpoint.id == endpoint.id);
        let Some(known) = known else {
            detail.endpoints.push(circumstances(os, endpoint));
            continue;
        };
        let holders = &mut known.endpoint.owner.processes;
        if !holders.is_empty() {
            let fresh = |process: &Process| !holders.iter().any(|holder| holder.pid == process.pid);
            let further: Vec<Process> = endpoint.owner.processes.into_iter().filter(fresh).collect();
            holders.extend(further);
        }
    }
    for warning in snapshot.warnings {
        if !detail.warnings.contains(&warning) {
            detail.warnings.push(warning);
        }
    }
}

fn note_connections(os: &Os, detail: &mut PortDetail) {
    if let Err(error) = add_connections(os, detail) {
        let text = format!("connections could not be listed: {error}");
        detail.warnings.push(Warning { code: "connections-unlisted".to_owned(), text });
    }
}

fn circumstances(os: &Os, endpoint: Endpoint) -> EndpointDetail {
    let ancestry =
        endpoint.owner.lead().map(|lead| ancestors(os, lead.ppid, lead.start_ticks)).unwrap_or_default();
    let started_by = endpoint.owner.lead().and_then(|lead| ancestry::started_by(lead, &ancestry));
    let environment_port = endpoint.owner.lead().and_then(|lead| os.processes.environment(lead.pid, "PORT"));
    let options = endpoint
        .owner
        .lead()
        .map(|lead| lead.fds.iter().filter_map(|&fd| os.sockets.options(lead.pid, fd).ok()).collect());
    EndpointDetail {
        endpoint,
        ancestry,
        started_by,
        options: options.unwrap_or_default(),
        environment_port,
        connections: Vec::new(),
    }
}

/// Returns the parents of a process up to the first, nearest first: `parent` is its own, `start_ticks` when it started.
#[must_use]
pub fn ancestors(os: &Os, parent: Option<u32>, start_ticks: u64) -> Vec<Process> {
    let mut ancestors: Vec<Process> = Vec::new();
    let mut next = parent;
    // A parent that started after its child is another process with a reused pid.
    let mut younger = start_ticks;
    while let Some(pid) = next
        && ancestors.len() < ANCESTORS_AT_MOST
    {
        let Some(facts) = os.processes.read(&[pid]).pop() else { break };
        if facts.start_ticks > younger {
            break;
        }
        younger = facts.start_ticks;
        let parent = process::told(facts, Vec::new(), &*os.host);
        next = parent.ppid;
        ancestors.push(parent);
    }
    ancestors
}

/// Where several listeners share the port, marks the one that the asked address (else 127.0.0.1) reaches, as the
/// kernel's own look-up decides it.
fn mark_reached(os: &Os, filter: &Filter, endpoints: &mut [EndpointDetail]) {
    if endpoints.iter().filter(|detail| listens_here(&detail.endpoint)).count() < 2 {
        return;
    }
    let Some(port) = filter.port() else { return };
    let address = match filter {
        Filter::Address(addresses, _) => addresses.first().copied(),
        _ => None,
    };
    let address = SocketAddr::new(address.unwrap_or(Ipv4Addr::LOCALHOST.into()), port.get());
    let Ok(Some(socket)) = os.sockets.listener_at(address) else { return };
    let is_it = |detail: &&mut EndpointDetail| {
        listens_here(&detail.endpoint)
            && detail.endpoint.listeners.iter().any(|listener| listener.inode == Some(socket.inode))
    };
    if let Some(reached) = endpoints.iter_mut().find(is_it) {
        let text = format!("a connection to {address} reaches this one");
        let note = Note { code: "reached".to_owned(), text, level: Level::Info };
        reached.endpoint.notes.insert(0, note);
    }
}

fn one_port(endpoints: &[EndpointDetail]) -> Option<u16> {
    let first = endpoints.first()?.endpoint.port;
    endpoints.iter().all(|detail| detail.endpoint.port == first).then_some(first)
}

fn listens_here(endpoint: &Endpoint) -> bool {
    endpoint.protocol == Protocol::Tcp && endpoint.netns.own && endpoint.state == EndpointState::Listening
}

/// Tries to bind the port as servers do, with SO_REUSEADDR, and without. A port that somebody has bound is not
/// free, even if the kernel would share it.
fn availability(os: &Os, filter: &Filter, port: u16, endpoints: &[EndpointDetail]) -> Availability {
    let asked: Vec<IpAddr> = match filter {
        Filter::Address(addresses, _) => addresses.clone(),
        _ => vec![
            Ipv4Addr::LOCALHOST.into(),
            Ipv6Addr::LOCALHOST.into(),
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv6Addr::UNSPECIFIED.into(),
        ],
    };
    let mut tried = Vec::new();
    for reuse_address in [true, false] {
        for &ip in &asked {
            let address = SocketAddr::new(ip, port);
            let error = match os.sockets.try_bind(address, reuse_address) {
                BindOutcome::Bound => None,
                // A machine without IPv6, or an address it does not have, says nothing of the port.
                BindOutcome::Refused(errno) if NOT_HERE.contains(&errno.as_str()) && asked.len() > 1 => {
                    continue;
                }
                BindOutcome::Refused(errno) => Some(errno),
            };
            tried.push(BindTrial { address, reuse_address, error });
        }
    }
    let mut as_servers_do = tried.iter().filter(|trial| trial.reuse_address);
    let bound =
        endpoints.iter().any(|detail| detail.endpoint.protocol == Protocol::Tcp && detail.endpoint.netns.own);
    let free =
        !bound && as_servers_do.clone().count() > 0 && as_servers_do.all(|trial| trial.error.is_none());
    Availability { free, tried }
}

fn add_connections(os: &Os, detail: &mut PortDetail) -> Result<(), OsError> {
    let port = match &detail.number {
        Some(number) => number.port,
        // A name with several ports: the connections of each.
        None => {
            for endpoint in &mut detail.endpoints {
                let port = endpoint.endpoint.port;
                endpoint.connections = server_side(os, port, std::slice::from_ref(endpoint))?.remove(0);
            }
            return Ok(());
        }
    };
    let mut by_endpoint = server_side(os, port, &detail.endpoints)?;
    if let Some(rest) = by_endpoint.pop()
        && !detail.endpoints.iter().any(|detail| listens_here(&detail.endpoint))
    {
        detail.holding = rest;
    }
    for (endpoint, connections) in detail.endpoints.iter_mut().zip(by_endpoint) {
        endpoint.connections = connections;
    }
    Ok(())
}

/// Returns the connections with local port `port` that belong to each endpoint, and last those of none.
fn server_side(os: &Os, port: u16, endpoints: &[EndpointDetail]) -> Result<Vec<Vec<Connection>>, OsError> {
    let mut sorted = vec![Vec::new(); endpoints.len() + 1];
    let mut sockets = connections::list(os, Some(port), None)?;
    let count = sockets.len();
    if sockets.is_empty() && !endpoints.iter().any(|detail| detail.endpoint.protocol == Protocol::Udp) {
        return Ok(sorted);
    }
    let far = connections::list(os, None, Some(port))?;
    sockets.extend(connections::udp_clients(&sockets, &far));
    for (at, mut connection) in connections::resolve(os, &sockets, &far).into_iter().enumerate() {
        let accepts = |detail: &EndpointDetail| accepted_by(&connection, &detail.endpoint);
        let exactly = |detail: &EndpointDetail| {
            let mut addresses = detail.endpoint.addresses.iter();
            accepts(detail) && addresses.any(|address| address.to_canonical() == connection.local.ip())
        };
        // The kernel gives a connection to the listener at its very address before a wildcard.
        let place = endpoints.iter().position(exactly).or_else(|| endpoints.iter().position(accepts));
        if at >= count {
            // A client that connected by UDP alone takes no port, and the server answers it by its one socket.
            let Some(place) = place else { continue };
            name_server(&mut connection, &endpoints[place].endpoint);
        }
        sorted[place.unwrap_or(endpoints.len())].push(connection);
    }
    Ok(sorted)
}

/// Gives the server's side of a UDP client the socket and the process of the endpoint.
fn name_server(connection: &mut Connection, endpoint: &Endpoint) {
    let ip = connection.local.ip();
    let listener = endpoint.listeners.iter().find(|listener| serves(listener, ip));
    connection.inode = listener.and_then(|listener| listener.inode);
    connection.uid = endpoint.owner.uid;
    let named =
        |lead: &Process| ProcessRef { pid: lead.pid, start_ticks: lead.start_ticks, name: lead.name.clone() };
    connection.process = endpoint.owner.lead().map(named);
}

/// Whether a connection may have been made to the endpoint: to its own address, or to a wildcard that serves its
/// address family.
fn accepted_by(connection: &Connection, endpoint: &Endpoint) -> bool {
    endpoint.netns.own
        && endpoint.protocol == connection.protocol
        && endpoint.state == EndpointState::Listening
        && endpoint.port == connection.local.port()
        && endpoint.listeners.iter().any(|listener| serves(listener, connection.local.ip()))
}

fn serves(listener: &Listener, local: IpAddr) -> bool {
    match (listener.address.to_canonical(), local) {
        (own, local) if own == local => true,
        (IpAddr::V6(own), IpAddr::V4(_)) => own.is_unspecified() && listener.v6_only != Some(true),
        (own, local) => own.is_unspecified() && own.is_ipv4() == local.is_ipv4(),
    }
}

/// Deeper than any real chain; a bound against a /proc that lies.
const ANCESTORS_AT_MOST: usize = 64;
/// What bind(2) says of an address, not of a port.
const NOT_HERE: [&str; 2] = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

#[cfg(test)]
mod tests;
