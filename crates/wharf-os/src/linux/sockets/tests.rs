//! Sockets of this machine, by netlink and by /proc/net: both must tell the same.

use std::net::{TcpListener, UdpSocket};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_sys::linux::proc_dir::ProcDir;

use super::{dump, state_mask, state_number, tables, tcp_state};
use crate::facts::SocketQuery;

fn query(protocol: Protocol, state: TcpState, port: u16) -> SocketQuery {
    SocketQuery { protocols: vec![protocol], states: vec![state], local_port: Some(port), remote_port: None }
}

#[test]
fn netlink_and_proc_tell_the_same_of_a_listener() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let query = query(Protocol::Tcp, TcpState::Listen, port);
    let (by_netlink, by_proc) =
        (dump(&query).unwrap(), tables(&ProcDir::open().unwrap(), "self", &query).unwrap());
    assert_eq!(by_netlink.len(), 1);
    assert_eq!(by_proc.len(), 1);
    let (left, right) = (&by_netlink[0], &by_proc[0]);
    assert_eq!(
        (left.local, left.inode, left.uid, left.state),
        (right.local, right.inode, right.uid, right.state)
    );
    // bind(2) to one IPv6 address makes a socket IPv6 only.
    assert_eq!(left.v6_only, Some(true));
    assert!(left.cookie.is_some());
}

#[test]
fn a_bound_udp_socket_is_listed_as_closed_and_a_connected_one_as_established() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    assert_eq!(dump(&query(Protocol::Udp, TcpState::Closed, port)).unwrap().len(), 1);
    assert!(dump(&query(Protocol::Udp, TcpState::Established, port)).unwrap().is_empty());
    socket.connect("127.0.0.1:9").unwrap();
    assert_eq!(dump(&query(Protocol::Udp, TcpState::Established, port)).unwrap().len(), 1);
}

#[test]
fn every_state_has_the_number_of_the_kernel_header() {
    for number in 1..=11 {
        assert_eq!(state_number(tcp_state(number)), u32::from(number));
    }
    assert_eq!(tcp_state(12), TcpState::SynReceived);
    assert_eq!(tcp_state(200), TcpState::Closed);
    assert_eq!(state_mask(Protocol::Tcp, &[TcpState::Listen]), 1 << 10);
    assert_eq!(state_mask(Protocol::Tcp, &[TcpState::Closed]), 0);
}
