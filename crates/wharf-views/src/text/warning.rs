//! Warnings and the words for an empty answer. Not here: errors and exit codes (the binary).

use std::io::{self, Write};

use wharf_model::snapshot::Warning;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};

/// Writes each warning as a line `warning: …`; meant for the standard error.
///
/// # Errors
/// What `out` returns.
pub fn write_warnings(out: &mut dyn Write, warnings: &[Warning], style: &Style) -> io::Result<()> {
    for warning in warnings {
        write_labelled(out, "warning:", &warning.text, style)?;
    }
    Ok(())
}

/// Writes what it means that nothing matched `asked`; meant for the standard error, beside exit code 1.
///
/// # Errors
/// What `out` returns.
pub fn write_nothing_matched(out: &mut dyn Write, asked: &[String], style: &Style) -> io::Result<()> {
    let text = format!("nothing that listens matches {}", asked.join(" "));
    write_lines(out, &fold(&Line::of(Ink::Plain, &text), style), style)
}

fn write_labelled(out: &mut dyn Write, label: &str, text: &str, style: &Style) -> io::Result<()> {
    let line = Line::of(Ink::Warning, label).and(Ink::Plain, " ").and(Ink::Plain, text);
    write_lines(out, &fold(&line, style), style)
}

/// Breaks a line to the terminal's width; a pipe gets it whole.
pub(crate) fn fold(line: &Line, style: &Style) -> Vec<Line> {
    match style.width {
        Some(width) => line.wrap(width),
        None => vec![line.clone()],
    }
}
