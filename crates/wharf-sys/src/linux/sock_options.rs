//! Options of a socket, one's own or (by `descriptor`) another process's; socket(7), tcp(7), ip(7).

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// Returns the inode of a descriptor's file.
///
/// # Errors
/// What fstat(2) said.
pub fn inode(fd: impl AsFd) -> io::Result<u64> {
    Ok(rustix::fs::fstat(fd)?.st_ino)
}

/// Options of an internet socket; what could not be read is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// SO_REUSEADDR.
    pub reuse_address: Option<bool>,
    /// SO_REUSEPORT.
    pub reuse_port: Option<bool>,
    /// SO_KEEPALIVE.
    pub keep_alive: Option<bool>,
    /// TCP_DEFER_ACCEPT, seconds.
    pub defer_accept_s: Option<u32>,
    /// TCP_FASTOPEN, length of its queue.
    pub fast_open: Option<u32>,
    /// IP_FREEBIND.
    pub free_bind: Option<bool>,
    /// IP_TRANSPARENT.
    pub transparent: Option<bool>,
}

/// Reads the options of `socket`.
pub fn read(socket: impl AsFd) -> Options {
    let socket = socket.as_fd();
    let tcp = |option| option_u32(socket, libc::IPPROTO_TCP, option).ok();
    Options {
        reuse_address: sockopt::socket_reuseaddr(socket).ok(),
        reuse_port: sockopt::socket_reuseport(socket).ok(),
        keep_alive: sockopt::socket_keepalive(socket).ok(),
        defer_accept_s: tcp(libc::TCP_DEFER_ACCEPT),
        fast_open: tcp(libc::TCP_FASTOPEN),
        free_bind: sockopt::ip_freebind(socket).ok(),
        transparent: option_u32(socket, libc::IPPROTO_IP, libc::IP_TRANSPARENT).ok().map(|value| value != 0),
    }
}

/// Returns a numeric option of a socket.
///
/// # Errors
/// What getsockopt(2) said.
pub fn option_u32(socket: impl AsFd, level: i32, option: i32) -> io::Result<u32> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: getsockopt(2) writes at most `length` bytes to `value`, which is that long and outlives the
    // call; the descriptor is borrowed, so it is open.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            std::ptr::from_mut(&mut value).cast(),
            std::ptr::from_mut(&mut length),
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // The bits as they are: -1 reads as u32::MAX.
    Ok(u32::from_ne_bytes(value.to_ne_bytes()))
}

/// Returns how many instructions the filter has that was set with SO_ATTACH_FILTER; 0 for none.
///
/// # Errors
/// `PermissionDenied` for one that was set with SO_ATTACH_BPF, whose instructions nobody can read.
pub fn filter_length(socket: impl AsFd) -> io::Result<u32> {
    let mut length: libc::socklen_t = 0;
    // SAFETY: with a length of 0 SO_GET_FILTER of getsockopt(2) writes nothing to the value, which may so be null, and the
    // count of instructions to `length`, which outlives the call; the descriptor is borrowed, so it is open.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_GET_FILTER,
            std::ptr::null_mut(),
            std::ptr::from_mut(&mut length),
        )
    };
    if result == 0 { Ok(length) } else { Err(io::Error::last_os_error()) }
}

/// Binds a TCP socket to `address` and closes it again. For IPv6 the socket is IPv6 only, so that each family
/// is tried for itself.
///
/// # Errors
/// What bind(2) said.
pub fn try_bind(address: SocketAddr, reuse_address: bool) -> io::Result<()> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if reuse_address {
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    Ok(rustix::net::bind(&socket, &address)?)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use super::{filter_length, inode, read, try_bind};
    use crate::linux::descriptor::duplicate;

    #[test]
    fn a_duplicate_is_the_same_socket_and_tells_its_options() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = listener.as_raw_fd();
        // A container's seccomp profile may deny pidfd_getfd(2) even for oneself.
        let Ok(twin) = duplicate(std::process::id(), fd) else { return };
        assert_eq!(inode(&twin).unwrap(), inode(&listener).unwrap());
        let options = read(&twin);
        // std sets SO_REUSEADDR on listeners.
        assert_eq!(options.reuse_address, Some(true));
        assert_eq!(options.reuse_port, Some(false));
        assert_eq!(options.defer_accept_s, Some(0));
        assert_eq!(filter_length(&twin).unwrap(), 0);
    }

    #[test]
    fn a_taken_address_is_refused_and_a_free_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(try_bind(address, true).unwrap_err().raw_os_error(), Some(libc::EADDRINUSE));
        drop(listener);
        try_bind(address, true).unwrap();
    }
}
