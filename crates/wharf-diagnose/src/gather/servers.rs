//! The server's processes, examined. Asked only where it does not accept, or does not answer.
//!
//! Twice, with a while in between, because what a server does now says little: a busy one accepts in the end. Not here: how
//! a process is found to be what it is ([`examined`]), and what follows.

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{io, thread};

use wharf_os::examine::cgroup::{self, Frozen};
use wharf_os::examine::process::files_of_machine;
use wharf_os::examine::queue::{self, Queue, Queues};
use wharf_os::facts::{Effort, HolderSearch};

use super::{Context, attempts};
use crate::facts::servers::{Machine, Server, Stuck};
use crate::facts::{Facts, Symptom};

mod examined;
mod listener;
mod proxy_header;
mod traffic;
mod wrappers;

use examined::Sample;
use traffic::Traffic;

/// Examines the processes behind the endpoint that was reached.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(reached) = facts.reached.iter().find_map(|reached| reached.socket.as_ref()) else { return };
    let (address, queues) = (reached.local, Queues::default());
    let Ok(own) = at(&queues, address) else { return };
    if facts.talk.silent && facts.accepted != Some(true) {
        // A server that the kernel wakes at the first byte is asked to accept only then.
        attempts::watch(facts, context, Duration::ZERO);
    }
    let stuck = match facts.symptom() {
        Symptom::Hangs if own.iter().any(Queue::is_full) => Some(Stuck::Full),
        _ => facts.stuck(),
    };
    let before = Traffic::list(&queues, address, facts);
    let holders = context.os.processes.holders(&search(&own, &before));
    let first = Sample::take(&own, &before, &holders);
    // Whose the process is may not be seen, and yet that its group is frozen.
    let is_frozen = || first.is_empty() && own.iter().any(|queue| frozen_group(queue, context).is_some());
    let is_halted = first.cannot_accept() || is_frozen();
    wait(facts, context, stuck, is_halted, &before);
    if facts.accepted == Some(true) && stuck == Some(Stuck::Unaccepted) {
        return;
    }
    let after = Traffic::list(&queues, address, facts);
    let queues = at(&queues, address).unwrap_or_default();
    let processes = first.compare(context.os);
    let mut server = Server {
        endpoint: facts.endpoint().map(|detail| detail.endpoint.id.clone()).unwrap_or_default(),
        held_by: facts.endpoint().map(|detail| detail.endpoint.owner.held_by),
        is_hidden: processes.is_empty() && (!holders.denied.is_empty() || holders.processes_hidden),
        processes,
        moves: before.has_moved(&after, waiting(&own), waiting(&queues)),
        waiting: after.waiting.clone(),
        serving: before.served(&holders),
        watched: facts.watch.waited,
        half_open: after.half_open,
        machine: machine(),
        frozen_group: queues.iter().find_map(|queue| frozen_group(queue, context)),
        filter: listener::filter(&queues, &holders),
        queues,
        ..Server::default()
    };
    if !matches!(stuck, Some(Stuck::Unaccepted | Stuck::Full)) {
        server.denied_by = listener::denied_by(&server, facts, context.os);
        server.proxy_header = proxy_header::look(&server, address.port(), context.os);
    }
    facts.servers = vec![server];
    if facts.symptom() == Symptom::Hangs {
        again(facts, context);
    }
}

/// Tells of several listeners with one address, where our connection was accepted by one of them.
pub(super) fn members(facts: &mut Facts, context: &mut Context<'_>) {
    let listeners: Vec<_> = facts.listening().flat_map(|detail| &detail.endpoint.listeners).collect();
    let waits = listeners.iter().any(|listener| {
        let twins = listeners.iter().filter(|twin| twin.address == listener.address).count();
        twins > 1 && listener.accept_queue.unwrap_or(0) > 0
    });
    if waits {
        look(facts, context);
    }
}

fn at(queues: &Queues, address: SocketAddr) -> io::Result<Vec<Queue>> {
    let mut found = queues.of_port(address.port())?;
    found.retain(|queue| queue.address == address);
    Ok(found)
}

fn waiting(queues: &[Queue]) -> u32 {
    queues.iter().map(|queue| queue.waiting).sum()
}

fn search(queues: &[Queue], traffic: &Traffic) -> HolderSearch {
    let mut inodes: Vec<u64> = queues.iter().map(|queue| queue.inode).collect();
    inodes.extend(traffic.inodes());
    HolderSearch { inodes, effort: Effort::Exhaustive, ..HolderSearch::default() }
}

/// Waits as long as the server may still turn out to be only slow.
fn wait(
    facts: &mut Facts,
    context: &mut Context<'_>,
    stuck: Option<Stuck>,
    is_halted: bool,
    before: &Traffic,
) {
    let pause = |time: Duration| thread::sleep(time.min(context.left()));
    let so_far = facts.watch.waited;
    match stuck {
        Some(Stuck::Unaccepted) => {
            let patience = match (is_halted, before.is_old(SLOW)) {
                (true, _) => so_far + GLANCE,
                (false, true) => so_far + WATCH,
                (false, false) => SLOW,
            };
            attempts::watch(facts, context, patience);
        }
        Some(Stuck::Full) if is_halted => pause(GLANCE),
        Some(Stuck::Full) if !before.is_old(SLOW) => pause(SLOW - attempts::PATIENCE),
        Some(Stuck::Full | Stuck::Silent) => pause(WATCH),
        // It runs, or it would not have hung up.
        None if facts.talk.closed.is_some() => pause(GLANCE),
        // One of several listeners.
        None if facts.accepted == Some(true) => pause(WATCH),
        None => pause(GLANCE),
    }
}

fn frozen_group(queue: &Queue, context: &Context<'_>) -> Option<Frozen> {
    cgroup::frozen_at(&context.os.processes.cgroup(queue.cgroup_id?)?)
}

fn machine() -> Machine {
    Machine {
        files: files_of_machine(),
        abort_on_overflow: queue::setting("tcp_abort_on_overflow"),
        syncookies: queue::setting("tcp_syncookies"),
        max_syn_backlog: queue::setting("tcp_max_syn_backlog"),
    }
}

/// Connects once more where a queue that was full for a moment has room again: then the server was only slow.
fn again(facts: &mut Facts, context: &mut Context<'_>) {
    let overflowed =
        |facts: &Facts| facts.attempts.iter().any(|made| made.counters.get("TcpExtListenOverflows") > 0);
    let has_room = facts.servers.iter().all(|server| !server.queues.iter().any(Queue::is_full));
    let Some(address) = facts.attempts.last().map(|made| made.to) else { return };
    if has_room && overflowed(facts) && facts.attempts.len() < CONNECTIONS {
        let start = Instant::now();
        if attempts::try_one(facts, context, address) {
            facts.servers.clear();
            facts.watch.waited = start.elapsed();
            attempts::watch(facts, context, SLOW);
        }
    }
}

/// Time that is kept for looking at a server after all else.
pub(super) const RESERVE: Duration = Duration::from_millis(80);
/// What is seen of a process needs two looks, this far apart.
const WATCH: Duration = Duration::from_millis(50);
/// A look at whoever is known not to run.
const GLANCE: Duration = Duration::from_millis(5);
/// A server that accepts later than this is not only slow.
pub(super) const SLOW: Duration = Duration::from_millis(500);
/// Most connections to one target.
const CONNECTIONS: usize = 3;
