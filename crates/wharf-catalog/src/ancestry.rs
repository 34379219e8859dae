//! What really started a server, what would start it again, and which of its processes leads.
//!
//! The answer is the nearest ancestor that is more than a helper: shells, `sudo`, package managers and
//! the like are passed over. Where the line of ancestors ends at process 1, the control group tells the unit
//! or container. Not here: reading processes (`wharf-os`), and what a server is (`crate::service`).

use std::cmp::Reverse;
use std::collections::HashMap;

use wharf_model::detail::{StartedBy, StarterKind, Supervisor};
use wharf_model::place::Unit;
use wharf_model::process::Process;

use crate::cgroup::{container_of, unit_of};
use program::Program;
use starters::{Starter, recognise};

mod program;
mod starters;
mod supervisors;

/// What a process is to whoever runs below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A first process or service manager, which adopts orphans and keeps sockets for others.
    Manager,
    /// More than a helper: a terminal, a multiplexer, an editor, an agent, a session.
    Starter(StarterKind, &'static str),
    /// Something that a person types into: a shell, a debugger, the prompt of an interpreter.
    Prompt,
    /// Looks after several services and has a client by which to stop one of them: pm2, supervisord.
    Keeper(String),
    /// Starts its children again: nodemon, the master of a pre-fork server, a loop of the shell.
    Respawner(String),
    /// Runs its children and ends with them: `npm run dev`, foreman.
    Runner(String),
    /// Anything else.
    Other,
}

/// Returns what `process` is to whoever runs below it.
#[must_use]
pub fn role(process: &Process) -> Role {
    let program = Program::of(process);
    if is_manager(process) {
        return Role::Manager;
    }
    if program.interactive_shell().is_some() || program.is_prompt() {
        return Role::Prompt;
    }
    if let Some(starter) = recognise(&program) {
        return Role::Starter(starter.kind, starter.name);
    }
    if let Some(name) = supervisors::keeper(&program) {
        return Role::Keeper(name.to_owned());
    }
    let respawner = supervisors::respawner(&program).map(Role::Respawner);
    respawner.or_else(|| supervisors::runner(&program).map(Role::Runner)).unwrap_or(Role::Other)
}

/// Returns the path of the script that a process which is a shell runs, as it was given.
#[must_use]
pub fn shell_script(process: &Process) -> Option<&str> {
    let program = Program::of(process);
    program.is_shell().then(|| program.script())?
}

/// Returns what started `lead`, given its ancestors, the parent first; `None` if nothing is known of it.
///
/// `supervisor` is the nearest process below the starter that starts its children again (pm2, nodemon, the
/// master of a pre-fork server), else the nearest that merely ran it (`npm run dev`, foreman).
#[must_use]
pub fn started_by(lead: &Process, ancestors: &[Process]) -> Option<StartedBy> {
    let programs: Vec<Program<'_>> = ancestors.iter().map(Program::of).collect();
    let end = programs.iter().position(|program| is_manager(program.process)).unwrap_or(programs.len());
    let found = programs[..end].iter().enumerate().find_map(|(at, program)| Some((at, recognise(program)?)));
    let below = &programs[..found.as_ref().map_or(end, |(at, _)| *at)];
    let (kind, text, pid) = match found {
        Some((at, starter)) => {
            let text = told(lead, &starter, &programs[..=at], &programs[at + 1..end]);
            (starter.kind, text, Some(programs[at].process.pid))
        }
        None => by_place(lead, below, programs.get(end))?,
    };
    Some(StartedBy { kind, text, pid, supervisor: supervisor(below) })
}

/// Returns the positions of `processes`, which hold one socket, in the order of their lead.
///
/// The one that the others descend from leads (a pre-fork master), each parent before its children; a
/// service manager that keeps the socket for activation comes after whom it gave it to; else the oldest
/// comes first.
#[must_use]
pub fn lead(processes: &[Process]) -> Vec<usize> {
    let at: HashMap<u32, usize> =
        processes.iter().enumerate().map(|(at, process)| (process.pid, at)).collect();
    let parent = |child: usize| {
        let parent = *at.get(&processes[child].ppid?)?;
        // A parent that is younger than its child is another process under a reused id.
        let elder = processes[parent].start_ticks <= processes[child].start_ticks;
        (parent != child && elder && !is_manager(&processes[parent])).then_some(parent)
    };
    let mut depth = vec![0_usize; processes.len()];
    let mut descendants = vec![0_usize; processes.len()];
    for (child, depth) in depth.iter_mut().enumerate() {
        let mut above = parent(child);
        // Bounded by the number of processes: equal start times could make a circle.
        while let Some(ancestor) = above.filter(|_| *depth < processes.len()) {
            *depth += 1;
            descendants[ancestor] += 1;
            above = parent(ancestor);
        }
    }
    let mut order: Vec<usize> = (0..processes.len()).collect();
    order.sort_by_key(|&at| {
        let process = &processes[at];
        (is_manager(process), depth[at], Reverse(descendants[at]), process.start_ticks, process.pid)
    });
    order
}

/// Returns whether a process is a first process or service manager, which adopts orphans and keeps sockets
/// for others, rather than one that starts a server for its own sake.
fn is_manager(process: &Process) -> bool {
    let named = |names: &[&str]| names.contains(&process.name.as_str());
    named(&["systemd", "launchd"]) || process.pid == 1 && named(FIRST_PROCESSES)
}

/// Returns the supervisor among the ancestors below the starter.
fn supervisor(below: &[Program<'_>]) -> Option<Supervisor> {
    let nearest = |rule: fn(&Program<'_>) -> Option<String>| {
        below.iter().find_map(|program| Some(Supervisor { name: rule(program)?, pid: program.process.pid }))
    };
    nearest(supervisors::respawner).or_else(|| nearest(supervisors::runner))
}

/// Returns one line on a starter: the shell in it, its name and pid, what it runs in itself, the terminal.
fn told(lead: &Process, starter: &Starter, up_to: &[Program<'_>], outer: &[Program<'_>]) -> String {
    let Some((itself, below)) = up_to.split_last() else { return starter.name.to_owned() };
    let pid = itself.process.pid;
    let name = match starter.kind {
        StarterKind::Container => {
            return format!("{} (pid {pid})", container_text(lead, itself, starter.name));
        }
        StarterKind::Schedule => return format!("{} job (pid {pid})", starter.name),
        StarterKind::Desktop => return format!("{} desktop session (pid {pid})", starter.name),
        StarterKind::Agent => format!("coding agent {}", starter.name),
        StarterKind::SshSession => match ssh_user(itself) {
            Some(user) => format!("{} session of {user}", starter.name),
            None => format!("{} session", starter.name),
        },
        _ => starter.name.to_owned(),
    };
    let mut text = match below.iter().rev().find_map(Program::interactive_shell) {
        Some(shell) => format!("{shell} in {name} (pid {pid})"),
        None => format!("{name} (pid {pid})"),
    };
    if starter.kind == StarterKind::Agent {
        let around = outer.iter().filter_map(recognise).find(|outer| AROUND_AGENTS.contains(&outer.kind));
        text.extend(around.map(|outer| format!(" in {}", outer.name)));
    }
    text.extend(lead.tty.as_ref().map(|tty| format!(", terminal {tty}")));
    text
}

/// Returns the container's engine and short id, by the control group or else by what the shim was told.
fn container_text(lead: &Process, shim: &Program<'_>, engine: &str) -> String {
    if let Some(container) = lead.cgroup.as_deref().and_then(container_of) {
        return format!("{} container {}", container.engine, container.label());
    }
    let value = |flags: &[&str]| {
        let command = &shim.process.command;
        let at = command.iter().position(|argument| flags.contains(&argument.as_str()))?;
        command.get(at + 1)
    };
    // Docker keeps its containers in containerd's namespace `moby`.
    let docker = value(&["-namespace", "--namespace"]).is_some_and(|namespace| namespace == "moby");
    let engine = if docker { "docker" } else { engine };
    match value(&["-id", "--id", "-c", "--cid"])
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        Some(id) => format!("{engine} container {}", id.get(..12).unwrap_or(id)),
        None => format!("{engine} container"),
    }
}

/// Returns the user of an ssh session by its title: `sshd: alice@pts/0`, `sshd-session: alice [priv]`.
fn ssh_user(session: &Program<'_>) -> Option<String> {
    let line = session.line();
    let (_, rest) = line.split_once("sshd: ").or_else(|| line.split_once("sshd-session: "))?;
    let user = rest.split(['@', ' ']).next()?;
    let plain = |letter: char| letter.is_alphanumeric() || "-_.$".contains(letter);
    (!user.is_empty() && user.chars().all(plain)).then(|| user.to_owned())
}

/// Returns what started a process whose ancestors up to `manager` are helpers alone: its control group knows.
fn by_place(
    lead: &Process,
    helpers: &[Program<'_>],
    manager: Option<&Program<'_>>,
) -> Option<(StarterKind, String, Option<u32>)> {
    if let Some(container) = lead.cgroup.as_deref().and_then(container_of) {
        return Some((
            StarterKind::Container,
            format!("{} container {}", container.engine, container.label()),
            None,
        ));
    }
    if let Some((kind, text)) = lead.cgroup.as_deref().and_then(unit_of).and_then(|unit| by_unit(&unit)) {
        return Some((kind, text, None));
    }
    if let (Some(shell), Some(tty)) = (helpers.iter().rev().find_map(Program::interactive_shell), &lead.tty) {
        return Some((StarterKind::Terminal, format!("{shell}, terminal {tty}"), None));
    }
    let session =
        lead.cgroup.as_deref().and_then(unit_of).map(|unit| format!(", left over from {}", unit.name));
    let session = session.unwrap_or_default();
    let first = match manager {
        Some(manager) => manager.process,
        None => helpers.last().map(|program| program.process).filter(|process| process.pid == 1)?,
    };
    let told = match helpers.first() {
        // The manager is the parent itself: it started the server, or adopted it.
        None => format!("process {} ({}), directly or as an orphan{session}", first.pid, first.name),
        Some(parent) => {
            let parent = parent.process;
            format!(
                "{} (pid {}), under process {} ({}){session}",
                parent.name, parent.pid, first.pid, first.name
            )
        }
    };
    Some((StarterKind::Init, told, Some(first.pid)))
}

/// Returns what the name of a unit tells; `None` for login sessions and managers, which start nothing themselves.
fn by_unit(unit: &Unit) -> Option<(StarterKind, String)> {
    let name = unit.name.as_str();
    if SCHEDULE_UNITS.contains(&name) {
        return Some((StarterKind::Schedule, format!("scheduled job of {name}")));
    }
    if name.starts_with("session-") && name.ends_with(".scope") || name.starts_with("user@") {
        return None;
    }
    if unit.user_manager.is_none() {
        return Some((StarterKind::SystemdUnit, format!("systemd unit {name}")));
    }
    if name.starts_with("tmux-spawn-") {
        return Some((StarterKind::Multiplexer, "a tmux pane that has ended".to_owned()));
    }
    if name.starts_with("vte-spawn-") {
        return Some((StarterKind::Terminal, "a terminal window that has ended".to_owned()));
    }
    // `app[-LAUNCHER]-APPLICATION[@RANDOM].service` and `app[-LAUNCHER]-APPLICATION-RANDOM.scope`: what a
    // desktop starts from its menu (systemd's "Desktop Environments" conventions).
    if name.starts_with("app-") && (name.ends_with(".scope") || name.contains('@')) {
        return Some((StarterKind::Desktop, format!("desktop application, {name}")));
    }
    Some((StarterKind::SystemdUnit, format!("systemd user unit {name}")))
}

/// Names of a first process that only starts and adopts others.
const FIRST_PROCESSES: &[&str] = &[
    "init",
    "systemd",
    "launchd",
    "tini",
    "dumb-init",
    "docker-init",
    "catatonit",
    "runit",
    "s6-svscan",
    "openrc-init",
    "sysvinit",
    "finit",
    "dinit",
    "busybox",
    "linuxrc",
    "podman-init",
];

/// Units whose processes a schedule started.
const SCHEDULE_UNITS: &[&str] =
    &["cron.service", "crond.service", "cronie.service", "anacron.service", "fcron.service", "atd.service"];

/// What is told around an agent.
const AROUND_AGENTS: &[StarterKind] =
    &[StarterKind::Multiplexer, StarterKind::Editor, StarterKind::Terminal, StarterKind::SshSession];

#[cfg(test)]
mod tests;
