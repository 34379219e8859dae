//! `wharf show`: the owner first, at once; the connections after it. Where nobody is, what is promised.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_catalog::ask;
use wharf_catalog::detail::{complete, head};
use wharf_catalog::request::Asker;
use wharf_model::detail::{EndpointDetail, PortDetail};
use wharf_model::endpoint::EndpointState;
use wharf_model::filter::Filter;
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::run::Run;
use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_views::text::warning::write_nothing_matched;
use wharf_views::{json, text};

use super::{asker, warn};
use crate::cli::{Colour, Show};
use crate::failure::{Failure, NOTHING};
use crate::leases::known_leases;
use crate::terminal;

/// Answers `wharf show`.
pub(crate) fn run(show: &Show, colour: Colour) -> Result<ExitCode, Failure> {
    let filter: Filter = show.target.parse()?;
    let os = Os::native();
    let asker = asker(&os);
    let mut detail = head(&os, &show.target, &filter, &asker)?;
    let listens = |one: &EndpointDetail| one.endpoint.state == EndpointState::Listening;
    if !detail.endpoints.iter().any(listens) {
        add_promises(&filter, &asker.runs, &mut detail);
    }
    if show.probe {
        ask::services(&os, detail.endpoints.iter_mut().map(|detail| &mut detail.endpoint));
    }
    // A port can be spoken of though nobody has it; a name that nobody has is nothing, unless it is promised one.
    let is_promised = !detail.runs.is_empty() || !detail.leases.is_empty();
    let nothing = detail.endpoints.is_empty() && filter.port().is_none() && !is_promised;
    if show.json {
        complete(&os, &filter, &asker, &mut detail);
        let mut out = BufWriter::new(io::stdout().lock());
        json::write_document(&mut out, &detail, terminal::layout())?;
        out.flush()?;
    } else {
        text(&os, show, &Asked { filter, asker }, &mut detail, nothing, colour)?;
    }
    Ok(if nothing { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
}

/// What is asked for, and by whom.
struct Asked {
    filter: Filter,
    asker: Asker,
}

/// Adds what is promised where nobody listens at the number or by the name: runs that do not, and leases.
///
/// Only now, because leases are in a database, which nobody waits for who asks what there is.
fn add_promises(filter: &Filter, runs: &[Run], detail: &mut PortDetail) {
    let is_meant = |lease: &Lease| match filter {
        Filter::Name(name) => is_called(&lease.name, name),
        _ => filter.port().is_some_and(|port| port.get() == lease.port),
    };
    if let Filter::Name(name) = filter {
        detail.runs = runs.iter().filter(|run| is_called(&run.name, name)).cloned().collect();
    } else if filter.port().is_none() {
        return;
    }
    match known_leases() {
        Ok(leases) => detail.leases = leases.into_iter().filter(is_meant).collect(),
        Err(error) => {
            detail.warnings.push(Warning { code: "leases-unread".to_owned(), text: error.to_string() });
        }
    }
}

/// Whether `word` is the whole name, or its service.
fn is_called(name: &LeaseName, word: &str) -> bool {
    name.service.eq_ignore_ascii_case(word) || name.to_string().eq_ignore_ascii_case(word)
}

fn text(
    os: &Os,
    show: &Show,
    asked: &Asked,
    detail: &mut PortDetail,
    nothing: bool,
    colour: Colour,
) -> Result<(), Failure> {
    let style = terminal::style(os, colour, true);
    if nothing {
        write_nothing_matched(&mut io::stderr().lock(), std::slice::from_ref(&show.target), &style)?;
        return Ok(warn(&detail.warnings, &style, colour)?);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    text::show::write_head(&mut out, detail, &style)?;
    // Whoever asks "who has it?" has the answer now; to find the clients takes longer.
    out.flush()?;
    let shown = detail.endpoints.len();
    complete(os, &asked.filter, &asked.asker, detail);
    text::show::write_further(&mut out, detail, shown, &style)?;
    text::show::write_tail(&mut out, detail, &style)?;
    out.flush()?;
    Ok(warn(&detail.warnings, &style, colour)?)
}
