//! Another socket is bound to the address, or to one that covers it.
//!
//! Not here: connections that have the port ([`super::connection`]).

use std::net::SocketAddr;

use wharf_catalog::conflict::conflicts;
use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::{EndpointState, Listener, Protocol};
use wharf_model::owner::HeldBy;
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// wharf keeps it for a lease.
pub(in super::super) const KEPT_BY_WHARF: Cause = Cause {
    code: "kept-by-wharf",
    group: Group::Bind,
    layer: Layer::Port,
    title: "wharf keeps the port for a lease",
    symptom: "`Address already in use` for a program that was started without wharf at a leased port.",
    evidence: "A socket of wharf's daemon is bound to the port, and a lease has the number.",
    fix: "Start the program under wharf, which lets it in: `wharf run -- COMMAND`; or give the lease up.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: kept_by_wharf,
};

/// The holder is a message between processes, or the kernel.
pub(in super::super) const IN_FLIGHT: Cause = Cause {
    code: "held-by-no-process",
    group: Group::Bind,
    layer: Layer::Port,
    title: "No process has the socket open that holds the port",
    symptom: "`Address already in use`, and neither ss nor lsof names a process.",
    evidence: "sock_diag lists the socket, every process was looked into, and none has it: it sits in a message between \
               processes (SCM_RIGHTS), or belongs to io_uring or to the kernel itself (NFS, WireGuard).",
    fix: "Stop the process whose Unix socket the message waits in; a kernel's socket goes with its service.",
    proof: Proof::Reproduced,
    privilege: Some("root, to look into every process"),
    rule: in_flight,
};

/// The server is dead, and a child of it has the listener.
pub(in super::super) const ORPHANED: Cause = Cause {
    code: "inherited-by-child",
    group: Group::Bind,
    layer: Layer::Port,
    title: "A child of a server that has ended still has its listener open",
    symptom: "`Address already in use` after the server was stopped.",
    evidence: "The only process that has the listener open is no server, but something that a server started (a shell, sleep, \
               tail, a build tool), and its parent is gone.",
    fix: "Stop that child; have the server open its sockets with close-on-exec.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: orphaned,
};

/// A socket is bound there and does not listen.
pub(in super::super) const BOUND_ONLY: Cause = Cause {
    code: "held-without-listening",
    group: Group::Bind,
    layer: Layer::Port,
    title: "A program has bound the address and does not listen",
    symptom: "`Address already in use`, though /proc/net/tcp, netstat and `ss -l` show nothing.",
    evidence: "sock_diag lists a socket in the pseudo state BOUND_INACTIVE (Linux 6.8) whose address conflicts.",
    fix: "Stop the process that is named, or wait until it has started.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: bound_only,
};

/// It is shared by SO_REUSEPORT.
pub(in super::super) const SHARED: Cause = Cause {
    code: "reuseport-not-joined",
    group: Group::Bind,
    layer: Layer::Port,
    title: "The port is shared by SO_REUSEPORT, and this server does not join",
    symptom: "`Address already in use` at a port that several workers of one program share.",
    evidence: "Binding succeeds with SO_REUSEPORT and fails without; or it fails with it too, since the sharers belong to \
               another user, and have the option set.",
    fix: "Set SO_REUSEPORT and run as the same user, if it is one of those workers; otherwise take another port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: shared,
};

/// A wildcard covers it.
pub(in super::super) const WILDCARD: Cause = Cause {
    code: "covered-by-wildcard",
    group: Group::Bind,
    layer: Layer::Port,
    title: "A server at all addresses has the port",
    symptom: "`Address already in use` at 127.0.0.1, though the other server shows up at 0.0.0.0 or [::].",
    evidence: "A listener at 0.0.0.0, or at [::] without IPV6_V6ONLY, has the port: it covers each address of its family.",
    fix: "Stop that server, or take another port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: wildcard,
};

/// One address keeps the wildcard away.
pub(in super::super) const SPECIFIC: Cause = Cause {
    code: "wildcard-meets-address",
    group: Group::Bind,
    layer: Layer::Port,
    title: "A server at one address keeps others from taking all of them",
    symptom: "`Address already in use` at 0.0.0.0 or [::], though the other server is only at 127.0.0.1.",
    evidence: "A wildcard is to be bound, and a listener at one address that it covers has the port.",
    fix: "Bind 127.0.0.1 of another port, or stop that server.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: specific,
};

/// It is simply taken.
pub(in super::super) const TAKEN: Cause = Cause {
    code: "address-in-use",
    group: Group::Bind,
    layer: Layer::Port,
    title: "Another server has the address",
    symptom: "`Address already in use` (EADDRINUSE).",
    evidence: "A listener at the same address has the port; its process and project are named.",
    fix: "Use that server, stop it (`wharf free PORT`), or have each run on a port of its own: `wharf run -- COMMAND`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: taken,
};

fn kept_by_wharf(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    let Some(lease) = facts.leases.first().filter(|_| detail.endpoint.state == EndpointState::Bound) else {
        return ruled_out("no lease has the port");
    };
    let name = &lease.name;
    finding(address, detail, format!("wharf keeps port {} for {name}", address.port()))
        .saw("wharf lease ls", format!("{name} has {}", lease.port))
        .command("run it under wharf, which lets it in", "wharf run -- COMMAND")
        .command("or give the lease up", format!("wharf lease rm {name}"))
        .into()
}

fn in_flight(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    let owner = &detail.endpoint.owner;
    match owner.held_by {
        HeldBy::InFlight => {
            let receivers: Vec<String> = owner
                .queued_to
                .iter()
                .map(|process| format!("{} (pid {})", process.name, process.pid))
                .collect();
            let receivers = receivers.join(", ");
            let text = format!("the socket waits in a message to {receivers}, which has not received it");
            finding(address, detail, text)
                .advise(format!("stop {receivers}, or have it receive the message"))
                .into()
        }
        HeldBy::NoProcess => finding(
            address,
            detail,
            "no process has the socket: it is the kernel's own, or io_uring's".to_owned(),
        )
        .advise("stop the service of the kernel that has it (NFS, WireGuard, io_uring)")
        .into(),
        _ => ruled_out("a process has the socket open"),
    }
}

fn orphaned(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    let processes = &detail.endpoint.owner.processes;
    let is_helper = |name: &str| HELPERS.contains(&name);
    let [lead, ..] = processes.as_slice() else { return ruled_out("its process is not known") };
    let all_helpers = processes.iter().all(|process| is_helper(&process.name));
    if !all_helpers
        || lead.ppid.is_some_and(|ppid| ppid > 1 && !detail.ancestry.is_empty() && is_server(detail))
    {
        return ruled_out(format!("{} is no left-over child", who(&detail.endpoint)));
    }
    finding(
        address,
        detail,
        format!("{} inherited the listener of a server that has ended", who(&detail.endpoint)),
    )
    .saw(format!("/proc/{}/comm", lead.pid), format!("{}, which listens to nothing by itself", lead.name))
    .command("stop that child", format!("kill {}", lead.pid))
    .into()
}

/// Whether the parent may be the server itself, which has only closed its own copy.
fn is_server(detail: &EndpointDetail) -> bool {
    detail.ancestry.first().is_some_and(|parent| parent.pid > 1 && !HELPERS.contains(&parent.name.as_str()))
}

fn bound_only(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    if detail.endpoint.state != EndpointState::Bound {
        return ruled_out("the holder listens");
    }
    stop(
        finding(address, detail, format!("{} has bound it and does not listen", who(&detail.endpoint))),
        detail,
    )
    .into()
}

fn shared(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    let joins = facts.binds.iter().any(|trial| trial.how.reuse_port && trial.error.is_none());
    let shares = detail.options.iter().any(|options| options.reuse_port == Some(true));
    if !joins && !shares {
        return ruled_out("the holder does not share by SO_REUSEPORT");
    }
    let who = who(&detail.endpoint);
    let text = if joins {
        format!("{who} shares the port by SO_REUSEPORT, and a server without that option is kept out")
    } else {
        format!(
            "{who} shares the port by SO_REUSEPORT, with sockets of user {} only",
            detail.endpoint.owner.uid
        )
    };
    let with = if joins { "succeeds" } else { "EADDRINUSE" };
    let finding = finding(address, detail, text).saw("bind(2) with SO_REUSEPORT", with);
    stop(finding.advise("set SO_REUSEPORT, as the same user, if it is one of those workers"), detail).into()
}

fn wildcard(facts: &Facts) -> Opinion {
    let Some((address, detail, listener)) = holder(facts) else { return Opinion::Aside };
    if !listener.address.is_unspecified() || address.ip().is_unspecified() {
        return ruled_out("no listener at all addresses covers it");
    }
    let at = SocketAddr::new(listener.address, address.port());
    let text = format!("{} listens at {at}, which covers {address}", who(&detail.endpoint));
    stop(finding(address, detail, text), detail).into()
}

fn specific(facts: &Facts) -> Opinion {
    let Some((address, detail, listener)) = holder(facts) else { return Opinion::Aside };
    if !address.ip().is_unspecified() || listener.address.is_unspecified() {
        return ruled_out("it is no wildcard that meets one address");
    }
    let at = SocketAddr::new(listener.address, address.port());
    let text = format!("{} listens at {at}, which {address} would cover", who(&detail.endpoint));
    stop(finding(address, detail, text), detail).into()
}

fn taken(facts: &Facts) -> Opinion {
    let Some((address, detail, _)) = holder(facts) else { return Opinion::Aside };
    stop(finding(address, detail, format!("{} listens at {address}", who(&detail.endpoint))), detail).into()
}

/// Returns the socket that keeps a server from binding, if one does: its address conflicts, the same before others.
fn holder(facts: &Facts) -> Option<(SocketAddr, &EndpointDetail, &Listener)> {
    let address = facts.bind()?;
    if facts.bind_error() != Some(Errno::ADDRINUSE) {
        return None;
    }
    let mut conflicting: Vec<(&EndpointDetail, &Listener)> = facts
        .endpoints()
        .filter(|detail| detail.endpoint.netns.own && detail.endpoint.protocol == Protocol::Tcp)
        .flat_map(|detail| detail.endpoint.listeners.iter().map(move |listener| (detail, listener)))
        .filter(|(_, listener)| conflicts(address.ip(), listener.address, listener.v6_only))
        .collect();
    let rank = |(detail, listener): &(&EndpointDetail, &Listener)| {
        (listener.address != address.ip(), detail.endpoint.state == EndpointState::Bound)
    };
    conflicting.sort_by_key(rank);
    conflicting.first().map(|&(detail, listener)| (address, detail, listener))
}

fn finding(address: SocketAddr, detail: &EndpointDetail, text: String) -> Finding {
    let state = match detail.endpoint.state {
        EndpointState::Listening => "in LISTEN",
        _ => "bound, not in LISTEN",
    };
    let places: Vec<String> = detail
        .endpoint
        .listeners
        .iter()
        .map(|listener| SocketAddr::new(listener.address, detail.endpoint.port).to_string())
        .collect();
    Finding::new(text)
        .saw_not(format!("bind(2) {address}"), "EADDRINUSE", "success")
        .saw("sock_diag", format!("a socket at {}, {state}", places.join(" and ")))
}

/// Adds how to stop the holder.
fn stop(finding: Finding, detail: &EndpointDetail) -> Finding {
    let port = detail.endpoint.port;
    finding
        .command("stop it in the right way", format!("wharf free {port}"))
        .command("or have each program on a port of its own", "wharf run -- COMMAND")
}

/// Programs that listen to nothing by themselves, and so have a listener only from the one who started them.
const HELPERS: &[&str] =
    &["bash", "cat", "dash", "less", "make", "sh", "sleep", "tail", "tee", "watch", "zsh"];

#[cfg(test)]
mod tests {
    use wharf_model::endpoint::EndpointState;
    use wharf_os::examine::errno::Errno;

    use crate::testing::{Asked, asked_to_bind};

    fn taken(asked: &str, held: &str) -> Asked {
        asked_to_bind(asked).bind_fails(Errno::ADDRINUSE).listener(held)
    }

    #[test]
    fn same_wildcard_and_specific_are_told_apart() {
        for (asked, held, code) in [
            ("127.0.0.1:3000", "127.0.0.1:3000", "address-in-use"),
            ("127.0.0.1:3000", "0.0.0.0:3000", "covered-by-wildcard"),
            ("127.0.0.1:3000", "[::]:3000", "covered-by-wildcard"),
            ("0.0.0.0:3000", "127.0.0.1:3000", "wildcard-meets-address"),
            ("[::]:3000", "0.0.0.0:3000", "address-in-use"),
        ] {
            assert_eq!(taken(asked, held).judged().causes(), [code], "{asked} with {held}");
        }
    }

    #[test]
    fn a_listener_elsewhere_is_not_blamed() {
        let told = taken("127.0.0.1:3000", "127.0.0.2:3000").judged();
        assert_eq!(told.verdict(), "cannot_tell");
    }

    #[test]
    fn a_helper_without_its_server_has_inherited_it() {
        let told = asked_to_bind("127.0.0.1:3000")
            .bind_fails(Errno::ADDRINUSE)
            .listener_of("127.0.0.1:3000", "sleep", 77)
            .judged();
        assert_eq!(told.causes(), ["inherited-by-child"]);
    }

    #[test]
    fn a_socket_that_does_not_listen_is_named() {
        let told = taken("127.0.0.1:3000", "127.0.0.1:3000")
            .with(|facts| {
                let port = facts.port.as_mut().unwrap();
                port.endpoints[0].endpoint.state = EndpointState::Bound;
            })
            .judged();
        assert_eq!(told.causes(), ["held-without-listening"]);
    }

    #[test]
    fn sharers_are_told_by_their_option() {
        let told = taken("127.0.0.1:3000", "127.0.0.1:3000")
            .with(|facts| {
                for trial in facts.binds.iter_mut().filter(|trial| trial.how.reuse_port) {
                    trial.error = None;
                }
            })
            .judged();
        assert_eq!(told.causes(), ["reuseport-not-joined"]);
    }
}
