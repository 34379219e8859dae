//! The daemon and the ports that it keeps. Not here: what it says to programs (`wharf-api`).

use std::io::{self, Write};

use wharf_model::daemon::{Daemon, KeptPort};
use wharf_model::lease::LeaseName;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::tilde;
use crate::text::table::{Cell, Column, Cut, Table};
use crate::text::time;

/// Writes who the daemon is, and what it keeps.
///
/// # Errors
/// What `out` returns.
pub fn write_daemon(out: &mut dyn Write, daemon: &Daemon, style: &Style) -> io::Result<()> {
    let head = Line::of(Ink::Strong, &format!("wharf {}", daemon.version))
        .and(Ink::Plain, &format!(", pid {}", daemon.process.pid))
        .and(Ink::Plain, &format!(", for {}", time::ago(daemon.started_at, style.now)))
        .and(Ink::Dim, &format!(" ({})", tilde(&daemon.executable, style.home())));
    write_lines(out, &[head], style)?;
    if daemon.ports.is_empty() {
        return write_lines(out, &[Line::of(Ink::Plain, "it keeps no ports now")], style);
    }
    let table = Table { columns: COLUMNS.to_vec(), rows: daemon.ports.iter().map(row).collect() };
    let widths = table.widths(style);
    write_lines(out, &table.lines(&widths, style), style)
}

fn row(kept: &KeptPort) -> Vec<Cell> {
    let name = kept.name.as_ref().map(LeaseName::to_string).unwrap_or_default();
    let note = kept.run.map(|run| format!("its run has it (pid {})", run.pid)).unwrap_or_default();
    vec![
        Line::of(Ink::Strong, &kept.port.to_string()).into(),
        Line::of(Ink::Name, &name).into(),
        Line::of(Ink::Plain, &note).into(),
    ]
}

const COLUMNS: [Column; 3] = [
    Column { head: "PORT", least: 5, drop: 0, cut: Cut::End },
    Column { head: "NAME", least: 12, drop: 0, cut: Cut::Middle },
    Column { head: "NOTE", least: 8, drop: 1, cut: Cut::End },
];
