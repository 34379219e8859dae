//! A program has bound the port and never called listen(2).

use wharf_model::endpoint::{EndpointState, Protocol};

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// Bound, not listening.
pub(super) const CAUSE: Cause = Cause {
    code: "bound-not-listening",
    group: Group::Refused,
    layer: Layer::Port,
    title: "A program has bound the port and does not listen",
    symptom: "`Connection refused`, while a second server gets `Address already in use`.",
    evidence: "sock_diag lists a socket at the port in the pseudo state BOUND_INACTIVE (Linux 6.8), and none in LISTEN. \
               /proc/net/tcp shows neither.",
    fix: "Wait if the server is still starting; otherwise look at where it hangs before listen(2), and start it again.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() {
        return Opinion::Aside;
    }
    let asked = |detail: &&wharf_model::detail::EndpointDetail| {
        let endpoint = &detail.endpoint;
        endpoint.netns.own
            && endpoint.protocol == Protocol::Tcp
            && endpoint.state == EndpointState::Bound
            && endpoint.run.is_none()
    };
    let Some(detail) = facts.endpoints().find(asked) else {
        return ruled_out("no socket is bound there without listening");
    };
    let endpoint = &detail.endpoint;
    let holder = who(endpoint);
    let mut finding = Finding::new(format!(
        "{holder} has bound port {} and never called listen(2): still starting, or stuck before it",
        endpoint.port
    ))
    .saw_not(
        "sock_diag",
        format!("a bound socket of {holder} in state BOUND_INACTIVE"),
        "one in LISTEN",
    );
    if let Some(lead) = endpoint.owner.lead() {
        finding = finding.command(
            "see where it hangs",
            format!("cat /proc/{}/wchan /proc/{}/syscall", lead.pid, lead.pid),
        );
    }
    finding.advise("wait if it is still starting; otherwise start it again").into()
}

#[cfg(test)]
mod tests {
    use wharf_model::endpoint::EndpointState;

    use crate::testing::{asked, endpoint};

    fn bound(state: EndpointState) -> crate::testing::Asked {
        let mut asked = asked("127.0.0.1:3000").refused();
        let mut found = endpoint("127.0.0.1:3000".parse().unwrap(), "node", 4121, 7);
        found.state = state;
        asked.endpoint(found);
        asked
    }

    #[test]
    fn a_bound_socket_is_it() {
        let told = bound(EndpointState::Bound).judged();
        assert_eq!(told.causes(), ["bound-not-listening"]);
        assert!(told.diagnosis.summary.contains("node (pid 4121, /home/me/shop)"));
    }

    #[test]
    fn a_bound_socket_beside_a_listener_is_not() {
        let told = bound(EndpointState::Bound).listener("127.0.0.1:3000").judged();
        assert!(!told.causes().contains(&"bound-not-listening"));
    }
}
