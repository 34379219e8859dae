//! A process of the server was suspended by a signal: Ctrl-Z, SIGSTOP, or it wanted the terminal from the background.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::Examined;
use crate::facts::servers::wait::Wait;

/// The server is stopped.
pub(super) const CAUSE: Cause = Cause {
    code: "server-stopped",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server is stopped (Ctrl-Z, SIGSTOP)",
    symptom: "The connection is made, because the kernel makes it, and then nothing comes; once the queue is full it hangs.",
    evidence: "/proc/PID/stat has state T, twice, and nobody accepts meanwhile.",
    fix: "Continue it: `fg` in its terminal, or `kill -CONT PID`.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let is_stopped =
        |examined: &&Examined| examined.frozen.is_none() && examined.wait() == Some(&Wait::Stopped);
    let Some(stopped) = case.subjects().find(is_stopped) else { return case.ruled_out() };
    let all = case.subjects().all(Examined::is_halted);
    if case.stuck.is_none() && facts.is_reachable() {
        return Opinion::Aside;
    }
    if case.stuck.is_none() && !all {
        return Opinion::Odd(format!("{} is stopped; others serve", stopped.name()));
    }
    let count = case.subjects().filter(is_stopped).count();
    let others = match count {
        1 => String::new(),
        2 => ", with 1 more process".to_owned(),
        _ => format!(", with {} more processes", count - 1),
    };
    let finding = case.finding(format!("{}: {} is stopped{others}", case.lack(), case.who(stopped))).saw_not(
        stopped.state_file(),
        stopped.state(),
        "S or R",
    );
    let pids: Vec<String> =
        case.subjects().filter(is_stopped).map(|examined| examined.process.pid.to_string()).collect();
    let mut finding = case.signal(finding, stopped, "let it go on", format!("kill -CONT {}", pids.join(" ")));
    if let Some(fix) = finding.fixes.last_mut() {
        fix.safe = true;
    }
    match &stopped.tty {
        Some(tty) => finding.advise(format!("or type fg in its terminal, {tty}")).into(),
        None => finding.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn a_server_that_is_stopped_is_continued() {
        let told = made::unaccepted(vec![made::process('T', None)]).judged();
        assert_eq!((told.verdict(), told.causes()), ("cause_found", vec!["server-stopped"]));
        let cause = &told.diagnosis.causes[0];
        assert_eq!(cause.text, "nothing accepts: node (pid 4121, /home/me/shop) is stopped");
        assert_eq!(cause.fixes[0].command.as_deref(), Some("kill -CONT 4121"));
        assert!(cause.fixes[0].safe && !cause.fixes[0].privileged);
        assert_eq!(made::full(vec![made::process('T', None)]).judged().causes(), ["server-stopped"]);
        assert_eq!(made::silent(vec![made::process('T', None)]).judged().causes(), ["server-stopped"]);
    }

    #[test]
    fn a_master_that_only_waits_does_not_hide_its_stopped_worker() {
        let mut master = made::process('S', Some("rt_sigsuspend"));
        master.process.pid = 4000;
        let told = made::unaccepted(vec![master, made::process('T', None)]).judged();
        assert_eq!(told.causes(), ["server-stopped"]);
    }

    #[test]
    fn a_server_that_sleeps_is_not_stopped() {
        let told = made::unaccepted(vec![made::process('S', Some("epoll_wait"))]).judged();
        assert!(told.is_ruled_out("server-stopped"));
    }

    #[test]
    fn where_packets_are_dropped_before_it_that_is_not_its_doing() {
        let asked = made::full(vec![made::process('T', None)]);
        let told = asked.with(|facts| facts.servers[0].queues[0].waiting = 0).judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["server-stopped"]));
    }
}
