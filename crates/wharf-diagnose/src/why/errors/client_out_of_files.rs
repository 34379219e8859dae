//! The client can open no more files, so no socket.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// EMFILE of socket(2).
pub(super) const CAUSE: Cause = Cause {
    code: "client-out-of-files",
    group: Group::Errors,
    layer: Layer::Client,
    title: "The client may open no more files",
    symptom: "`Too many open files` (EMFILE) from socket(2), before any packet.",
    evidence: "The process whose point of view it is (`--from`) has as many files open as RLIMIT_NOFILE allows; or wharf \
               itself, under the same limit, gets EMFILE.",
    fix: "Close what leaks, or raise the limit (`ulimit -n`, `prlimit --nofile`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let is_own = facts.attempts.iter().any(|it| it.outcome == Outcome::Failed(Errno::MFILE));
    if is_own && facts.client.pid.is_none() {
        return Finding::new("no more files may be opened here (ulimit -n), so no socket")
            .saw("socket(2)", "EMFILE")
            .command("raise the limit in this shell", "ulimit -n 4096")
            .into();
    }
    let (Some((open, limit)), Some(pid)) = (facts.client.files, facts.client.pid) else {
        return Opinion::Aside;
    };
    if open < limit {
        return ruled_out(format!("{open} of {limit} files are open"));
    }
    let who = facts.client.who();
    Finding::new(format!("{who} has {open} of {limit} files open, and can open no socket"))
        .saw_not(format!("/proc/{pid}/fd"), format!("{open} descriptors"), format!("fewer than {limit}"))
        .saw(format!("/proc/{pid}/limits"), format!("Max open files {limit}"))
        .command("see what it has open", format!("ls -l /proc/{pid}/fd"))
        .command(
            "raise the limit",
            format!("prlimit --pid {pid} --nofile={}", limit.saturating_mul(2).max(1024)),
        )
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;

    use crate::facts::Facts;
    use crate::testing::asked;

    fn files(open: u64) -> impl FnOnce(&mut Facts) {
        move |facts| {
            facts.client.pid = Some(7);
            facts.client.files = Some((open, 64));
        }
    }

    #[test]
    fn a_client_at_its_limit_can_open_no_socket() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").connected().with(files(64)).judged();
        assert_eq!((told.verdict(), told.causes()), ("cause_found", vec!["client-out-of-files"]));
    }

    #[test]
    fn a_client_below_it_can() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").connected().with(files(63)).judged();
        assert!(told.is_ruled_out("client-out-of-files"));
        assert_eq!(told.verdict(), "reachable");
    }

    #[test]
    fn wharf_itself_may_be_under_the_limit() {
        assert_eq!(
            asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::MFILE).judged().causes(),
            ["client-out-of-files"]
        );
    }
}
