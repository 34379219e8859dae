//! No process has the listener open, and no message either: a memory mapping, io_uring, a BPF map, or the kernel keeps it.

use wharf_model::owner::HeldBy;

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Stuck;

/// Nobody has the listener.
pub(super) const CAUSE: Cause = Cause {
    code: "listener-held-by-no-process",
    group: Group::Silent,
    layer: Layer::Server,
    title: "No process has the listener open",
    symptom: "The connection is made, and then nothing comes; a new server cannot bind the port.",
    evidence: "Every process was looked into, and none has the socket open; nor is it in a message.",
    fix: "End the program that registered it with io_uring, a BPF map or a mapping, or unload what keeps it in the kernel.",
    proof: Proof::Reproduced,
    privilege: Some("every process has to be looked into"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if case.server.held_by != Some(HeldBy::NoProcess)
        || !case.server.processes.is_empty()
        || !matches!(case.stuck, Some(Stuck::Unaccepted | Stuck::Full))
    {
        return Opinion::Aside;
    }
    let user = facts.endpoint().map_or(0, |detail| detail.endpoint.owner.uid);
    case.finding(
        "nothing accepts: no process has the listener open; io_uring, a memory mapping, a BPF map or the kernel keeps it"
            .to_owned(),
    )
    .saw_not("/proc/*/fd", "no process has the socket open", "the server's")
    .saw("SCM_RIGHTS", "it is in no message between processes")
    .advise(format!("end the program of user {user} that opened it, and has handed it to the kernel"))
    .command("programs that use io_uring", "ls -l /proc/[0-9]*/fd 2>/dev/null | grep io_uring")
    .as_root()
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_model::owner::HeldBy;

    use crate::facts::servers::made;

    #[test]
    fn where_everybody_was_looked_into_and_has_it_not_it_is() {
        let asked =
            |held_by| made::unaccepted(Vec::new()).with(|facts| facts.servers[0].held_by = Some(held_by));
        assert_eq!(asked(HeldBy::NoProcess).judged().causes(), ["listener-held-by-no-process"]);
        assert!(asked(HeldBy::Hidden).judged().causes().is_empty());
    }
}
