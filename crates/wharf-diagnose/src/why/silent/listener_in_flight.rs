//! No process has the listener open: it is in a message between two processes that was not received.

use wharf_model::owner::HeldBy;

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Stuck;

/// The listener is in a message.
pub(super) const CAUSE: Cause = Cause {
    code: "listener-in-flight",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The listener is in a message that no process has received",
    symptom: "The connection is made, and then nothing comes; a new server cannot bind the port.",
    evidence: "No process has the socket open, and it is found in the queue of a Unix socket (SCM_RIGHTS).",
    fix: "End or restart the process that was to receive it.",
    proof: Proof::Reproduced,
    privilege: Some("every process has to be looked into"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if case.server.held_by != Some(HeldBy::InFlight)
        || !case.server.processes.is_empty()
        || !matches!(case.stuck, Some(Stuck::Unaccepted | Stuck::Full))
    {
        return Opinion::Aside;
    }
    let receivers =
        facts.endpoint().map(|detail| detail.endpoint.owner.queued_to.as_slice()).unwrap_or_default();
    let names: Vec<String> =
        receivers.iter().map(|process| format!("{} (pid {})", process.name, process.pid)).collect();
    let to = if names.is_empty() { "a Unix socket".to_owned() } else { names.join(", ") };
    let finding = case
        .finding(format!("nothing accepts: the listener is in a message to {to} that was not received"))
        .saw_not("/proc/*/fd", "no process has the socket open", "the server's")
        .saw("SCM_RIGHTS", format!("it waits in the queue of a Unix socket of {to}"));
    match receivers.first() {
        Some(receiver) => {
            finding.command(format!("restart {}", receiver.name), format!("kill {}", receiver.pid)).into()
        }
        None => finding.advise("restart the process that was to receive it").into(),
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::owner::HeldBy;

    use crate::facts::servers::made;
    use crate::testing;

    #[test]
    fn the_receiver_is_named() {
        let told = made::unaccepted(Vec::new())
            .with(|facts| {
                facts.servers[0].held_by = Some(HeldBy::InFlight);
                let owner = &mut facts.port.as_mut().unwrap().endpoints[0].endpoint.owner;
                (owner.held_by, owner.queued_to) = (HeldBy::InFlight, vec![testing::process("keeper", 5)]);
            })
            .judged();
        assert_eq!(told.causes(), ["listener-in-flight"]);
        assert!(told.diagnosis.causes[0].text.contains("keeper (pid 5)"));
    }

    #[test]
    fn one_that_a_process_has_is_not() {
        let told = made::unaccepted(vec![made::process('S', None)]).judged();
        assert!(!told.causes().contains(&"listener-in-flight"));
    }
}
