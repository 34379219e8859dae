//! Netlink answers: real ones from this kernel, and hostile ones.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use proptest::prelude::{any, prop};
use proptest::{prop_assert, proptest};

use super::super::socket_control::bind_to_device;

use super::{Family, LISTEN, Request, SockDiag, Transport, parse, unix_socket};

fn listening(family: Family, local_port: u16) -> Request {
    Request { family, transport: Transport::Tcp, states: 1 << LISTEN, local_port, remote_port: 0 }
}

#[test]
fn a_dump_has_a_listener_with_its_inode_cookie_and_backlog() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut records = Vec::new();
    SockDiag::open().unwrap().dump(&listening(Family::V4, address.port()), &mut records).unwrap();
    let [record] = records[..] else { panic!("one socket, not {records:?}") };
    assert_eq!(record.local, address);
    assert_eq!(u64::from(record.inode), rustix::fs::fstat(listener.as_fd()).unwrap().st_ino);
    assert_eq!(record.cookie, rustix::net::sockopt::socket_cookie(listener.as_fd()).unwrap());
    assert_eq!(record.uid, rustix::process::geteuid().as_raw());
    assert!(record.send_queue > 0 && record.receive_queue == 0);
}

#[test]
fn the_exact_question_finds_a_dual_stack_wildcard_by_its_ipv4_address() {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut diag = SockDiag::open().unwrap();
    let found = diag.listener_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap().unwrap();
    assert_eq!(found.local.ip(), Ipv6Addr::UNSPECIFIED);
    assert_eq!(found.v6_only, Some(false));
    drop(listener);
    assert_eq!(diag.listener_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap(), None);
}

#[test]
fn the_exact_question_finds_one_that_is_bound_to_loopback_and_what_it_has_accepted() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    bind_to_device(listener.as_fd(), "lo").unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()));
    let mut diag = SockDiag::open().unwrap();
    let found = diag.listener_at(address).unwrap().expect("it is there");
    assert_eq!(u64::from(found.inode), rustix::fs::fstat(listener.as_fd()).unwrap().st_ino);
    let client = TcpStream::connect(address).unwrap();
    let (server, remote) = listener.accept().unwrap();
    for (socket, ends) in [(&server, (address, remote)), (&client, (remote, address))] {
        let found = diag.connection(ends.0, ends.1).unwrap().expect("it is open");
        assert_eq!(u64::from(found.inode), rustix::fs::fstat(socket.as_fd()).unwrap().st_ino);
    }
}

#[test]
fn neither_a_listener_nor_another_connection_is_destroyed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut diag = SockDiag::open().unwrap();
    let record = diag.listener_at(address).unwrap().unwrap();
    assert_eq!(diag.destroy(&record).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);

    let mut record = diag.connection(client.local_addr().unwrap(), address).unwrap().unwrap();
    record.cookie += 1;
    let refused = diag.destroy(&record).unwrap_err().raw_os_error();
    assert!([Some(libc::ENOENT), Some(libc::ESTALE), Some(libc::EPERM)].contains(&refused), "{refused:?}");
    client.write_all(b"x").unwrap();
    assert_eq!(server.read(&mut [0; 1]).unwrap(), 1, "it goes on");
    assert!(diag.listener_at(address).unwrap().is_some());
}

#[test]
fn details_are_told_where_they_are_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::net::TcpStream::connect(address).unwrap();
    let mut diag = SockDiag::open().unwrap().with_details();
    assert_eq!(diag.listener_at(address).unwrap().unwrap().drops, Some(0));
    let waiting = diag.connection(address, client.local_addr().unwrap()).unwrap().unwrap();
    assert!(waiting.inode == 0 && waiting.quiet_ms.is_some_and(|ms| ms < 60_000), "{waiting:?}");
    let plain = SockDiag::open().unwrap().listener_at(address).unwrap().unwrap();
    assert_eq!((plain.drops, plain.quiet_ms), (None, None));
}

#[test]
fn a_unix_socket_tells_what_waits_in_it() {
    let (mut sender, receiver) = UnixStream::pair().unwrap();
    sender.write_all(b"four").unwrap();
    let inode = |socket: &UnixStream| rustix::fs::fstat(socket).unwrap().st_ino;
    let listed = SockDiag::open().unwrap().unix_sockets().unwrap();
    let waiting = |wanted: u64| listed.iter().find(|socket| u64::from(socket.inode) == wanted).unwrap();
    assert_eq!((waiting(inode(&receiver)).waiting, waiting(inode(&receiver)).stream), (4, true));
    assert_eq!(waiting(inode(&sender)).waiting, 0);
}

#[test]
fn a_message_whose_length_lies_is_an_error_and_not_a_loop() {
    let mut message = [0; 16];
    message[0..4].copy_from_slice(&8_u32.to_ne_bytes());
    assert!(parse(&message, Transport::Tcp, &mut Vec::new()).is_err());
    message[0..4].copy_from_slice(&17_u32.to_ne_bytes());
    assert!(parse(&message, Transport::Tcp, &mut Vec::new()).is_err());
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut records = Vec::new();
        let _ = parse(&bytes, Transport::Udp, &mut records);
        prop_assert!(records.len() <= bytes.len());
    }

    #[test]
    fn no_body_of_a_unix_message_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = unix_socket(&body);
    }

    #[test]
    fn no_body_of_a_socket_message_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut message = ((body.len() + 16) as u32).to_ne_bytes().to_vec();
        message.extend(20_u16.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(body);
        let _ = parse(&message, Transport::Tcp, &mut Vec::new());
    }
}
