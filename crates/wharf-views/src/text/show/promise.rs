//! Runs and leases on the page of `wharf show`: which run an endpoint belongs to, and what is promised where nobody is.
//!
//! Not here: runs and leases as tables of their own (`run`, `lease`).

use wharf_model::detail::PortDetail;
use wharf_model::lease::Lease;
use wharf_model::run::{Run, RunMark, RunState};

use crate::style::Style;
use crate::text::block::Block;
use crate::text::line::{Ink, Line};
use crate::text::shorten::tilde;
use crate::text::time;

/// Adds the run that an endpoint belongs to.
pub(super) fn add_run(block: &mut Block, run: Option<&RunMark>, style: &Style) {
    let Some(run) = run else { return };
    block.gap();
    let mut line = Line::of(Ink::Name, &run.name);
    if let Some(url) = &run.url {
        line.push(Ink::Plain, if run.main { ", at " } else { ", one of its ports; it is at " });
        line.push(Ink::Strong, url);
    }
    if run.host_visible {
        line.push(Ink::Warning, " (--host-visible)");
    }
    if run.isolated {
        line.push(Ink::Dim, " (--isolate)");
    }
    block.entry("run", line);
    if let Some(asked) = run.asked_port {
        block.entry("asked for", Line::of(Ink::Plain, &format!("port {asked}, whatever it prints")));
    }
    let wharf = match run.state {
        RunState::Alone => Line::of(
            Ink::Warning,
            &format!("was killed (pid {}): further ports are neither moved nor closed", run.wharf_pid),
        ),
        _ => Line::of(Ink::Plain, "looks after it").and(Ink::Dim, &format!(" (pid {})", run.wharf_pid)),
    };
    block.entry("wharf", wharf);
    block.entry("log", Line::of(Ink::Plain, &tilde(run.log.as_deref().unwrap_or_default(), style.home())));
}

/// Adds what is promised where nobody listens.
pub(super) fn add(block: &mut Block, detail: &PortDetail, style: &Style) {
    block.entries("run", detail.runs.iter().map(|run| silent(run, style)).collect());
    let by_number = detail.number.is_some();
    let leases = detail.leases.iter().map(|lease| promised(lease, by_number, style)).collect();
    block.entries(if by_number { "leased to" } else { "leased" }, leases);
}

/// Returns `api.shop, for 3s, python3 server.py`.
fn silent(run: &Run, style: &Style) -> Line {
    let ago = time::ago(run.started_at, style.now);
    Line::of(Ink::Name, &run.name.to_string())
        .and(Ink::Dim, &format!(", for {ago}, under wharf (pid {}): ", run.wharf.pid))
        .and(Ink::Plain, &run.command.join(" "))
}

/// Returns `22640 for api.shop, used 3m ago, ~/src/shop`, without the number where that was asked for.
fn promised(lease: &Lease, by_number: bool, style: &Style) -> Line {
    let mut line = Line::new();
    if !by_number {
        line = Line::of(Ink::Strong, &lease.port.to_string()).and(Ink::Plain, " for ");
    }
    line.push(Ink::Name, &lease.name.to_string());
    if let Some(asked) = lease.asked_port {
        line.push(Ink::Plain, &format!(", where it asks for {asked}"));
    }
    if lease.pinned {
        line.push(Ink::Plain, ", pinned");
    }
    let ago = time::ago(lease.used_at, style.now);
    line.and(Ink::Dim, &format!(", used {ago} ago, {}", tilde(&lease.root, style.home())))
}
