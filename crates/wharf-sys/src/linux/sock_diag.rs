//! The kernel's sockets by netlink: sock_diag(7), `linux/inet_diag.h`.
//!
//! One socket asks for IPv4 or IPv6, TCP or UDP, in given states: all of them (a dump) or exactly one.
//! Unprivileged callers get everybody's sockets with inode, uid, queues and control group. Privileged ones may have a
//! connection closed.
//! Not here: which process holds a socket (`proc_dir`), and what a state means to a person.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

/// TCP state ESTABLISHED (`net/tcp_states.h`); for UDP: connected.
pub const ESTABLISHED: u8 = 1;
/// TCP state TIME_WAIT.
pub const TIME_WAIT: u8 = 6;
/// TCP state CLOSE; for UDP: bound, not connected.
pub const CLOSE: u8 = 7;
/// TCP state LISTEN.
pub const LISTEN: u8 = 10;
/// Bound and inactive: a pseudo state of requests, since Linux 6.8; older kernels answer nothing.
pub const BOUND_INACTIVE: u8 = 13;

/// Address family of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// AF_INET.
    V4,
    /// AF_INET6; its wildcard sockets may serve IPv4 too.
    V6,
}

/// Transport protocol of a request, by its IP protocol number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// IPPROTO_TCP.
    Tcp = 6,
    /// IPPROTO_UDP.
    Udp = 17,
}

/// What to list.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Address family.
    pub family: Family,
    /// Transport protocol.
    pub transport: Transport,
    /// Bit n set: sockets in state n.
    ///
    /// Asking for CLOSE (TCP) makes the kernel walk its whole hash of connections; LISTEN alone does not.
    pub states: u32,
    /// Only this local port; 0 for all.
    pub local_port: u16,
    /// Only this remote port; 0 for all.
    pub remote_port: u16,
}

/// One socket, as `struct inet_diag_msg` and its attributes tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Transport protocol.
    pub transport: Transport,
    /// TCP state number.
    pub state: u8,
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port, unspecified and 0 if none.
    pub remote: SocketAddr,
    /// Index of the device it is bound to, 0 if none.
    pub device_index: u32,
    /// Cookie, unique until reboot.
    pub cookie: u64,
    /// LISTEN: connections waiting to be accepted; else unread bytes.
    pub receive_queue: u32,
    /// LISTEN: limit of the accept queue; else unacknowledged bytes.
    pub send_queue: u32,
    /// User id of the socket's creator.
    pub uid: u32,
    /// Inode in sockfs, 0 if no file belongs to it.
    pub inode: u32,
    /// IPV6_V6ONLY; only in LISTEN and CLOSE.
    pub v6_only: Option<bool>,
    /// Kernel id of the socket's control group (cgroup v2).
    pub cgroup_id: Option<u64>,
    /// Packets that this socket has dropped since it was made, where [`SockDiag::with_details`] asked.
    pub drops: Option<u32>,
    /// Milliseconds since a TCP connection last heard of its peer, where [`SockDiag::with_details`] asked.
    pub quiet_ms: Option<u32>,
}

/// One Unix socket, as `struct unix_diag_msg` (`linux/unix_diag.h`) tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// Inode in sockfs.
    pub inode: u32,
    /// Whether it is of type SOCK_STREAM, where no message is empty.
    pub stream: bool,
    /// Bytes that wait to be received (of a datagram socket: of the first); of a listener: connections.
    pub waiting: u32,
}

/// A netlink socket of protocol NETLINK_SOCK_DIAG. It speaks of the network namespace it was opened in,
/// wherever its thread goes later.
#[derive(Debug)]
pub struct SockDiag {
    socket: OwnedFd,
    buffer: Vec<u8>,
    /// `idiag_ext` of each request.
    extensions: u8,
}

impl SockDiag {
    /// Opens the socket.
    ///
    /// # Errors
    /// `EPROTONOSUPPORT` without CONFIG_INET_DIAG; `EPERM`/`EACCES` where a seccomp filter or LSM denies netlink.
    pub fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        Ok(Self::of(socket))
    }

    /// Takes over a socket that another process opened, in whose network namespace it stays.
    #[must_use]
    pub fn of(socket: OwnedFd) -> Self {
        Self { socket, buffer: vec![0; RECEIVE_BUFFER], extensions: 0 }
    }

    /// Has each socket tell of its drops and of how long it has heard nothing, too; that costs the kernel a lock a socket.
    #[must_use]
    pub fn with_details(mut self) -> Self {
        self.extensions = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1);
        self
    }

    /// Appends every socket that `request` describes to `records`.
    ///
    /// # Errors
    /// What the kernel answered; `InvalidData` for an answer that is not of the form of `linux/netlink.h`.
    pub fn dump(&mut self, request: &Request, records: &mut Vec<Record>) -> io::Result<()> {
        let id = [0; SOCKET_ID];
        self.send(&encode(request, self.extensions, NLM_F_REQUEST | NLM_F_DUMP, &id))?;
        loop {
            let answer = self.receive()?;
            match parse(answer, request.transport, records)? {
                Answer::More => {}
                Answer::Done => return Ok(()),
            }
        }
    }

    /// Returns the listening TCP socket that a connection to `address` would reach, by the kernel's own look-up.
    ///
    /// Costs the same however many sockets there are. `address` with an IPv6 address finds dual-stack
    /// wildcards too, with an IPv4 address as well.
    ///
    /// # Errors
    /// As [`SockDiag::dump`]; that there is none is `Ok(None)`.
    pub fn listener_at(&mut self, address: SocketAddr) -> io::Result<Option<Record>> {
        // A remote port that no connection can have, so that the look-up falls through to listeners.
        let none = match address.ip() {
            IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
        };
        Ok(self.one(address, none)?.filter(|record| record.state == LISTEN))
    }

    /// Returns the TCP socket that has `local` and is connected to `remote`, by the kernel's own look-up. One that nobody has
    /// accepted yet has no inode; one that was closed and still sends has none either.
    ///
    /// # Errors
    /// As [`SockDiag::dump`]; that there is none is `Ok(None)`.
    pub fn connection(&mut self, local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Record>> {
        Ok(self.one(local, remote)?.filter(|record| record.state != LISTEN))
    }

    /// Closes a TCP connection of whatever process: its program is told ECONNABORTED, and the peer gets a reset. The cookie
    /// says which one is meant, so that never another one is closed that has the same addresses by now.
    ///
    /// # Errors
    /// `EPERM` without CAP_NET_ADMIN over the socket's network namespace, `EOPNOTSUPP` without CONFIG_INET_DIAG_DESTROY,
    /// `ENOENT` or `ESTALE` if it has ended meanwhile; `InvalidInput` for a listening socket, which would be closed as well.
    pub fn destroy(&mut self, connection: &Record) -> io::Result<()> {
        if connection.state == LISTEN || connection.transport != Transport::Tcp {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "only TCP connections are closed"));
        }
        let (local, remote) = (connection.local, connection.remote);
        let request = Request {
            family: if local.is_ipv4() { Family::V4 } else { Family::V6 },
            transport: Transport::Tcp,
            states: 1 << connection.state,
            local_port: local.port(),
            remote_port: remote.port(),
        };
        let id = socket_id(local.ip(), remote.ip(), connection.device_index, connection.cookie);
        let mut message = encode(&request, 0, NLM_F_REQUEST | NLM_F_ACK, &id);
        message[4..6].copy_from_slice(&SOCK_DESTROY.to_ne_bytes());
        self.send(&message)?;
        // The acknowledgement is an error message with number 0.
        parse(self.receive()?, Transport::Tcp, &mut Vec::new()).map(drop)
    }

    fn one(&mut self, local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Record>> {
        let request = Request {
            family: if local.is_ipv4() { Family::V4 } else { Family::V6 },
            transport: Transport::Tcp,
            states: u32::MAX,
            local_port: local.port(),
            remote_port: remote.port(),
        };
        // As if it came in by loopback: a socket that is bound to that device is found for no other, inet_lookup in
        // include/net/inet_hashtables.h.
        let device = if local.ip().to_canonical().is_loopback() { LOOPBACK_INDEX } else { 0 };
        let id = socket_id(local.ip(), remote.ip(), device, ANY_COOKIE);
        self.send(&encode(&request, self.extensions, NLM_F_REQUEST, &id))?;
        let mut records = Vec::new();
        let answer = self.receive()?;
        match parse(answer, Transport::Tcp, &mut records) {
            Ok(_) => Ok(records.pop()),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the Unix sockets of this namespace with what waits in them.
    ///
    /// # Errors
    /// As [`SockDiag::dump`]; `NotFound` without CONFIG_UNIX_DIAG.
    pub fn unix_sockets(&mut self) -> io::Result<Vec<UnixSocket>> {
        let mut message = [0; NLMSG_HEADER + UNIX_REQUEST];
        message[0..4].copy_from_slice(&((NLMSG_HEADER + UNIX_REQUEST) as u32).to_ne_bytes());
        message[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
        message[16] = libc::AF_UNIX as u8;
        message[20..24].fill(0xff);
        message[28..32].copy_from_slice(&UDIAG_SHOW_RQLEN.to_ne_bytes());
        self.send(&message)?;
        let mut sockets = Vec::new();
        while messages(self.receive()?, |body| sockets.extend(unix_socket(body)))? == Answer::More {}
        Ok(sockets)
    }

    /// Returns the name of a network device in this socket's namespace.
    #[must_use]
    pub fn device_name(&self, index: u32) -> Option<String> {
        rustix::net::netdevice::index_to_name(&self.socket, index).ok()
    }

    fn send(&self, message: &[u8]) -> io::Result<()> {
        loop {
            match rustix::net::send(&self.socket, message, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn receive(&mut self) -> io::Result<&[u8]> {
        loop {
            match rustix::net::recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::TRUNC) {
                Ok((count, length)) if length > count => {
                    return Err(malformed("an answer larger than its buffer"));
                }
                Ok((count, _)) => return Ok(&self.buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Whether a dump goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Another datagram follows.
    More,
    /// NLMSG_DONE was seen.
    Done,
}

/// Parses one datagram of netlink messages (`linux/netlink.h`), appending its sockets to `records`.
///
/// # Errors
/// The errno of an NLMSG_ERROR; `InvalidData` if a length does not fit.
pub fn parse(datagram: &[u8], transport: Transport, records: &mut Vec<Record>) -> io::Result<Answer> {
    messages(datagram, |body| records.extend(record(body, transport)))
}

/// Calls `visit` with the body of each message that tells of a socket.
fn messages(mut datagram: &[u8], mut visit: impl FnMut(&[u8])) -> io::Result<Answer> {
    while datagram.len() >= NLMSG_HEADER {
        let length = u32_at(datagram, 0) as usize;
        let kind = u16_at(datagram, 4);
        if length < NLMSG_HEADER || length > datagram.len() {
            return Err(malformed("a netlink message with a wrong length"));
        }
        let body = &datagram[NLMSG_HEADER..length];
        match kind {
            NLMSG_DONE => return Ok(Answer::Done),
            NLMSG_ERROR => error(body)?,
            SOCK_DIAG_BY_FAMILY => visit(body),
            _ => {}
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Answer::More)
}

/// Reads the errno of a `struct nlmsgerr`; 0 is an acknowledgement.
fn error(body: &[u8]) -> io::Result<()> {
    if body.len() < 4 {
        return Err(malformed("a netlink error without its number"));
    }
    match i32_at(body, 0) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno.saturating_neg())),
    }
}

/// Makes a `struct inet_diag_sockid` without its ports.
fn socket_id(local: IpAddr, remote: IpAddr, device: u32, cookie: u64) -> [u8; SOCKET_ID] {
    let mut id = [0; SOCKET_ID];
    for (at, ip) in [(4, local), (20, remote)] {
        match ip {
            IpAddr::V4(ip) => id[at..at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => id[at..at + 16].copy_from_slice(&ip.octets()),
        }
    }
    id[36..40].copy_from_slice(&device.to_ne_bytes());
    // Two numbers, the lower half first.
    id[40..44].copy_from_slice(&(cookie as u32).to_ne_bytes());
    id[44..48].copy_from_slice(&((cookie >> 32) as u32).to_ne_bytes());
    id
}

fn encode(request: &Request, extensions: u8, flags: u16, id: &[u8; SOCKET_ID]) -> [u8; REQUEST] {
    let mut message = [0; REQUEST];
    message[0..4].copy_from_slice(&(REQUEST as u32).to_ne_bytes());
    message[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message[16] = match request.family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    };
    message[17] = request.transport as u8;
    message[18] = extensions;
    message[20..24].copy_from_slice(&request.states.to_ne_bytes());
    message[24..72].copy_from_slice(id);
    message[24..26].copy_from_slice(&request.local_port.to_be_bytes());
    message[26..28].copy_from_slice(&request.remote_port.to_be_bytes());
    message
}

/// Reads a `struct inet_diag_msg` with its attributes; `None` for a family that is neither IPv4 nor IPv6.
fn record(body: &[u8], transport: Transport) -> Option<Record> {
    if body.len() < DIAG_MESSAGE {
        return None;
    }
    let address = |at: usize| match body[0] {
        AF_INET => Some(IpAddr::V4(Ipv4Addr::from(array::<4>(body, at)))),
        AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(array::<16>(body, at)))),
        _ => None,
    };
    let port = |at: usize| u16::from_be_bytes(array(body, at));
    let mut record = Record {
        transport,
        state: body[1],
        local: SocketAddr::new(address(8)?, port(4)),
        remote: SocketAddr::new(address(24)?, port(6)),
        device_index: u32_at(body, 40),
        cookie: u64::from(u32_at(body, 44)) | u64::from(u32_at(body, 48)) << 32,
        receive_queue: u32_at(body, 56),
        send_queue: u32_at(body, 60),
        uid: u32_at(body, 64),
        inode: u32_at(body, 68),
        v6_only: None,
        cgroup_id: None,
        drops: None,
        quiet_ms: None,
    };
    attributes(&body[DIAG_MESSAGE..], |kind, value| match (kind, value.len()) {
        (INET_DIAG_SKV6ONLY, 1..) => record.v6_only = Some(value[0] != 0),
        (INET_DIAG_SKMEMINFO, SK_MEMINFO_LENGTH..) => record.drops = Some(u32_at(value, SK_MEMINFO_DROPS)),
        (INET_DIAG_INFO, TCP_INFO_LENGTH..) => record.quiet_ms = Some(u32_at(value, TCPI_LAST_ACK_RECV)),
        (INET_DIAG_CGROUP_ID, 8..) => record.cgroup_id = Some(u64::from_ne_bytes(array(value, 0))),
        _ => {}
    });
    Some(record)
}

/// Reads a `struct unix_diag_msg` with its attributes.
fn unix_socket(body: &[u8]) -> Option<UnixSocket> {
    if body.len() < UNIX_MESSAGE {
        return None;
    }
    let mut socket =
        UnixSocket { inode: u32_at(body, 4), stream: i32::from(body[1]) == libc::SOCK_STREAM, waiting: 0 };
    attributes(&body[UNIX_MESSAGE..], |kind, value| {
        if kind == UNIX_DIAG_RQLEN && value.len() >= 4 {
            socket.waiting = u32_at(value, 0);
        }
    });
    Some(socket)
}

/// Calls `visit` for each attribute (`struct nlattr`) as far as the lengths hold.
fn attributes(mut rest: &[u8], mut visit: impl FnMut(u16, &[u8])) {
    while rest.len() >= ATTRIBUTE_HEADER {
        let length = usize::from(u16_at(rest, 0));
        if length < ATTRIBUTE_HEADER || length > rest.len() {
            return;
        }
        visit(u16_at(rest, 2) & ATTRIBUTE_KIND, &rest[ATTRIBUTE_HEADER..length]);
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Copies `N` bytes from `at`, which the caller has checked to be inside.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[at..at + N]);
    value
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(array(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(array(bytes, at))
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_ne_bytes(array(bytes, at))
}

// linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
const NLMSG_HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const SOCK_DESTROY: u16 = 21;
/// INET_DIAG_NOCOOKIE, twice.
const ANY_COOKIE: u64 = u64::MAX;
const ATTRIBUTE_HEADER: usize = 4;
/// Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
const ATTRIBUTE_KIND: u16 = 0x3fff;
const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_SKMEMINFO: u16 = 7;
/// Byte of SK_MEMINFO_DROPS, the ninth number of the attribute, and its end.
const SK_MEMINFO_DROPS: usize = 8 * 4;
const SK_MEMINFO_LENGTH: usize = SK_MEMINFO_DROPS + 4;
/// Byte of `tcpi_last_ack_recv` in `struct tcp_info` (`linux/tcp.h`), and its end.
const TCPI_LAST_ACK_RECV: usize = 56;
const TCP_INFO_LENGTH: usize = TCPI_LAST_ACK_RECV + 4;
const INET_DIAG_SKV6ONLY: u16 = 11;
const INET_DIAG_CGROUP_ID: u16 = 21;
/// `struct inet_diag_sockid`.
const SOCKET_ID: usize = 48;
/// Number of the device `lo` in every network namespace (LOOPBACK_IFINDEX in include/net/flow.h).
const LOOPBACK_INDEX: u32 = 1;
/// `struct nlmsghdr` and `struct inet_diag_req_v2`.
const REQUEST: usize = NLMSG_HEADER + 56;
/// `struct inet_diag_msg`.
const DIAG_MESSAGE: usize = 72;
const AF_INET: u8 = libc::AF_INET as u8;
const AF_INET6: u8 = libc::AF_INET6 as u8;
/// `struct unix_diag_req`.
const UNIX_REQUEST: usize = 24;
/// `struct unix_diag_msg`.
const UNIX_MESSAGE: usize = 16;
const UDIAG_SHOW_RQLEN: u32 = 0x10;
const UNIX_DIAG_RQLEN: u16 = 4;
/// The kernel answers a dump in datagrams of at most 32 KiB.
const RECEIVE_BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests;
