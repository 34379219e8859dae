//! bind(2), tried as a server does it, and undone at once. Nothing listens meanwhile: nobody can connect to it.

use std::net::SocketAddr;
use std::os::fd::AsFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use wharf_sys::linux::socket_control;

use super::errno::Errno;

/// How a server binds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// With SO_REUSEADDR: most servers do.
    pub reuse_address: bool,
    /// With SO_REUSEPORT: several workers of one program do.
    pub reuse_port: bool,
}

/// Tries to bind `address`; at `::` for IPv4 too, as servers do.
///
/// # Errors
/// What socket(2) or bind(2) said.
pub fn attempt(address: SocketAddr, how: How) -> Result<(), Errno> {
    let told = |errno: rustix::io::Errno| Errno(errno.raw_os_error());
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket =
        rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).map_err(told)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false).map_err(told)?;
    }
    if how.reuse_address {
        sockopt::set_socket_reuseaddr(&socket, true).map_err(told)?;
    }
    if how.reuse_port {
        sockopt::set_socket_reuseport(&socket, true).map_err(told)?;
    }
    let bytes = socket_control::sockaddr(address);
    socket_control::bind(socket.as_fd(), &bytes).map_err(|error| Errno::of(&error).unwrap_or(Errno::INVAL))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{How, attempt};
    use crate::examine::errno::Errno;

    #[test]
    fn a_port_that_is_taken_cannot_be_bound_however_one_tries() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        for how in [How::default(), How { reuse_address: true, reuse_port: true }] {
            assert_eq!(attempt(address, how), Err(Errno::ADDRINUSE));
        }
        drop(taken);
        assert_eq!(attempt(address, How { reuse_address: true, reuse_port: false }), Ok(()));
    }
}
