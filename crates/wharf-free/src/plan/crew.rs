//! Which processes are asked to end, in which order, and which only if they still have the port after that.
//!
//! A program that is known to end its own children is asked alone. Never among them: clients of the port, the caller's own
//! line, and what was merely started from there and is more than a helper: browsers, editors, terminals, prompts.

use std::collections::{BTreeMap, BTreeSet};

use wharf_catalog::ancestry::{Role, role};
use wharf_model::connection::ProcessRef;
use wharf_model::detail::EndpointDetail;
use wharf_model::process::Process;
use wharf_model::run::RunProcess;

use crate::facts::{Facts, identity, pids};
use crate::job::Job;
use crate::signal::{Grace, grace};

/// Processes that are asked to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crew {
    /// Asked at once, parents before their children.
    pub(crate) first: Vec<Member>,
    /// Asked if they have the port after the first have ended.
    pub(crate) rest: Vec<Member>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) process: RunProcess,
    pub(crate) name: String,
    pub(crate) uid: Option<u32>,
    pub(crate) grace: Grace,
}

impl Crew {
    /// Returns who is asked to end, where the job of `holder` is stopped at `level` of its line; with `all` of what runs below
    /// it, or only the line and what the server itself has started.
    pub(crate) fn of(holder: &EndpointDetail, job: &Job<'_>, level: usize, all: bool, facts: &Facts) -> Self {
        let line: Vec<u32> = job.line[..=level].iter().rev().map(|process| process.pid).collect();
        let holders = pids(holder);
        let spared = spared(holder, &line, &holders, facts);
        let roots = if all { line[..1].to_vec() } else { holders.clone() };
        let mut members = line.clone();
        let add = |pid: u32, members: &mut Vec<u32>| {
            if !members.contains(&pid) && !spared.contains(&pid) {
                members.push(pid);
            }
        };
        for pid in holders {
            add(pid, &mut members);
        }
        for pid in descendants(&roots, &spared, &facts.family) {
            add(pid, &mut members);
        }
        Self::sorted(&members, &line, facts)
    }

    fn sorted(members: &[u32], line: &[u32], facts: &Facts) -> Self {
        let mut crew = Self { first: Vec::new(), rest: Vec::new() };
        for pid in members {
            let Some(process) = facts.family.get(pid) else { continue };
            let ended_by_parent = above(process, &facts.family).any(|parent| {
                // Only by one that is asked itself.
                members.contains(&parent.pid) && grace(parent).ends_children
            });
            let member = Member {
                process: identity(process),
                name: process.name.clone(),
                uid: process.uid,
                grace: grace(process),
            };
            match ended_by_parent && line.first() != Some(pid) {
                true => crew.rest.push(member),
                false => crew.first.push(member),
            }
        }
        crew
    }

    /// Returns the topmost.
    pub(crate) fn top(&self) -> Option<&Member> {
        self.first.first()
    }

    /// Returns all of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Member> {
        self.first.iter().chain(&self.rest)
    }

    /// Returns those that are asked at once, as the model has them.
    pub(crate) fn processes(&self) -> Vec<ProcessRef> {
        let told = |member: &Member| ProcessRef {
            pid: member.process.pid,
            start_ticks: member.process.start_ticks,
            name: member.name.clone(),
        };
        self.first.iter().map(told).collect()
    }

    /// Takes over those of another.
    pub(crate) fn join(&mut self, other: &Crew) {
        for member in &other.first {
            if !self.first.contains(member) {
                self.rest.retain(|known| known.process != member.process);
                self.first.push(member.clone());
            }
        }
        for member in &other.rest {
            if !self.all().any(|known| known.process == member.process) {
                self.rest.push(member.clone());
            }
        }
    }
}

/// Returns who is not signalled, whatever it belongs to. Whoever has the port, or stands between, is no mere client.
fn spared(holder: &EndpointDetail, line: &[u32], holders: &[u32], facts: &Facts) -> BTreeSet<u32> {
    let peers = holder.connections.iter().filter_map(|connection| connection.peer.as_ref());
    let mut spared: BTreeSet<u32> = peers.map(|peer| peer.pid).collect();
    spared.extend(&facts.caller.line);
    let more = facts.family.values().filter(|process| is_more_than_a_helper(process));
    spared.extend(more.map(|process| process.pid));
    spared.retain(|pid| !line.contains(pid) && !holders.contains(pid));
    spared
}

fn is_more_than_a_helper(process: &Process) -> bool {
    let is_browser = || BROWSERS.iter().any(|name| process.name.starts_with(name));
    matches!(role(process), Role::Prompt | Role::Starter(..)) || is_browser()
}

/// Returns what descends from `roots`, without what is spared and what descends from that.
fn descendants(roots: &[u32], spared: &BTreeSet<u32>, family: &BTreeMap<u32, Process>) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut parents = roots.to_vec();
    while !parents.is_empty() {
        let is_child = |process: &&Process| {
            process.ppid.is_some_and(|parent| parents.contains(&parent))
                && !spared.contains(&process.pid)
                && !found.contains(&process.pid)
                && !roots.contains(&process.pid)
        };
        let next: Vec<u32> = family.values().filter(is_child).map(|process| process.pid).collect();
        found.extend(&next);
        parents = next;
    }
    found
}

fn above<'a>(process: &'a Process, family: &'a BTreeMap<u32, Process>) -> impl Iterator<Item = &'a Process> {
    let parent = |of: &Process| of.ppid.and_then(|pid| family.get(&pid));
    std::iter::successors(parent(process), move |of| parent(of)).take(DEEPEST)
}

/// Beginnings of the kernel's names of browsers: whoever opened a page from a script does not want to lose the browser.
const BROWSERS: &[&str] = &[
    "chrom",
    "google-chrome",
    "firefox",
    "brave",
    "msedge",
    "opera",
    "vivaldi",
    "epiphany",
    "librewolf",
    "zen",
];

/// A bound against a /proc that lies.
const DEEPEST: usize = 64;
