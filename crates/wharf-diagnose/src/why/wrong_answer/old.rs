//! An old instance answers: its program was replaced since it was started.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// The executable was replaced.
pub(super) const CAUSE: Cause = Cause {
    code: "old-instance-answers",
    group: Group::WrongAnswer,
    layer: Layer::Server,
    title: "The server runs a program that was replaced since it was started",
    symptom: "What was rebuilt or updated does not show: the old program still answers.",
    evidence: "/proc/PID/exe leads to a deleted file. It is a remark, not a cause: the server can be reached.",
    fix: "Start the server again.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(detail) = facts.endpoint() else { return Opinion::Aside };
    match detail.endpoint.owner.lead() {
        Some(lead) if lead.exe_deleted => Opinion::Odd(format!(
            "{} runs a program that was replaced since it was started",
            who(&detail.endpoint)
        )),
        Some(_) => ruled_out("its executable is still the one that it was started from"),
        None => Opinion::Aside,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn a_replaced_program_is_remarked_on() {
        let told = asked("127.0.0.1:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                let port = facts.port.as_mut().unwrap();
                port.endpoints[0].endpoint.owner.processes[0].exe_deleted = true;
            })
            .judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["old-instance-answers"]));
    }
}
