//! A BPF program of a control group denies bind(2): systemd's SocketBindDeny= and the like.

use wharf_os::examine::errno::Errno;
use wharf_os::examine::programs::Attach;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;

/// EPERM of bind(2).
pub(super) const CAUSE: Cause = Cause {
    code: "cgroup-denies-bind",
    group: Group::Bind,
    layer: Layer::Client,
    title: "A BPF program of the control group denies bind",
    symptom: "`Operation not permitted` (EPERM) from bind(2), at once, also for ports above 1023.",
    evidence: "bind(2) says EPERM, which the kernel itself never does, and a program is attached to the control group, or one \
               above it, at bind4 or bind6 (systemd attaches such for SocketBindDeny=).",
    fix: "Allow the port in the unit: SocketBindAllow=; or detach the program.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN in the initial user namespace: to list programs of control groups."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(address) = facts.bind().filter(|_| facts.bind_error() == Some(Errno::PERM)) else {
        return Opinion::Aside;
    };
    let Some(programs) = &facts.network.programs else {
        return open("root can list the BPF programs of the control group");
    };
    let decides = |attach| matches!(attach, Attach::CgroupBind4 | Attach::CgroupBind6);
    let Some(program) = programs.iter().map(|one| &one.program).find(|it| decides(it.attach)) else {
        return ruled_out("no program is attached to the control group at bind");
    };
    let place = if program.attach == Attach::CgroupBind4 { "bind4" } else { "bind6" };
    let name = if program.name.is_empty() { String::new() } else { format!(" \"{}\"", program.name) };
    let (id, group) = (program.id, &program.group);
    Finding::new(format!("BPF program {id}{name} of control group {group} denies to bind {address}"))
        .saw("bind(2)", "EPERM")
        .saw("BPF_PROG_QUERY", format!("program {id}{name} at {place} of {group}"))
        .advise(format!("in a unit of systemd, allow the port: SocketBindAllow={}", address.port()))
        .command("detach it", format!("bpftool cgroup detach /sys/fs/cgroup{group} {place} id {id}"))
        .as_root()
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::programs::{Attach, GroupProgram};

    use crate::facts::Facts;
    use crate::facts::network::Program;
    use crate::testing::asked_to_bind;

    fn program(facts: &mut Facts) {
        let (group, name) = ("/x".to_owned(), String::new());
        let program = GroupProgram { group, attach: Attach::CgroupBind4, id: 7, name };
        facts.network.programs = Some(vec![Program { program, of_server: false, denies: None }]);
    }

    #[test]
    fn a_program_at_bind_and_eperm_are_it() {
        let told = asked_to_bind("127.0.0.1:7777").bind_fails(Errno::PERM).with(program).judged();
        assert_eq!(told.causes(), ["cgroup-denies-bind"]);
    }

    #[test]
    fn without_a_program_it_is_ruled_out() {
        let told = asked_to_bind("127.0.0.1:7777").bind_fails(Errno::PERM);
        let told = told.with(|facts| facts.network.programs = Some(Vec::new())).judged();
        assert!(told.is_ruled_out("cgroup-denies-bind"));
    }

    #[test]
    fn an_ordinary_user_cannot_list_programs() {
        assert!(
            asked_to_bind("127.0.0.1:7777").bind_fails(Errno::PERM).judged().is_untold("cgroup-denies-bind")
        );
    }
}
