//! The end of a run that another process asks for.
//!
//! Not here: the end that a run comes to by itself, or by a signal ([`crate::life`]).

use std::io;
use std::time::Duration;

use wharf_model::run::{Run, RunProcess, url};
use wharf_os::identity::{Watched, bearing, own, watch, with_descendants};
use wharf_os::signals;

/// What became of a run that was to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing of it is left.
    Ended,
    /// It would not end, or something of it goes on that cannot be told from other programs.
    GoesOn,
}

/// Ends `run` and all that it started: asks first, and kills what does not obey within 5 s.
///
/// The wharf process of a run does that by itself. Where it was killed, the processes are found by what they were told
/// in their environment, by descent, and in the background by their session; and the guard, which outlives none of them,
/// proves that they are all gone.
///
/// # Errors
/// What pidfd_send_signal(2) said, EPERM above all.
pub fn stop(run: &Run) -> io::Result<Stopped> {
    if let Some(wharf) = watch(&run.wharf) {
        wharf.send(signals::TERM)?;
        // It kills after as long a time itself, and tidies up then.
        return Ok(if wharf.wait(GRACE * 3)? { Stopped::Ended } else { Stopped::GoesOn });
    }
    let guard = run.guard.as_ref().and_then(watch);
    for signal in [signals::TERM, signals::KILL] {
        let processes: Vec<Watched> = processes(run).iter().filter_map(watch).collect();
        for process in &processes {
            process.send(signal)?;
        }
        let mut is_over = true;
        for process in processes.iter().chain(&guard) {
            is_over &= process.wait(GRACE)?;
        }
        if is_over {
            return Ok(Stopped::Ended);
        }
    }
    Ok(Stopped::GoesOn)
}

/// Returns the processes of a run whose wharf process was killed.
fn processes(run: &Run) -> Vec<RunProcess> {
    let (name, url) = (run.name.to_string(), url(run.port));
    let mut processes = bearing(&[("WHARF_NAME", &name), ("WHARF_URL", &url)]);
    processes.extend(run.program.filter(|program| !processes.contains(program)));
    // In the background the program leads a session of its own.
    let session = run.log.as_ref().and(run.program).map(|program| program.pid);
    let mut processes = with_descendants(&processes, session);
    let own = own();
    processes.retain(|process| Some(*process) != own);
    processes
}

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
