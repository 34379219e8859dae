//! `wharf ls`: one look, or one redrawn in place.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_catalog::ask;
use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_model::filter::Filter;
use wharf_model::snapshot::Snapshot;
use wharf_os::Os;
use wharf_os::facts::Effort;
use wharf_views::text::warning::write_nothing_matched;
use wharf_views::{json, text};

use super::pace::{Pace, Tick};
use super::{asker, filters, warn};
use crate::cli::{Colour, Ls, LsFlags};
use crate::failure::{Failure, NOTHING};
use crate::terminal;

/// Answers `wharf ls`, and bare `wharf`.
pub(crate) fn run(ls: &impl AsLs, colour: Colour) -> Result<ExitCode, Failure> {
    let (words, flags) = ls.parts();
    let os = Os::native();
    let request = request(&os, words, flags)?;
    if flags.watch {
        return redraw(&os, request, flags, colour);
    }
    let mut snapshot = look(&os, &request)?;
    if flags.probe {
        ask::services(&os, &mut snapshot.endpoints);
    }
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    if flags.json {
        json::write_document(&mut out, &snapshot, terminal::layout())?;
        out.flush()?;
    } else {
        let style = terminal::style(&os, colour, flags.wide);
        let nothing = snapshot.endpoints.is_empty() && snapshot.connections.is_empty();
        if nothing && named(words, flags) {
            let project = flags.project.iter().map(|name| format!("project:{name}"));
            let asked: Vec<String> = words.iter().cloned().chain(project).collect();
            write_nothing_matched(&mut io::stderr().lock(), &asked, &style)?;
        } else {
            text::list::write_list(&mut out, &snapshot, &style)?;
        }
        out.flush()?;
        warn(&snapshot.warnings, &style, colour)?;
    }
    Ok(verdict(&snapshot, words, flags))
}

/// What both `wharf ls` and bare `wharf` give.
pub(crate) trait AsLs {
    /// Returns the words that are filters, and the flags.
    fn parts(&self) -> (&[String], &LsFlags);
}

impl AsLs for Ls {
    fn parts(&self) -> (&[String], &LsFlags) {
        (&self.filters, &self.flags)
    }
}

impl AsLs for LsFlags {
    fn parts(&self) -> (&[String], &LsFlags) {
        (&[], self)
    }
}

fn request(os: &Os, words: &[String], flags: &LsFlags) -> Result<Request, Failure> {
    let project = flags.project.as_deref();
    Ok(Request {
        filters: filters(words)?,
        connections: flags.all,
        bound: flags.all,
        own_namespace: false,
        mine: flags.mine,
        exposed: flags.exposed,
        in_project: project.is_some(),
        project: project.filter(|name| !name.is_empty()).map(|name| Filter::Project(name.to_owned())),
        sort: flags.sort.into(),
        effort: Effort::Enough,
        asker: asker(os),
    })
}

fn look(os: &Os, request: &Request) -> Result<Snapshot, Failure> {
    Ok(survey(os, request)?)
}

/// Whether something was named that must be there.
fn named(words: &[String], flags: &LsFlags) -> bool {
    !words.is_empty() || flags.project.as_deref().is_some_and(|name| !name.is_empty())
}

fn verdict(snapshot: &Snapshot, words: &[String], flags: &LsFlags) -> ExitCode {
    let nothing = snapshot.endpoints.is_empty() && snapshot.connections.is_empty();
    if nothing && named(words, flags) { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS }
}

fn redraw(os: &Os, mut request: Request, flags: &LsFlags, colour: Colour) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    let mut pace = Pace::new()?;
    let on_terminal = terminal::width().is_some();
    if on_terminal {
        text::watch::write_begin(&mut out, terminal::rows())?;
    }
    let mut outcome = Ok(());
    let mut snapshot = look(os, &request)?;
    loop {
        let mut style = terminal::style(os, colour, flags.wide);
        style.now = snapshot.taken_at;
        let written = if on_terminal {
            text::watch::write_frame(&mut out, &snapshot, terminal::rows(), &style)
        } else {
            text::list::write_list(&mut out, &snapshot, &style).and_then(|()| writeln!(out))
        };
        outcome = outcome.and(written.and_then(|()| out.flush()).map_err(Failure::from));
        if outcome.is_err() {
            break;
        }
        match pace.wait(os) {
            Tick::Look => {
                request.asker = asker(os);
                snapshot = look(os, &request)?;
            }
            // The same picture in a window of another size.
            Tick::Redraw => {}
            Tick::End => break,
        }
    }
    if on_terminal {
        outcome =
            outcome.and(text::watch::write_end(&mut out).and_then(|()| out.flush()).map_err(Failure::from));
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Most snapshots go out in one write.
const BUFFER: usize = 64 * 1024;
