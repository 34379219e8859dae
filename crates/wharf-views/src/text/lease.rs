//! Leases as a table. Not here: what a run says of its ports (`run`).

use std::io::{self, Write};

use wharf_model::lease::Lease;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::tilde;
use crate::text::table::{Cell, Column, Cut, Table};
use crate::text::time;
use crate::text::warning::fold;

/// Writes the leases, one a line.
///
/// # Errors
/// What `out` returns.
pub fn write_leases(out: &mut dyn Write, leases: &[Lease], style: &Style) -> io::Result<()> {
    if leases.is_empty() {
        return write_lines(out, &fold(&Line::of(Ink::Plain, NOTHING), style), style);
    }
    let table =
        Table { columns: COLUMNS.to_vec(), rows: leases.iter().map(|lease| row(lease, style)).collect() };
    let widths = table.widths(style);
    write_lines(out, &table.lines(&widths, style), style)
}

fn row(lease: &Lease, style: &Style) -> Vec<Cell> {
    let asked = lease.asked_port.map(|asked| format!("asked for {asked}")).unwrap_or_default();
    let note = if lease.pinned { "pinned".to_owned() } else { asked };
    vec![
        Line::of(Ink::Strong, &lease.port.to_string()).into(),
        Line::of(Ink::Name, &lease.name.to_string()).into(),
        Line::of(Ink::Plain, &note).into(),
        Line::of(Ink::Dim, &time::ago(lease.used_at, style.now)).into(),
        Line::of(Ink::Dim, &tilde(&lease.root, style.home())).into(),
    ]
}

const NOTHING: &str = "there are no leases; wharf run and wharf port give them";

const COLUMNS: [Column; 5] = [
    Column { head: "PORT", least: 5, drop: 0, cut: Cut::End },
    Column { head: "NAME", least: 12, drop: 0, cut: Cut::Middle },
    Column { head: "NOTE", least: 8, drop: 2, cut: Cut::End },
    Column { head: "USED", least: 4, drop: 3, cut: Cut::End },
    Column { head: "DIRECTORY", least: 10, drop: 4, cut: Cut::Path },
];
