//! What a run says of its ports, on the standard error, beside what the program says itself.

use std::io::{self, Write};

use wharf_model::lease::LeaseName;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::warning::fold;

/// Writes where the service is reached.
///
/// # Errors
/// What `out` returns.
pub fn write_ready(out: &mut dyn Write, name: &LeaseName, url: &str, style: &Style) -> io::Result<()> {
    let line = Line::of(Ink::Name, &name.to_string()).and(Ink::Plain, " is at ").and(Ink::Strong, url);
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

/// Writes a further port that it listens on.
///
/// # Errors
/// What `out` returns.
pub fn write_further(out: &mut dyn Write, port: u16, style: &Style) -> io::Result<()> {
    say(out, Line::of(Ink::Plain, &format!("it also listens on 127.0.0.1:{port}")), style)
}

/// Writes a warning about the run.
///
/// # Errors
/// What `out` returns.
pub fn write_warning(out: &mut dyn Write, text: &str, style: &Style) -> io::Result<()> {
    say(out, Line::of(Ink::Warning, text), style)
}

fn say(out: &mut dyn Write, line: Line, style: &Style) -> io::Result<()> {
    let mut whole = Line::of(Ink::Dim, "wharf: ");
    whole.append(line);
    write_lines(out, &fold(&whole, style), style)
}
