//! Holding a port: a socket that is bound and never listens, so that nobody else can bind it; bind(2), socket(7).
//!
//! On `[::]` with IPV6_V6ONLY off, which covers 127.0.0.1, 0.0.0.0, ::1 and ::; without IPv6 on 0.0.0.0. Exclusive
//! (SO_REUSEADDR off): a supervised program whose socket is tied to `lo` gets the port beside it, because two sockets
//! that are tied to different devices do not conflict, and each of them does with all that are tied to none. Only for
//! others it is shared for a moment. Several processes may hold a port by duplicates of one socket: it is held until
//! the last of them lets go. Not here: which port is held for whom (`wharf-lease`, `wharf-run`, `wharf-daemon`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_sys::linux::socket_control::{self as control, Domain, Kind};

use crate::facts::SocketQuery;
use crate::linux::sockets::LinuxSockets;
use crate::traits::Sockets;

/// A port that is held until this is dropped.
#[derive(Debug)]
pub struct Held {
    socket: OwnedFd,
    port: u16,
    /// Whether it is known to have stepped aside, which it does once for all.
    is_aside: AtomicBool,
}

/// Holds `port` in wharf's own network namespace.
///
/// # Errors
/// EADDRINUSE if somebody has it; EACCES if it needs privilege here.
pub fn hold(port: u16) -> io::Result<Held> {
    match bind(SocketType::STREAM, port, false) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => hold_beside_remains(port),
        other => other,
    }
}

/// Returns the cookie of the network namespace that this process holds ports in (SO_NETNS_COOKIE, socket(7)); 0 if the
/// kernel tells none.
///
/// # Errors
/// What socket(2) said.
pub fn namespace() -> io::Result<u64> {
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    control::netns_cookie(socket.as_fd())
}

/// Holds `port` for UDP. Datagrams that come meanwhile are the holder's, so this is for moments.
///
/// # Errors
/// As [`hold`].
pub fn hold_udp(port: u16) -> io::Result<Held> {
    bind(SocketType::DGRAM, port, false)
}

impl Held {
    /// Takes over a `socket` that another process has held a port with.
    ///
    /// # Errors
    /// `InvalidInput` if it is anything else than what [`hold`] makes in this network namespace.
    pub fn adopt(socket: OwnedFd) -> io::Result<Self> {
        let fault = |text| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        if !matches!(control::socket_kind(socket.as_fd()), Ok((Domain::Inet | Domain::Inet6, Kind::Stream))) {
            return fault("no TCP socket");
        }
        if sockopt::socket_acceptconn(&socket)? {
            return fault("it listens");
        }
        if control::netns_cookie(socket.as_fd())? != namespace()? {
            return fault("of another network namespace");
        }
        match control::local_address(socket.as_fd())? {
            Some(at) if at.ip().is_unspecified() && at.port() != 0 => {
                Ok(Self { port: at.port(), socket, is_aside: AtomicBool::new(false) })
            }
            _ => fault("it holds no port"),
        }
    }

    /// Returns a duplicate: the port is held until both are dropped.
    ///
    /// # Errors
    /// What dup(2) said.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            socket: self.socket.try_clone()?,
            port: self.port,
            is_aside: AtomicBool::new(self.is_aside.load(Ordering::Relaxed)),
        })
    }

    /// Returns whether another socket has the port as well: one that was let in, and listens or is bound.
    ///
    /// # Errors
    /// What sock_diag(7) said.
    pub fn is_shared(&self) -> io::Result<bool> {
        let own = rustix::fs::fstat(&self.socket)?.st_ino;
        let query = SocketQuery {
            protocols: vec![Protocol::Tcp],
            // Bound sockets since Linux 6.8; before, one that does not listen is not seen here.
            states: vec![TcpState::Listen, TcpState::Closed, TcpState::Bound],
            local_port: Some(self.port),
            remote_port: None,
        };
        let listed = LinuxSockets.list(None, &query).map_err(io::Error::other)?;
        Ok(listed.value.iter().any(|socket| socket.local.port() == self.port && socket.inode != own))
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets sockets that are tied to a device have the port too, and still nobody else.
    ///
    /// Source: `inet_bind_conflict` in net/ipv4/inet_connection_sock.c. The device that the hold is tied to from now on is
    /// none that there is.
    ///
    /// # Errors
    /// What setsockopt(2) said.
    pub fn step_aside(&self) -> io::Result<()> {
        if self.is_aside.load(Ordering::Relaxed) {
            return Ok(());
        }
        match control::bound_device(self.socket.as_fd()) {
            Ok(None) => control::bind_to_index(self.socket.as_fd(), NO_DEVICE)?,
            // A duplicate has done so: to tie it again takes a privilege.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error()) => {}
            other => return other.map(drop),
        }
        self.is_aside.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Calls `bind`, during which a socket with SO_REUSEADDR may take the port too.
    ///
    /// # Errors
    /// What setsockopt(2) said; `bind` was not called then.
    pub fn let_in<T>(&self, bind: impl FnOnce() -> T) -> io::Result<T> {
        sockopt::set_socket_reuseaddr(&self.socket, true)?;
        let outcome = bind();
        sockopt::set_socket_reuseaddr(&self.socket, false)?;
        Ok(outcome)
    }
}

impl From<Held> for OwnedFd {
    fn from(held: Held) -> Self {
        held.socket
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Holds a port that only connections of an earlier server still have: with SO_REUSEADDR they are no hindrance, nor
/// would be a socket that somebody else has bound with it, so it is looked for afterwards.
fn hold_beside_remains(port: u16) -> io::Result<Held> {
    let held = bind(SocketType::STREAM, port, true)?;
    sockopt::set_socket_reuseaddr(&held.socket, false)?;
    if held.is_shared()? {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    Ok(held)
}

fn bind(kind: SocketType, port: u16, reuse_address: bool) -> io::Result<Held> {
    match bind_in(kind, Ipv6Addr::UNSPECIFIED.into(), port, reuse_address) {
        Err(error) if has_no_ipv6(&error) => bind_in(kind, Ipv4Addr::UNSPECIFIED.into(), port, reuse_address),
        other => other,
    }
}

fn bind_in(kind: SocketType, address: IpAddr, port: u16, reuse_address: bool) -> io::Result<Held> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    sockopt::set_socket_reuseaddr(&socket, reuse_address)?;
    rustix::net::bind(&socket, &SocketAddr::new(address, port))?;
    let port = if port == 0 { bound_port(&socket)? } else { port };
    Ok(Held { socket, port, is_aside: AtomicBool::new(false) })
}

fn bound_port(socket: &OwnedFd) -> io::Result<u16> {
    let address = SocketAddr::try_from(rustix::net::getsockname(socket)?).map_err(io::Error::other)?;
    Ok(address.port())
}

fn has_no_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// A number that the kernel gives to no device: it counts up from 1. What is held is tied to it, see
/// [`Held::step_aside`].
pub(crate) const NO_DEVICE: i32 = i32::MAX;

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use rustix::net::{AddressFamily, SocketType, sockopt};
    use wharf_sys::linux::socket_control as control;

    use super::{Held, bound_port, hold, hold_udp};

    #[test]
    fn nobody_else_binds_a_held_port_on_any_address() {
        let held = hold(0).unwrap();
        for address in ["127.0.0.1", "0.0.0.0", "127.0.0.2", "[::1]", "[::]"] {
            // The standard library sets SO_REUSEADDR.
            let taken = TcpListener::bind(format!("{address}:{}", held.port()));
            assert_eq!(taken.unwrap_err().kind(), ErrorKind::AddrInUse, "{address}");
        }
        assert_eq!(hold(held.port()).unwrap_err().kind(), ErrorKind::AddrInUse);
        let port = held.port();
        drop(held);
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn a_held_udp_port_is_the_programs_alone() {
        let held = hold_udp(0).unwrap();
        let address = ("127.0.0.1", held.port());
        assert_eq!(UdpSocket::bind(address).unwrap_err().kind(), ErrorKind::AddrInUse);
        let server = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None).unwrap();
        sockopt::set_socket_reuseaddr(&server, true).unwrap();
        let any = SocketAddr::from(([0, 0, 0, 0], held.port()));
        held.let_in(|| rustix::net::bind(&server, &any)).unwrap().unwrap();
        sockopt::set_socket_reuseaddr(&server, false).unwrap();
        let server = UdpSocket::from(server);
        server.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"x", address).unwrap();
        assert_eq!(server.recv(&mut [0; 8]).unwrap(), 1, "the holder does not take it");
        let port = held.port();
        drop(held);
        let intruder = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None).unwrap();
        sockopt::set_socket_reuseaddr(&intruder, true).unwrap();
        assert!(rustix::net::bind(&intruder, &any).is_err());
        // The same number of the other protocol is no hindrance.
        hold(port).unwrap();
    }

    #[test]
    fn who_is_tied_to_loopback_gets_a_held_port_and_a_storm_of_others_never() {
        let held = hold(0).unwrap();
        let addresses = ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"]
            .map(|host| format!("{host}:{}", held.port()).parse::<SocketAddr>().unwrap());
        let shared = |address: &SocketAddr, with_port: bool| {
            let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
            let socket = rustix::net::socket(family, SocketType::STREAM, None).unwrap();
            sockopt::set_socket_reuseaddr(&socket, true).unwrap();
            sockopt::set_socket_reuseport(&socket, with_port).unwrap();
            socket
        };
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let intruder = scope.spawn(|| {
                let mut got = 0;
                while !is_over.load(Ordering::Relaxed) {
                    got += addresses
                        .iter()
                        .filter(|at| rustix::net::bind(shared(at, true), *at).is_ok())
                        .count();
                }
                got
            });
            for round in 0..10_000 {
                let address = &addresses[round % addresses.len()];
                let socket = shared(address, false);
                control::bind_to_device(socket.as_fd(), "lo").unwrap();
                held.step_aside().unwrap();
                rustix::net::bind(&socket, address).unwrap();
                rustix::net::listen(&socket, 1).unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(intruder.join().unwrap(), 0);
        });
        assert_eq!(hold(held.port()).unwrap_err().kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn who_is_let_in_keeps_the_port_and_lets_nobody_after() {
        let held = hold(0).unwrap();
        let listener = held.let_in(|| TcpListener::bind(("127.0.0.1", held.port()))).unwrap().unwrap();
        assert!(TcpListener::bind(("127.0.0.1", held.port())).is_err());
        drop(listener);
        assert!(TcpListener::bind(("127.0.0.1", held.port())).is_err());
    }

    #[test]
    fn one_that_is_bound_to_be_shared_and_does_not_listen_has_the_port_all_the_same() {
        for address in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let address: SocketAddr = address.parse().unwrap();
            let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
            let other = rustix::net::socket(family, SocketType::STREAM, None).unwrap();
            sockopt::set_socket_reuseaddr(&other, true).unwrap();
            rustix::net::bind(&other, &address).unwrap();
            let port = bound_port(&other).unwrap();
            assert_eq!(hold(port).unwrap_err().kind(), ErrorKind::AddrInUse, "{address}");
        }
    }

    #[test]
    fn connections_of_an_earlier_server_are_no_hindrance() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(hold(address.port()).unwrap_err().kind(), ErrorKind::AddrInUse, "somebody listens");
        drop(listener);
        server.write_all(b"x").unwrap();
        // The server closes first, so that its side waits (TIME_WAIT).
        server.shutdown(std::net::Shutdown::Write).unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
        drop((client, server));
        hold(address.port()).unwrap();
    }

    #[test]
    fn a_duplicate_holds_it_too_and_nothing_else_is_taken_over() {
        let held = hold(0).unwrap();
        let port = held.port();
        let twin = Held::adopt(held.try_clone().unwrap().socket).unwrap();
        drop(held);
        assert_eq!(twin.port(), port);
        assert!(TcpListener::bind(("127.0.0.1", port)).is_err());
        assert!(!twin.is_shared().unwrap());
        let listener = twin.let_in(|| TcpListener::bind(("127.0.0.1", port))).unwrap().unwrap();
        assert!(twin.is_shared().unwrap());
        let fault = |socket: std::os::fd::OwnedFd| Held::adopt(socket).unwrap_err().to_string();
        assert_eq!(fault(listener.into()), "it listens");
        assert_eq!(fault(std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()), "no TCP socket");
        assert_eq!(fault(std::fs::File::open("/dev/null").unwrap().into()), "no TCP socket");
        drop(twin);
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}
