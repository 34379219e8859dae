//! A BPF program of a control group denies connect(2).

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::errno::Errno;
use wharf_os::examine::programs::Attach;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;

/// EPERM of connect(2) or socket(2).
pub(super) const CAUSE: Cause = Cause {
    code: "cgroup-denies-connect",
    group: Group::Errors,
    layer: Layer::Network,
    title: "A BPF program of the control group denies connect",
    symptom: "`Operation not permitted` (EPERM) from connect(2) or socket(2), at once.",
    evidence: "A program is attached to the client's control group, or one above it, at connect4, connect6 or sock_create; \
               and no filter of system calls denies connect(2), which says ENOTSOCK of a file as it should.",
    fix: "Detach the program, or run the client in another control group.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN in the initial user namespace: to list programs of control groups."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let denied = |it: &&wharf_os::examine::attempt::Attempt| it.outcome == Outcome::Failed(Errno::PERM);
    let Some(attempt) = facts.attempts.iter().find(denied) else { return Opinion::Aside };
    if facts.client.forbidden.as_ref().is_some_and(|it| it.connect.is_some() || it.socket.is_some()) {
        return ruled_out("a filter of system calls denies connect(2) already");
    }
    let Some(programs) = &facts.network.programs else {
        return open("root can list the BPF programs of the control group");
    };
    let decides = |attach| {
        matches!(attach, Attach::CgroupConnect4 | Attach::CgroupConnect6 | Attach::CgroupSocketCreate)
    };
    let found = programs.iter().map(|one| &one.program).find(|program| decides(program.attach));
    let Some(program) = found else {
        return ruled_out("no program is attached to the control group at connect");
    };
    let place = match program.attach {
        Attach::CgroupConnect4 => "connect4",
        Attach::CgroupConnect6 => "connect6",
        _ => "sock_create",
    };
    let name = if program.name.is_empty() { String::new() } else { format!(" \"{}\"", program.name) };
    Finding::new(format!(
        "BPF program {}{name} of control group {} denies {} to connect to {}",
        program.id,
        program.group,
        facts.client.who(),
        attempt.to
    ))
    .saw("connect(2)", "EPERM")
    .saw("BPF_PROG_QUERY", format!("program {}{name} at {place} of {}", program.id, program.group))
    .command("look at it", format!("bpftool prog show id {}", program.id))
    .as_root()
    .command(
        "detach it",
        format!("bpftool cgroup detach /sys/fs/cgroup{} {place} id {}", program.group, program.id),
    )
    .as_root()
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::client::Forbidden;
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::programs::{Attach, GroupProgram};

    use crate::facts::Facts;
    use crate::facts::network::Program;
    use crate::testing::asked;

    fn program(facts: &mut Facts) {
        let (group, name) = ("/app.slice".to_owned(), "deny".to_owned());
        let program = GroupProgram { group, attach: Attach::CgroupConnect4, id: 7, name };
        facts.network.programs = Some(vec![Program { program, of_server: false, denies: None }]);
    }

    #[test]
    fn a_program_at_connect_and_eperm_are_it() {
        let told = asked("127.0.0.1:7777")
            .by_root()
            .listener("127.0.0.1:7777")
            .fails(Errno::PERM)
            .with(program)
            .judged();
        assert_eq!(told.causes(), ["cgroup-denies-connect"]);
    }

    #[test]
    fn a_filter_of_system_calls_rules_it_out() {
        let told = asked("127.0.0.1:7777")
            .by_root()
            .listener("127.0.0.1:7777")
            .fails(Errno::PERM)
            .with(program)
            .with(|facts| {
                facts.client.forbidden =
                    Some(Forbidden { connect: Some(Errno::PERM), ..Forbidden::default() });
            });
        assert!(told.judged().is_ruled_out("cgroup-denies-connect"));
    }

    #[test]
    fn without_privilege_it_cannot_be_told() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::PERM).judged();
        assert_eq!(told.verdict(), "cannot_tell");
        assert!(told.is_untold("cgroup-denies-connect"));
    }

    #[test]
    fn another_error_has_nothing_to_do_with_it() {
        let told = asked("127.0.0.1:7777")
            .by_root()
            .listener("127.0.0.1:7777")
            .fails(Errno::ACCES)
            .with(program)
            .judged();
        assert!(!told.causes().contains(&"cgroup-denies-connect"));
    }
}
