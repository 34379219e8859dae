//! The server has as many files open as it may, so that it cannot accept: a leak, or a limit that is too low.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Examined;

/// The server is out of files.
pub(super) const CAUSE: Cause = Cause {
    code: "server-out-of-files",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server has as many files open as it may",
    symptom: "The connection is made, and then nothing comes, or it is closed at once. The server's log may say `Too many open \
              files` (EMFILE).",
    evidence: "The number of its descriptors (/proc/PID/fd) has reached RLIMIT_NOFILE (/proc/PID/limits).",
    fix: "Close what leaks, or raise the limit: `ulimit -n`, `LimitNOFILE=`, `prlimit --nofile`.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if case.stuck.is_none() && !super::is_hung_up(facts) {
        return Opinion::Aside;
    }
    let Some(examined) = exhausted(case.server.processes.iter()) else { return case.ruled_out() };
    let (open, limit) = (examined.process.files.unwrap_or(0), examined.process.files_limit.unwrap_or(0));
    let pid = examined.process.pid;
    let mut finding = case.finding(format!(
        "{}: {} has {open} of {limit} files open and can open no more",
        case.lack(),
        case.who(examined)
    ));
    finding.explains = true;
    let finding = finding
        .saw(format!("/proc/{pid}/fd"), format!("{open} descriptors"))
        .saw_not(format!("/proc/{pid}/limits"), format!("Max open files {limit}"), "more than are open")
        .command("what it has open", format!("ls -l /proc/{pid}/fd"));
    let command = format!("prlimit --pid {pid} --nofile={}:", limit.saturating_mul(4).max(1024));
    case.signal(finding, examined, "raise the limit while it runs", command)
        .advise("for good: `ulimit -n` before it starts, or LimitNOFILE= in its unit")
        .into()
}

/// Returns the first that has as many files open as it may.
fn exhausted<'a>(mut processes: impl Iterator<Item = &'a Examined>) -> Option<&'a Examined> {
    processes.find(|examined| {
        let both = examined.process.files.zip(examined.process.files_limit);
        both.is_some_and(|(open, limit)| open >= limit)
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::{Examined, made};

    fn with_files(open: u64, state: char, call: Option<&'static str>) -> Examined {
        let mut examined = made::process(state, call);
        examined.process.files = Some(open);
        examined
    }

    #[test]
    fn a_server_at_its_limit_cannot_accept_even_if_it_tries_again_and_again() {
        for (state, call) in [('S', Some("epoll_wait")), ('R', None)] {
            let told = made::unaccepted(vec![with_files(1024, state, call)]).judged();
            assert_eq!(told.causes(), ["server-out-of-files"]);
        }
    }

    #[test]
    fn one_below_it_can() {
        let told = made::unaccepted(vec![with_files(1023, 'R', None)]).judged();
        assert_eq!(told.causes(), ["server-busy-loop"]);
    }

    #[test]
    fn one_that_accepts_only_to_close_is_at_its_limit_too() {
        let told = made::silent(vec![with_files(1024, 'S', Some("epoll_wait"))])
            .with(|facts| {
                facts.talk.silent = false;
                facts.watch.closed = Some(false);
            })
            .judged();
        assert_eq!(told.causes(), ["server-out-of-files"]);
    }
}
