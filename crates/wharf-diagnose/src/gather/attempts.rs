//! Real connections: one to each address that a client would try, until one is made; and what becomes of that one until the
//! server's program accepts it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::connection::TcpState;
use wharf_model::process::ProcessState;
use wharf_os::examine::attempt::{Outcome, attempt_from};
use wharf_os::examine::queue::Queues;

use super::Context;
use crate::facts::Facts;
use crate::facts::network::Diversion;

/// Connects to the addresses in order until one takes the connection, or the last has failed.
pub(super) fn try_all(facts: &mut Facts, context: &mut Context<'_>) {
    for address in facts.addresses.clone().into_iter().take(ADDRESSES) {
        if try_one(facts, context, address) {
            return;
        }
    }
}

/// Connects to `address` once, and returns whether that was done.
pub(super) fn try_one(facts: &mut Facts, context: &mut Context<'_>, address: SocketAddr) -> bool {
    let queues = Queues::default();
    let drops = || queues.at(address).ok().flatten().and_then(|queue| queue.drops);
    let before = drops();
    let (made, stream) = attempt_from(&facts.client.stand, address, PATIENCE.min(context.left()));
    let outcome = made.outcome;
    facts.attempts.push(made);
    if outcome == Outcome::TimedOut
        && let Some((before, after)) = before.zip(drops())
    {
        // The next attempt says it anew.
        facts.watch.drops = after.wrapping_sub(before);
    }
    if outcome == Outcome::Connected {
        (context.stream, context.since) = (stream, Instant::now());
    }
    outcome == Outcome::Connected
}

/// Sees whether the server's program accepts the connection that was made, for a moment.
///
/// Whoever accepts gives the socket a file, and with it an inode; until then it waits in the queue.
pub(super) fn watch_accept(facts: &mut Facts, context: &mut Context<'_>) {
    let patience = if all_halted(facts) { HALTED } else { ACCEPT };
    watch(facts, context, patience);
}

/// Waits until the connection is accepted, for as long as `patience`, counted from when it was made.
pub(super) fn watch(facts: &mut Facts, context: &mut Context<'_>, patience: Duration) {
    let Some((own, server)) = ends(facts) else { return };
    let queues = Queues::default();
    let before = facts.watch.waited;
    let start = Instant::now();
    loop {
        let Ok(half) = queues.half(own, server) else { return };
        facts.watch.half = half;
        facts.watch.waited = before + start.elapsed();
        match half {
            // Ended by a reset already, or not of this network namespace.
            None => {
                facts.accepted = None;
                facts.watch.closed = context.stream.as_ref().and_then(ended);
                return;
            }
            Some(half) if half.state == TcpState::SynReceived => {
                // The third packet of the handshake may still be on its way.
                if deferred_before(facts) || facts.watch.waited >= ARRIVAL {
                    (facts.watch.deferred, facts.accepted) = (true, None);
                    return;
                }
            }
            Some(half) if !half.is_unaccepted() => {
                facts.accepted = Some(true);
                facts.watch.closed = context.stream.as_ref().and_then(ended);
                return;
            }
            Some(_) => (facts.accepted, context.since) = (Some(false), Instant::now()),
        }
        if facts.watch.waited >= patience || context.left().is_zero() {
            return;
        }
        // Most accept within the first millisecond.
        thread::sleep(if facts.watch.waited < ACCEPT { STEP } else { STEP * 4 });
    }
}

/// Returns both ends of the connection that was made: the client's address, and the server's own, which is another than
/// was asked where packets are sent on.
pub(super) fn ends(facts: &Facts) -> Option<(SocketAddr, SocketAddr)> {
    let made = facts.attempts.iter().find(|made| made.outcome == Outcome::Connected)?;
    let sent_on = facts.network.diverted.as_ref().filter(|diverted| diverted.by == Diversion::Packets);
    Some((made.from?, sent_on.map_or(made.to, |diverted| diverted.to)))
}

/// Returns whether the other end has ended the connection before a byte had come, and if so whether by a reset.
fn ended(stream: &TcpStream) -> Option<bool> {
    stream.set_nonblocking(true).ok()?;
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).ok()?;
    match peeked {
        Ok(0) => Some(false),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Some(true),
        _ => None,
    }
}

/// Returns whether the kernel counted that it put off a connection of this kind.
fn deferred_before(facts: &Facts) -> bool {
    facts.attempts.last().is_some_and(|attempt| attempt.counters.get("TcpExtTCPDeferAcceptDrop") > 0)
}

/// Returns whether no process that is known to listen can run.
fn all_halted(facts: &Facts) -> bool {
    let halted = [ProcessState::Stopped, ProcessState::Traced, ProcessState::Frozen, ProcessState::Zombie];
    let Some(detail) = facts.endpoint() else { return false };
    let processes = &detail.endpoint.owner.processes;
    !processes.is_empty() && processes.iter().all(|process| halted.contains(&process.state))
}

/// A name that leads to more addresses than this is not one of this machine.
const ADDRESSES: usize = 3;
/// On loopback an answer takes a tenth of a millisecond; what has not come by now was dropped.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);
/// An event loop accepts within a millisecond, if it runs at all.
const ACCEPT: Duration = Duration::from_millis(25);
/// Whoever cannot run accepts no sooner for being waited for; another process that holds the listener may.
const HALTED: Duration = Duration::from_millis(8);
/// The kernel carries a packet over loopback at once, if a CPU is free.
const ARRIVAL: Duration = Duration::from_millis(5);
const STEP: Duration = Duration::from_micros(500);
