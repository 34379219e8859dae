//! Which run an endpoint belongs to: the port says which it may be, the processes say whether it is.
//!
//! A number alone is no proof: what a run gave up, or never held, somebody else may have. Not here: the runs themselves,
//! which whoever asks brings along ([`crate::request::Asker`]).

use std::collections::HashMap;

use wharf_model::endpoint::{Endpoint, Protocol};
use wharf_model::owner::HeldBy;
use wharf_model::process::Process;
use wharf_model::run::{Run, RunMark, RunProcess, RunState, url};
use wharf_os::Os;
use wharf_os::facts::ProcessFacts;

use crate::process;

/// Returns the mark of the run that `endpoint` belongs to; `seen` are processes that need not be asked for again.
pub(crate) fn of(
    endpoint: &Endpoint,
    runs: &[Run],
    os: &Os,
    seen: &HashMap<u32, ProcessFacts>,
) -> Option<RunMark> {
    // Only TCP ports of the namespace that wharf runs in are given to runs.
    if runs.is_empty() || !endpoint.netns.own || endpoint.protocol != Protocol::Tcp {
        return None;
    }
    let port = endpoint.port;
    let mut candidates = runs.iter().filter(|run| has_port(run, port)).peekable();
    candidates.peek()?;
    let run = candidates.find(|run| is_of(endpoint, run, os, seen))?;
    Some(RunMark::of(run, port))
}

/// Returns the program that wharf listens for at `endpoint`, where its run is isolated; `None` if it has ended.
pub(crate) fn behind_door(endpoint: &Endpoint, runs: &[Run], os: &Os) -> Option<Process> {
    let mark = endpoint.run.as_ref().filter(|mark| mark.isolated)?;
    let run = runs.iter().find(|run| run.wharf.pid == mark.wharf_pid)?;
    endpoint.owner.lead().filter(|lead| lead.pid == run.wharf.pid)?;
    let program = run.program?;
    let facts = os.processes.read(&[program.pid]).pop()?;
    (facts.start_ticks == program.start_ticks).then(|| process::told(facts, Vec::new(), &*os.host))
}

fn has_port(run: &Run, port: u16) -> bool {
    run.port == port || run.main_port == Some(port) || run.ports.iter().any(|known| known.port == port)
}

fn is_of(endpoint: &Endpoint, run: &Run, os: &Os, seen: &HashMap<u32, ProcessFacts>) -> bool {
    let owner = &endpoint.owner;
    match owner.held_by {
        HeldBy::Processes => owner.processes.iter().any(|process| descends(process, run, os, seen)),
        // A program that may not be looked into. While its wharf lives, that holds every port which it gave; and a
        // socket of another user is not the run's.
        HeldBy::Hidden => run.state != RunState::Alone && owner.uid == os.host.own_uid(),
        _ => false,
    }
}

/// Whether a process is one of the run's, or descends from one. Orphans of a run become children of its wharf process;
/// where that was killed, they are known by what they were told.
fn descends(process: &Process, run: &Run, os: &Os, seen: &HashMap<u32, ProcessFacts>) -> bool {
    let own: Vec<RunProcess> = [Some(run.wharf), run.program, run.guard].into_iter().flatten().collect();
    let mut identity = RunProcess { pid: process.pid, start_ticks: process.start_ticks };
    let mut parent = process.ppid;
    for _ in 0..ANCESTORS_AT_MOST {
        if own.contains(&identity) {
            return true;
        }
        let Some(pid) = parent.filter(|&pid| pid > 0) else { break };
        let read = || os.processes.read(&[pid]).pop();
        let Some(facts) = seen.get(&pid).cloned().or_else(read) else { break };
        if facts.start_ticks > identity.start_ticks {
            // A parent that is younger than its child is another process of the same number.
            break;
        }
        identity = RunProcess { pid, start_ticks: facts.start_ticks };
        parent = Some(facts.ppid);
    }
    run.state == RunState::Alone && was_told(process.pid, run, os)
}

fn was_told(pid: u32, run: &Run, os: &Os) -> bool {
    let is = |name: &str, value: &str| os.processes.environment(pid, name).as_deref() == Some(value);
    is("WHARF_NAME", &run.name.to_string()) && is("WHARF_URL", &url(run.port))
}

/// Deeper than any real chain; a bound against a /proc that lies.
const ANCESTORS_AT_MOST: usize = 64;

#[cfg(test)]
mod tests;
