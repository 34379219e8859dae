//! A Unix socket cannot be connected to: six causes that differ in what connect(2) says and what lies at the path.

use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, UnixSocket};

/// Nothing lies at the path.
pub(super) const MISSING: Cause = Cause {
    code: "unix-socket-missing",
    group: Group::Refused,
    layer: Layer::Port,
    title: "There is no socket at the path",
    symptom: "`No such file or directory` (ENOENT); psql and mysql name the path of their socket then.",
    evidence: "connect(2) says ENOENT, and nothing lies at the path; the innermost directory that is there is named.",
    fix: "Start the server, or ask for the path that it uses: its configuration says which (`unix_socket_directories`, \
          `socket=`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule: missing,
};

/// The server is gone, and left its file.
pub(super) const STALE: Cause = Cause {
    code: "unix-socket-stale",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The socket's file is there, and nobody listens",
    symptom: "`Connection refused` for a Unix socket whose file exists.",
    evidence: "connect(2) says ECONNREFUSED, a socket lies at the path, and the kernel has none in LISTEN that was bound to it: \
               the file is left over from a server that has ended.",
    fix: "Start the server again; most remove the old file themselves, for others it has to be removed first.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: stale,
};

/// It may not be reached or written to.
pub(super) const DENIED: Cause = Cause {
    code: "unix-socket-denied",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The permissions of the socket keep this user away",
    symptom: "`Permission denied` (EACCES), for Docker's socket most often.",
    evidence: "connect(2) says EACCES: the socket, which takes write permission, or a directory on the way to it, is closed to \
               this user.",
    fix: "Join the group that the socket belongs to and log in again, or have its owner open it.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: denied,
};

/// Something else lies at the path.
pub(super) const NO_SOCKET: Cause = Cause {
    code: "unix-path-is-no-socket",
    group: Group::Refused,
    layer: Layer::Port,
    title: "What lies at the path is no socket",
    symptom: "`Connection refused` or `Socket operation on non-socket` for a path that exists.",
    evidence: "stat(2) finds a file or a directory at the path. (Docker makes a directory of a bind mount whose source is \
               missing.)",
    fix: "Ask for the path of the socket; remove what lies there only once it is known what it is.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: no_socket,
};

/// It is a datagram socket.
pub(super) const OTHER_TYPE: Cause = Cause {
    code: "unix-socket-of-other-type",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The socket is of another type than the client's",
    symptom: "`Protocol wrong type for socket` (EPROTOTYPE).",
    evidence: "connect(2) says EPROTOTYPE: the server's socket takes datagrams or packets (SOCK_DGRAM, SOCK_SEQPACKET), such as \
               syslog's, and the client wants a stream.",
    fix: "Use a client of that protocol.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: other_type,
};

/// Its queue is full.
pub(super) const FULL: Cause = Cause {
    code: "unix-socket-queue-full",
    group: Group::Silent,
    layer: Layer::Port,
    title: "The queue of the socket is full: the server does not accept",
    symptom: "The client hangs in connect(2), or gets `Resource temporarily unavailable` (EAGAIN).",
    evidence: "A connect(2) that does not wait says EAGAIN, though the socket is in LISTEN.",
    fix: "See what the server does instead of accepting; its process is named.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: full,
};

fn missing(facts: &Facts) -> Opinion {
    let Some(unix) = &facts.unix else { return Opinion::Aside };
    if unix.error != Some(Errno::NOENT) {
        return ruled_out("something lies at the path");
    }
    let mut finding =
        Finding::new(format!("there is no socket at {}", unix.path)).saw("connect(2)", "ENOENT");
    if let Some((directory, _)) = unix.innermost.as_ref().filter(|(directory, _)| !directory.is_empty()) {
        finding = finding.saw("stat(2)", format!("{directory} is there, and nothing of that name in it"));
    }
    finding.advise("start the server, or ask for the path that its configuration names").into()
}

fn stale(facts: &Facts) -> Opinion {
    let Some(unix) = &facts.unix else { return Opinion::Aside };
    let is_file = unix.path.starts_with('@') || unix.node.as_ref().is_some_and(|node| node.is_socket);
    if unix.error != Some(Errno::CONNREFUSED) || !is_file {
        return ruled_out("the connection was not refused by a socket");
    }
    if unix.bound.iter().any(|bound| bound.listens) {
        return ruled_out("somebody listens there");
    }
    let owner = unix.holder.as_ref().map_or("a server that has ended left it".to_owned(), |holder| {
        format!("{holder} has it open and does not listen")
    });
    Finding::new(format!("nobody listens at {}: {owner}", unix.path))
        .saw("connect(2)", "ECONNREFUSED")
        .saw_not("/proc/net/unix", "no socket in LISTEN with this path", "one")
        .advise("start the server again; it may want the old file removed first")
        .into()
}

fn denied(facts: &Facts) -> Opinion {
    let Some(unix) = &facts.unix else { return Opinion::Aside };
    if unix.error != Some(Errno::ACCES) {
        return ruled_out("permissions let this user connect");
    }
    let uid = facts.client.uid;
    let finding = match (&unix.node, &unix.innermost) {
        (Some(node), _) => Finding::new(format!("user {uid} may not write to {}", unix.path)).saw_not(
            format!("stat {}", unix.path),
            format!("mode {:04o}, owner {}, group {}", node.mode, node.uid, node.gid),
            "write permission",
        ),
        (None, Some((directory, node))) => Finding::new(format!("user {uid} may not enter {directory}"))
            .saw_not(
                format!("stat {directory}"),
                format!("mode {:04o}, owner {}, group {}", node.mode, node.uid, node.gid),
                "permission to search it",
            ),
        (None, None) => Finding::new(format!("user {uid} may not reach {}", unix.path)),
    };
    let group = unix.node.as_ref().map(|node| node.gid).filter(|&gid| gid != 0);
    let finding = finding.saw("connect(2)", "EACCES");
    match group {
        Some(gid) => finding
            .command(
                "join the group of the socket, then log in again",
                format!("usermod -aG $(getent group {gid} | cut -d: -f1) $USER"),
            )
            .as_root(),
        None => finding.advise("ask as the user that the socket belongs to, or have its owner open it"),
    }
    .into()
}

fn no_socket(facts: &Facts) -> Opinion {
    let Some(UnixSocket { path, node: Some(node), error: Some(error), .. }) = &facts.unix else {
        return Opinion::Aside;
    };
    if node.is_socket {
        return ruled_out("a socket lies at the path");
    }
    let kind = if node.is_directory { "a directory" } else { "a file" };
    Finding::new(format!("{kind} lies at {path}, no socket"))
        .saw_not("stat(2)", kind, "a socket")
        .saw("connect(2)", error.name())
        .advise("ask for the path of the server's socket")
        .into()
}

fn other_type(facts: &Facts) -> Opinion {
    let Some(unix) = &facts.unix else { return Opinion::Aside };
    if unix.error != Some(Errno::PROTOTYPE) {
        return ruled_out("the socket takes streams");
    }
    let holder = unix.holder.as_deref().unwrap_or("the server");
    Finding::new(format!("{holder} takes datagrams or packets at {}, no streams", unix.path))
        .saw_not("connect(2)", "EPROTOTYPE", "a socket of type SOCK_STREAM")
        .advise("use a client of the protocol that is spoken there")
        .into()
}

fn full(facts: &Facts) -> Opinion {
    let Some(unix) = &facts.unix else { return Opinion::Aside };
    if unix.error != Some(Errno::AGAIN) {
        return ruled_out("the queue has room");
    }
    let holder = unix.holder.as_deref().unwrap_or("the server");
    Finding::new(format!("{holder} does not accept: the queue of {} is full", unix.path))
        .saw_not("connect(2) that does not wait", "EAGAIN", "a connection")
        .advise(
            "see what the server does instead of accepting (ps, its log), and start it again if it is stuck",
        )
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::unix::{Bound, Node};

    use crate::facts::UnixSocket;
    use crate::testing::{Told, asked};

    fn judged(error: Option<Errno>, is_socket: Option<bool>, listens: bool) -> Told {
        let node = |is_socket| Node { is_socket, is_directory: false, mode: 0o660, uid: 0, gid: 999 };
        let bound = Bound { inode: 7, listens, stream: true };
        let unix = UnixSocket {
            path: "/run/x.sock".to_owned(),
            node: is_socket.map(node),
            innermost: Some(("/run".to_owned(), node(false))),
            error,
            bound: listens.then_some(bound).into_iter().collect(),
            holder: None,
        };
        asked("/run/x.sock").with(|facts| facts.unix = Some(unix)).judged()
    }

    #[test]
    fn each_error_has_its_cause() {
        for (error, is_socket, listens, code) in [
            (Errno::NOENT, None, false, "unix-socket-missing"),
            (Errno::CONNREFUSED, Some(true), false, "unix-socket-stale"),
            (Errno::CONNREFUSED, Some(false), false, "unix-path-is-no-socket"),
            (Errno::ACCES, Some(true), true, "unix-socket-denied"),
            (Errno::ACCES, None, false, "unix-socket-denied"),
            (Errno::PROTOTYPE, Some(true), false, "unix-socket-of-other-type"),
            (Errno::AGAIN, Some(true), true, "unix-socket-queue-full"),
        ] {
            assert_eq!(judged(Some(error), is_socket, listens).causes(), [code], "{error}");
        }
    }

    #[test]
    fn one_that_connects_is_reached() {
        assert_eq!(judged(None, Some(true), true).verdict(), "reachable");
    }

    #[test]
    fn an_error_that_none_of_them_has_is_left_open() {
        assert_eq!(judged(Some(Errno::PERM), Some(true), true).verdict(), "cannot_tell");
    }
}
