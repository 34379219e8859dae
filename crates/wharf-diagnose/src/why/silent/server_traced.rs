//! A thread of the server is held by a debugger or tracer: a breakpoint, a system call that strace holds up.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Examined;
use crate::facts::servers::wait::Wait;

/// The server is held by a debugger.
pub(super) const CAUSE: Cause = Cause {
    code: "server-traced",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server is held by a debugger",
    symptom: "The connection is made, and then nothing comes.",
    evidence: "A thread is in state t, twice, and TracerPid in /proc/PID/status names who holds it.",
    fix: "Let the debugger continue, or detach it.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let held = |examined: &Examined| {
        examined.threads.iter().position(|seen| seen.wait == Wait::Traced && seen.is_steady)
    };
    let Some((traced, at)) = case.subjects().find_map(|examined| Some((examined, held(examined)?))) else {
        return case.ruled_out();
    };
    if case.stuck.is_none() && facts.is_reachable() {
        return Opinion::Aside;
    }
    if case.stuck.is_none() && !case.subjects().all(Examined::is_halted) {
        return Opinion::Odd(format!("{} is held by a debugger", traced.name()));
    }
    let tracer = match (&traced.tracer, traced.process.tracer) {
        (Some(name), Some(pid)) => format!("{name} (pid {pid})"),
        (None, Some(pid)) => format!("pid {pid}"),
        _ => "a debugger".to_owned(),
    };
    let thread = &traced.process.threads[at];
    let file = format!("/proc/{}/task/{}/stat", traced.process.pid, thread.tid);
    let mut finding = case
        .finding(format!("{}: {} is held by {tracer}", case.lack(), case.who(traced)))
        .saw_not(file, format!("state {}", thread.state), "S or R");
    if let Some(pid) = traced.process.tracer {
        finding =
            finding.saw(format!("/proc/{}/status", traced.process.pid), format!("TracerPid {pid}: {tracer}"));
    }
    let finding = finding.advise(format!("continue in {tracer}, or detach it"));
    match traced.process.tracer {
        Some(pid) => case.signal(finding, traced, "or end the debugger", format!("kill {pid}")).into(),
        None => finding.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn the_debugger_is_named() {
        let mut held = made::process('t', None);
        held.process.tracer = Some(900);
        held.tracer = Some("gdb".to_owned());
        let told = made::unaccepted(vec![held]).judged();
        assert_eq!(told.causes(), ["server-traced"]);
        assert_eq!(
            told.diagnosis.causes[0].text,
            "nothing accepts: node (pid 4121, /home/me/shop) is held by gdb (pid 900)"
        );
    }

    #[test]
    fn a_moment_under_strace_is_not_a_halt() {
        let mut passing = made::process('t', None);
        passing.threads[0].is_steady = false;
        assert!(!made::unaccepted(vec![passing]).judged().causes().contains(&"server-traced"));
    }
}
