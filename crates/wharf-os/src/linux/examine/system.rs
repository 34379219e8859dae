//! What the network namespace as a whole allows: IPv6, tracked connections, ports that the kernel chooses, IPsec; ip(7),
//! proc_sys_net(5).
//!
//! Not here: interfaces (`links`), routes (`routes`).

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use wharf_sys::linux::sock_diag::{Family, Record, Request, SockDiag, TIME_WAIT, Transport};

/// What the network namespace says of IPv6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ipv6 {
    /// The kernel has none, or was started without it.
    pub is_absent: bool,
    /// `net.ipv6.conf.lo.disable_ipv6` is 1.
    pub is_off_on_loopback: bool,
    /// `net.ipv6.conf.all.disable_ipv6` is 1.
    pub is_off: bool,
}

/// Returns what is said of IPv6.
#[must_use]
pub fn ipv6() -> Ipv6 {
    let is_one = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "1");
    Ipv6 {
        is_absent: !Path::new("/proc/thread-self/net/if_inet6").exists(),
        is_off_on_loopback: is_one("/proc/sys/net/ipv6/conf/lo/disable_ipv6"),
        is_off: is_one("/proc/sys/net/ipv6/conf/all/disable_ipv6"),
    }
}

/// Returns how many connections are tracked, and how many can be; `None` where none are.
#[must_use]
pub fn tracked_connections() -> Option<(u64, u64)> {
    let number =
        |name: &str| fs::read_to_string(format!("/proc/sys/net/netfilter/{name}")).ok()?.trim().parse().ok();
    Some((number("nf_conntrack_count")?, number("nf_conntrack_max")?))
}

/// Returns how many packets IPsec has dropped by policy or for want of a state (`/proc/net/xfrm_stat`): names and counts.
#[must_use]
pub fn ipsec_drops() -> Vec<(String, u64)> {
    let text = fs::read_to_string("/proc/thread-self/net/xfrm_stat").unwrap_or_default();
    let one = |line: &str| {
        let (name, count) = line.split_once(char::is_whitespace)?;
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some((name.to_owned(), count))
    };
    text.lines().filter_map(one).collect()
}

/// Which of the ports that the kernel chooses are taken towards one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortsTaken {
    /// Different ports that have a connection there.
    pub taken: usize,
    /// Of these, connections that have ended and wait for late packets (TIME_WAIT).
    pub waiting: usize,
    /// Sockets of those that are open, by inode: the first thousand.
    pub inodes: Vec<u64>,
}

/// Returns what of the ports from `first` to `last` is taken by connections to `to`.
#[must_use]
pub fn ports_taken(to: SocketAddr, first: u16, last: u16) -> PortsTaken {
    let mut found = PortsTaken::default();
    let Ok(mut diag) = SockDiag::open() else { return found };
    let mut records: Vec<Record> = Vec::new();
    for family in [Family::V4, Family::V6] {
        // All that is connected, or was: not LISTEN (10) and CLOSE (7).
        let states = 0xfff & !(1 << 10) & !(1 << 7) & !1;
        let request =
            Request { family, transport: Transport::Tcp, states, local_port: 0, remote_port: to.port() };
        // What was read before an error is still of use.
        let _ = diag.dump(&request, &mut records);
    }
    let mut ports = BTreeSet::new();
    let is_there = |record: &&Record| {
        record.remote.port() == to.port() && record.remote.ip().to_canonical() == to.ip().to_canonical()
    };
    for record in records.iter().filter(is_there) {
        if !(first..=last).contains(&record.local.port()) || !ports.insert(record.local.port()) {
            continue;
        }
        if record.state == TIME_WAIT {
            found.waiting += 1;
        } else if record.inode != 0 && found.inodes.len() < 1000 {
            found.inodes.push(record.inode.into());
        }
    }
    found.taken = ports.len();
    found
}

/// Returns a socket that is connected with itself at `address`, by its inode: what a client makes that tries a port again
/// and again that nobody listens at.
#[must_use]
pub fn connected_with_itself(address: SocketAddr) -> Option<u64> {
    let found = SockDiag::open().ok()?.connection(address, address).ok()??;
    (found.local == address && found.remote == address).then_some(found.inode.into())
}

/// Returns where a connection from `own` ends in this network namespace, with the inode of its socket (0 if nobody has
/// accepted it).
#[must_use]
pub fn other_end(own: SocketAddr) -> Option<(SocketAddr, u64)> {
    let mut diag = SockDiag::open().ok()?;
    let mut records: Vec<Record> = Vec::new();
    for family in [Family::V4, Family::V6] {
        let states = 0xfff & !(1 << 10) & !1;
        let request =
            Request { family, transport: Transport::Tcp, states, local_port: 0, remote_port: own.port() };
        let _ = diag.dump(&request, &mut records);
    }
    let is_it = |record: &&Record| {
        record.remote.port() == own.port() && record.remote.ip().to_canonical() == own.ip().to_canonical()
    };
    records.iter().find(is_it).map(|record| (record.local, record.inode.into()))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::{connected_with_itself, ipsec_drops, ipv6, other_end, ports_taken, tracked_connections};

    #[test]
    fn connections_to_one_destination_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let streams: Vec<TcpStream> =
            (0..3).map(|_| TcpStream::connect_timeout(&to, Duration::from_secs(5)).unwrap()).collect();
        assert_eq!(ports_taken(to, 1, u16::MAX).taken, 3);
        let own = streams[0].local_addr().unwrap();
        assert_eq!(other_end(own).map(|(local, _)| local), Some(to));
        assert_eq!(connected_with_itself(to), None);
    }

    #[test]
    fn settings_can_be_read() {
        let _ = (ipv6(), tracked_connections(), ipsec_drops());
    }
}
