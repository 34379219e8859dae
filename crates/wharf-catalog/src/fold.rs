//! Sockets folded into endpoints: what shares an address is one endpoint, and so are the IPv4 and IPv6
//! twins (127.0.0.1 and ::1, 0.0.0.0 and ::) of one owner.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{EndpointState, Protocol};
use wharf_os::facts::{Holder, Holders, SocketFacts};

/// A socket, and the index of the namespace it lives in (0 is wharf's own).
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) namespace: usize,
    pub(crate) socket: SocketFacts,
}

/// The sockets of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) namespace: usize,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    pub(crate) state: EndpointState,
    pub(crate) sockets: Vec<SocketFacts>,
}

impl Group {
    /// Returns the addresses, each once, IPv4 first.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.sockets.iter().map(|socket| socket.local.ip()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }
}

/// Folds `sockets`, which listen or are bound, into endpoints.
pub(crate) fn groups(sockets: Vec<Placed>, holders: &Holders) -> Vec<Group> {
    let mut by_address: BTreeMap<Key, Vec<SocketFacts>> = BTreeMap::new();
    for placed in sockets {
        by_address.entry(Key::of(&placed)).or_default().push(placed.socket);
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut twins: BTreeMap<TwinKey, usize> = BTreeMap::new();
    for (key, mut sockets) in by_address {
        sockets.sort_by_key(|socket| (socket.cookie, socket.inode));
        let twin = TwinKey::of(&key, &sockets, holders);
        let other = twin.as_ref().and_then(|twin| twins.get(twin).copied());
        if let Some(index) = other {
            groups[index].sockets.extend(sockets);
            continue;
        }
        twins.extend(twin.map(|twin| (twin, groups.len())));
        let Key { namespace, protocol, port, state, .. } = key;
        groups.push(Group { namespace, protocol, port, state, sockets });
    }
    groups
}

/// What makes two sockets one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    namespace: usize,
    protocol: Protocol,
    port: u16,
    state: EndpointState,
    address: IpAddr,
    device: Option<String>,
}

impl Key {
    fn of(placed: &Placed) -> Self {
        let socket = &placed.socket;
        let bound = socket.protocol == Protocol::Tcp && socket.state != TcpState::Listen;
        Self {
            namespace: placed.namespace,
            protocol: socket.protocol,
            port: socket.local.port(),
            state: if bound { EndpointState::Bound } else { EndpointState::Listening },
            address: socket.local.ip(),
            device: socket.device.clone(),
        }
    }
}

/// What makes two endpoints twins: all but the address family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TwinKey {
    namespace: usize,
    protocol: Protocol,
    port: u16,
    state: EndpointState,
    device: Option<String>,
    loopback: bool,
    owner: OwnerKey,
}

/// Who is one owner: the same processes; where none is known, the same user and control group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OwnerKey {
    Processes(Vec<(u32, u64)>),
    Cgroup(u32, u64),
}

impl TwinKey {
    fn of(key: &Key, sockets: &[SocketFacts], holders: &Holders) -> Option<Self> {
        let loopback = match key.address {
            IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => true,
            address if address.is_unspecified() => false,
            _ => return None,
        };
        let mut processes: Vec<(u32, u64)> =
            holders_of(sockets, holders).map(|holder| (holder.pid, holder.start_ticks)).collect();
        processes.sort_unstable();
        processes.dedup();
        let owner = if processes.is_empty() {
            OwnerKey::Cgroup(sockets.first()?.uid, sockets.first()?.cgroup_id?)
        } else {
            OwnerKey::Processes(processes)
        };
        let Key { namespace, protocol, port, state, ref device, .. } = *key;
        Some(Self { namespace, protocol, port, state, device: device.clone(), loopback, owner })
    }
}

/// Returns every hold on any of `sockets`.
pub(crate) fn holders_of<'a>(
    sockets: &'a [SocketFacts],
    holders: &'a Holders,
) -> impl Iterator<Item = &'a Holder> + 'a {
    sockets.iter().filter_map(|socket| holders.by_inode.get(&socket.inode)).flatten()
}

#[cfg(test)]
mod tests {
    use wharf_model::connection::TcpState;
    use wharf_os::facts::{Holder, Holders, SocketFacts};

    use super::{Group, Placed, groups};
    use crate::testing::listener;

    fn fold(sockets: Vec<SocketFacts>, holds: &[(u64, u32)]) -> Vec<Group> {
        let mut holders = Holders::default();
        for &(inode, pid) in holds {
            let holder = Holder { pid, start_ticks: 1, fd: 3 };
            holders.by_inode.entry(inode).or_default().push(holder);
        }
        groups(sockets.into_iter().map(|socket| Placed { namespace: 0, socket }).collect(), &holders)
    }

    #[test]
    fn loopback_twins_of_one_owner_are_one_endpoint() {
        let found = fold(vec![listener("127.0.0.1:3000", 1), listener("[::1]:3000", 2)], &[(1, 7), (2, 7)]);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].addresses(),
            ["127.0.0.1".parse::<std::net::IpAddr>().unwrap(), "::1".parse().unwrap()]
        );
    }

    #[test]
    fn loopback_twins_of_two_owners_are_two_endpoints() {
        let found = fold(vec![listener("127.0.0.1:3000", 1), listener("[::1]:3000", 2)], &[(1, 7), (2, 8)]);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_wildcard_and_a_specific_address_stay_apart_even_of_one_owner() {
        let sockets = vec![listener("0.0.0.0:80", 1), listener("[::]:80", 2), listener("127.0.0.2:80", 3)];
        assert_eq!(fold(sockets, &[(1, 7), (2, 7), (3, 7)]).len(), 2);
    }

    #[test]
    fn sockets_that_share_an_address_are_one_endpoint_whoever_holds_them() {
        let found = fold(vec![listener("0.0.0.0:80", 1), listener("0.0.0.0:80", 2)], &[(1, 7), (2, 8)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].sockets.len(), 2);
    }

    #[test]
    fn unknown_owners_are_one_only_by_user_and_control_group() {
        let of = |address, inode, cgroup_id| SocketFacts { cgroup_id, ..listener(address, inode) };
        assert_eq!(fold(vec![of("127.0.0.1:631", 1, Some(9)), of("[::1]:631", 2, Some(9))], &[]).len(), 1);
        assert_eq!(fold(vec![of("127.0.0.1:631", 1, Some(9)), of("[::1]:631", 2, Some(8))], &[]).len(), 2);
        assert_eq!(fold(vec![of("127.0.0.1:631", 1, None), of("[::1]:631", 2, None)], &[]).len(), 2);
    }

    #[test]
    fn a_bound_socket_is_no_part_of_the_listening_endpoint() {
        let bound = SocketFacts { state: TcpState::Bound, ..listener("0.0.0.0:80", 2) };
        assert_eq!(fold(vec![listener("0.0.0.0:80", 1), bound], &[(1, 7), (2, 7)]).len(), 2);
    }
}
