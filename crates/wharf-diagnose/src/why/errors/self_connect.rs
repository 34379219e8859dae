//! A client is connected with itself.

use wharf_os::examine::attempt::Outcome;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// One socket, both ends.
pub(super) const CAUSE: Cause = Cause {
    code: "self-connect",
    group: Group::Errors,
    layer: Layer::Port,
    title: "A client is connected with itself",
    symptom: "A client seems connected and hears what it says; the server then cannot have its port (EADDRINUSE).",
    evidence: "One established connection has the address and port at both ends: the kernel chose for the client the very port \
               that it was trying, at which nobody listens (TCP's simultaneous open).",
    fix: "End that client, start the server, and do not try a port of the range that the kernel chooses from without one.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let is_self = |it: &&wharf_os::examine::attempt::Attempt| {
        it.outcome == Outcome::Connected && it.from == Some(it.to)
    };
    let advice = "end that client, start the server, and choose a port below 32768 for it";
    if let Some(attempt) = facts.attempts.iter().find(is_self) {
        let to = attempt.to;
        return Finding::new(format!("nothing listens at {to}: the connection is one with itself"))
            .saw("getsockname(2) and getpeername(2)", format!("both {to}"))
            .advise("start the server, and choose a port below 32768 for it")
            .into();
    }
    let Some((address, who)) = &facts.network.self_connected else { return Opinion::Aside };
    Finding::new(format!("{who} is connected with itself at {address}, and nobody listens there"))
        .saw("sock_diag", format!("one established connection from {address} to {address}"))
        .advise(advice)
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn both_ends_of_one_connection_are_no_server() {
        let told = asked("127.0.0.1:40000").listener("127.0.0.1:40000").connected().with(|facts| {
            facts.attempts[0].from = Some(facts.attempts[0].to);
        });
        assert_eq!(told.judged().causes(), ["self-connect"]);
    }

    #[test]
    fn another_client_may_have_the_port_so() {
        let told = asked("127.0.0.1:40000").refused().with(|facts| {
            facts.network.self_connected = Some((facts.addresses[0], "python3 (pid 7)".to_owned()));
        });
        assert_eq!(told.judged().causes(), ["self-connect"]);
    }

    #[test]
    fn a_port_that_nobody_has_is_just_that() {
        assert_eq!(asked("127.0.0.1:40000").refused().judged().causes(), ["nothing-listening"]);
    }
}
