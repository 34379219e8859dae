//! `wharf watch`: a line for everything that opens, changes or closes.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_catalog::watch::Watch as Changes;
use wharf_os::Os;
use wharf_views::json::{self, Layout};
use wharf_views::text;

use super::pace::{Pace, Tick};
use super::{asker, filters, warn};
use crate::cli::{Colour, Watch};
use crate::failure::Failure;
use crate::terminal;

/// Answers `wharf watch`.
pub(crate) fn run(watch: &Watch, colour: Colour) -> Result<ExitCode, Failure> {
    let mut request = Request { filters: filters(&watch.filters)?, bound: watch.all, ..Request::default() };
    let os = Os::native();
    let mut pace = Pace::new()?;
    let mut changes = Changes::default();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut warned = Vec::new();
    loop {
        request.asker = asker(&os);
        let snapshot = survey(&os, &request)?;
        let mut style = terminal::style(&os, colour, false);
        style.now = snapshot.taken_at;
        for event in changes.step(&snapshot) {
            if watch.json {
                json::write_document(&mut out, &event, Layout::Line)?;
            } else {
                text::watch::write_event(&mut out, &event, &style)?;
            }
        }
        out.flush()?;
        // Each warning once, not at every look.
        let mut fresh = snapshot.warnings;
        fresh.retain(|warning| !warned.contains(&warning.code));
        warned.extend(fresh.iter().map(|warning| warning.code.clone()));
        warn(&fresh, &style, colour)?;
        while match pace.wait(&os) {
            Tick::Look => false,
            Tick::Redraw => true,
            Tick::End => return Ok(ExitCode::SUCCESS),
        } {}
    }
}
