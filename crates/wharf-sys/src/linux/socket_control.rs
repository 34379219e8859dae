//! What is done to a socket, one's own or a duplicate of another process's (`descriptor`): bind, listen, tie to
//! a device; bind(2), listen(2), socket(7). And addresses as bytes, the way bind(2) takes them.
//!
//! Not here: options that are only told (`sock_options`), and which port or device is right.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::net::{AddressFamily, SocketType, sockopt};

/// The domain of a socket (SO_DOMAIN).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// AF_INET.
    Inet,
    /// AF_INET6, which may take IPv4 too (IPV6_V6ONLY).
    Inet6,
    /// Any other, by its number in `linux/socket.h`.
    Other(u16),
}

/// The type of a socket (SO_TYPE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SOCK_STREAM: in the internet domains TCP, or rarer MPTCP and SCTP.
    Stream,
    /// SOCK_DGRAM: UDP, or an ICMP echo socket.
    Datagram,
    /// Any other, by its number in `linux/net.h`.
    Other(u32),
}

/// Binds to a `struct sockaddr` of any domain, given as its bytes.
///
/// # Errors
/// What bind(2) said.
pub fn bind(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length =
        libc::socklen_t::try_from(address.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: bind(2) reads `length` bytes at `address`, which is that long, outlives the call, and needs no
    // alignment since the kernel copies it; the descriptor is borrowed, so it is open.
    let result = unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Connects to a `struct sockaddr` of any domain, given as its bytes; connect(2).
///
/// # Errors
/// What connect(2) said: EINPROGRESS if it goes on by itself.
pub fn connect(socket: BorrowedFd<'_>, address: &[u8]) -> io::Result<()> {
    let length =
        libc::socklen_t::try_from(address.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: connect(2) reads `length` bytes at `address`, which is that long, outlives the call, and needs no
    // alignment since the kernel copies it; the descriptor is borrowed, so it is open.
    let result = unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr().cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Listens, or changes the backlog of what listens already. `backlog` is taken as listen(2) takes it: a negative
/// one is the largest.
///
/// # Errors
/// What listen(2) said.
pub fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    Ok(rustix::net::listen(socket, backlog)?)
}

/// Ties the socket to the network device `name` (SO_BINDTODEVICE): nothing arrives by another one.
///
/// # Errors
/// EPERM if it is tied already and the caller lacks CAP_NET_RAW; ENODEV if there is no such device in the
/// namespace of the socket; EINVAL for a name longer than 15 bytes.
pub fn bind_to_device(socket: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    // The kernel would cut it.
    if name.len() >= libc::IFNAMSIZ || name.is_empty() {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let (level, option) = (libc::SOL_SOCKET, libc::SO_BINDTODEVICE);
    // SAFETY: setsockopt(2) reads as many bytes as `name` has, which outlives the call; it needs no NUL at the
    // end; the descriptor is borrowed, so it is open.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            name.as_ptr().cast(),
            name.len() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Ties the socket to the network device of number `index` (SO_BINDTOIFINDEX, Linux 5.0), which need not exist.
///
/// # Errors
/// EPERM if it is tied already and the caller lacks CAP_NET_RAW; EINVAL for a negative number.
pub fn bind_to_index(socket: BorrowedFd<'_>, index: i32) -> io::Result<()> {
    let (level, option) = (libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX);
    let length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: setsockopt(2) reads `length` bytes at `index`, which is that long and outlives the call; the descriptor
    // is borrowed, so it is open.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const index).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Returns the device that the socket is tied to.
///
/// # Errors
/// What getsockopt(2) said; ENODEV if the device is gone.
pub fn bound_device(socket: BorrowedFd<'_>) -> io::Result<Option<String>> {
    let mut name = [0; libc::IFNAMSIZ];
    let length = option_bytes(socket, libc::SO_BINDTODEVICE, &mut name)?;
    // With its NUL; empty if there is none.
    let name = name[..length].split(|byte| *byte == 0).next().unwrap_or_default();
    Ok((!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned()))
}

/// Sets SO_REUSEADDR.
///
/// # Errors
/// What setsockopt(2) said.
pub fn set_reuse_address(socket: BorrowedFd<'_>, value: bool) -> io::Result<()> {
    Ok(sockopt::set_socket_reuseaddr(socket, value)?)
}

/// Returns SO_REUSEADDR.
///
/// # Errors
/// What getsockopt(2) said.
pub fn reuse_address(socket: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(sockopt::socket_reuseaddr(socket)?)
}

/// Returns the domain and the type of a socket.
///
/// # Errors
/// ENOTSOCK if the descriptor is none.
pub fn socket_kind(socket: BorrowedFd<'_>) -> io::Result<(Domain, Kind)> {
    let domain = match sockopt::socket_domain(socket)? {
        AddressFamily::INET => Domain::Inet,
        AddressFamily::INET6 => Domain::Inet6,
        other => Domain::Other(other.as_raw()),
    };
    let kind = match sockopt::socket_type(socket)? {
        SocketType::STREAM => Kind::Stream,
        SocketType::DGRAM => Kind::Datagram,
        other => Kind::Other(other.as_raw()),
    };
    Ok((domain, kind))
}

/// Returns the cookie of the socket's network namespace (SO_NETNS_COOKIE, kernel 5.14): the same for all sockets
/// of a namespace and for no other, until the next boot.
///
/// # Errors
/// What getsockopt(2) said.
pub fn netns_cookie(socket: BorrowedFd<'_>) -> io::Result<u64> {
    let mut cookie = [0; size_of::<u64>()];
    match option_bytes(socket, SO_NETNS_COOKIE, &mut cookie)? {
        8 => Ok(u64::from_ne_bytes(cookie)),
        _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// Returns the address of an internet socket, port 0 if it has none yet; `None` for other domains.
///
/// # Errors
/// What getsockname(2) said.
pub fn local_address(socket: BorrowedFd<'_>) -> io::Result<Option<SocketAddr>> {
    Ok(SocketAddr::try_from(rustix::net::getsockname(socket)?).ok())
}

/// Returns whether the socket has a peer, getpeername(2).
#[must_use]
pub fn is_connected(socket: BorrowedFd<'_>) -> bool {
    rustix::net::getpeername(socket).is_ok()
}

/// Reads a `struct sockaddr_in` or `sockaddr_in6`, of a length that bind(2) accepts; ip(7), ipv6(7).
///
/// `None` for other families. One of them is AF_UNSPEC, which bind(2) takes for AF_INET on an IPv4 socket if the
/// address is 0.0.0.0.
#[must_use]
pub fn parse_sockaddr(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(field(bytes, 0)?);
    let port = u16::from_be_bytes(field(bytes, PORT)?);
    match i32::from(family) {
        libc::AF_INET if bytes.len() >= size_of::<libc::sockaddr_in>() => {
            let ip = Ipv4Addr::from(field::<4>(bytes, 4)?);
            Some(SocketAddrV4::new(ip, port).into())
        }
        libc::AF_INET6 => {
            let flow = u32::from_be_bytes(field(bytes, 4)?);
            let ip = Ipv6Addr::from(field::<16>(bytes, 8)?);
            // RFC 2133 had no scope, and the kernel accepts that length still.
            let scope = field(bytes, 24).map_or(0, u32::from_ne_bytes);
            Some(SocketAddrV6::new(ip, port, flow, scope).into())
        }
        _ => None,
    }
}

/// Returns `address` as the bytes of a `struct sockaddr_in` or `sockaddr_in6`, the way getsockname(2) writes it.
#[must_use]
pub fn sockaddr(address: SocketAddr) -> Vec<u8> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let mut bytes = (family as u16).to_ne_bytes().to_vec();
    bytes.extend(address.port().to_be_bytes());
    match address {
        SocketAddr::V4(address) => {
            bytes.extend(address.ip().octets());
            bytes.extend([0; 8]);
        }
        SocketAddr::V6(address) => {
            bytes.extend(address.flowinfo().to_be_bytes());
            bytes.extend(address.ip().octets());
            bytes.extend(address.scope_id().to_ne_bytes());
        }
    }
    bytes
}

/// Sets the port in the bytes of an address that [`parse_sockaddr`] reads; returns false and leaves others alone.
pub fn write_port(bytes: &mut [u8], port: u16) -> bool {
    let is_internet = parse_sockaddr(bytes).is_some();
    if is_internet {
        bytes[PORT..PORT + 2].copy_from_slice(&port.to_be_bytes());
    }
    is_internet
}

/// Reads an option of SOL_SOCKET into `target` and returns its length.
fn option_bytes(socket: BorrowedFd<'_>, option: i32, target: &mut [u8]) -> io::Result<usize> {
    let mut length = target.len() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `target`, which is that long and outlives the call,
    // and the number of them to `length`; the descriptor is borrowed, so it is open.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            target.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(target.len().min(length as usize))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// `asm-generic/socket.h`, the same on x86_64 and aarch64.
const SO_NETNS_COOKIE: i32 = 71;
/// Where the port is, in either family.
const PORT: usize = 2;

#[cfg(test)]
mod tests;
