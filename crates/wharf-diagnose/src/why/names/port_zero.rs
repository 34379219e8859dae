//! Port 0, which no connection can have.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::target::{Place, Port};

/// Port 0.
pub(super) const CAUSE: Cause = Cause {
    code: "port-zero",
    group: Group::Names,
    layer: Layer::Question,
    title: "Port 0 is no port",
    symptom: "`Connection refused` (ECONNREFUSED) at once; browsers say ERR_ADDRESS_INVALID or ERR_UNSAFE_PORT.",
    evidence: "The target says port 0. To bind(2) that means any free port; no connection can be made to it.",
    fix: "Ask for the port that the server prints once it has one; `wharf ls` shows it.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    match &target.place {
        Place::Tcp { port: Port::Zero, .. } => {
            Finding::new("port 0 means `any free port` to a server, and nothing to a client")
                .saw("the target", format!("{target}"))
                .command("see which port the server was given", "wharf ls")
                .into()
        }
        _ => Opinion::Aside,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn port_0_is_it_and_no_other() {
        assert_eq!(asked("http://localhost:0").judged().causes(), ["port-zero"]);
        assert_eq!(asked("0").judged().causes(), ["port-zero"]);
        assert!(!asked("localhost:1").judged().causes().contains(&"port-zero"));
    }
}
