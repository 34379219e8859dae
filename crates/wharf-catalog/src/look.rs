//! What the kernel is asked for one survey: sockets, namespaces, holders, processes. Facts, not judged yet.

use std::collections::{BTreeSet, HashMap};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_os::facts::{
    Effort, HolderSearch, Holders, Namespace, OsError, Partial, ProcessFacts, QueuedSocket, SocketQuery,
};

use crate::fold::Placed;
use crate::request::Request;

/// Everything that the kernel was asked for one survey.
pub(crate) struct Seen {
    pub(crate) sockets: Vec<Placed>,
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) holders: Holders,
    pub(crate) queued: Vec<QueuedSocket>,
    pub(crate) processes: HashMap<u32, ProcessFacts>,
    pub(crate) warnings: Vec<Warning>,
}

/// Asks for everything.
pub(crate) fn look(os: &Os, request: &Request) -> Result<Seen, OsError> {
    let query = request.query();
    let (near, others) = near_and_others(os, request, &query);
    let (mut sockets, mut holders, mut warnings) = near?;
    warnings.extend(others.warnings);
    let far = far(os, &query, &others.value, &mut warnings);
    if !far.is_empty() {
        merge(&mut holders, far_holders(os, request, &others.value, &far));
        sockets.extend(far);
    }
    let queued = look_again(os, request, &query, &others.value, &mut sockets, &mut holders);
    let processes = read_processes(os, &mut holders, &queued);
    Ok(Seen { sockets, namespaces: others.value, holders, queued, processes, warnings })
}

/// Sockets of wharf's own namespace with their holders, and the other namespaces: beside each other where there is
/// much to look at, which also wakes a second CPU early. An idle virtual CPU takes a millisecond or more to come, in
/// which one alone is done where there is little.
fn near_and_others(
    os: &Os,
    request: &Request,
    query: &SocketQuery,
) -> (Result<Near, OsError>, Partial<Vec<Namespace>>) {
    if request.own_namespace {
        return (near(os, request, query), Partial::default());
    }
    if !os.processes.are_many() {
        return (near(os, request, query), os.sockets.namespaces());
    }
    std::thread::scope(|scope| {
        let others = scope.spawn(|| os.sockets.namespaces());
        let near = near(os, request, query);
        (near, others.join().unwrap_or_default())
    })
}

type Near = (Vec<Placed>, Holders, Vec<Warning>);

/// The sockets of wharf's own namespace, and who holds them.
fn near(os: &Os, request: &Request, query: &SocketQuery) -> Result<Near, OsError> {
    let listed = os.sockets.list(None, query)?;
    let sockets: Vec<Placed> =
        listed.value.into_iter().map(|socket| Placed { namespace: 0, socket }).collect();
    let mut search = search(os, request, &sockets, Vec::new());
    if request.effort == Effort::Quick && query.local_port.is_some() {
        search.hints = listeners(os);
    }
    Ok((sockets, os.processes.holders(&search), listed.warnings))
}

/// The inodes of all TCP listeners of wharf's own namespace.
fn listeners(os: &Os) -> Vec<u64> {
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp],
        states: vec![TcpState::Listen],
        local_port: None,
        remote_port: None,
    };
    let listed = os.sockets.list(None, &query).unwrap_or_default();
    listed.value.into_iter().map(|socket| socket.inode).collect()
}

/// Whom to look for, and for whom not to go far: an ordinary user is not let into the processes that hold others'
/// sockets, save for one that inherited it.
fn search(os: &Os, request: &Request, sockets: &[Placed], among: Vec<u32>) -> HolderSearch {
    let own_uid = os.host.own_uid();
    let goes_far =
        |placed: &&Placed| own_uid == 0 || placed.socket.uid == own_uid || request.effort != Effort::Enough;
    let (near, far): (Vec<&Placed>, Vec<&Placed>) = sockets.iter().partition(goes_far);
    let inodes = |placed: Vec<&Placed>| placed.into_iter().map(|placed| placed.socket.inode).collect();
    HolderSearch {
        inodes: inodes(near),
        in_passing: inodes(far),
        hints: Vec::new(),
        effort: request.effort,
        among,
    }
}

/// The sockets of the other namespaces.
fn far(os: &Os, query: &SocketQuery, namespaces: &[Namespace], warnings: &mut Vec<Warning>) -> Vec<Placed> {
    let mut sockets = Vec::new();
    let mut unread = 0;
    for (index, namespace) in namespaces.iter().enumerate() {
        match os.sockets.list(Some(namespace), query) {
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
    sockets
}

/// Who holds the sockets of other namespaces: mostly a process that lives there, else anybody.
fn far_holders(os: &Os, request: &Request, namespaces: &[Namespace], sockets: &[Placed]) -> Holders {
    let among = namespaces.iter().flat_map(|namespace| namespace.pids.iter().copied()).collect();
    let mut holders = os.processes.holders(&search(os, request, sockets, among));
    let unheld = |placed: &&Placed| !holders.by_inode.contains_key(&placed.socket.inode);
    let missing: Vec<Placed> = sockets.iter().filter(unheld).cloned().collect();
    if !missing.is_empty() {
        merge(&mut holders, os.processes.holders(&search(os, request, &missing, Vec::new())));
    }
    holders
}

/// Looks twice at sockets that nobody seems to hold: their owner may have come or gone in the middle of the search,
/// and what is still unheld may wait in a message.
fn look_again(
    os: &Os,
    request: &Request,
    query: &SocketQuery,
    namespaces: &[Namespace],
    sockets: &mut Vec<Placed>,
    holders: &mut Holders,
) -> Vec<QueuedSocket> {
    let unheld = |holders: &Holders, placed: &Placed| !holders.by_inode.contains_key(&placed.socket.inode);
    if !sockets.iter().any(|placed| unheld(holders, placed)) {
        return Vec::new();
    }
    let still_there = still_there(os, query, namespaces, sockets, |placed| unheld(holders, placed));
    sockets.retain(|placed| !unheld(holders, placed) || still_there.contains(&key(placed)));
    // Another user's socket is unheld for want of privilege; it would be looked for in vain.
    let own_uid = os.host.own_uid();
    let searchable =
        |placed: &&Placed| unheld(holders, placed) && (own_uid == 0 || placed.socket.uid == own_uid);
    let missing: Vec<u64> = sockets.iter().filter(searchable).map(|placed| placed.socket.inode).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let search = HolderSearch { inodes: missing.clone(), effort: request.effort, ..HolderSearch::default() };
    merge(holders, os.processes.holders(&search));
    let missing: Vec<u64> =
        missing.into_iter().filter(|inode| !holders.by_inode.contains_key(inode)).collect();
    if missing.is_empty() { Vec::new() } else { os.sockets.in_flight(&missing).value }
}

fn merge(holders: &mut Holders, more: Holders) {
    holders.by_inode.extend(more.by_inode);
    holders.processes.extend(more.processes);
    holders.denied.extend(more.denied);
    holders.denied.sort_unstable();
    holders.denied.dedup();
    holders.processes_hidden |= more.processes_hidden;
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
        match os.sockets.list(namespace, query) {
            Ok(listed) => {
                keys.extend(listed.value.into_iter().map(|socket| key(&Placed { namespace: place, socket })));
            }
            Err(OsError::Gone { .. }) => {}
            // No answer is no proof that anything closed.
            Err(_) => keys.extend(sockets.iter().filter(|placed| placed.namespace == place).map(key)),
        }
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

#[cfg(test)]
mod tests;
