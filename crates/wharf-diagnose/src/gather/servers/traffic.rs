//! The connections of a listener, the server's side: those that wait to be accepted, and those that are open.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use wharf_model::connection::TcpState;
use wharf_os::examine::queue::{Half, Queues};
use wharf_os::facts::Holders;

use crate::facts::Facts;
use crate::facts::servers::Serving;
use crate::gather::attempts;

/// Connections of one listener, but for our own.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Nobody has accepted these.
    pub(super) waiting: Vec<Half>,
    /// How many have not ended their handshake.
    pub(super) half_open: usize,
    /// Accepted, with the inode of the client's socket if that is on this machine; at most eight.
    open: Vec<(Half, Option<u64>)>,
    /// Inode of our own, once it is accepted.
    own: Option<u64>,
}

impl Traffic {
    /// Lists the connections to `address`, or to any address where that is a wildcard.
    pub(super) fn list(queues: &Queues, address: SocketAddr, facts: &Facts) -> Self {
        let ends = attempts::ends(facts);
        let is_own = |half: &Half| ends.is_some_and(|(own, _)| own == half.remote);
        let is_here = |ip: IpAddr| address.ip().is_unspecified() || address.ip().to_canonical() == ip;
        let mut traffic = Self {
            own: facts.watch.half.map(|half| half.inode).filter(|&inode| inode != 0),
            ..Self::default()
        };
        let halves = queues.halves(address.port()).unwrap_or_default();
        let mut open = Vec::new();
        for half in halves.into_iter().filter(|half| is_here(half.local.ip()) && !is_own(half)) {
            match half.state {
                TcpState::SynReceived => traffic.half_open += 1,
                _ if half.is_unaccepted() => traffic.waiting.push(half),
                _ => open.push(half),
            }
        }
        // Those that have said something that was not read, and then those that were heard of last.
        open.sort_by_key(|half| (half.unread == 0, half.quiet_ms));
        let client = |half: Half| {
            let socket = queues.half(half.local, half.remote).ok().flatten();
            (half, socket.map(|socket| socket.inode).filter(|&inode| inode != 0))
        };
        traffic.open = open.into_iter().take(AT_MOST).map(client).collect();
        traffic
    }

    /// Returns the sockets whose processes matter.
    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.open.iter().flat_map(|(half, client)| [Some(half.inode), *client]).flatten().chain(self.own)
    }

    /// Returns the inode of our own connection at the server's side, once it is accepted.
    pub(super) fn own(&self) -> Option<u64> {
        self.own
    }

    /// Returns whether one of them has waited for as long as `time`: who accepts takes the first.
    pub(super) fn is_old(&self, time: Duration) -> bool {
        self.waiting.iter().any(|half| half.quiet_ms.is_some_and(|ms| u128::from(ms) >= time.as_millis()))
    }

    /// Returns whether anything was accepted between this and `after`: more has come than the queue has grown by.
    pub(super) fn has_moved(&self, after: &Self, length: u32, length_after: u32) -> bool {
        let is_new = |half: &&Half| !self.waiting.iter().any(|before| before.remote == half.remote);
        length as usize + after.waiting.iter().filter(is_new).count() > length_after as usize
    }

    /// Returns the open connections with their processes.
    pub(super) fn served(&self, holders: &Holders) -> Vec<Serving> {
        let process = |inode: u64| holders.by_inode.get(&inode)?.first().map(|holder| holder.pid);
        let name = |pid: u32| Some((pid, holders.processes.get(&pid)?.name.clone()));
        let serving = |(half, client): &(Half, Option<u64>)| Serving {
            half: *half,
            pid: process(half.inode),
            client: client.and_then(process).and_then(name),
        };
        self.open.iter().map(serving).collect()
    }
}

/// Connections whose processes are looked for.
const AT_MOST: usize = 8;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wharf_model::connection::TcpState;
    use wharf_os::examine::queue::Half;

    use super::Traffic;

    fn waiting(ports: &[u16]) -> Traffic {
        let half = |&port: &u16| Half {
            local: ([127, 0, 0, 1], 80).into(),
            remote: ([127, 0, 0, 1], port).into(),
            state: TcpState::Established,
            inode: 0,
            unread: 0,
            quiet_ms: Some(u32::from(port)),
        };
        Traffic { waiting: ports.iter().map(half).collect(), ..Traffic::default() }
    }

    #[test]
    fn a_queue_moves_if_less_is_in_it_than_was_and_came() {
        assert!(!waiting(&[1, 2]).has_moved(&waiting(&[1, 2]), 2, 2));
        assert!(!waiting(&[1, 2]).has_moved(&waiting(&[1, 2, 3]), 2, 3));
        // The client of the first has gone; it still counts until somebody accepts.
        assert!(!waiting(&[1, 2]).has_moved(&waiting(&[2]), 2, 2));
        assert!(waiting(&[1, 2]).has_moved(&waiting(&[2, 3]), 2, 2));
        assert!(waiting(&[1]).has_moved(&waiting(&[]), 1, 0));
    }

    #[test]
    fn one_that_waits_for_long_was_not_accepted_for_long() {
        assert!(waiting(&[10, 600]).is_old(Duration::from_millis(500)));
        assert!(!waiting(&[10, 400]).is_old(Duration::from_millis(500)));
    }
}
