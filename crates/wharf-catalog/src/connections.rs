//! Connections, and the local processes at both of their ends.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use wharf_model::connection::{Connection, ProcessRef, TcpState};
use wharf_model::endpoint::Protocol;
use wharf_os::Os;
use wharf_os::facts::{Holder, HolderSearch, OsError, SocketFacts, SocketQuery};

/// The states of a TCP socket that is connected, or on its way to or from being so.
pub(crate) const CONNECTED: [TcpState; 9] = [
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::TimeWait,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Closing,
];

/// Returns the sockets of wharf's own namespace that are connected and have the given ports (`None`: any).
pub(crate) fn list(
    os: &Os,
    local_port: Option<u16>,
    remote_port: Option<u16>,
) -> Result<Vec<SocketFacts>, OsError> {
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp, Protocol::Udp],
        states: CONNECTED.to_vec(),
        local_port,
        remote_port,
    };
    Ok(os.sockets.list(None, &query)?.value)
}

/// Returns the server's side of the UDP sockets among `far` that are connected to this machine and that no
/// socket among `own` is connected back to: a UDP server has one socket for all its clients.
pub(crate) fn udp_clients(own: &[SocketFacts], far: &[SocketFacts]) -> Vec<SocketFacts> {
    let ends = |socket: &SocketFacts| (canonical(socket.local), canonical(socket.remote));
    let answered: HashSet<(SocketAddr, SocketAddr)> =
        own.iter().filter(|socket| socket.protocol == Protocol::Udp).map(ends).collect();
    let is_client = |socket: &&SocketFacts| {
        let (local, remote) = ends(socket);
        let here = remote.ip().is_loopback() || remote.ip() == local.ip();
        socket.protocol == Protocol::Udp && here && !answered.contains(&(remote, local))
    };
    far.iter()
        .filter(is_client)
        .map(|client| SocketFacts { local: client.remote, remote: client.local, inode: 0, ..client.clone() })
        .collect()
}

/// Returns `sockets` as connections. Their own process and that at the other end are found among `sockets` and
/// `others`, which are the far ends where they are on this machine.
pub(crate) fn resolve(os: &Os, sockets: &[SocketFacts], others: &[SocketFacts]) -> Vec<Connection> {
    let ends: HashMap<(Protocol, SocketAddr, SocketAddr), u64> = sockets
        .iter()
        .chain(others)
        .map(|socket| ((socket.protocol, canonical(socket.local), canonical(socket.remote)), socket.inode))
        .collect();
    let peer_inode = |socket: &SocketFacts| {
        let reversed = (socket.protocol, canonical(socket.remote), canonical(socket.local));
        ends.get(&reversed).copied().filter(|&inode| inode != 0)
    };
    let mut inodes: Vec<u64> =
        sockets.iter().map(|socket| socket.inode).filter(|&inode| inode != 0).collect();
    inodes.extend(sockets.iter().filter_map(peer_inode));
    let holders = processes_of(os, inodes);
    let connection = |socket: &SocketFacts| Connection {
        protocol: socket.protocol,
        local: canonical(socket.local),
        remote: canonical(socket.remote),
        state: socket.state,
        inode: Some(socket.inode).filter(|&inode| inode != 0),
        uid: socket.uid,
        process: holders.get(&socket.inode).cloned(),
        peer: peer_inode(socket).and_then(|inode| holders.get(&inode).cloned()),
    };
    sockets.iter().map(connection).collect()
}

/// Returns the first process that holds each inode.
fn processes_of(os: &Os, inodes: Vec<u64>) -> HashMap<u64, ProcessRef> {
    if inodes.is_empty() {
        return HashMap::new();
    }
    let holders = os.processes.holders(&HolderSearch { inodes, ..HolderSearch::default() });
    let process = |holder: &Holder| {
        let facts = holders.processes.get(&holder.pid)?;
        let same = facts.start_ticks == holder.start_ticks;
        same.then(|| ProcessRef { pid: facts.pid, start_ticks: facts.start_ticks, name: facts.name.clone() })
    };
    let first = |(inode, holders): (&u64, &Vec<Holder>)| Some((*inode, holders.iter().find_map(process)?));
    holders.by_inode.iter().filter_map(first).collect()
}

/// Writes an IPv4 address that an IPv6 socket carries as the IPv4 address it is.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, address.port())),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::fake::{World, process};

    use super::resolve;
    use crate::testing::connection;

    #[test]
    fn both_ends_of_a_local_connection_have_their_process_also_through_a_dual_stack_socket() {
        let server = connection("[::ffff:127.0.0.1]:3000", "[::ffff:127.0.0.1]:41000", 10);
        let client = connection("127.0.0.1:41000", "127.0.0.1:3000", 11);
        let world = World {
            processes: vec![process(7, 1, "node"), process(8, 1, "curl")],
            holds: vec![(10, 7, 20), (11, 8, 5)],
            ..World::default()
        };
        let found = resolve(&world.os(), &[server], &[client]);
        assert_eq!(found[0].process.as_ref().unwrap().name, "node");
        assert_eq!(found[0].peer.as_ref().unwrap().name, "curl");
        assert_eq!(found[0].local.to_string(), "127.0.0.1:3000");
    }

    #[test]
    fn a_reused_pid_is_not_named_as_the_end_of_a_connection() {
        let mut stranger = process(7, 1, "stranger");
        stranger.start_ticks = 999;
        let world = World { processes: vec![stranger], holds: vec![(10, 7, 20)], ..World::default() };
        let found = resolve(&world.os(), &[connection("127.0.0.1:1", "127.0.0.1:2", 10)], &[]);
        assert_eq!(found[0].process, None);
    }
}
