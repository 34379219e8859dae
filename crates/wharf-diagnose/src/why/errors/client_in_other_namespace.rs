//! The client is in a network namespace of its own, and the server is not.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom};

/// A sandbox around the client.
pub(super) const CAUSE: Cause = Cause {
    code: "client-in-other-namespace",
    group: Group::Errors,
    layer: Layer::Client,
    title: "The client is in a network namespace of its own",
    symptom: "`Network is unreachable` (ENETUNREACH) or `Connection refused` (ECONNREFUSED), in a sandbox, though the server \
              answers outside of it.",
    evidence: "The client's network namespace is not that of the machine's first process (net/tcp of both have different \
               numbers), nobody listens at the port in it, and somebody does outside.",
    fix: "Run the client outside of the sandbox, or have the sandbox share the network.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    match facts.client.is_apart {
        Some(true) => {}
        Some(false) => return ruled_out("the client is in the machine's own network namespace"),
        None => return Opinion::Aside,
    }
    let Some(outside) = &facts.client.served_outside else { return Opinion::Aside };
    if facts.symptom() == Symptom::Connected || !facts.is_loopback() {
        return Opinion::Aside;
    }
    let who = match facts.client.pid {
        Some(_) => facts.client.who(),
        None => "this shell".to_owned(),
    };
    let mut finding =
        Finding::new(format!("{who} is in a network namespace of its own; {outside} listens outside of it"))
            .saw_not("net/tcp of the namespaces", "another one than that of process 1", "the same")
            .saw("sock_diag in this namespace", "no listener at the port")
            .saw("the namespace of process 1", format!("{outside} listens at the port"));
    if let Some(lo) = facts.network.links.iter().find(|link| link.is_loopback && !link.is_up) {
        finding = finding.saw("RTM_GETLINK", format!("{} of this namespace is down", lo.name));
    }
    finding.advise("run the client outside of this sandbox, or have the sandbox share the network").into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;

    #[test]
    fn a_server_outside_is_not_reached() {
        let told = asked("127.0.0.1:7777").fails(Errno::NETUNREACH).with(|facts| {
            facts.client.is_apart = Some(true);
            facts.client.served_outside = Some("node (pid 7)".to_owned());
        });
        assert_eq!(told.judged().causes()[0], "client-in-other-namespace");
    }

    #[test]
    fn in_the_machines_own_namespace_it_is_ruled_out() {
        let told = asked("127.0.0.1:7777").refused().with(|facts| facts.client.is_apart = Some(false));
        assert!(told.judged().is_ruled_out("client-in-other-namespace"));
    }

    #[test]
    fn a_sandbox_whose_server_is_nowhere_is_no_reason() {
        let told = asked("127.0.0.1:7777").refused().with(|facts| facts.client.is_apart = Some(true));
        assert_eq!(told.judged().causes(), ["nothing-listening"]);
    }
}
