//! Who started it again: what has the port now, beside what had it before.

use std::collections::BTreeSet;

use wharf_model::process::Process;
use wharf_model::run::RunProcess;

use crate::facts::{Facts, identity, processes};
use crate::job::{Above, job};
use crate::plan::Order;

/// What had the port, and what was done about it.
pub(super) struct Past {
    /// Processes above what was stopped that belong to its job.
    left: Vec<RunProcess>,
    /// Processes that were asked to end.
    asked: Vec<RunProcess>,
    /// What stood above the job, and is no part of it, in words.
    above: Vec<(RunProcess, String)>,
    /// Command lines of the servers.
    commands: BTreeSet<Vec<String>>,
    units: BTreeSet<String>,
    containers: BTreeSet<String>,
}

/// What has it now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Something of the same job started it, that had been left alone.
    By(Box<Process>),
    /// The same is back, and what started it cannot be told, or was asked to end and has not.
    Itself,
    /// Something started it that is no part of the job: a sentence.
    Beyond(String),
    /// Something else has it.
    Stranger,
    /// Nothing has it any more.
    Gone,
}

impl Past {
    /// Remembers `facts`, and whom `orders` concern.
    pub(super) fn of(facts: &Facts, orders: &[Order]) -> Self {
        let asked: Vec<RunProcess> = orders
            .iter()
            .filter_map(|order| match order {
                Order::Signal(crew) => Some(crew.all().map(|member| member.process)),
                _ => None,
            })
            .flatten()
            .collect();
        let mut past = Self {
            left: Vec::new(),
            asked,
            above: Vec::new(),
            commands: BTreeSet::new(),
            units: BTreeSet::new(),
            containers: BTreeSet::new(),
        };
        for holder in &facts.holders {
            past.units.extend(holder.endpoint.unit.as_ref().map(|unit| unit.name.clone()));
            past.containers.extend(holder.endpoint.container.as_ref().map(|container| container.id.clone()));
            let Some(lead) = processes(holder).next() else { continue };
            past.commands.insert(lead.command.clone());
            let job = job(lead, &holder.ancestry, &facts.caller.line);
            let line = job.line.iter().map(|process| identity(process));
            let asked = &past.asked;
            past.left.extend(line.filter(|process| !asked.contains(process)));
            if let Some((process, above)) = &job.above {
                past.above.extend(beyond(process, above).map(|text| (identity(process), text)));
            }
        }
        past
    }

    /// Tells who has it now.
    pub(super) fn compare(&self, now: &Facts) -> Again {
        if now.holders.is_empty() {
            return Again::Gone;
        }
        for holder in &now.holders {
            let is_unit = holder.endpoint.unit.as_ref().is_some_and(|unit| self.units.contains(&unit.name));
            let container = holder.endpoint.container.as_ref();
            if container.is_some_and(|container| self.containers.contains(&container.id)) {
                return Again::Itself;
            }
            let Some(lead) = processes(holder).next() else { continue };
            let line = std::iter::once(lead).chain(&holder.ancestry);
            for process in line {
                let known = identity(process);
                if self.asked.contains(&known) {
                    return Again::Itself;
                }
                if self.left.contains(&known) {
                    return Again::By(Box::new(process.clone()));
                }
                if let Some((_, text)) = self.above.iter().find(|(above, _)| *above == known) {
                    return Again::Beyond(text.clone());
                }
            }
            if is_unit || self.commands.contains(&lead.command) {
                return Again::Itself;
            }
        }
        Again::Stranger
    }
}

/// Returns a sentence on what starts a server again and is no part of its job; none for a manager, which adopts orphans.
fn beyond(process: &Process, above: &Above) -> Option<String> {
    let who = format!("{} (pid {})", process.name, process.pid);
    let terminal = process.tty.as_ref().map(|tty| format!(" in terminal {tty}")).unwrap_or_default();
    match above {
        Above::Manager => None,
        Above::Prompt => Some(format!("{who}{terminal} starts it again: end the loop there, with Ctrl-C")),
        Above::Starter(name) => Some(format!("{name} (pid {}) starts it again: end it there", process.pid)),
        Above::Caller => Some(format!("{who} starts it again, and this very command runs under it")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Again, Past};
    use crate::facts::Facts;
    use crate::plan::plan;
    use crate::testing::{facts, holder, started};

    fn server(pid: u32, line: &[(u32, &str)]) -> Facts {
        let mut parent = line.first().map_or(1, |(pid, _)| *pid);
        let lead = started(pid, parent, "node server.js");
        let mut ancestry = Vec::new();
        for (at, (pid, command)) in line.iter().enumerate() {
            parent = line.get(at + 1).map_or(1, |(pid, _)| *pid);
            ancestry.push(started(*pid, parent, command));
        }
        facts(vec![holder(lead, ancestry)])
    }

    fn compare(before: &Facts, now: &Facts) -> Again {
        let orders: Vec<_> =
            plan(before, &BTreeSet::new()).orders.into_iter().map(|(order, _)| order).collect();
        Past::of(before, &orders).compare(now)
    }

    #[test]
    fn a_parent_that_was_left_alone_is_named() {
        let before = server(100, &[(99, "bash ./dev.sh"), (50, "zsh")]);
        let Again::By(process) = compare(&before, &server(120, &[(99, "bash ./dev.sh"), (50, "zsh")])) else {
            panic!("it is by the script");
        };
        assert_eq!(process.pid, 99);
    }

    #[test]
    fn a_prompt_that_starts_it_again_is_left_alone() {
        let before = server(100, &[(51, "zsh")]);
        let Again::Beyond(text) = compare(&before, &server(120, &[(51, "zsh")])) else { panic!("beyond") };
        assert_eq!(text, "zsh (pid 51) starts it again: end the loop there, with Ctrl-C");
    }

    #[test]
    fn another_program_is_a_stranger_and_the_same_one_is_not() {
        let before = server(100, &[]);
        assert_eq!(compare(&before, &server(120, &[])), Again::Itself);
        let other = facts(vec![holder(started(130, 1, "python3 -m http.server"), Vec::new())]);
        assert_eq!(compare(&before, &other), Again::Stranger);
        assert_eq!(compare(&before, &facts(Vec::new())), Again::Gone);
    }
}
