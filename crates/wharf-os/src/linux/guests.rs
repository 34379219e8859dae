//! A wharf that runs within a run: how it hands a port to the one that supervises it, and is left alone meanwhile.
//!
//! It binds a socket that is bound already to the same address once more, which the kernel refuses to everybody (EINVAL) and
//! only a supervisor that understands it allows. The first time it says that it is a wharf: its own calls are left as they
//! stand from then on. The second time it hands over the port that it holds, and is a program like any other again, which
//! it is about to become. Not here: what becomes of the port ([`crate::launch::Harbour::join`]).

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use wharf_model::run::RunProcess;
use wharf_sys::linux::socket_control as control;

use crate::identity;
use crate::ports::{Held, hold};

/// The wharfs within a run that have said that they are.
#[derive(Debug, Default)]
pub(crate) struct Guests(Vec<RunProcess>);

impl Guests {
    /// Takes in the process of thread `tid`, its first.
    pub(crate) fn enter(&mut self, tid: u32) {
        self.0.extend(identity::of(tid));
    }

    /// Lets it go, and returns whether it was there.
    pub(crate) fn leave(&mut self, tid: u32) -> bool {
        let place = self.0.iter().position(|guest| guest.pid == tid && identity::of(tid) == Some(*guest));
        place.map(|place| self.0.swap_remove(place)).is_some()
    }

    /// Returns whether it is there.
    pub(crate) fn has(&self, tid: u32) -> bool {
        self.0.iter().any(|guest| guest.pid == tid && identity::of(tid) == Some(*guest))
    }
}

/// Returns what is handed over by a call to bind `socket` to `asked`, if it is such a call.
pub(crate) fn handed_over(socket: &OwnedFd, asked: SocketAddr) -> Option<Held> {
    if !asked.ip().is_unspecified() {
        return None;
    }
    let at = control::local_address(socket.as_fd()).ok().flatten()?;
    (at == asked && at.port() != 0).then(|| Held::adopt(socket.try_clone().ok()?).ok()).flatten()
}

/// Tells the wharf that supervises this process that this is one, too. Only the first thread of a process may.
///
/// # Errors
/// EINVAL if nobody who understands it supervises this process.
pub(crate) fn announce() -> io::Result<()> {
    bind_again(&hold(0)?)
}

/// Hands `held` to the wharf that supervises this process, which has been told that this is one.
///
/// # Errors
/// As [`announce`].
pub(crate) fn hand_over(held: &Held) -> io::Result<()> {
    bind_again(held)
}

fn bind_again(held: &Held) -> io::Result<()> {
    let at = SocketAddr::try_from(rustix::net::getsockname(held)?).map_err(io::Error::other)?;
    Ok(rustix::net::bind(held, &at)?)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{Guests, announce, handed_over};

    #[test]
    fn a_guest_enters_and_leaves_once() {
        let mut guests = Guests::default();
        let own = std::process::id();
        assert!(!guests.leave(own));
        guests.enter(own);
        assert!(guests.has(own) && !guests.has(1));
        assert!(guests.leave(own) && !guests.has(own));
    }

    #[test]
    fn no_socket_of_a_program_is_taken_for_a_port_that_is_handed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        assert!(handed_over(&listener.into(), at).is_none(), "it listens");
        assert_eq!(announce().unwrap_err().raw_os_error(), Some(22), "nobody supervises this");
    }
}
