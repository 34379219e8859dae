//! Closing one TCP connection of another process, and nothing else of it; SOCK_DESTROY of sock_diag(7).
//!
//! The process goes on: its next read or write says ECONNABORTED, and the other side gets a reset. Asks in the network
//! namespace of the thread that calls it. Not here: whether a connection should be closed.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use rustix::io::Errno;
use wharf_sys::linux::sock_diag::{Family, LISTEN, Record, Request, SockDiag, Transport};

/// Closes the TCP connection that has exactly these ends.
///
/// # Errors
/// `NotFound` if there is none (any more), `PermissionDenied` without CAP_NET_ADMIN, `Unsupported` if this kernel does not do
/// it (CONFIG_INET_DIAG_DESTROY), `InvalidInput` if two devices have one each; anything else that sock_diag(7) said. Each is
/// a sentence for people.
pub fn connection(local: SocketAddr, remote: SocketAddr) -> Result<()> {
    the_one(local, remote, None)
}

/// Does the same, if the connection is still the one that was seen with this cookie
/// ([`SocketFacts::cookie`](crate::facts::SocketFacts::cookie)).
///
/// # Errors
/// As [`connection`].
pub fn connection_seen(local: SocketAddr, remote: SocketAddr, cookie: u64) -> Result<()> {
    the_one(local, remote, Some(cookie))
}

fn the_one(local: SocketAddr, remote: SocketAddr, cookie: Option<u64>) -> Result<()> {
    let mut diag = SockDiag::open()?;
    let mut records = Vec::new();
    for &family in families(local) {
        let request = Request {
            family,
            transport: Transport::Tcp,
            states: !(1 << LISTEN),
            local_port: local.port(),
            remote_port: remote.port(),
        };
        diag.dump(&request, &mut records)?;
    }
    let is_it = |record: &&Record| {
        same(record.local, local)
            && same(record.remote, remote)
            && cookie.is_none_or(|cookie| cookie == record.cookie)
    };
    match records.iter().filter(is_it).collect::<Vec<_>>()[..] {
        [] => Err(in_words(&Errno::NOENT.into(), local, remote)),
        [record] => diag.destroy(record).map_err(|error| in_words(&error, local, remote)),
        _ => {
            let words =
                format!("two network devices have a connection from {local} to {remote}: close it by hand");
            Err(Error::new(ErrorKind::InvalidInput, words))
        }
    }
}

/// A connection over IPv4 may belong to a socket of IPv6.
fn families(local: SocketAddr) -> &'static [Family] {
    if local.ip().to_canonical().is_ipv4() { &[Family::V4, Family::V6] } else { &[Family::V6] }
}

/// The kernel tells neither flow label nor scope.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip().to_canonical(), one.port()) == (other.ip().to_canonical(), other.port())
}

fn in_words(error: &Error, local: SocketAddr, remote: SocketAddr) -> Error {
    let (kind, words) = match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT | Errno::STALE) => {
            (ErrorKind::NotFound, format!("there is no connection from {local} to {remote} any more"))
        }
        Some(Errno::PERM | Errno::ACCESS) => (
            ErrorKind::PermissionDenied,
            format!(
                "to close the connection from {local} to {remote} takes the right of root (CAP_NET_ADMIN)"
            ),
        ),
        Some(Errno::OPNOTSUPP) => (
            ErrorKind::Unsupported,
            "this kernel closes no single connections: it was built without CONFIG_INET_DIAG_DESTROY"
                .to_owned(),
        ),
        _ => (error.kind(), format!("the connection from {local} to {remote} was not closed: {error}")),
    };
    Error::new(kind, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_becomes_a_sentence_of_its_kind() {
        let (local, remote) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        for (errno, kind, words) in [
            (Errno::NOENT, ErrorKind::NotFound, "no connection from 127.0.0.1:1 to 127.0.0.1:2 any more"),
            (Errno::STALE, ErrorKind::NotFound, "any more"),
            (Errno::PERM, ErrorKind::PermissionDenied, "CAP_NET_ADMIN"),
            (Errno::OPNOTSUPP, ErrorKind::Unsupported, "CONFIG_INET_DIAG_DESTROY"),
            (Errno::NOBUFS, Error::from(Errno::NOBUFS).kind(), "was not closed"),
        ] {
            let error = in_words(&errno.into(), local, remote);
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_not_found_whoever_asks() {
        let error = connection("127.0.0.1:1".parse().unwrap(), "127.0.0.1:1".parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}
