//! `wharf show`: the owner first, at once; the connections after it.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_catalog::ask;
use wharf_catalog::detail::{complete, head};
use wharf_model::detail::PortDetail;
use wharf_model::filter::Filter;
use wharf_os::Os;
use wharf_views::text::warning::write_nothing_matched;
use wharf_views::{json, text};

use super::warn;
use crate::cli::{Colour, Show};
use crate::failure::{Failure, NOTHING};
use crate::terminal;

/// Answers `wharf show`.
pub(crate) fn run(show: &Show, colour: Colour) -> Result<ExitCode, Failure> {
    let filter: Filter = show.target.parse()?;
    let os = Os::native();
    let mut detail = head(&os, &show.target, &filter, terminal::home())?;
    if show.probe {
        ask::services(&os, detail.endpoints.iter_mut().map(|detail| &mut detail.endpoint));
    }
    // A port can be spoken of though nobody has it; a name that nobody has is nothing.
    let nothing = detail.endpoints.is_empty() && filter.port().is_none();
    if show.json {
        complete(&os, &filter, terminal::home(), &mut detail);
        let mut out = BufWriter::new(io::stdout().lock());
        json::write_document(&mut out, &detail, terminal::layout())?;
        out.flush()?;
    } else {
        text(&os, show, &filter, &mut detail, nothing, colour)?;
    }
    Ok(if nothing { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
}

fn text(
    os: &Os,
    show: &Show,
    filter: &Filter,
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
    complete(os, filter, terminal::home(), detail);
    text::show::write_further(&mut out, detail, shown, &style)?;
    text::show::write_tail(&mut out, detail, &style)?;
    out.flush()?;
    Ok(warn(&detail.warnings, &style, colour)?)
}
