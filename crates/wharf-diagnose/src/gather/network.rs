//! Interfaces, routes and firewalls between client and listener. Looked at only where a connection fails, or leads
//! elsewhere; what is dear only where the failure may come of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::time::Duration;

use wharf_catalog::detail::head;
use wharf_model::endpoint::{EndpointState, Protocol};
use wharf_model::filter::Filter;
use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::client::{forbidden, is_outside};
use wharf_os::examine::errno::Errno;
use wharf_os::examine::firewall::{Probe, probe};
use wharf_os::examine::programs::{self, Attach, first_packet};
use wharf_os::examine::{links, routes, system};
use wharf_os::facts::HolderSearch;

use super::{Context, attempts, servers};
use crate::facts::network::{Diversion, Diverted, Ports, Program, destination};
use crate::facts::{Facts, Symptom, symptom_of, who};
use crate::question::View;

/// Returns whether the network is to be looked at: nothing was connected.
pub(super) fn is_asked_for(facts: &Facts) -> bool {
    !matches!(facts.symptom(), Symptom::Connected | Symptom::NotTried)
}

/// Looks at the network.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    self_connected(facts, context);
    served_outside(facts);
    let failing = failing(facts);
    if !failing.is_empty() || !facts.is_loopback() {
        facts.network.links = links::list().unwrap_or_default();
    }
    if failing.is_empty() {
        return;
    }
    let uid = facts.client.uid;
    facts.network.ways =
        failing.iter().filter_map(|attempt| routes::way(destination(attempt.to), uid).ok()).collect();
    facts.network.ipv6 = Some(system::ipv6());
    let failed_with = |errnos: &[Errno]| {
        failing.iter().find(|it| matches!(it.outcome, Outcome::Failed(errno) if errnos.contains(&errno)))
    };
    if let Some(attempt) = failed_with(&[Errno::ADDRNOTAVAIL, Errno::ADDRINUSE, Errno::AGAIN]) {
        facts.network.ports = Some(ports(attempt.to, context));
    }
    // Of its own sandbox alone wharf can tell.
    if context.question.view == View::Own
        && let Some(attempt) = failed_with(&[Errno::PERM, Errno::ACCES, Errno::AFNOSUPPORT])
    {
        facts.client.forbidden = Some(forbidden(attempt.to));
    }
    if let Some(to) = worth_watching(facts, &failing) {
        if facts.client.privileged {
            group_programs(facts, context, to);
        }
        facts.network.tracked = system::tracked_connections();
        let ipsec = system::ipsec_drops();
        facts.network.probe = Some(watched(facts, context, to));
        facts.network.ipsec_drops =
            system::ipsec_drops().into_iter().filter(|it| !ipsec.contains(it)).collect();
    }
}

/// Returns the attempts that failed other than for want of a listener.
fn failing(facts: &Facts) -> Vec<Attempt> {
    let is_listened = |address: SocketAddr| {
        facts.reached.iter().any(|reached| reached.address == address && reached.socket.is_some())
    };
    let fails = |attempt: &&Attempt| match symptom_of(attempt) {
        Symptom::Connected => false,
        // A reset of this kernel, though somebody listens: it may be another's, and the refusal a firewall's.
        Symptom::Refused => is_listened(attempt.to),
        _ => true,
    };
    facts.attempts.iter().filter(fails).cloned().collect()
}

/// Returns the address to which one more connection would tell something: one with a listener if there is.
fn worth_watching(facts: &Facts, failing: &[Attempt]) -> Option<SocketAddr> {
    let is_worth = |attempt: &&Attempt| {
        let Outcome::Failed(errno) = attempt.outcome else { return true };
        let is_denied_way = facts.way_to(attempt.to).is_some_and(|way| way.route.is_err());
        !is_denied_way && !OF_THE_CLIENT.contains(&errno)
    };
    let is_down = |address: SocketAddr| {
        let lo = facts.network.links.iter().find(|link| link.is_loopback);
        destination(address).is_loopback() && lo.is_some_and(|lo| !lo.is_up)
    };
    let worth = || failing.iter().filter(is_worth).map(|attempt| attempt.to).filter(|to| !is_down(*to));
    let is_listened = |to: &SocketAddr| {
        facts.reached.iter().any(|reached| reached.address == *to && reached.socket.is_some())
    };
    worth().find(is_listened).or_else(|| worth().next())
}

/// Connects once more, and watches.
fn watched(facts: &Facts, context: &Context<'_>, to: SocketAddr) -> Probe {
    let patience = WATCH.min(context.left());
    probe(to, patience, &facts.client.stand, facts.client.privileged)
}

/// Looks where a connection that was made leads.
pub(super) fn diverted(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(stream) = &context.stream else { return };
    let Some(made) = facts.attempts.iter().find(|made| made.outcome == Outcome::Connected) else { return };
    let (asked, Ok(peer), Ok(own)) = (made.to, stream.peer_addr(), stream.local_addr()) else { return };
    let reached = facts.reached.iter().find(|reached| reached.address == asked);
    let looked_up = reached.and_then(|reached| reached.socket.as_ref()).map(|socket| socket.local);
    let is_other = |found: SocketAddr| {
        let ip = found.ip().to_canonical();
        found.port() != asked.port() || !ip.is_unspecified() && ip != asked.ip().to_canonical()
    };
    let found = if own == peer || asked.ip().is_unspecified() {
        None
    } else if is_other(peer) {
        Some((peer, Diversion::Connect))
    } else if let Some(local) = looked_up.filter(|local| is_other(*local)) {
        Some((local, Diversion::LookUp))
    } else if facts.accepted != Some(true) && asked.ip().to_canonical().is_loopback() {
        let end = system::other_end(own).filter(|(end, _)| is_other(*end));
        if let Some((_, inode)) = end {
            facts.accepted = Some(inode != 0);
        }
        end.map(|(end, _)| (end, Diversion::Packets))
    } else {
        None
    };
    let Some((to, by)) = found else { return };
    let bypassed = match by {
        Diversion::LookUp => facts.listening().next().map(|detail| who(&detail.endpoint)),
        _ => facts.endpoint_at(asked).map(|detail| who(&detail.endpoint)),
    };
    let listener = listener_at(to, context);
    facts.network.diverted = Some(Diverted { asked, to, by, listener, bypassed });
    if facts.accepted == Some(false) {
        // Its other end is known only now; a server that was not asked for is not looked at, but waited for like any other.
        attempts::watch(facts, context, servers::SLOW);
    }
    if facts.client.privileged {
        match by {
            // The rule is found by one more connection.
            Diversion::Packets => facts.network.probe = Some(watched(facts, context, asked)),
            Diversion::Connect => group_programs(facts, context, asked),
            Diversion::LookUp => {}
        }
    }
}

fn listener_at(address: SocketAddr, context: &Context<'_>) -> Option<String> {
    let inode = context.os.sockets.listener_at(address).ok()??.inode;
    let port = NonZeroU16::new(address.port())?;
    let found = head(context.os, &port.to_string(), &Filter::Port(port), &context.question.asker).ok()?;
    let mut endpoints = found.endpoints.into_iter().map(|detail| detail.endpoint);
    endpoints
        .find(|endpoint| endpoint.listeners.iter().any(|listener| listener.inode == Some(inode)))
        .map(|endpoint| who(&endpoint))
}

fn self_connected(facts: &mut Facts, context: &Context<'_>) {
    let refused = facts.attempts.iter().filter(|made| symptom_of(made) == Symptom::Refused);
    let found =
        refused.take(2).find_map(|made| system::connected_with_itself(made.to).map(|inode| (made.to, inode)));
    if let Some((address, inode)) = found {
        let holder = most_of(context, &[inode]).map_or_else(|| "a process".to_owned(), |(who, _)| who);
        facts.network.self_connected = Some((address, holder));
    }
}

/// Looks whether the client is in a namespace of its own, and the server is not.
fn served_outside(facts: &mut Facts) {
    if facts.client.is_apart != Some(true) || facts.is_listened_at() {
        return;
    }
    let outside = facts.endpoints().map(|detail| &detail.endpoint).find(|endpoint| {
        let pid = endpoint.owner.lead().map(|lead| lead.pid).or(endpoint.netns.pid);
        let listens = endpoint.protocol == Protocol::Tcp && endpoint.state == EndpointState::Listening;
        listens && !endpoint.netns.own && pid.and_then(is_outside) == Some(true)
    });
    facts.client.served_outside = outside.map(who);
}

fn ports(to: SocketAddr, context: &Context<'_>) -> Ports {
    let Some(range) = context.os.host.ephemeral_range() else { return Ports::default() };
    let reserved = |port: &u16| range.reserved.iter().any(|(first, last)| (first..=last).contains(&port));
    let available = (range.first..=range.last).filter(|port| !reserved(port)).count();
    let taken = system::ports_taken(to, range.first, range.last);
    let most = most_of(context, &taken.inodes);
    Ports { to: Some(to), range: (range.first, range.last), available, taken, most }
}

/// Returns who holds most of the sockets, with how many.
fn most_of(context: &Context<'_>, inodes: &[u64]) -> Option<(String, usize)> {
    if inodes.is_empty() {
        return None;
    }
    let search = HolderSearch { inodes: inodes.to_vec(), ..HolderSearch::default() };
    let holders = context.os.processes.holders(&search);
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for holder in holders.by_inode.values().flatten() {
        *counts.entry(holder.pid).or_default() += 1;
    }
    let (pid, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let process = holders.processes.get(&pid);
    let name = process.map_or_else(String::new, |process| process.name.clone());
    let place = process.and_then(|process| process.cwd.clone()).map(|cwd| format!(", {cwd}"));
    Some((format!("{name} (pid {pid}{})", place.unwrap_or_default()), count))
}

/// Asks the programs of the client's and the server's control groups what they say of the connection.
fn group_programs(facts: &mut Facts, context: &Context<'_>, to: SocketAddr) {
    let connect = if to.is_ipv4() { Attach::CgroupConnect4 } else { Attach::CgroupConnect6 };
    let from = SocketAddr::new(to.ip(), SOME_PORT);
    let mut found: Option<Vec<Program>> = None;
    let mut ask = |group: Option<std::path::PathBuf>, places: &[Attach], of_server: bool| {
        let Some(programs) = group.and_then(|group| programs::of_group(&group, places)) else { return };
        let judged = programs.into_iter().map(|program| {
            // The client sends the first packet and receives the answer, the server the other way round.
            let packet = match (program.attach, of_server) {
                (Attach::CgroupEgress, false) | (Attach::CgroupIngress, true) => {
                    Some(first_packet(from, to, false))
                }
                (Attach::CgroupEgress, true) | (Attach::CgroupIngress, false) => {
                    Some(first_packet(to, from, true))
                }
                _ => None,
            };
            let denies =
                packet.and_then(|packet| programs::lets_through(program.id, &packet)).map(|lets| !lets);
            Program { program, of_server, denies }
        });
        found.get_or_insert_default().extend(judged);
    };
    let client = facts.client.cgroup.clone().or_else(|| programs::cgroup_of(std::process::id()));
    let packets = [Attach::CgroupEgress, Attach::CgroupIngress];
    ask(client, &[packets[0], packets[1], connect, Attach::CgroupSocketCreate], false);
    let socket = facts.reached.iter().find(|it| it.address == to).and_then(|it| it.socket.as_ref());
    let group = socket.and_then(|socket| context.os.processes.cgroup(socket.cgroup_id?));
    ask(group.and_then(|path| programs::cgroup_at(&path)), &packets, true);
    facts.network.programs = found;
    let lo = facts.network.links.iter().find(|link| link.is_loopback);
    facts.network.xdp = lo.and_then(|lo| lo.xdp).and_then(|id| {
        let drops = programs::xdp_drops(id, &first_packet(from, to, false)) == Some(true);
        drops.then(|| (id, programs::name(id).unwrap_or_default()))
    });
    facts.network.tcx = lo.and_then(|lo| {
        let packets = [first_packet(from, to, false), first_packet(to, from, true)];
        let mut ids = programs::of_interface(lo.index).into_iter();
        let id = ids.find(|id| packets.iter().any(|packet| programs::tc_drops(*id, packet) == Some(true)))?;
        Some((id, programs::name(id).unwrap_or_default()))
    });
}

/// Lists the programs of the control group that decide on bind(2), where one may have denied it.
pub(super) fn bind_programs(facts: &mut Facts, address: SocketAddr) {
    if facts.bind_error() != Some(Errno::PERM) {
        return;
    }
    let attach = if address.is_ipv4() { Attach::CgroupBind4 } else { Attach::CgroupBind6 };
    let group = facts.client.cgroup.clone().or_else(|| programs::cgroup_of(std::process::id()));
    let found = group.and_then(|group| programs::of_group(&group, &[attach]));
    facts.network.programs = found.map(|programs| {
        programs.into_iter().map(|program| Program { program, of_server: false, denies: None }).collect()
    });
}

/// Errors that no packet has to do with.
const OF_THE_CLIENT: [Errno; 5] =
    [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT, Errno::INVAL];
/// All that happens to the packets of a connection within this machine happens while they are sent.
const WATCH: Duration = Duration::from_millis(30);
/// A port for a packet that is not sent.
const SOME_PORT: u16 = 54_321;
