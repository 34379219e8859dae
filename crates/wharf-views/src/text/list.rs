//! `wharf ls`: one row an endpoint, in the order given; with `--all` the connections after them.
//!
//! The columns in a pipe are always the same (those of `--wide` come last); the contract is `--json`.
//! Not here: which endpoints are listed and in what order (`wharf-catalog`, the binary).

use std::io::{self, Write};

use wharf_model::connection::{Connection, ProcessRef};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Protocol};
use wharf_model::snapshot::Snapshot;

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::shorten::tilde;
use crate::text::table::{Cell, Column, Cut, Table};
use crate::text::warning::fold;
use crate::text::{time, words};

/// Writes the endpoints as a table, and the connections as another where the snapshot has some.
///
/// # Errors
/// What `out` returns.
pub fn write_list(out: &mut dyn Write, snapshot: &Snapshot, style: &Style) -> io::Result<()> {
    write_lines(out, &lines(snapshot, style), style)
}

pub(crate) fn lines(snapshot: &Snapshot, style: &Style) -> Vec<Line> {
    let mut lines = match snapshot.endpoints.as_slice() {
        [] => fold(&Line::of(Ink::Plain, NOTHING), style),
        endpoints => endpoint_lines(endpoints, style),
    };
    if !snapshot.connections.is_empty() {
        lines.push(Line::new());
        let table = connection_table(&snapshot.connections);
        let widths = table.widths(style);
        lines.extend(table.lines(&widths, style));
    }
    lines
}

fn endpoint_lines(endpoints: &[Endpoint], style: &Style) -> Vec<Line> {
    let columns = if style.wide { [&COLUMNS[..], &WIDE_COLUMNS].concat() } else { COLUMNS.to_vec() };
    let rows = endpoints.iter().map(|endpoint| row(endpoint, style)).collect();
    let mut table = Table { columns, rows };
    // Where there is no room for the address, its warning must not go with it.
    let widths = table.widths(style);
    if widths[ADDRESS].is_none() {
        for (row, endpoint) in table.rows.iter_mut().zip(endpoints) {
            if endpoint.exposure == Exposure::AllInterfaces {
                row[PORT] = port(endpoint, Ink::Warning).into();
            }
        }
    }
    table.lines(&widths, style)
}

fn row(endpoint: &Endpoint, style: &Style) -> Vec<Cell> {
    let lead = endpoint.owner.lead();
    let since = lead.and_then(|lead| lead.started_at).map(|at| time::ago(at, style.now)).unwrap_or_default();
    let (port_ink, user_ink) = match endpoint.owner.uid == style.own_uid {
        _ if endpoint.state == EndpointState::Bound => (Ink::Dim, Ink::Dim),
        true => (Ink::Strong, Ink::Dim),
        false => (Ink::Plain, Ink::Plain),
    };
    let mut row = vec![
        port(endpoint, port_ink).into(),
        Cell::with_short(words::address(endpoint), words::address_short(endpoint)),
        endpoint.service.as_ref().map(words::service).unwrap_or_default().into(),
        Cell::with_short(words::owner(endpoint), words::owner_short(endpoint)),
        Cell::with_short(words::place(endpoint), words::place_short(endpoint)),
        Line::of(user_ink, &words::user(&endpoint.owner)).into(),
        Line::of(Ink::Dim, &since).into(),
        notes(endpoint).into(),
    ];
    if style.wide {
        row.extend(wide_cells(endpoint, style).map(Cell::from));
    }
    row
}

fn wide_cells(endpoint: &Endpoint, style: &Style) -> [Line; 5] {
    let lead = endpoint.owner.lead();
    let dim = |text: &str| Line::of(Ink::Dim, text);
    let image = endpoint.container.as_ref().map(|container| match &container.image {
        Some(image) => format!("{} ({image})", container.label()),
        None => container.label().to_owned(),
    });
    let mut queues: Vec<String> = endpoint.listeners.iter().filter_map(words::waiting).collect();
    queues.dedup();
    let queue_ink = if endpoint.listeners.iter().any(words::is_full) { Ink::Alarm } else { Ink::Dim };
    [
        Line::of(Ink::Plain, &lead.map(|lead| words::command(lead, style)).unwrap_or_default()),
        dim(&lead.and_then(|lead| lead.cwd.as_deref()).map_or(String::new(), |cwd| tilde(cwd, style.home()))),
        dim(endpoint.unit.as_ref().map_or("", |unit| &unit.name)),
        dim(&image.unwrap_or_default()),
        Line::of(queue_ink, &queues.join(", ")),
    ]
}

fn port(endpoint: &Endpoint, ink: Ink) -> Line {
    Line::of(ink, &words::port(endpoint)).linked(words::link(endpoint))
}

fn notes(endpoint: &Endpoint) -> Line {
    let mut line = Line::new();
    for (ink, text) in words::notes(endpoint) {
        line.join("; ", Line::of(ink, &text));
    }
    line
}

fn connection_table(connections: &[Connection]) -> Table {
    let rows = connections.iter().map(connection_row).collect();
    Table { columns: CONNECTION_COLUMNS.to_vec(), rows }
}

fn connection_row(connection: &Connection) -> Vec<Cell> {
    let suffix = match connection.protocol {
        Protocol::Tcp => "",
        Protocol::Udp => "/udp",
    };
    let cells = [
        Line::of(Ink::Plain, &format!("{}{suffix}", connection.local)),
        Line::of(Ink::Plain, &connection.remote.to_string()),
        Line::of(Ink::Dim, words::tcp_state_name(connection.state)),
        connection.process.as_ref().map(process).unwrap_or_default(),
        connection.peer.as_ref().map(process).unwrap_or_default(),
    ];
    cells.map(Cell::from).into()
}

fn process(process: &ProcessRef) -> Line {
    Line::of(Ink::Plain, &process.name).and(Ink::Dim, &format!(" {}", process.pid))
}

const NOTHING: &str =
    "Nothing listens here: no program on this machine waits for connections, as far as wharf may see.";

const COLUMNS: [Column; 8] = [
    Column { head: "PORT", least: 9, drop: 0, cut: Cut::End },
    Column { head: "ADDRESS", least: 15, drop: 3, cut: Cut::Middle },
    Column { head: "WHAT", least: 10, drop: 2, cut: Cut::End },
    Column { head: "PROCESS", least: 14, drop: 0, cut: Cut::First },
    Column { head: "PROJECT", least: 12, drop: 1, cut: Cut::End },
    Column { head: "USER", least: 8, drop: 6, cut: Cut::End },
    Column { head: "SINCE", least: 5, drop: 5, cut: Cut::End },
    Column { head: "NOTES", least: 14, drop: 4, cut: Cut::End },
];

/// Index of the column PORT.
const PORT: usize = 0;
/// Index of the column ADDRESS.
const ADDRESS: usize = 1;

const WIDE_COLUMNS: [Column; 5] = [
    Column { head: "COMMAND", least: 24, drop: 7, cut: Cut::Middle },
    Column { head: "DIRECTORY", least: 16, drop: 8, cut: Cut::Path },
    Column { head: "UNIT", least: 14, drop: 9, cut: Cut::Middle },
    Column { head: "CONTAINER", least: 14, drop: 10, cut: Cut::Middle },
    Column { head: "BACKLOG", least: 8, drop: 11, cut: Cut::End },
];

const CONNECTION_COLUMNS: [Column; 5] = [
    Column { head: "LOCAL", least: 15, drop: 0, cut: Cut::Middle },
    Column { head: "REMOTE", least: 15, drop: 0, cut: Cut::Middle },
    Column { head: "STATE", least: 8, drop: 2, cut: Cut::End },
    Column { head: "PROCESS", least: 12, drop: 1, cut: Cut::First },
    Column { head: "FAR END", least: 12, drop: 3, cut: Cut::First },
];
