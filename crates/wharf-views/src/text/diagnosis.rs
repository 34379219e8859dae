//! `wharf why`: the one cause, its evidence and what to do; and the list of all causes.
//!
//! Not here: how it was found out (`wharf-diagnose`).

use std::io::{self, Write};

use wharf_model::diagnosis::{CauseFound, CauseKnown, Diagnosis, Evidence, Fix, RuledOut, Verdict};

use crate::style::Style;
use crate::text::block::Block;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::short;
use crate::text::warning::fold;

/// Writes a diagnosis; with `explain`, also each cause that was ruled out, and how long everything took.
///
/// # Errors
/// What `out` returns.
pub fn write_diagnosis(
    out: &mut dyn Write,
    diagnosis: &Diagnosis,
    explain: bool,
    style: &Style,
) -> io::Result<()> {
    let mut blocks = Vec::new();
    for (number, cause) in diagnosis.causes.iter().enumerate() {
        let mut block = match number {
            0 => Block::default(),
            _ => Block::new(Line::of(Ink::Strong, "and then: ").and(Ink::Plain, &short(&cause.text, style))),
        };
        add_cause(&mut block, cause, style);
        blocks.push(block);
    }
    let mut rest = Block::default();
    add_rest(&mut rest, diagnosis, explain, style);
    write_lines(out, &fold(&heading(diagnosis, style), style), style)?;
    for (number, block) in blocks.iter().enumerate() {
        write_lines(out, &[Line::new()], style)?;
        write_lines(out, &block.lines(style), style)?;
        if number + 1 == blocks.len() {
            // What is left to say belongs to all of them.
            return write_lines(out, &rest.lines(style), style);
        }
    }
    let lines = rest.lines(style);
    if !lines.is_empty() {
        write_lines(out, &[Line::new()], style)?;
    }
    write_lines(out, &lines, style)
}

/// Writes the causes that wharf knows, by group: code and title.
///
/// # Errors
/// What `out` returns.
pub fn write_causes(out: &mut dyn Write, causes: &[CauseKnown], style: &Style) -> io::Result<()> {
    let width = causes.iter().map(|cause| cause.code.len()).max().unwrap_or(0);
    let mut group = "";
    for cause in causes {
        if cause.group != group {
            let gap = if group.is_empty() { Vec::new() } else { vec![Line::new()] };
            write_lines(out, &gap, style)?;
            group = &cause.group;
            write_lines(out, &[Line::of(Ink::Strong, &group.replace('_', " "))], style)?;
        }
        let mut line = Line::of(Ink::Plain, "  ").and(Ink::Name, &cause.code);
        line.push_blanks(width + 2 - cause.code.len());
        line.push(Ink::Plain, &cause.title);
        if !cause.reproduced {
            line.push(Ink::Dim, " (documented)");
        }
        write_lines(out, &[line], style)?;
    }
    Ok(())
}

fn heading(diagnosis: &Diagnosis, style: &Style) -> Line {
    let (ink, mark) = match diagnosis.verdict {
        Verdict::Reachable => (Ink::Good, "✓"),
        Verdict::CauseFound => (Ink::Alarm, "✗"),
        _ => (Ink::Warning, "?"),
    };
    Line::of(ink, mark)
        .and(Ink::Plain, " ")
        .and(Ink::Strong, &diagnosis.target)
        .and(Ink::Dim, " — ")
        .and(Ink::Plain, &short(&diagnosis.summary, style))
}

fn add_cause(block: &mut Block, cause: &CauseFound, style: &Style) {
    let code = format!(" ({})", cause.code);
    block.entry("cause", Line::of(Ink::Plain, &cause.title).and(Ink::Dim, &code));
    let seen = cause.evidence.iter().map(|evidence| seen(evidence, style)).collect();
    block.entries("evidence", seen);
    block.entries("fix", cause.fixes.iter().map(|fix| fix_line(fix, style)).collect());
}

fn add_rest(block: &mut Block, diagnosis: &Diagnosis, explain: bool, style: &Style) {
    if explain {
        let proof = diagnosis.proof.iter().map(|evidence| seen(evidence, style));
        block.entries("seen", proof.collect());
    }
    let hop = |hop: &wharf_model::diagnosis::Hop| {
        let by = short(&hop.by, style);
        Line::of(Ink::Plain, &format!("{} → {by} → {}", hop.at, hop.to))
            .and(Ink::Dim, &format!("  {}", short(&hop.known_by, style)))
    };
    block.entries("by way of", diagnosis.chain.iter().map(hop).collect());
    let remark = |remark: &wharf_model::diagnosis::Remark| Line::of(Ink::Plain, &short(&remark.text, style));
    block.entries("note", diagnosis.remarks.iter().map(remark).collect());
    let untold = |untold: &wharf_model::diagnosis::Untold| {
        Line::of(Ink::Plain, &untold.title).and(Ink::Dim, &format!(": {}", untold.lacks))
    };
    block.entries("not known", diagnosis.untold.iter().map(untold).collect());
    if let Some(command) = &diagnosis.would_tell {
        block.entry("would tell", Line::of(Ink::Strong, command));
    }
    if explain {
        let out = |out: &RuledOut| {
            Line::of(Ink::Plain, &out.title).and(Ink::Dim, &format!(": {}", short(&out.reason, style)))
        };
        block.entries("ruled out", diagnosis.ruled_out.iter().map(out).collect());
        let times: Vec<String> =
            diagnosis.timings_ms.iter().map(|(part, ms)| format!("{part} {ms:.1}")).collect();
        block.entry("ms", Line::of(Ink::Dim, &times.join(" · ")));
    } else if diagnosis.verdict != Verdict::Reachable {
        block.entry("ruled out", areas(diagnosis));
    }
}

/// Returns the areas of which nothing is left, in the order in which they come first.
fn areas(diagnosis: &Diagnosis) -> Line {
    let found = diagnosis.causes.iter().map(|cause| &cause.area);
    let open: Vec<&String> = found.chain(diagnosis.untold.iter().map(|untold| &untold.area)).collect();
    let mut areas: Vec<&str> = Vec::new();
    for out in diagnosis.ruled_out.iter().filter(|out| !open.contains(&&out.area)) {
        if !areas.contains(&out.area.as_str()) {
            areas.push(&out.area);
        }
    }
    if areas.is_empty() {
        return Line::new();
    }
    Line::of(Ink::Plain, &areas.join(" · ")).and(Ink::Dim, "  (--explain shows each)")
}

fn seen(evidence: &Evidence, style: &Style) -> Line {
    let mut line = Line::of(Ink::Dim, &evidence.source)
        .and(Ink::Dim, ": ")
        .and(Ink::Plain, &short(&evidence.observed, style));
    if let Some(expected) = &evidence.expected {
        line.push(Ink::Dim, &format!(" (not {expected})"));
    }
    line
}

fn fix_line(fix: &Fix, style: &Style) -> Line {
    match &fix.command {
        None => Line::of(Ink::Plain, &short(&fix.title, style)),
        Some(command) => {
            let sudo = if fix.privileged && style.own_uid != 0 { "sudo " } else { "" };
            Line::of(Ink::Strong, &format!("{sudo}{command}")).and(Ink::Dim, &format!("  {}", fix.title))
        }
    }
}
