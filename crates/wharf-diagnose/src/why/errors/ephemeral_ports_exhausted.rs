//! The kernel has no port left to give a client of this destination.

use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// EADDRNOTAVAIL for want of ports.
pub(super) const CAUSE: Cause = Cause {
    code: "ephemeral-ports-exhausted",
    group: Group::Errors,
    layer: Layer::Client,
    title: "No port is left for connections to this destination",
    symptom: "`Cannot assign requested address` (EADDRNOTAVAIL) from connect(2), at once; other destinations still work.",
    evidence: "As many ports as `net.ipv4.ip_local_port_range` has are taken by connections to this address and port, open \
               ones and such as have ended and wait (TIME_WAIT).",
    fix: "Use connections again (keep-alive, a pool) instead of making new ones; widen the range.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let fails = |it: &&Attempt| {
        matches!(it.outcome, Outcome::Failed(Errno::ADDRNOTAVAIL | Errno::ADDRINUSE | Errno::AGAIN))
    };
    let Some(attempt) = facts.attempts.iter().find(fails) else { return Opinion::Aside };
    let Some(ports) = facts.network.ports.as_ref().filter(|ports| ports.to == Some(attempt.to)) else {
        return Opinion::Aside;
    };
    let (taken, available) = (ports.taken.taken, ports.available);
    let (first, last) = ports.range;
    // A few may be held by listeners and the like.
    if taken * 10 < available * 9 {
        return ruled_out(format!("{taken} of {available} ports from {first} to {last} are taken"));
    }
    let whose = match &ports.most {
        Some((who, count)) => format!(", {count} of them by {who}"),
        None => String::new(),
    };
    let waiting = ports.taken.waiting;
    let mut finding = Finding::new(format!(
        "all {available} ports that the kernel chooses from are taken by connections to {}{whose}",
        attempt.to
    ))
    .saw("connect(2)", "EADDRNOTAVAIL")
    .saw("sock_diag", format!("{taken} ports taken towards {}, {waiting} of them in TIME_WAIT", attempt.to))
    .saw("net.ipv4.ip_local_port_range", format!("{first} to {last}, {available} ports"));
    finding = match &ports.most {
        Some((who, _)) => {
            finding.advise(format!("have {who} use its connections again (keep-alive, a pool)"))
        }
        None => finding
            .advise("use connections again (keep-alive, a pool), or wait a minute for TIME_WAIT to pass"),
    };
    let command = "sysctl -w net.ipv4.ip_local_port_range='15000 64999'";
    finding.command("widen the range", command).as_root().into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::system::PortsTaken;

    use crate::facts::Facts;
    use crate::facts::network::Ports;
    use crate::testing::asked;

    fn taken(taken: usize) -> impl FnOnce(&mut Facts) {
        move |facts| {
            facts.network.ports = Some(Ports {
                to: Some(facts.addresses[0]),
                range: (40_000, 40_009),
                available: 10,
                taken: PortsTaken { taken, waiting: 3, inodes: Vec::new() },
                most: Some(("node (pid 7)".to_owned(), 7)),
            });
        }
    }

    #[test]
    fn where_all_are_taken_it_is_told_by_whom() {
        let told = asked("127.0.0.1:7777")
            .listener("127.0.0.1:7777")
            .fails(Errno::ADDRNOTAVAIL)
            .with(taken(10))
            .judged();
        assert_eq!(told.causes(), ["ephemeral-ports-exhausted"]);
        assert!(told.diagnosis.causes[0].text.contains("7 of them by node (pid 7)"));
    }

    #[test]
    fn where_some_are_left_it_is_something_else() {
        let told = asked("127.0.0.1:7777")
            .listener("127.0.0.1:7777")
            .fails(Errno::ADDRNOTAVAIL)
            .with(taken(5))
            .judged();
        assert!(told.is_ruled_out("ephemeral-ports-exhausted"));
    }

    #[test]
    fn another_error_has_nothing_to_do_with_it() {
        assert!(
            asked("127.0.0.1:7777")
                .listener("127.0.0.1:7777")
                .fails(Errno::INVAL)
                .with(taken(10))
                .judged()
                .causes()
                .is_empty()
        );
    }
}
