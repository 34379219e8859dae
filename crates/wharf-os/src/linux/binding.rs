//! The calls that a supervisor makes for a program: bind(2) beside what holds the port, and tying a socket to loopback;
//! and addresses in the program's memory, on the way to them.
//!
//! Not here: which call is made ([`crate::supervisor`]), and for which port ([`crate::launch::Harbour`]).

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use rustix::net::AddressFamily;
use wharf_sys::linux::process_memory;
use wharf_sys::linux::seccomp::Answer;
use wharf_sys::linux::socket_control as control;

use crate::launch::{Harbour, Place};
use crate::ports::Held;

/// Reads the address of a call, `length` bytes at most; `None` leaves it to the kernel, which will tell the program
/// what is wrong with it.
pub(crate) fn read_address(
    tid: u32,
    address: u64,
    length: u32,
    bytes: &mut [u8],
) -> io::Result<Option<&mut [u8]>> {
    let Some(bytes) = bytes.get_mut(..length as usize) else { return Ok(None) };
    match process_memory::read(tid, address, bytes) {
        Ok(count) if count == bytes.len() => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(None),
    }
}

/// Writes AF_INET where AF_UNSPEC stands with address 0.0.0.0, which bind(2) takes for the same
/// (`__inet_bind` in net/ipv4/af_inet.c).
pub(crate) fn name_family(address: &mut [u8]) {
    let family = address.get(..2).map(|family| u16::from_ne_bytes([family[0], family[1]]));
    if family == Some(0) && address.len() >= SOCKADDR_IN && address[4..8] == [0; 4] {
        let inet = AddressFamily::INET.as_raw();
        address[..2].copy_from_slice(&inet.to_ne_bytes());
    }
}

/// Makes the bind(2) of a UDP socket for the program, whose address `bytes` is.
pub(crate) fn bind_udp(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
    asked: SocketAddr,
    harbour: &mut dyn Harbour,
) -> io::Result<Answer> {
    // A client, or a member of a group that lives in the network.
    if asked.port() == 0 || asked.ip().to_canonical().is_multicast() {
        return Ok(Answer::Continue);
    }
    let place = harbour.place_udp(asked);
    // It receives from the bind on, so there is no later moment for this.
    if harbour.confines()
        && let Err(error) = confine(socket)
    {
        return Ok(answer_of(Err(error)));
    }
    let outcome = match place {
        Place::AsAsked if asked.port() < PRIVILEGED => return Ok(Answer::Continue),
        Place::AsAsked => control::bind(socket, bytes),
        Place::Port(port) => {
            control::write_port(bytes, port);
            control::bind(socket, bytes)
        }
        Place::Held(held) => {
            control::write_port(bytes, held.port());
            let reused = control::reuse_address(socket)?;
            control::set_reuse_address(socket, true)?;
            let outcome = held.let_in(|| control::bind(socket, bytes)).and_then(|outcome| outcome);
            control::set_reuse_address(socket, reused)?;
            outcome
        }
    };
    if outcome.is_ok()
        && let Ok(Some(at)) = control::local_address(socket)
    {
        harbour.receives(at, asked.port());
    }
    Ok(answer_of(outcome))
}

/// Ties a socket to loopback, unless it is tied already: one cannot be tied twice without privilege.
pub(crate) fn confine(socket: BorrowedFd<'_>) -> io::Result<()> {
    match control::bound_device(socket)? {
        Some(device) if device == LOOPBACK => Ok(()),
        _ => control::bind_to_device(socket, LOOPBACK),
    }
}

/// Binds to a port that is held. With `tied` the socket is tied to loopback before, so that nobody else can come between.
pub(crate) fn bind_beside(held: &Held, socket: BorrowedFd<'_>, address: &[u8], tied: bool) -> io::Result<()> {
    // Connections of an earlier server at the port are no hindrance then.
    control::set_reuse_address(socket, true)?;
    // Most are not tied yet.
    let is_tied = || control::bind_to_device(socket, LOOPBACK).or_else(|_| confine(socket)).is_ok();
    if tied && is_tied() && held.step_aside().is_ok() {
        return control::bind(socket, address);
    }
    held.let_in(|| control::bind(socket, address)).and_then(|outcome| outcome)
}

/// Whether a socket that binds is going to listen, as far as can be told: one that is to connect from that port, to
/// another machine perhaps, seldom has SO_REUSEADDR.
pub(crate) fn is_server(socket: BorrowedFd<'_>, asked: SocketAddr) -> io::Result<bool> {
    Ok(asked.ip().to_canonical().is_loopback() || control::reuse_address(socket)?)
}

pub(crate) fn answer_of(outcome: io::Result<()>) -> Answer {
    match outcome {
        Ok(()) => Answer::Value(0),
        Err(error) => Answer::Errno(error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error())),
    }
}

/// Below it bind(2) may ask for privilege.
pub(crate) const PRIVILEGED: u16 = 1024;
/// Bytes of a `struct sockaddr_in`.
const SOCKADDR_IN: usize = 16;
const LOOPBACK: &str = "lo";

#[cfg(test)]
mod tests {
    use std::io;

    use wharf_sys::linux::seccomp::Answer;

    use super::{answer_of, name_family};

    #[test]
    fn an_error_reaches_the_program_as_its_errno() {
        assert!(matches!(answer_of(Ok(())), Answer::Value(0)));
        assert!(matches!(answer_of(Err(io::Error::from_raw_os_error(98))), Answer::Errno(98)));
        assert!(matches!(answer_of(Err(io::ErrorKind::Other.into())), Answer::Errno(5)));
    }

    #[test]
    fn an_address_without_a_family_is_taken_as_the_kernel_takes_it() {
        let mut any = [0; 16];
        any[2..4].copy_from_slice(&3000_u16.to_be_bytes());
        name_family(&mut any);
        assert_eq!(any[..2], 2_u16.to_ne_bytes());
        let mut other = [0, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let before = other;
        name_family(&mut other);
        assert_eq!(other, before, "the kernel refuses it");
        name_family(&mut [0; 4]);
        name_family(&mut []);
    }
}
