//! `wharf free`: who has the port and what will be done about it, and what became of it.
//!
//! Not here: what is decided (`wharf-free`), and asking (the binary).

use std::io::{self, Write};
use std::net::SocketAddr;

use wharf_model::connection::ProcessRef;
use wharf_model::endpoint::EndpointState;
use wharf_model::free::{Freed, Held, Outcome, Refusal, Step, StepKind, StepResult};

use crate::style::Style;
use crate::text::block::Block;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::short;
use crate::text::warning::fold;

/// Writes who has it, and the steps from number `from` on: what is to be done. `again` is who started it again, after the steps
/// before those were done.
///
/// # Errors
/// What `out` returns.
pub fn write_plan(
    out: &mut dyn Write,
    freed: &Freed,
    from: usize,
    again: Option<&str>,
    style: &Style,
) -> io::Result<()> {
    let mut block = Block::default();
    if let Some(again) = again {
        let line = Line::of(Ink::Warning, &short(again, style)).and(Ink::Plain, " started it again");
        write_lines(out, &fold(&line, style), style)?;
    } else {
        for held in &freed.holders {
            write_lines(out, &fold(&heading(freed, held, style), style), style)?;
            let mut block = Block::default();
            add_circumstances(&mut block, held, style);
            write_lines(out, &block.lines(style), style)?;
        }
    }
    let steps = freed.steps.get(from..).unwrap_or_default();
    block.entries("plan", steps.iter().flat_map(|step| step_lines(step, style)).collect());
    if freed.outcome != Outcome::Freed {
        block.entries("note", remarks(freed, style));
    }
    write_lines(out, &block.lines(style), style)
}

/// Writes what became of it.
///
/// # Errors
/// What `out` returns.
pub fn write_outcome(out: &mut dyn Write, freed: &Freed, style: &Style) -> io::Result<()> {
    let (ink, mark) = match freed.outcome {
        Outcome::Freed | Outcome::WasFree => (Ink::Good, "✓"),
        Outcome::Planned => (Ink::Dim, "·"),
        _ => (Ink::Alarm, "✗"),
    };
    let line = Line::of(ink, mark).and(Ink::Plain, " ").and(Ink::Strong, &short(&freed.summary, style));
    write_lines(out, &fold(&line, style), style)?;
    let mut block = Block::default();
    let refused = |refusal: &Refusal| {
        let reason = reason(&refusal.text, &freed.summary, style);
        let Some(command) = &refusal.command else { return Line::of(Ink::Plain, &reason) };
        let gap = if reason.is_empty() { "" } else { "  " };
        Line::of(Ink::Strong, command).and(Ink::Dim, gap).and(Ink::Dim, &reason)
    };
    block.entries("instead", freed.refusals.iter().map(refused).collect());
    if freed.outcome == Outcome::WasFree {
        block.entries("note", remarks(freed, style));
    }
    if freed.outcome == Outcome::Freed {
        let off = freed.steps.iter().filter(|step| step.result == Some(StepResult::Done));
        let off = off.filter_map(|step| step.command.as_deref().filter(|_| keeps_off(step)));
        block.entries("keep it off", off.map(|command| Line::of(Ink::Plain, command)).collect());
    }
    write_lines(out, &block.lines(style), style)
}

/// Returns a reason, unless the line above has said it already.
fn reason(text: &str, said: &str, style: &Style) -> String {
    if said.contains(text) { String::new() } else { short(text, style) }
}

/// Whether the command of a step says how it stays off beyond a restart of the machine.
fn keeps_off(step: &Step) -> bool {
    matches!(step.kind, StepKind::StopUnit | StepKind::StopContainer | StepKind::LetGo)
}

fn heading(freed: &Freed, held: &Held, style: &Style) -> Line {
    let places: Vec<String> =
        held.addresses.iter().map(|&ip| SocketAddr::new(ip, held.port).to_string()).collect();
    let line = Line::of(Ink::Strong, &freed.target)
        .and(Ink::Plain, " is held by ")
        .and(Ink::Strong, &short(&held.who, style));
    match (held.state, held.remote) {
        (None, Some(remote)) => {
            line.and(Ink::Plain, &format!(", connected from {} to {remote}", places.join(" and ")))
        }
        (Some(EndpointState::Bound), _) => {
            line.and(Ink::Plain, &format!(", bound to {} without listening", places.join(" and ")))
        }
        _ => line.and(Ink::Plain, &format!(" at {}", places.join(" and "))),
    }
}

fn add_circumstances(block: &mut Block, held: &Held, style: &Style) {
    if let Some(by) = &held.started_by {
        block.entry("started by", Line::of(Ink::Plain, &short(&by.text, style)));
    }
    let line: Vec<String> = held.ancestry.iter().rev().chain(&held.process).map(named).collect();
    if line.len() > 1 {
        block.entry("line", Line::of(Ink::Plain, &line.join(" › ")));
    }
    if !held.clients.is_empty() {
        let shown: Vec<String> = held.clients.iter().take(SHOWN).map(named).collect();
        let more = held.clients.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let line = Line::of(Ink::Plain, &format!("{}{more}", shown.join(", ")));
        block.entry("clients", line.and(Ink::Dim, "  left alone"));
    }
}

fn step_lines(step: &Step, style: &Style) -> Vec<Line> {
    let mut line = Line::of(Ink::Strong, &short(&step.text, style));
    if let Some(signal) = &step.signal {
        line.push(Ink::Plain, &format!(" by {signal}"));
    }
    let others: Vec<String> = step.processes.iter().skip(1).take(SHOWN).map(named).collect();
    if !others.is_empty() {
        let more = step.processes.len().saturating_sub(SHOWN + 1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        line.push(Ink::Plain, &format!(", and with it {}{more}", others.join(", ")));
    }
    let mut lines = vec![line];
    lines.extend(step.why.as_ref().map(|why| Line::of(Ink::Dim, &short(why, style))));
    if !step.also_frees.is_empty() {
        let ports: Vec<String> = step.also_frees.iter().map(u16::to_string).collect();
        lines.push(Line::of(Ink::Dim, &format!("also frees {}", ports.join(", "))));
    }
    lines
}

fn remarks(freed: &Freed, style: &Style) -> Vec<Line> {
    freed.remarks.iter().map(|remark| Line::of(Ink::Plain, &short(remark, style))).collect()
}

fn named(process: &ProcessRef) -> String {
    format!("{} ({})", process.name, process.pid)
}

/// More processes than this are counted.
const SHOWN: usize = 6;
