//! The port belongs to a lease of wharf: its service does not run, or runs and does not listen.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// Nothing runs under the lease.
pub(super) const NOT_RUNNING: Cause = Cause {
    code: "leased-and-not-running",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The port is leased to a service that does not run",
    symptom: "`Connection refused` at the port or name of a service that usually runs under wharf.",
    evidence: "A lease of wharf has the port, no run has its name, and nobody listens; wharf itself may keep the port bound \
               meanwhile.",
    fix: "Start it: `wharf run -- COMMAND` in its directory.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: not_running,
};

/// It runs under wharf and does not listen.
pub(super) const SILENT_RUN: Cause = Cause {
    code: "run-does-not-listen",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The service runs under wharf and does not listen yet",
    symptom: "`Connection refused` at the port or name of a service that `wharf ps` shows.",
    evidence: "A run of wharf has the port, its program is alive, and none of its sockets listens.",
    fix: "Wait for it (`wharf url NAME --wait 30s`), or read what it wrote (`wharf logs NAME`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule: silent_run,
};

fn silent_run(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() {
        return Opinion::Aside;
    }
    let Some(run) = &facts.run else { return ruled_out("no run of wharf has the port") };
    let command = run.command.join(" ");
    let mut finding =
        Finding::new(format!("{} runs under wharf ({command}) and does not listen yet", run.name))
            .saw("wharf ps", format!("{}, {}", run.name, run.directory))
            .saw_not("sock_diag", "no listener at its port", "a socket in LISTEN");
    if run.log.is_some() {
        finding = finding.command("see what it wrote", format!("wharf logs {}", run.name));
    }
    finding.command("wait until it listens", format!("wharf url {} --wait 30s", run.name)).into()
}

fn not_running(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() {
        return Opinion::Aside;
    }
    let Some(lease) = facts.leases.first().filter(|_| facts.run.is_none()) else {
        return ruled_out("the port is of no lease whose service does not run");
    };
    let name = &lease.name;
    Finding::new(format!("nothing runs under {name}, which port {} is leased to", lease.port))
        .saw("wharf lease ls", format!("{name} in {} has {}", lease.root, lease.port))
        .saw_not("wharf ps", format!("no run called {name}"), "one")
        .command(
            format!("start it in {}", lease.root),
            format!("wharf run --name {} -- COMMAND", name.service),
        )
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{asked, lease};

    #[test]
    fn a_lease_without_a_run_is_named() {
        let told = asked("127.0.0.1:3000").refused().with(|facts| facts.leases.push(lease(3000))).judged();
        assert_eq!(told.causes(), ["leased-and-not-running"]);
        assert!(told.diagnosis.summary.contains("api.shop"));
    }

    #[test]
    fn a_listener_ends_the_question() {
        let told = asked("127.0.0.1:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.leases.push(lease(3000)))
            .judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
