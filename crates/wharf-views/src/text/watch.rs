//! `wharf ls --watch`, a table that is redrawn in place, and `wharf watch`, a line for each event.
//!
//! The frame stays in the terminal's own screen and is written over the last one line by line, so that
//! nothing flickers. Not here: when to redraw, and the terminal's size (the binary); NDJSON (`json`).

use std::io::{self, Write};

use wharf_model::event::{Event, EventKind};
use wharf_model::snapshot::Snapshot;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::{list, time, words};

/// Makes room for the first frame: scrolls `rows` lines up, so that what stood there is kept, and hides the cursor.
///
/// # Errors
/// What `out` returns.
pub fn write_begin(out: &mut dyn Write, rows: usize) -> io::Result<()> {
    write!(out, "{}\x1b[?25l", "\n".repeat(rows.saturating_sub(1)))
}

/// Draws the snapshot over the last frame, in at most `rows` lines; the last one then says how many are missing.
///
/// # Errors
/// What `out` returns.
pub fn write_frame(out: &mut dyn Write, snapshot: &Snapshot, rows: usize, style: &Style) -> io::Result<()> {
    // Terminals that know mode 2026 show the frame only once it is whole; the others ignore it.
    out.write_all(b"\x1b[?2026h\x1b[H")?;
    let lines = frame(snapshot, rows, style);
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.write_all(b"\r\n")?;
        }
        line.write(out, style)?;
        // Past a full line the cursor still stands on its last character, and would clear that.
        if style.width.is_none_or(|width| line.width() < width) {
            out.write_all(b"\x1b[K")?;
        }
    }
    if lines.len() < rows {
        out.write_all(b"\r\n\x1b[J")?;
    }
    out.write_all(b"\x1b[?2026l")
}

/// Shows the cursor again, below the last frame.
///
/// # Errors
/// What `out` returns.
pub fn write_end(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"\x1b[?25h\r\n")
}

/// Writes one event as a line: `14:02:11 + 3000 localhost Vite node 4121 shop`.
///
/// `=` was there when the watch began, `+` opened, `-` closed, `~` changed.
///
/// # Errors
/// What `out` returns.
pub fn write_event(out: &mut dyn Write, event: &Event, style: &Style) -> io::Result<()> {
    let line = event_line(event, style);
    let line = match style.width {
        Some(width) => line.cut_end(width),
        None => line,
    };
    write_lines(out, &[line], style)
}

fn frame(snapshot: &Snapshot, rows: usize, style: &Style) -> Vec<Line> {
    let count = match snapshot.endpoints.len() {
        1 => "1 endpoint".to_owned(),
        count => format!("{count} endpoints"),
    };
    let at = time::clock(snapshot.taken_at, &style.time_zone);
    let status = Line::of(Ink::Dim, &format!("{at}  {count}  Ctrl-C ends"));
    let mut lines = vec![status.cut_end(style.width.unwrap_or(usize::MAX)), Line::new()];
    lines.extend(list::lines(snapshot, style));
    if lines.len() > rows {
        let shown = rows.saturating_sub(1);
        let more = Line::of(Ink::Dim, &format!("… {} more", lines.len() - shown));
        lines.truncate(shown);
        lines.push(more.cut_end(style.width.unwrap_or(usize::MAX)));
        lines.truncate(rows);
    }
    lines
}

fn event_line(event: &Event, style: &Style) -> Line {
    let (sign, ink) = match event.kind {
        EventKind::Present => ("=", Ink::Dim),
        EventKind::Opened => ("+", Ink::Good),
        EventKind::Closed => ("-", Ink::Alarm),
        EventKind::Changed => ("~", Ink::Warning),
        _ => ("?", Ink::Dim),
    };
    let endpoint = &event.endpoint;
    let mut line = Line::of(Ink::Dim, &time::clock(event.at, &style.time_zone));
    line.push(Ink::Plain, " ");
    line.push(ink, sign);
    line.push(Ink::Plain, " ");
    line.append(Line::of(Ink::Strong, &words::port(endpoint)).linked(words::link(endpoint)));
    let service = endpoint.service.as_ref().map(words::service).unwrap_or_default();
    for part in [words::address(endpoint), service, words::owner(endpoint), words::place(endpoint)] {
        line.join("  ", part);
    }
    for (ink, text) in words::notes(endpoint) {
        line.join("  ", Line::of(ink, &text));
    }
    if !event.changed.is_empty() {
        line.join("  ", Line::of(Ink::Dim, &format!("(changed: {})", event.changed.join(", "))));
    }
    line
}
