//! Routes as a table, and requests as lines. Not here: what the router answers by itself (`wharf-router`).

use std::io::{self, Write};

use wharf_model::lease::LeaseName;
use wharf_model::route::{RequestEntry, Route, RouteOrigin, UpstreamProtocol};

use crate::style::Style;
use crate::text::line::{Ink, Line, write_lines};
use crate::text::table::{Cell, Column, Cut, Table};
use crate::text::time;
use crate::text::warning::fold;

/// Writes the routes, one a line.
///
/// # Errors
/// What `out` returns.
pub fn write_routes(out: &mut dyn Write, routes: &[Route], style: &Style) -> io::Result<()> {
    if routes.is_empty() {
        return write_lines(out, &fold(&Line::of(Ink::Plain, NOTHING), style), style);
    }
    let table = Table { columns: COLUMNS.to_vec(), rows: routes.iter().map(row).collect() };
    let widths = table.widths(style);
    write_lines(out, &table.lines(&widths, style), style)
}

fn row(route: &Route) -> Vec<Cell> {
    let host = format!("{}{}", route.host, route.path.as_deref().unwrap_or_default());
    let name = route.name.as_ref().map(LeaseName::to_string).unwrap_or_default();
    let mut notes = vec![match route.origin {
        RouteOrigin::Lease => "does not run".to_owned(),
        RouteOrigin::Run if route.starting => "starting".to_owned(),
        RouteOrigin::Run => "runs".to_owned(),
        RouteOrigin::Added => "added".to_owned(),
    }];
    // Its URL has no name in it.
    let is_raw = route.upstream.protocol == UpstreamProtocol::Tcp && route.url.is_some();
    notes.extend(is_raw.then(|| format!("for {}", route.host)));
    notes.extend(route.wildcard.then(|| "and all below it".to_owned()));
    notes.extend(route.strip.then(|| "without the path".to_owned()));
    notes.extend(route.note.clone());
    vec![
        Line::of(Ink::Strong, route.url.as_deref().unwrap_or(&host)).into(),
        Line::of(Ink::Plain, &route.upstream.to_string()).into(),
        Line::of(Ink::Name, &name).into(),
        Line::of(Ink::Dim, &notes.join(", ")).into(),
    ]
}

/// Writes a request that is over.
///
/// # Errors
/// What `out` returns.
pub fn write_request(out: &mut dyn Write, entry: &RequestEntry, style: &Style) -> io::Result<()> {
    let status = entry.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let ink = match entry.status {
        Some(..400) => Ink::Plain,
        // Raw TCP has none.
        None if entry.fault.is_none() => Ink::Plain,
        _ => Ink::Warning,
    };
    let first = entry.first_byte_ms.map(|ms| format!("{ms:.1} / ")).unwrap_or_default();
    let mut line = Line::of(Ink::Dim, &time::clock(entry.at, &style.time_zone))
        .and(Ink::Plain, &format!("  {:<7}", entry.method))
        .and(ink, &format!("{status:>3}  "))
        .and(Ink::Strong, &entry.url)
        .and(Ink::Dim, &format!("  {} B  {first}{:.1} ms", entry.bytes, entry.total_ms));
    if let Some(upstream) = &entry.upstream {
        line = line.and(Ink::Dim, &format!("  {upstream}"));
    }
    if let Some(fault) = &entry.fault {
        line = line.and(Ink::Warning, &format!("  {fault}"));
    }
    write_lines(out, &[line], style)
}

const NOTHING: &str = "there are no routes; wharf run and wharf route add make them";

const COLUMNS: [Column; 4] = [
    Column { head: "URL", least: 20, drop: 0, cut: Cut::Middle },
    Column { head: "UPSTREAM", least: 16, drop: 0, cut: Cut::Middle },
    Column { head: "LEASE", least: 8, drop: 3, cut: Cut::Middle },
    Column { head: "NOTE", least: 8, drop: 2, cut: Cut::End },
];
