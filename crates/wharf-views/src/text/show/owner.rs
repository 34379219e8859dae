//! The owner on the page of `wharf show`: its processes, where they come from, or why it is not known.

use wharf_model::detail::{EndpointDetail, StartedBy};
use wharf_model::endpoint::Endpoint;
use wharf_model::owner::HeldBy;
use wharf_model::process::{Process, ProcessState};

use crate::style::Style;
use crate::text::block::Block;
use crate::text::line::{Ink, Line};
use crate::text::shorten::tilde;
use crate::text::show::named;
use crate::text::{time, words};

/// Returns the owner for a heading: `node (pid 4121)`, or in a few words why it is not known.
pub(super) fn short(endpoint: &Endpoint) -> Line {
    match (endpoint.owner.lead(), endpoint.owner.held_by) {
        (Some(lead), _) => named(lead),
        (None, HeldBy::InFlight) => {
            Line::of(Ink::Warning, &format!("held {}", words::in_flight(&endpoint.owner)))
        }
        (None, HeldBy::NoProcess) => Line::of(Ink::Warning, "no process has it open"),
        (None, _) => Line::of(Ink::Plain, &hidden(endpoint)),
    }
}

/// Adds the group of the owner.
pub(super) fn add(block: &mut Block, detail: &EndpointDetail, style: &Style) {
    block.gap();
    match detail.endpoint.owner.processes.as_slice() {
        [] => add_unknown(block, &detail.endpoint),
        [lead, others @ ..] => {
            add_lead(block, lead, style);
            block.entries("with", others_lines(others, style));
        }
    }
    if let Some(port) = &detail.environment_port {
        block.entry("environment", Line::of(Ink::Plain, &format!("PORT={port}")));
    }
    block.gap();
    if let Some(started_by) = &detail.started_by {
        block.entries("started by", starter(started_by));
    }
    block.drawing("ancestry", ancestry(detail, style));
}

/// Returns `owner hidden (nginx.service)`.
fn hidden(endpoint: &Endpoint) -> String {
    match words::whose(endpoint) {
        known if known == "hidden" => "owner hidden".to_owned(),
        known => format!("owner hidden ({known})"),
    }
}

fn add_unknown(block: &mut Block, endpoint: &Endpoint) {
    let owner = &endpoint.owner;
    let user = words::user(owner);
    let (ink, text) = match owner.held_by {
        HeldBy::InFlight => (Ink::Warning, format!("none has it open; it waits {}", words::in_flight(owner))),
        HeldBy::NoProcess => (Ink::Warning, NO_PROCESS.to_owned()),
        _ => (Ink::Warning, "hidden: you may not look into the processes of others".to_owned()),
    };
    block.entry("process", Line::of(ink, &text));
    block.entry("made by", Line::of(Ink::Plain, &format!("user {user} (uid {})", owner.uid)));
    block.entry("cgroup", Line::of(Ink::Plain, owner.cgroup.as_deref().unwrap_or_default()));
}

fn add_lead(block: &mut Block, lead: &Process, style: &Style) {
    let path = |path: &Option<String>| tilde(path.as_deref().unwrap_or_default(), style.home());
    let mut line = named(lead);
    line.append(state(lead.state));
    if let Some(user) = &lead.user {
        line.push(Ink::Dim, &format!(", user {user}"));
    } else if let Some(uid) = lead.uid {
        line.push(Ink::Dim, &format!(", uid {uid}"));
    }
    block.entry("process", line);
    if let Some(at) = lead.started_at {
        let text = time::date_time(at, &style.time_zone);
        let ago = format!(" ({} ago)", time::ago(at, style.now));
        block.entry("since", Line::of(Ink::Plain, &text).and(Ink::Dim, &ago));
    }
    block.entry("command", Line::of(Ink::Plain, &words::command(lead, style)));
    let mut exe = Line::of(Ink::Plain, &path(&lead.exe));
    if lead.exe_deleted {
        exe.push(Ink::Warning, " (deleted or replaced since it started)");
    }
    block.entry("executable", exe);
    block.entry("directory", Line::of(Ink::Plain, &path(&lead.cwd)));
    block.entry("terminal", Line::of(Ink::Plain, lead.tty.as_deref().unwrap_or_default()));
}

fn state(state: ProcessState) -> Line {
    match (words::process_state(state), state) {
        (Some((_, text)), _) => Line::of(Ink::Plain, ", ").and(Ink::Alarm, text),
        (None, ProcessState::Running) => Line::of(Ink::Dim, ", running"),
        (None, ProcessState::Sleeping) => Line::of(Ink::Dim, ", sleeping"),
        (None, _) => Line::new(),
    }
}

/// A few others are told one by one, many as a count and pids.
fn others_lines(others: &[Process], style: &Style) -> Vec<Line> {
    let told = if others.len() <= MOST_TOLD { others.len() } else { MOST_TOLD - 1 };
    let mut lines: Vec<Line> = others[..told]
        .iter()
        .map(|other| named(other).and_line(state(other.state)).and(Ink::Dim, &said(other, style)))
        .collect();
    let folded = &others[told..];
    if !folded.is_empty() {
        let pids: Vec<String> = folded.iter().take(MOST_PIDS).map(|other| other.pid.to_string()).collect();
        let dots = if folded.len() > MOST_PIDS { " …" } else { "" };
        let text = format!("and {} more: pid {}{dots}", folded.len(), pids.join(" "));
        lines.push(Line::of(Ink::Dim, &text));
    }
    lines
}

/// Returns the command line after two blanks, if it says more than the name.
fn said(process: &Process, style: &Style) -> String {
    match words::command(process, style) {
        command if command.is_empty() || command == process.name => String::new(),
        command if command.chars().count() <= SAID_AT_MOST => format!("  {command}"),
        command => format!("  {}…", command.chars().take(SAID_AT_MOST).collect::<String>()),
    }
}

/// Characters of an ancestor's command line, which is there to be known by, not to be read whole: launchers carry
/// kilobytes of settings, and secrets, in theirs.
const SAID_AT_MOST: usize = 100;

fn starter(started_by: &StartedBy) -> Vec<Line> {
    // Which name in it the pid belongs to, only the text itself knows.
    let line = Line::of(Ink::Strong, &started_by.text);
    let kept = started_by.supervisor.as_ref().map(|supervisor| {
        let text =
            format!("kept running by {} (pid {}): it starts it again", supervisor.name, supervisor.pid);
        Line::of(Ink::Plain, &text)
    });
    std::iter::once(line).chain(kept).collect()
}

/// Draws the way from what started it down to the server; what lies above the starter is one line.
fn ancestry(detail: &EndpointDetail, style: &Style) -> Vec<Line> {
    let chain = &detail.ancestry;
    let starter = detail.started_by.as_ref().and_then(|started_by| started_by.pid);
    let top = chain.iter().position(|process| Some(process.pid) == starter).map_or(chain.len(), |at| at + 1);
    let mut lines = Vec::new();
    if top < chain.len() {
        let above: Vec<String> = chain[top..].iter().rev().map(|p| format!("{} {}", p.name, p.pid)).collect();
        lines.push(Line::of(Ink::Dim, &above.join(" › ")));
    }
    let lead = detail.endpoint.owner.lead();
    let below = chain[..top].iter().rev().chain(lead.filter(|_| !chain.is_empty()));
    for process in below {
        let mut line = Line::of(Ink::Dim, &branch(lines.len()));
        match lead.is_some_and(|lead| lead.pid == process.pid) {
            true => line = line.and(Ink::Strong, &process.name).and(Ink::Dim, &format!(" {}", process.pid)),
            false => {
                line.push(Ink::Plain, &process.name);
                line.push(Ink::Dim, &format!(" {}{}", process.pid, said(process, style)));
            }
        }
        lines.push(line);
    }
    lines
}

/// Deep chains stop moving to the right: past that the order alone tells.
fn branch(depth: usize) -> String {
    match depth {
        0 => String::new(),
        _ => format!("{}└ ", "  ".repeat((depth - 1).min(MOST_DEPTH))),
    }
}

const NO_PROCESS: &str =
    "no process has it open: the kernel itself does, or a memory mapping, BPF map or io_uring";
const MOST_TOLD: usize = 5;
const MOST_PIDS: usize = 12;
const MOST_DEPTH: usize = 10;
