//! Addresses as bytes, and what the kernel makes of the calls, on loopback and on ports that it chooses.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};

use proptest::prelude::*;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::*;

fn stream(family: AddressFamily) -> OwnedFd {
    socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
}

/// `struct sockaddr_in` of 127.0.0.1.
fn loopback(port: u16) -> Vec<u8> {
    let mut bytes = (libc::AF_INET as u16).to_ne_bytes().to_vec();
    bytes.extend(port.to_be_bytes());
    bytes.extend([127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// `struct sockaddr_in6` of ::1 with a flow label and a scope.
fn loopback_6(port: u16) -> Vec<u8> {
    let mut bytes = (libc::AF_INET6 as u16).to_ne_bytes().to_vec();
    bytes.extend(port.to_be_bytes());
    bytes.extend(5_u32.to_be_bytes());
    bytes.extend(Ipv6Addr::LOCALHOST.octets());
    bytes.extend(7_u32.to_ne_bytes());
    bytes
}

#[test]
fn a_socket_is_bound_by_bytes_and_then_listens() {
    let socket = stream(AddressFamily::INET);
    assert_eq!(local_address(socket.as_fd()).unwrap(), Some("0.0.0.0:0".parse().unwrap()));
    bind(socket.as_fd(), &loopback(0)).unwrap();
    listen(socket.as_fd(), 8).unwrap();
    let address = local_address(socket.as_fd()).unwrap().unwrap();
    assert_ne!(address.port(), 0);
    assert!(!is_connected(socket.as_fd()));
    assert!(is_connected(TcpStream::connect(address).unwrap().as_fd()));

    let second = stream(AddressFamily::INET);
    let taken = bind(second.as_fd(), &loopback(address.port())).unwrap_err();
    assert_eq!(taken.raw_os_error(), Some(libc::EADDRINUSE));
    assert_eq!(bind(second.as_fd(), &[]).unwrap_err().raw_os_error(), Some(libc::EINVAL));
}

#[test]
fn a_socket_is_tied_to_a_device_and_tells_it() {
    let socket = stream(AddressFamily::INET);
    assert_eq!(bound_device(socket.as_fd()).unwrap(), None);
    let none = bind_to_device(socket.as_fd(), "no-such-device").unwrap_err();
    assert_eq!(none.raw_os_error(), Some(libc::ENODEV));
    for name in ["", "a-name-of-16-byte"] {
        assert_eq!(bind_to_device(socket.as_fd(), name).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }
    let nowhere = stream(AddressFamily::INET6);
    bind_to_index(nowhere.as_fd(), i32::MAX).unwrap();
    assert_eq!(bind_to_index(nowhere.as_fd(), -1).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    bind_to_device(socket.as_fd(), "lo").unwrap();
    assert_eq!(bound_device(socket.as_fd()).unwrap().as_deref(), Some("lo"));
}

#[test]
fn reuse_of_addresses_is_set_and_told() {
    let socket = stream(AddressFamily::INET);
    for value in [true, false] {
        set_reuse_address(socket.as_fd(), value).unwrap();
        assert_eq!(reuse_address(socket.as_fd()).unwrap(), value);
    }
}

#[test]
fn kinds_are_told_apart() {
    let kind = |socket: BorrowedFd<'_>| socket_kind(socket).unwrap();
    assert_eq!(kind(stream(AddressFamily::INET).as_fd()), (Domain::Inet, Kind::Stream));
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(kind(udp.as_fd()), (Domain::Inet, Kind::Datagram));
    let (unix, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(kind(unix.as_fd()), (Domain::Other(libc::AF_UNIX as u16), Kind::Stream));
    assert_eq!(local_address(unix.as_fd()).unwrap(), None);
    // A kernel may be without IPv6.
    if let Ok(six) = TcpListener::bind("[::1]:0") {
        assert_eq!(kind(six.as_fd()), (Domain::Inet6, Kind::Stream));
        assert_eq!(local_address(six.as_fd()).unwrap(), Some(six.local_addr().unwrap()));
    }
    let file = std::fs::File::open("/dev/null").unwrap();
    assert_eq!(socket_kind(file.as_fd()).unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
}

#[test]
fn sockets_of_one_namespace_share_its_cookie() {
    let (one, other) = (stream(AddressFamily::INET), UdpSocket::bind("127.0.0.1:0").unwrap());
    let cookie = netns_cookie(one.as_fd()).unwrap();
    assert_ne!(cookie, 0);
    assert_eq!(netns_cookie(other.as_fd()).unwrap(), cookie);
}

#[test]
fn addresses_are_read_from_the_lengths_that_bind_accepts() {
    let four: SocketAddr = "127.0.0.1:3000".parse().unwrap();
    let six = |scope| SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 3000, 5, scope));
    assert_eq!(parse_sockaddr(&loopback(3000)), Some(four));
    assert_eq!(parse_sockaddr(&[&loopback(3000)[..], &[1; 112]].concat()), Some(four));
    assert_eq!(parse_sockaddr(&loopback(3000)[..15]), None);
    assert_eq!(parse_sockaddr(&loopback_6(3000)), Some(six(7)));
    assert_eq!(parse_sockaddr(&loopback_6(3000)[..24]), Some(six(0)));
    assert_eq!(parse_sockaddr(&loopback_6(3000)[..23]), None);
    assert_eq!(sockaddr(four), loopback(3000));
    assert_eq!(sockaddr(six(7)), loopback_6(3000));
    for family in [libc::AF_UNSPEC, libc::AF_UNIX, libc::AF_NETLINK] {
        let mut bytes = loopback_6(3000);
        bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        let before = bytes.clone();
        assert_eq!(parse_sockaddr(&bytes), None);
        assert!(!write_port(&mut bytes, 1));
        assert_eq!(bytes, before);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_written(bytes in prop::collection::vec(any::<u8>(), 0..140), port: u16, six: bool) {
        let mut of_family = bytes.clone();
        if let Some(start) = of_family.first_chunk_mut() {
            *start = (if six { libc::AF_INET6 } else { libc::AF_INET } as u16).to_ne_bytes();
        }
        for mut bytes in [bytes, of_family] {
            let before = parse_sockaddr(&bytes);
            prop_assert_eq!(write_port(&mut bytes, port), before.is_some());
            let expected = before.map(|mut address| { address.set_port(port); address });
            prop_assert_eq!(parse_sockaddr(&bytes), expected);
        }
    }
}
