//! /proc/net/tcp, tcp6, udp and udp6, proc_pid_net(5): the fallback where netlink is denied, and the window
//! into another process's network namespace that needs no privilege.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port.
    pub remote: SocketAddr,
    /// TCP state number (`net/tcp_states.h`); for UDP 7 is unconnected, 1 connected.
    pub state: u8,
    /// LISTEN: unset; else unacknowledged bytes.
    pub send_queue: u32,
    /// LISTEN: connections waiting to be accepted; else unread bytes.
    pub receive_queue: u32,
    /// User id of the socket's creator.
    pub uid: u32,
    /// Inode in sockfs, 0 if none.
    pub inode: u64,
}

/// Parses the table; the heading and lines that are not of its form are passed over.
pub fn rows(text: &[u8]) -> impl Iterator<Item = Row> {
    text.split(|&byte| byte == b'\n').filter_map(|line| row(std::str::from_utf8(line).ok()?))
}

fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace();
    let local = address(fields.nth(1)?)?;
    let remote = address(fields.next()?)?;
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let (send, receive) = fields.next()?.split_once(':')?;
    let uid = fields.nth(2)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Row {
        local,
        remote,
        state,
        send_queue: u32::from_str_radix(send, 16).ok()?,
        receive_queue: u32::from_str_radix(receive, 16).ok()?,
        uid,
        inode,
    })
}

/// Reads `0100007F:0BB8` or the 32-digit form of IPv6: words of 32 bits in the byte order of the machine.
fn address(text: &str) -> Option<SocketAddr> {
    let (digits, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(digits.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip = match digits.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (index, chunk) in octets.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index * 8)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Parses the local addresses out of /proc/net/fib_trie (IPv4: `|-- 172.17.0.2` before `/32 host LOCAL`).
#[must_use]
pub fn local_v4_addresses(text: &str) -> Vec<Ipv4Addr> {
    let mut addresses = Vec::new();
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some(leaf) = line.strip_prefix("|-- ") {
            last = leaf.parse().ok();
        } else if line.starts_with("/32 host LOCAL") {
            addresses.extend(last.filter(|address| !addresses.contains(address)));
        }
    }
    addresses
}

/// Parses the addresses out of /proc/net/if_inet6.
#[must_use]
pub fn local_v6_addresses(text: &str) -> Vec<Ipv6Addr> {
    let parse =
        |line: &str| u128::from_str_radix(line.split_ascii_whitespace().next()?, 16).ok().map(Ipv6Addr::from);
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

    use proptest::prelude::{any, prop};
    use proptest::proptest;

    use super::{local_v4_addresses, local_v6_addresses, rows};

    #[test]
    fn a_table_is_read_line_by_line() {
        let text = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:F5AD 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 48213 1 0000000000000000 100 0 0 10 0\n\
            \x20  1: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 771 1 0 100 0 0 10 0\n\
            nonsense\n";
        let found: Vec<_> = rows(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].local, SocketAddr::from((Ipv4Addr::LOCALHOST, 62893)));
        assert_eq!(
            (found[0].state, found[0].receive_queue, found[0].uid, found[0].inode),
            (10, 3, 1000, 48213)
        );
        assert_eq!(found[1].local, SocketAddr::from((Ipv6Addr::LOCALHOST, 5432)));
    }

    #[test]
    fn the_tables_of_this_machine_are_read() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let text = std::fs::read("/proc/self/net/tcp").unwrap();
        assert!(rows(&text).any(|row| row.local == address && row.state == 10));
    }

    #[test]
    fn local_addresses_are_those_of_the_host_entries() {
        let text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     \
            +-- 172.17.0.0/30 2 0 2\n        |-- 172.17.0.2\n           /32 host LOCAL\nLocal:\n  |-- 172.17.0.2\n      /32 host LOCAL\n";
        assert_eq!(local_v4_addresses(text), [Ipv4Addr::new(172, 17, 0, 2)]);
        let text = "00000000000000000000000000000001 01 80 10 80       lo\n";
        assert_eq!(local_v6_addresses(text), [Ipv6Addr::LOCALHOST]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
            let _ = rows(&bytes).count();
            let _ = (local_v4_addresses(&text), local_v6_addresses(&text));
        }

        #[test]
        fn no_line_of_its_shape_makes_it_panic(local in "[0-9A-Fa-fé:]{0,40}", state in "[0-9A-F]{0,3}") {
            let line = format!("0: {local} 00000000:0000 {state} 0:0 0:0 0 0 0 1");
            let _ = rows(line.as_bytes()).count();
        }
    }
}
