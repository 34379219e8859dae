//! Who holds the sockets of an endpoint, and where that is not known, why not.

use std::collections::{BTreeMap, HashMap};

use wharf_model::owner::{HeldBy, Owner};
use wharf_model::process::Process;
use wharf_os::Os;
use wharf_os::facts::{Holders, ProcessFacts, QueuedSocket};

use crate::fold::{Group, holders_of};
use crate::{ancestry, process};

/// Everything known of holders, for deciding the owners of all endpoints.
pub(crate) struct Evidence<'a> {
    pub(crate) os: &'a Os,
    pub(crate) holders: &'a Holders,
    pub(crate) queued: &'a [QueuedSocket],
    /// Processes that hold something or are waited on, by pid.
    pub(crate) processes: &'a HashMap<u32, ProcessFacts>,
}

/// Returns the owner of an endpoint.
pub(crate) fn of(group: &Group, evidence: &Evidence<'_>) -> Owner {
    let processes = processes(group, evidence);
    let queued_to = if processes.is_empty() { queued_to(group, evidence) } else { Vec::new() };
    let held_by = if !processes.is_empty() {
        HeldBy::Processes
    } else if !queued_to.is_empty() {
        HeldBy::InFlight
    } else if evidence.holders.processes_hidden || !evidence.holders.denied.is_empty() {
        HeldBy::Hidden
    } else {
        HeldBy::NoProcess
    };
    let uid = group.sockets.first().map_or(0, |socket| socket.uid);
    // Processes tell their own control group; the socket's is looked up only where there are none to ask.
    let cgroup = if processes.is_empty() { socket_cgroup(group, evidence.os) } else { None };
    Owner { uid, user: evidence.os.host.user_name(uid), held_by, processes, queued_to, cgroup }
}

/// Returns the path of the control group the sockets were made in; the root group says nothing.
fn socket_cgroup(group: &Group, os: &Os) -> Option<String> {
    let id = group.sockets.iter().find_map(|socket| socket.cgroup_id)?;
    os.processes.cgroup(id).filter(|path| path != "/")
}

fn processes(group: &Group, evidence: &Evidence<'_>) -> Vec<Process> {
    let mut fds: BTreeMap<(u32, u64), Vec<u32>> = BTreeMap::new();
    for holder in holders_of(&group.sockets, evidence.holders) {
        fds.entry((holder.pid, holder.start_ticks)).or_default().push(holder.fd);
    }
    let mut processes = Vec::with_capacity(fds.len());
    for ((pid, start_ticks), mut fds) in fds {
        // A pid that was reused between the two looks is another process: not the holder.
        let same = evidence.processes.get(&pid).filter(|facts| facts.start_ticks == start_ticks);
        let Some(facts) = same else { continue };
        fds.sort_unstable();
        fds.dedup();
        processes.push(process::told(facts.clone(), fds, &*evidence.os.host));
    }
    in_order_of_lead(processes)
}

/// Puts the process that leads first: a master before its workers.
fn in_order_of_lead(processes: Vec<Process>) -> Vec<Process> {
    let order = ancestry::lead(&processes);
    let mut processes: Vec<Option<Process>> = processes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| processes.get_mut(index)?.take()).collect()
}

fn queued_to(group: &Group, evidence: &Evidence<'_>) -> Vec<Process> {
    let waits = |queued: &&QueuedSocket| {
        queued.seen && group.sockets.iter().any(|socket| socket.inode == queued.inode)
    };
    let mut pids: Vec<u32> =
        evidence.queued.iter().filter(waits).flat_map(|queued| queued.pids.clone()).collect();
    pids.sort_unstable();
    pids.dedup();
    let facts = pids.iter().filter_map(|pid| evidence.processes.get(pid));
    facts.map(|facts| process::told(facts.clone(), Vec::new(), &*evidence.os.host)).collect()
}
