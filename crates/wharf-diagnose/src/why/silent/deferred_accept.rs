//! The kernel keeps a connection from the server until the client has said something, and the client waits for a greeting.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::target::Scheme;

/// The server is woken only by the client's first bytes.
pub(super) const CAUSE: Cause = Cause {
    code: "deferred-accept",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server is woken only once the client has said something (TCP_DEFER_ACCEPT)",
    symptom: "The connection is made, and a client that waits for a greeting waits for ever.",
    evidence: "The client is connected, and the server's side stays in SYN-RECV; TcpExtTCPDeferAcceptDrop rises.",
    fix: "Turn TCP_DEFER_ACCEPT off for protocols in which the server speaks first (nginx: `deferred`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if !facts.watch.deferred {
        return Opinion::Aside;
    }
    // A client that hangs up wakes the server as well, so what it was woken by is not seen in the end.
    let speaks_first = facts
        .target()
        .and_then(|target| target.scheme)
        .is_some_and(|it| !matches!(it, Scheme::Mysql | Scheme::Tcp));
    if !facts.talk.silent || speaks_first {
        return ruled_out("the server takes the connection once something is said");
    }
    let counted = facts.attempts.iter().any(|made| made.counters.get("TcpExtTCPDeferAcceptDrop") > 0);
    let who = facts.endpoint().map_or("the server".to_owned(), |detail| crate::facts::who(&detail.endpoint));
    let mut finding = case
        .finding(format!(
            "{who} is not told of the connection: the kernel waits for the client to speak first (TCP_DEFER_ACCEPT), \
             and the client waits for a greeting"
        ))
        .saw_not("sock_diag", "connected for the client, SYN-RECV for the server", "ESTABLISHED");
    if counted {
        finding = finding.saw("/proc/net/netstat", "TCPDeferAcceptDrop +1");
    }
    finding
        .advise(
            "turn TCP_DEFER_ACCEPT off at this listener (nginx: `listen … deferred`, HAProxy: defer-accept)",
        )
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;
    use crate::testing::Asked;

    fn deferred() -> Asked {
        made::silent(Vec::new()).with(|facts| {
            facts.watch.deferred = true;
            facts.accepted = None;
        })
    }

    #[test]
    fn a_client_that_waits_for_a_greeting_waits_for_ever() {
        assert_eq!(deferred().judged().causes(), ["deferred-accept"]);
        let late = deferred().with(|facts| facts.accepted = Some(true));
        assert_eq!(late.judged().causes(), ["deferred-accept"]);
    }

    #[test]
    fn one_that_speaks_first_is_served() {
        let told = deferred()
            .with(|facts| {
                facts.accepted = Some(true);
                facts.talk.silent = false;
            })
            .judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
