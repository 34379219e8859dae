//! No socket is bound there for itself; a connection has the port.

use wharf_model::connection::{Connection, TcpState};
use wharf_os::examine::bind::How;
use wharf_os::examine::errno::Errno;
use wharf_os::reserved;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// An outgoing connection took it.
pub(in super::super) const OUTGOING: Cause = Cause {
    code: "outgoing-connection-holds",
    group: Group::Bind,
    layer: Layer::Port,
    title: "An outgoing connection was given the port as its own",
    symptom: "`Address already in use` at a port above 32767 that no server has, now and then.",
    evidence: "A connection has the port as its local one, its other end is a server, and the number lies in \
               net.ipv4.ip_local_port_range: the kernel gave it to that client. SO_REUSEADDR does not help.",
    fix: "End that connection or wait for its end; reserve the number (net.ipv4.ip_local_reserved_ports), or use one below \
          the range.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: outgoing,
};

/// A connection of a server that has ended.
pub(in super::super) const LEFT: Cause = Cause {
    code: "connection-left-holds",
    group: Group::Bind,
    layer: Layer::Port,
    title: "A connection that the last server accepted still has the port",
    symptom: "`Address already in use` right after a restart, while clients of the old server are still connected.",
    evidence: "No listener has the port, but a connection does whose far end is a client: in ESTABLISHED, CLOSE_WAIT or \
               FIN_WAIT.",
    fix: "Set SO_REUSEADDR in the server (most frameworks do), or end the process that still has the connection.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: left,
};

/// TIME_WAIT.
pub(in super::super) const TIME_WAIT: Cause = Cause {
    code: "time-wait-holds",
    group: Group::Bind,
    layer: Layer::Port,
    title: "Closed connections keep the port for a minute (TIME_WAIT)",
    symptom: "`Address already in use` right after a restart, for a server without SO_REUSEADDR.",
    evidence: "bind(2) fails without SO_REUSEADDR and succeeds with it, and the port's only sockets are in TIME_WAIT, where \
               the kernel keeps them for 60 s.",
    fix: "Set SO_REUSEADDR before bind(2), or wait for a minute. There is no process to stop.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: time_wait,
};

fn outgoing(facts: &Facts) -> Opinion {
    let Some(holding) = holding(facts) else { return Opinion::Aside };
    let Some(range) = &facts.ephemeral else { return ruled_out("the range of outgoing ports is not known") };
    let is_outgoing = |connection: &&&Connection| {
        let port = connection.local.port();
        connection.state != TcpState::TimeWait
            && (range.first..=range.last).contains(&port)
            && !(range.first..=range.last).contains(&connection.remote.port())
    };
    let Some(connection) = holding.iter().find(is_outgoing) else {
        return ruled_out("no outgoing connection has the port");
    };
    let (local, remote) = (connection.local, connection.remote);
    Finding::new(format!("{} is connected to {remote} and was given the port as its own", by(connection)))
        .saw("sock_diag", format!("{local} → {remote}, no listener"))
        .saw("net.ipv4.ip_local_port_range", format!("{} to {}", range.first, range.last))
        .command("keep the number from being handed out", reserved::command(&range.reserved, local.port()))
        .as_root()
        .command("close that connection alone", format!("wharf free {}", local.port()))
        .as_root()
        .advise(format!("or wait until {} ends it, or take a port below {}", by(connection), range.first))
        .into()
}

fn left(facts: &Facts) -> Opinion {
    let Some(holding) = holding(facts) else { return Opinion::Aside };
    let Some(connection) = holding.iter().find(|connection| connection.state != TcpState::TimeWait) else {
        return ruled_out("the port has no connection but in TIME_WAIT");
    };
    let helps = facts.bind_error().is_none();
    let mut finding = Finding::new(format!(
        "a connection of the last server still has the port: {} → {}, held by {}",
        connection.local,
        connection.remote,
        by(connection)
    ))
    .saw("sock_diag", format!("{} in {:?}, no listener", connection.local, connection.state));
    if helps {
        finding = finding
            .saw("bind(2) with SO_REUSEADDR", "succeeds")
            .advise("set SO_REUSEADDR before bind(2): the connection may stay then");
    }
    finding
        .command("or close that connection alone", format!("wharf free {}", connection.local.port()))
        .as_root()
        .into()
}

fn time_wait(facts: &Facts) -> Opinion {
    let Some(holding) = holding(facts) else { return Opinion::Aside };
    let waiting = holding.iter().filter(|connection| connection.state == TcpState::TimeWait).count();
    if waiting == 0 || facts.bind_error().is_some() {
        return ruled_out("it is no matter of TIME_WAIT");
    }
    let connections =
        if waiting == 1 { "one connection".to_owned() } else { format!("{waiting} connections") };
    Finding::new(format!(
        "{connections} of the port closed within the last minute; without SO_REUSEADDR it cannot be bound yet"
    ))
    .saw("sock_diag", format!("{waiting} in TIME_WAIT, no listener"))
    .saw_not("bind(2) without SO_REUSEADDR", "EADDRINUSE", "success")
    .saw("bind(2) with SO_REUSEADDR", "succeeds")
    .advise("set SO_REUSEADDR before bind(2), or wait for a minute; there is nothing to stop")
    .into()
}

/// Returns the connections that have the port, if bind(2) fails for want of it and no socket is bound there by itself.
fn holding(facts: &Facts) -> Option<Vec<&Connection>> {
    let plain = How::default();
    let failed = facts.binds.iter().find(|trial| trial.how == plain)?.error == Some(Errno::ADDRINUSE);
    let address = facts.bind()?;
    let port = facts.port.as_ref()?;
    let fits = |connection: &&Connection| {
        let own = connection.local.ip().to_canonical();
        address.ip().is_unspecified() || address.ip() == own
    };
    failed.then(|| port.holding.iter().filter(fits).collect())
}

fn by(connection: &Connection) -> String {
    match &connection.process {
        Some(process) => format!("{} (pid {})", process.name, process.pid),
        None => format!("a process of user {}", connection.uid),
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::connection::{Connection, ProcessRef, TcpState};
    use wharf_model::endpoint::Protocol;
    use wharf_os::examine::errno::Errno;
    use wharf_os::facts::EphemeralRange;

    use crate::testing::{Told, asked_to_bind, port_detail};

    fn judged(local: &str, remote: &str, state: TcpState, reuse_helps: bool) -> Told {
        let connection = Connection {
            protocol: Protocol::Tcp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            state,
            inode: Some(1),
            uid: 1000,
            process: Some(ProcessRef { pid: 9, start_ticks: 1, name: "curl".to_owned() }),
            peer: None,
        };
        asked_to_bind(local)
            .bind_fails(Errno::ADDRINUSE)
            .with(|facts| {
                facts.port = Some(port_detail());
                facts.port.as_mut().unwrap().holding = vec![connection];
                facts.ephemeral = Some(EphemeralRange { first: 32768, last: 60999, reserved: Vec::new() });
                for trial in facts.binds.iter_mut().filter(|trial| reuse_helps && trial.how.reuse_address) {
                    trial.error = None;
                }
            })
            .judged()
    }

    #[test]
    fn direction_and_state_decide() {
        for (local, remote, state, helps, code) in [
            ("127.0.0.1:40000", "127.0.0.1:5432", TcpState::Established, false, "outgoing-connection-holds"),
            ("127.0.0.1:3000", "127.0.0.1:40000", TcpState::Established, true, "connection-left-holds"),
            ("127.0.0.1:3000", "127.0.0.1:40000", TcpState::FinWait2, true, "connection-left-holds"),
            ("127.0.0.1:3000", "127.0.0.1:40000", TcpState::TimeWait, true, "time-wait-holds"),
        ] {
            assert_eq!(judged(local, remote, state, helps).causes(), [code], "{local} {state:?}");
        }
    }
}
