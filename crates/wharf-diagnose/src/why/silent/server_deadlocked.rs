//! Every thread of the server waits for a lock or another thread, so that nobody accepts or answers.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Examined;
use crate::facts::servers::wait::Wait;

/// The server waits for itself.
pub(super) const CAUSE: Cause = Cause {
    code: "server-deadlocked",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server's threads wait for locks",
    symptom: "The connection is made, and then nothing comes.",
    evidence: "The first thread waits in futex(2) all the time, and of the others each waits for a lock, a signal or \
               events of other sockets: none is in accept(2) or waits for events of the listener.",
    fix: "Restart it, and look at the stacks of its threads for the lock.",
    proof: Proof::Reproduced,
    privilege: Some("what another user's process waits in may be seen by root alone"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let Some(examined) = case.subjects().find(|examined| is_locked(examined)) else {
        return case.ruled_out();
    };
    // A master that waits for its workers is none of those that would accept.
    let is_passive = |examined: &Examined| {
        is_locked(examined) || matches!(examined.wait(), Some(Wait::Child | Wait::Signal | Wait::Sleep))
    };
    if case.stuck.is_none() || case.server.moves || !case.subjects().all(is_passive) {
        return case.ruled_out();
    }
    let pid = examined.process.pid;
    let count = examined.threads.len();
    let what = match count {
        1 => "its only thread waits for a lock".to_owned(),
        _ => format!("of its {count} threads {} wait for locks, and none for connections", locks(examined)),
    };
    let finding =
        case.finding(format!("{}: {} is deadlocked: {what}", case.lack(), case.who(examined))).saw_not(
            format!("/proc/{pid}/task/*/wchan"),
            examined.state(),
            "accept, poll or epoll in one of them",
        );
    let program = examined.process.program.as_deref().unwrap_or_default();
    let command = if program.starts_with("python") {
        format!("py-spy dump --pid {pid}")
    } else if program == "java" {
        format!("jstack {pid}")
    } else {
        format!("gdb -p {pid} -batch -ex 'thread apply all bt'")
    };
    let finding = case.signal(finding, examined, "who holds the lock", command);
    case.restart(finding, examined).into()
}

fn is_locked(examined: &Examined) -> bool {
    // One that sleeps or reads may be what the others wait for.
    let idle = |wait: Wait| matches!(wait, Wait::Lock | Wait::Signal | Wait::Events(Some(false)));
    let first = examined.threads.first();
    first.is_some_and(|seen| seen.wait == Wait::Lock && seen.is_steady)
        && examined.threads.iter().all(|seen| idle(seen.wait))
}

fn locks(examined: &Examined) -> usize {
    examined.threads.iter().filter(|seen| seen.wait == Wait::Lock).count()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;
    use crate::facts::servers::wait::Wait;

    #[test]
    fn a_thread_that_waits_for_its_own_lock_is_it() {
        assert_eq!(
            made::unaccepted(vec![made::process('S', Some("futex"))]).judged().causes(),
            ["server-deadlocked"]
        );
    }

    #[test]
    fn a_helper_thread_with_a_loop_of_its_own_does_not_hide_it() {
        let mut both = made::and_thread(made::process('S', Some("futex")), 'S', Some("epoll_wait"));
        both.threads[1].wait = Wait::Events(Some(false));
        assert_eq!(made::unaccepted(vec![both.clone()]).judged().causes(), ["server-deadlocked"]);
        both.threads[1].wait = Wait::Events(Some(true));
        assert!(!made::unaccepted(vec![both]).judged().causes().contains(&"server-deadlocked"));
    }

    #[test]
    fn waiting_for_a_thread_that_reads_is_not() {
        for call in ["recvfrom", "clock_nanosleep"] {
            let both = made::and_thread(made::process('S', Some("futex")), 'S', Some(call));
            assert_eq!(made::unaccepted(vec![both]).judged().causes(), ["server-does-not-accept"]);
        }
    }
}
