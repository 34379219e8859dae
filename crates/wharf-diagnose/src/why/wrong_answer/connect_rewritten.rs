//! A BPF program of the control group has connect(2) go elsewhere.

use wharf_os::examine::programs::Attach;

use super::diverted::opinion;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::network::Diversion;

/// cgroup connect4, connect6.
pub(super) const CAUSE: Cause = Cause {
    code: "connect-rewritten",
    group: Group::WrongAnswer,
    layer: Layer::Network,
    title: "A BPF program has connect go elsewhere",
    symptom: "Another program answers than the one that listens at the port.",
    evidence: "getpeername(2) tells another address than connect(2) was given: a BPF program of the control group at connect4 \
               or connect6 has changed it.",
    fix: "Detach the program, or run the client in another control group.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN in the initial user namespace: to name the program."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let decides = |attach| matches!(attach, Attach::CgroupConnect4 | Attach::CgroupConnect6);
    let program =
        facts.network.programs.iter().flatten().map(|one| &one.program).find(|it| decides(it.attach));
    let what = match program {
        Some(program) => format!("BPF program {} of control group {}", program.id, program.group),
        None => "a BPF program of the control group".to_owned(),
    };
    opinion(facts, Diversion::Connect, &what, |finding| {
        let diverted = facts.network.diverted.as_ref();
        let peer = diverted.map(|diverted| diverted.to.to_string()).unwrap_or_default();
        let asked = diverted.map(|diverted| diverted.asked.to_string()).unwrap_or_default();
        let finding = finding.saw_not("getpeername(2)", peer, asked);
        match program {
            Some(program) => {
                let place = if program.attach == Attach::CgroupConnect4 { "connect4" } else { "connect6" };
                let (id, group) = (program.id, &program.group);
                finding
                    .saw("BPF_PROG_QUERY", format!("program {id} at {place} of {group}"))
                    .command(
                        "detach it",
                        format!("bpftool cgroup detach /sys/fs/cgroup{group} {place} id {id}"),
                    )
                    .as_root()
            }
            None => finding.command("find the program", "bpftool cgroup tree").as_root(),
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::network::{Diversion, Diverted};
    use crate::testing::asked;

    #[test]
    fn a_server_that_is_bypassed_is_the_matter() {
        for (by, code) in [
            (Diversion::Connect, "connect-rewritten"),
            (Diversion::LookUp, "sk-lookup-redirects"),
            (Diversion::Packets, "firewall-redirects"),
        ] {
            for bypassed in [Some("node (pid 7)".to_owned()), None] {
                let is_bypassed = bypassed.is_some();
                let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").connected().with(|facts| {
                    let (asked, to) = (facts.addresses[0], "127.0.0.1:8888".parse().unwrap());
                    let listener = Some("ruby (pid 8)".to_owned());
                    facts.network.diverted = Some(Diverted { asked, to, by, listener, bypassed });
                });
                let told = told.judged();
                if is_bypassed {
                    assert_eq!(told.causes(), [code]);
                } else {
                    assert_eq!((told.verdict(), told.remarks()), ("reachable", vec![code]));
                }
            }
        }
    }
}
