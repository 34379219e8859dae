//! A thread of the server computes without a pause, and nobody accepts or answers meanwhile.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::wait::Wait;
use crate::facts::servers::{Examined, Seen, Stuck};

/// The server computes.
pub(super) const CAUSE: Cause = Cause {
    code: "server-busy-loop",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server computes and does not get round to its connections",
    symptom: "The connection is made, and then nothing comes; a CPU is at 100 %.",
    evidence: "A thread runs or is ready to for at least four fifths of the watch (/proc/PID/task/TID/schedstat), and no \
               connection is accepted.",
    fix: "Look at its stack, and move the work off the thread that accepts; restart it.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let waits_for_us = |examined: &Examined| {
        // Of one that has accepted, the thread that answers may be any.
        case.stuck != Some(Stuck::Silent) && examined.threads.iter().any(|seen| seen.wait.may_accept())
    };
    let computes = |seen: &Seen| {
        // On a machine with much to do a thread that waits for a CPU is counted late.
        seen.busy >= BUSY || (seen.busy >= BUSY_ENOUGH && seen.wait == Wait::Cpu && seen.is_steady)
    };
    let busy = |examined: &Examined| examined.threads.iter().position(computes);
    let found = case.subjects().find_map(|examined| Some((examined, busy(examined)?)));
    let Some((examined, at)) =
        found.filter(|(examined, _)| case.stuck.is_some() && !case.server.moves && !waits_for_us(examined))
    else {
        return case.ruled_out();
    };
    let pid = examined.process.pid;
    let thread = &examined.process.threads[at];
    let busy = examined.threads[at].busy;
    let whose = match examined.process.threads.len() {
        1 => String::new(),
        count => format!(" (its thread {}, one of {count})", thread.name),
    };
    let finding = case
        .finding(format!("{}: {}{whose} computes without a pause", case.lack(), case.who(examined)))
        .saw_not(
            format!("/proc/{pid}/task/{}/schedstat", thread.tid),
            format!("ran {busy} % of the time"),
            "hardly",
        )
        .saw(examined.state_file(), examined.state());
    let (title, command) = stack(examined);
    let finding = case.signal(finding, examined, title, command);
    case.restart(finding, examined).into()
}

/// Returns what shows where a program is.
fn stack(examined: &Examined) -> (&'static str, String) {
    let pid = examined.process.pid;
    let program = examined.process.program.as_deref().unwrap_or_default();
    if program.starts_with("python") {
        ("where it is", format!("py-spy dump --pid {pid}"))
    } else if program == "java" {
        ("where it is", format!("jstack {pid}"))
    } else if program == "node" {
        ("open its inspector, and look where it is", format!("kill -USR1 {pid}"))
    } else {
        ("where it is", format!("gdb -p {pid} -batch -ex 'thread apply all bt'"))
    }
}

/// Percent of the time.
const BUSY: u32 = 80;
/// The same where it runs, or is ready to, at the beginning and at the end.
const BUSY_ENOUGH: u32 = 50;

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn a_thread_that_runs_all_the_time_is_it() {
        let told = made::unaccepted(vec![made::process('R', None)]).judged();
        assert_eq!(told.causes(), ["server-busy-loop"]);
        assert_eq!(made::full(vec![made::process('R', None)]).judged().causes(), ["server-busy-loop"]);
        assert_eq!(made::silent(vec![made::process('R', None)]).judged().causes(), ["server-busy-loop"]);
    }

    #[test]
    fn one_that_works_beside_a_thread_that_accepts_is_not() {
        let both = made::and_thread(made::process('S', Some("accept4")), 'R', None);
        assert!(!made::unaccepted(vec![both]).judged().causes().contains(&"server-busy-loop"));
    }
}
