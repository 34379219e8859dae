//! Which of a server's ancestors belong to its job, and at which of them it is to be stopped so that it stays stopped.
//!
//! The job ends below whatever is no part of it: a prompt that a person types into, a terminal, an editor, a session, a first
//! process, the caller's own line. Of what belongs to it, the topmost that is known to start it again, or to have run it
//! (`npm run`), is the level. A parent of which neither is known is left alone, unless it has been seen to start the server
//! again: decision 28. Not here: what is done at that level ([`crate::plan`]).

use std::collections::BTreeSet;

use wharf_catalog::ancestry::{Role, role};
use wharf_model::process::Process;

/// A server and what above it belongs to its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job<'a> {
    /// The server itself, its parent, and so on, as far as they belong to the job.
    pub(crate) line: Vec<&'a Process>,
    /// What stands above, and is no part of it.
    pub(crate) above: Option<(&'a Process, Above)>,
}

/// Why a process is no part of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Above {
    /// A first process or service manager.
    Manager,
    /// Something that a person types into.
    Prompt,
    /// More than a helper, by this name.
    Starter(&'static str),
    /// The caller runs below it.
    Caller,
}

/// Where a job is to be stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// At this position of its line, and why, where that is not the server itself.
    At(usize, Option<String>),
    /// By the supervisor at this position, which looks after several services; its name.
    Keeper(usize, String),
}

/// Returns the job of `lead`, whose ancestors are given, the parent first; `callers` are the caller's own line.
pub(crate) fn job<'a>(lead: &'a Process, ancestors: &'a [Process], callers: &[u32]) -> Job<'a> {
    let mut line = vec![lead];
    for ancestor in ancestors {
        let above = if ancestor.pid == 1 {
            Some(Above::Manager)
        } else if callers.contains(&ancestor.pid) {
            Some(Above::Caller)
        } else {
            match role(ancestor) {
                Role::Manager => Some(Above::Manager),
                Role::Prompt => Some(Above::Prompt),
                Role::Starter(_, name) => Some(Above::Starter(name)),
                _ => None,
            }
        };
        if let Some(above) = above {
            return Job { line, above: Some((ancestor, above)) };
        }
        line.push(ancestor);
    }
    Job { line, above: None }
}

impl Job<'_> {
    /// Returns where it is to be stopped. `loops` are shells whose script has an endless loop in it, `raised` those that have
    /// been seen to start a server again.
    pub(crate) fn level(&self, loops: &BTreeSet<u32>, raised: &BTreeSet<u32>) -> Level {
        let mut level = 0;
        // Why it would not stay stopped says more than who ran it.
        let (mut starts, mut runs) = (None, None);
        for (at, process) in self.line.iter().enumerate() {
            let pid = process.pid;
            let (reason, name, why) = match role(process) {
                // A supervisor's own port is no service of it, but for pm2, whose daemon listens for its clusters.
                Role::Keeper(name) if at > 0 || name == "pm2" => return Level::Keeper(at, name),
                Role::Respawner(name) => (&mut starts, name, "would start it again"),
                Role::Runner(name) => (&mut runs, name, "runs it"),
                _ if raised.contains(&pid) => (&mut starts, process.name.clone(), "started it again"),
                _ if loops.contains(&pid) => {
                    (&mut starts, "a loop of the shell".to_owned(), "would start it again")
                }
                _ => continue,
            };
            if at > 0 {
                level = at;
                reason.get_or_insert_with(|| format!("{name} (pid {pid}) {why}"));
            }
        }
        Level::At(level, starts.or(runs))
    }
}

#[cfg(test)]
mod tests;
