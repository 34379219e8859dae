//! The sockets at which the router is reached: on loopback and nowhere else, opened here or handed over by systemd.
//!
//! Never one that other machines reach, whoever hands it over. Not here: what is said there (`wharf-router`).

use std::env;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use wharf_sys::linux::socket_control::{self as control, Domain, Kind};

use crate::local;
use crate::ports::namespace;

/// A socket that systemd has opened for this process.
#[derive(Debug)]
pub struct Handed {
    /// Its name (FileDescriptorName= in systemd.socket(5)): `https`, `http`; else its port tells what it is for.
    pub name: String,
    /// The socket.
    pub listener: TcpListener,
}

/// Listens at `port` of 127.0.0.1 and of ::1, at both or not at all; where there is no IPv6, at 127.0.0.1. 0 is any port
/// that is free at both.
///
/// # Errors
/// `PermissionDenied` if the port takes a privilege, `AddrInUse` if somebody has it at either address; anything else that
/// bind(2) said.
pub fn open(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = None;
    for _ in 0..TRIES {
        match open_both(port) {
            // The free port of the one address was not free at the other.
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => last = Some(error),
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

/// Has a socket whose other end is within this machine send without congestion control that is for networks: BBR, the default of
/// some machines, paces by timers what never leaves memory. What a listener accepts is the same.
pub fn ease(socket: &impl AsFd) {
    // Reno is always there and allowed (tcp(7)), and does the least. It works without, too.
    let _ = sockopt::set_tcp_congestion(socket, "reno");
}

fn open_both(port: u16) -> io::Result<Vec<TcpListener>> {
    let first = listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))?;
    let port = first.local_addr()?.port();
    match listen(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port)) {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if has_no_ipv6(&error) => Ok(vec![first]),
        Err(error) => Err(error),
    }
}

/// Listens at one address of loopback; port 0 is any that is free.
///
/// # Errors
/// `InvalidInput` if it is not of loopback, `AddrInUse` if somebody has the port there, `PermissionDenied` if it takes a
/// privilege; anything else that bind(2) said.
pub fn open_at(at: SocketAddr) -> io::Result<TcpListener> {
    if !at.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{at} is not of loopback")));
    }
    listen(at)
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => io::Error::new(error.kind(), format!("{at} is taken")),
        io::ErrorKind::PermissionDenied => {
            let text = format!("port {} takes a privilege here (wharf service install)", at.port());
            io::Error::new(error.kind(), text)
        }
        _ => error,
    };
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    if at.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    // Connections of the one before are no hindrance; somebody who listens is, all the same.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &at).map_err(|errno| told(errno.into()))?;
    rustix::net::listen(&socket, BACKLOG).map_err(|errno| told(errno.into()))?;
    Ok(socket.into())
}

/// Takes over a socket that another process has opened, and makes it non-blocking.
///
/// # Errors
/// `InvalidInput` if it is no TCP socket that listens on loopback of this network namespace, and on nothing else.
pub fn adopt(socket: OwnedFd) -> io::Result<TcpListener> {
    let fault = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    if !is_tcp(&socket) {
        return fault("no TCP socket".to_owned());
    }
    if !sockopt::socket_acceptconn(&socket)? {
        return fault("it does not listen".to_owned());
    }
    match control::local_address(socket.as_fd())? {
        Some(at) if !at.ip().to_canonical().is_loopback() => {
            return fault(format!("it listens on {at}, where others than this machine may reach it"));
        }
        Some(_) => {}
        None => return fault("it has no address".to_owned()),
    }
    if control::netns_cookie(socket.as_fd())? != namespace()? {
        return fault("it is of another network namespace".to_owned());
    }
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Returns the TCP sockets that systemd has opened for this process (sd_listen_fds(3)), and why it does without some of
/// them. Those of other kinds are passed over: they are the daemon's.
///
/// To be called once, and not by a program that goes on in the process of the one before it: the numbers were that one's.
#[must_use]
pub fn inherited() -> (Vec<Handed>, Vec<String>) {
    let (mut taken, mut warnings) = (Vec::new(), Vec::new());
    for (name, socket) in handed().into_iter().filter(|(_, socket)| is_tcp(socket)) {
        match adopt(socket) {
            Ok(listener) => taken.push(Handed { name, listener }),
            Err(error) => warnings.push(format!("the socket {name:?} of systemd is not used: {error}")),
        }
    }
    (taken, warnings)
}

/// Returns duplicates of all descriptors that systemd has left open for this process, with their names.
#[must_use]
pub fn handed() -> Vec<(String, OwnedFd)> {
    let number = |name: &str| env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").and_then(|count| i32::try_from(count).ok()).unwrap_or(0);
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let names = names.split(':').chain(std::iter::repeat("unknown"));
    let numbers = FIRST..FIRST.saturating_add(count.min(MOST));
    numbers.zip(names).filter_map(|(fd, name)| Some((name.to_owned(), local::inherited(fd).ok()?))).collect()
}

/// Returns whether two descriptors are of one socket.
#[must_use]
pub fn is_twin(one: &TcpListener, other: &TcpListener) -> bool {
    let inode = |listener: &TcpListener| rustix::fs::fstat(listener).map(|it| (it.st_dev, it.st_ino)).ok();
    inode(one).is_some() && inode(one) == inode(other)
}

fn is_tcp(socket: &OwnedFd) -> bool {
    let is_stream =
        matches!(control::socket_kind(socket.as_fd()), Ok((Domain::Inet | Domain::Inet6, Kind::Stream)));
    is_stream && matches!(sockopt::socket_protocol(socket), Ok(Some(ipproto::TCP)))
}

/// Returns whether bind(2) failed because this machine has no IPv6, or none on loopback.
fn has_no_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Connections that may wait; the kernel takes as many of them as `net.core.somaxconn` says.
const BACKLOG: i32 = 4096;
/// SD_LISTEN_FDS_START, sd_listen_fds(3).
const FIRST: i32 = 3;
/// Descriptors that are looked at: nobody hands over more.
const MOST: i32 = 64;
/// How often a port is chosen that is to be free at two addresses.
const TRIES: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixListener;

    use rustix::fs::OFlags;
    use rustix::io::FdFlags;
    use rustix::net::{AddressFamily, SocketType, sockopt};

    use super::{adopt, ease, is_twin, open};

    #[test]
    fn what_a_listener_accepts_sends_as_it_does() {
        let listener = open(0).unwrap().swap_remove(0);
        ease(&listener);
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        ease(&client);
        let (accepted, _) = listener.accept().unwrap();
        for socket in [listener.as_fd(), client.as_fd(), accepted.as_fd()] {
            assert_eq!(sockopt::tcp_congestion(socket).unwrap(), "reno");
        }
    }

    /// This machine may be without IPv6.
    fn has_ipv6() -> bool {
        TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    #[test]
    fn both_loopbacks_and_nothing_else_are_listened_on() {
        let listeners = open(0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let at: Vec<String> = listeners.iter().map(|it| it.local_addr().unwrap().to_string()).collect();
        let mut wanted = vec![format!("127.0.0.1:{port}")];
        wanted.extend(has_ipv6().then(|| format!("[::1]:{port}")));
        assert_eq!(at, wanted);
        for listener in &listeners {
            TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            assert!(rustix::fs::fcntl_getfl(listener).unwrap().contains(OFlags::NONBLOCK));
            assert!(rustix::io::fcntl_getfd(listener).unwrap().contains(FdFlags::CLOEXEC));
        }
        assert_eq!(open(port).unwrap_err().kind(), ErrorKind::AddrInUse);
        // Connections that are still open are no hindrance to the next.
        let client = TcpStream::connect(listeners[0].local_addr().unwrap()).unwrap();
        let accepted = listeners[0].accept();
        drop(listeners);
        let next = open(port).unwrap();
        drop((client, accepted, next));
    }

    #[test]
    fn who_has_one_of_the_two_has_both() {
        if !has_ipv6() {
            return;
        }
        let other = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let error = open(port).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::AddrInUse, format!("[::1]:{port} is taken"))
        );
        drop(other);
        open(port).unwrap();
    }

    #[test]
    fn nothing_is_adopted_that_others_reach_or_that_is_no_listener() {
        let fault = |socket: std::os::fd::OwnedFd| adopt(socket).unwrap_err().to_string();
        for at in ["0.0.0.0:0", "[::]:0"].iter().filter(|at| at.starts_with('0') || has_ipv6()) {
            let text = fault(TcpListener::bind(at).unwrap().into());
            assert!(text.contains("others than this machine"), "{text}");
        }
        assert_eq!(fault(UdpSocket::bind("127.0.0.1:0").unwrap().into()), "no TCP socket");
        let folder = tempfile::tempdir().unwrap();
        let local = UnixListener::bind(folder.path().join("socket")).unwrap();
        assert_eq!(fault(local.into()), "no TCP socket");
        assert_eq!(fault(std::fs::File::open("/dev/null").unwrap().into()), "no TCP socket");
        let bound = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&bound, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
        assert_eq!(fault(bound), "it does not listen");
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = good.local_addr().unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(is_twin(&good, &good.try_clone().unwrap()) && !is_twin(&good, &other));
        let adopted = adopt(good.into()).unwrap();
        assert_eq!(adopted.local_addr().unwrap(), at);
        assert!(rustix::fs::fcntl_getfl(&adopted).unwrap().contains(OFlags::NONBLOCK));
        assert!(sockopt::socket_acceptconn(adopted.as_fd()).unwrap());
    }
}
