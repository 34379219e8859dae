//! What a run says of its ports, on the standard error, beside what the program says itself; and runs as a table.

use std::io::{self, Write};

use wharf_model::lease::LeaseName;
use wharf_model::run::{Run, RunState};

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::table::{Cell, Column, Cut, Table};
use crate::text::time;
use crate::text::warning::fold;

/// Writes where the service is reached: at its port and, where there is a router, by its name.
///
/// # Errors
/// What `out` returns.
pub fn write_ready(
    out: &mut dyn Write,
    name: &LeaseName,
    url: &str,
    named: Option<&str>,
    style: &Style,
) -> io::Result<()> {
    let line = Line::of(Ink::Name, &name.to_string()).and(Ink::Plain, " is at ");
    let line = match named {
        Some(named) => line.and(Ink::Plain, &format!("{url} and ")).and(Ink::Strong, named),
        None => line.and(Ink::Strong, url),
    };
    say(out, line, style)
}

/// Writes that the program asked for another port than it got. Many programs print the one that they asked for.
///
/// # Errors
/// What `out` returns.
pub fn write_moved(out: &mut dyn Write, asked: u16, port: u16, style: &Style) -> io::Result<()> {
    let line = Line::of(Ink::Plain, &format!("it asked for port {asked}, which is not to be had: it has "))
        .and(Ink::Strong, &port.to_string())
        .and(Ink::Plain, ", whatever it prints");
    say(out, line, style)
}

/// Writes where its connections to a port go instead: to a sibling, or to itself.
///
/// # Errors
/// What `out` returns.
pub fn write_linked(
    out: &mut dyn Write,
    asked: u16,
    sibling: Option<&LeaseName>,
    port: u16,
    style: &Style,
) -> io::Result<()> {
    let whose = sibling.map_or_else(|| "itself".to_owned(), LeaseName::to_string);
    let line = Line::of(Ink::Plain, &format!("its connections to port {asked} go to "))
        .and(Ink::Name, &whose)
        .and(Ink::Plain, &format!(" on {port}"));
    say(out, line, style)
}

/// Writes a further port that it listens on.
///
/// # Errors
/// What `out` returns.
pub fn write_further(out: &mut dyn Write, port: u16, style: &Style) -> io::Result<()> {
    say(out, Line::of(Ink::Plain, &format!("it also listens on 127.0.0.1:{port}")), style)
}

/// Writes a port at which it receives UDP, and the one that it asked for.
///
/// # Errors
/// What `out` returns.
pub fn write_receives(out: &mut dyn Write, asked: u16, port: u16, style: &Style) -> io::Result<()> {
    let line = Line::of(Ink::Plain, "it receives UDP on ").and(Ink::Strong, &format!("127.0.0.1:{port}"));
    let line =
        if asked == port { line } else { line.and(Ink::Plain, &format!(", and asked for port {asked}")) };
    say(out, line, style)
}

/// Writes a warning about the run.
///
/// # Errors
/// What `out` returns.
pub fn write_warning(out: &mut dyn Write, text: &str, style: &Style) -> io::Result<()> {
    say(out, Line::of(Ink::Warning, text), style)
}

/// Writes what is good to know.
///
/// # Errors
/// What `out` returns.
pub fn write_note(out: &mut dyn Write, text: &str, style: &Style) -> io::Result<()> {
    say(out, Line::of(Ink::Plain, text), style)
}

/// Writes the runs, one a line.
///
/// # Errors
/// What `out` returns.
pub fn write_runs(out: &mut dyn Write, runs: &[Run], style: &Style) -> io::Result<()> {
    if runs.is_empty() {
        return write_lines(out, &fold(&Line::of(Ink::Plain, NOTHING), style), style);
    }
    let table = Table { columns: COLUMNS.to_vec(), rows: runs.iter().map(|run| row(run, style)).collect() };
    let widths = table.widths(style);
    write_lines(out, &table.lines(&widths, style), style)
}

/// Writes that a run has ended, or would end.
///
/// # Errors
/// What `out` returns.
pub fn write_stopped(out: &mut dyn Write, run: &Run, dry_run: bool, style: &Style) -> io::Result<()> {
    let outcome = if dry_run { " would be ended" } else { " has ended" };
    let line = Line::of(Ink::Name, &run.name.to_string())
        .and(Ink::Plain, outcome)
        .and(Ink::Dim, &format!(": {}", run.command.join(" ")));
    write_lines(out, &[line], style)
}

fn row(run: &Run, style: &Style) -> Vec<Cell> {
    let pid = run.program.map(|program| program.pid.to_string()).unwrap_or_default();
    let (ink, note) = match run.state {
        RunState::Starting => (Ink::Dim, "does not listen yet"),
        RunState::Alone => (Ink::Warning, "wharf was killed"),
        _ if run.host_visible => (Ink::Warning, "open to other machines"),
        _ if run.isolated && run.log.is_some() => (Ink::Plain, "isolated, in the background"),
        _ if run.isolated => (Ink::Plain, "isolated"),
        _ if run.log.is_some() => (Ink::Plain, "in the background"),
        _ => (Ink::Plain, ""),
    };
    vec![
        Line::of(Ink::Name, &run.name.to_string()).into(),
        Line::of(Ink::Strong, &run.url().unwrap_or_default()).into(),
        Line::of(Ink::Plain, &pid).into(),
        Line::of(Ink::Dim, &time::ago(run.started_at, style.now)).into(),
        Line::of(ink, note).into(),
        Line::of(Ink::Dim, &run.command.join(" ")).into(),
    ]
}

const NOTHING: &str = "nothing runs under wharf; wharf run starts it";

const COLUMNS: [Column; 6] = [
    Column { head: "NAME", least: 12, drop: 0, cut: Cut::Middle },
    Column { head: "URL", least: 22, drop: 0, cut: Cut::End },
    Column { head: "PID", least: 5, drop: 4, cut: Cut::End },
    Column { head: "SINCE", least: 4, drop: 3, cut: Cut::End },
    Column { head: "NOTE", least: 8, drop: 1, cut: Cut::End },
    Column { head: "COMMAND", least: 10, drop: 2, cut: Cut::Middle },
];

fn say(out: &mut dyn Write, line: Line, style: &Style) -> io::Result<()> {
    let mut whole = Line::of(Ink::Dim, "wharf: ");
    whole.append(line);
    write_lines(out, &fold(&whole, style), style)
}
