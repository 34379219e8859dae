//! The whole machine has as many files open as its kernel allows (ENFILE).

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The machine is out of files.
pub(super) const CAUSE: Cause = Cause {
    code: "system-out-of-files",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The machine has as many files open as it may",
    symptom: "The connection is made, and then nothing comes; programs of all kinds say `Too many open files in system` (ENFILE).",
    evidence: "/proc/sys/fs/file-nr: as many files are open as fs.file-max allows.",
    fix: "Find what leaks files, or raise fs.file-max.",
    proof: Proof::Documented("proc_sys_fs(5), file-max and file-nr; accept(2), ENFILE"),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let Some((open, most)) = case.server.machine.files else { return Opinion::Aside };
    if open < most {
        return ruled_out(format!("{open} of {most} files are open on this machine"));
    }
    if case.stuck.is_none() {
        return Opinion::Odd(format!("{open} of {most} files are open on this machine"));
    }
    case.finding(format!(
        "{}: this machine has {open} of {most} files open and can open no more",
        case.lack()
    ))
    .saw_not("/proc/sys/fs/file-nr", format!("{open} open"), format!("fewer than {most}"))
    .command("raise the limit", format!("sysctl fs.file-max={}", most.saturating_mul(2)))
    .as_root()
    .command("which processes have most", "ls -d /proc/[0-9]*/fd | xargs stat -c '%s %n' | sort -n | tail")
    .as_root()
    .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn a_machine_at_its_limit_is_it() {
        let asked = |open| {
            made::unaccepted(vec![made::process('S', Some("epoll_wait"))])
                .with(|facts| facts.servers[0].machine.files = Some((open, 1000)))
        };
        assert_eq!(asked(1000).judged().causes(), ["system-out-of-files"]);
        assert!(asked(999).judged().is_ruled_out("system-out-of-files"));
    }
}
