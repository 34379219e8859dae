//! A port that is leased to one project is held by another.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// Another project's program has the port.
pub(super) const CAUSE: Cause = Cause {
    code: "leased-port-held-by-other-project",
    group: Group::WrongAnswer,
    layer: Layer::Port,
    title: "The port is leased to one project, and a program of another has it",
    symptom: "A page of another project comes up at the usual address.",
    evidence: "A lease of wharf has the number, and the program that listens works outside that lease's project.",
    fix: "Stop the other program, or start it under wharf, which gives it a port of its own.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let (Some(detail), Some(lease)) = (facts.endpoint(), facts.leases.first()) else { return Opinion::Aside };
    let endpoint = &detail.endpoint;
    let is_within = |place: &str| place == lease.root || place.starts_with(&format!("{}/", lease.root));
    let place = endpoint
        .project
        .as_ref()
        .map(|project| project.root.as_str())
        .or_else(|| endpoint.owner.lead()?.cwd.as_deref());
    let Some(place) = place else { return Opinion::Aside };
    if endpoint.run.is_some() || is_within(place) {
        return ruled_out(format!("it belongs to {}, which the port is leased to", lease.name));
    }
    let port = lease.port;
    Finding::new(format!("port {port} is leased to {}, and {} has it", lease.name, who(endpoint)))
        .saw("wharf lease ls", format!("{} in {} has {port}", lease.name, lease.root))
        .saw("listener", format!("{}, which works in {place}", who(endpoint)))
        .command("stop the other program", format!("wharf free {port}"))
        .command("or start it under wharf, on a port of its own", "wharf run -- COMMAND")
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_model::lease::Lease;

    use crate::testing::{Told, asked, lease};

    fn judged(root: &str) -> Told {
        let lease = Lease { root: root.to_owned(), ..lease(3000) };
        let asked = asked("127.0.0.1:3000").listener("127.0.0.1:3000").connected();
        asked.with(|facts| facts.leases.push(lease)).judged()
    }

    #[test]
    fn a_program_outside_the_project_is_a_stranger() {
        assert_eq!(judged("/home/me/other").causes(), ["leased-port-held-by-other-project"]);
    }

    #[test]
    fn a_program_of_the_project_is_none() {
        assert_eq!(judged("/home/me/shop").verdict(), "reachable");
        assert_eq!(judged("/home/me").verdict(), "reachable");
    }
}
