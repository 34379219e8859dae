//! The server has ended, and a child that inherited its listener keeps it open without ever accepting.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::servers::{Examined, Stuck};

/// A child of a server that has ended keeps the listener.
pub(super) const CAUSE: Cause = Cause {
    code: "orphaned-listener",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server has ended, and a child that inherited the listener keeps it",
    symptom: "The connection is made, and then nothing comes; a new server gets `Address already in use`.",
    evidence: "All that have the listener open are programs that never accept connections: shells, sleep, tail and the like.",
    fix: "End the child, and start the server again.",
    proof: Proof::Reproduced,
    privilege: Some("of another user's server the process cannot be found without root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    if !matches!(case.stuck, Some(Stuck::Unaccepted | Stuck::Full)) {
        return Opinion::Aside;
    }
    let Some(first) = case.subjects().next() else { return Opinion::Aside };
    if !case.subjects().all(never_accepts) {
        return case.ruled_out();
    }
    let count = case.subjects().count();
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let command = if first.command.is_empty() { first.process.name.clone() } else { first.command.join(" ") };
    let short: String = command.chars().take(60).collect();
    let parent = match first.is_orphan {
        true => format!("parent {}: its own has ended", first.process.ppid),
        false => format!("parent {}", first.process.ppid),
    };
    let pids: Vec<String> = case.subjects().map(|examined| examined.process.pid.to_string()).collect();
    let finding = case
        .finding(format!(
            "nothing accepts: the server has ended, and {}{more}, which inherited its listener, keeps the port",
            first.name()
        ))
        .saw_not(format!("/proc/{}/cmdline", first.process.pid), short, "a program that accepts connections")
        .saw(first.state_file(), format!("{}, {parent}", first.state()));
    case.signal(finding, first, "end it, and start the server again", format!("kill {}", pids.join(" ")))
        .into()
}

/// Returns whether a process runs a program that opens and accepts no TCP connections as a server.
fn never_accepts(examined: &Examined) -> bool {
    let process = &examined.process;
    let program = process.program.as_deref().unwrap_or(&process.name);
    let is_helper = |word: &String| HELPERS.iter().any(|helper| word.contains(helper));
    PROGRAMS.contains(&program)
        // One program by many names.
        || (["busybox", "coreutils", "toybox"].contains(&program) && PROGRAMS.contains(&process.name.as_str()))
        || examined.command.iter().any(is_helper)
}

/// Shells, and programs that servers start and that outlive them.
const PROGRAMS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "zsh",
    "fish",
    "ksh",
    "mksh",
    "ash",
    "sleep",
    "cat",
    "tail",
    "head",
    "tee",
    "less",
    "more",
    "grep",
    "sort",
    "xargs",
    "find",
    "make",
    "timeout",
    "env",
    "nohup",
    "setsid",
    "yes",
    "true",
    "false",
    "watch",
    "time",
    "nice",
    "ssh-agent",
    "gpg-agent",
    "git",
    "tar",
    "gzip",
    "ping",
    "curl",
    "wget",
    "nano",
    "logger",
    "inotifywait",
    "sed",
    "awk",
    "mawk",
    "script",
    "psql",
    "mysqldump",
    "pg_dump",
];

/// Words of a command line of helpers that interpreters start of themselves.
const HELPERS: &[&str] = &["multiprocessing.resource_tracker", "multiprocessing.forkserver"];

#[cfg(test)]
mod tests {
    use crate::facts::servers::{Examined, made};

    fn child(program: &str, call: &'static str) -> Examined {
        let mut child = made::process('S', Some(call));
        child.process.name = program.to_owned();
        child.process.program = Some(program.to_owned());
        child.is_orphan = true;
        child
    }

    #[test]
    fn a_sleep_with_a_listener_inherited_it() {
        let told = made::unaccepted(vec![child("sleep", "clock_nanosleep")]).judged();
        assert_eq!(told.causes(), ["orphaned-listener"]);
        assert!(told.diagnosis.causes[0].text.contains("sleep (pid 4121)"));
        assert_eq!(made::full(vec![child("bash", "wait4")]).judged().causes(), ["orphaned-listener"]);
    }

    #[test]
    fn a_helper_beside_a_server_is_not_the_reason() {
        let told =
            made::unaccepted(vec![child("sleep", "clock_nanosleep"), made::process('R', None)]).judged();
        assert_eq!(told.causes(), ["server-busy-loop"]);
    }

    #[test]
    fn a_stopped_sleep_is_still_no_server() {
        let mut child = child("sleep", "clock_nanosleep");
        child.threads[0].wait = crate::facts::servers::wait::Wait::Stopped;
        assert_eq!(made::unaccepted(vec![child]).judged().causes(), ["orphaned-listener"]);
    }
}
