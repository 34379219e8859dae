//! `wharf ps` and `wharf stop`: the programs that run under wharf, and their end.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_model::run::{RUNS_SCHEMA, Run, Runs};
use wharf_os::Os;
use wharf_run::registry::Registry;
use wharf_run::stop::{Stopped, stop as end};
use wharf_views::json;
use wharf_views::text::run::{write_runs, write_stopped};

use crate::cli::{Colour, Ps, Stop};
use crate::failure::{Failure, NOTHING};
use crate::leases::claim;
use crate::terminal;

/// Answers `wharf ps`.
pub(crate) fn ps(ps: &Ps, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let runs = registry(&os)?.runs();
    let mut out = BufWriter::new(io::stdout().lock());
    if ps.json {
        let document = Runs { schema: RUNS_SCHEMA.to_owned(), runs };
        json::write_document(&mut out, &document, terminal::layout())?;
    } else {
        write_runs(&mut out, &runs, &terminal::style(&os, colour, false))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf stop`.
pub(crate) fn stop(stop: &Stop, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let registry = registry(&os)?;
    let style = terminal::style(&os, colour, false);
    // All names are looked at before anything ends.
    let runs = stop.names.iter().map(|name| named(&os, &registry, name)).collect::<Result<Vec<_>, _>>()?;
    let mut code = ExitCode::SUCCESS;
    for run in runs.iter().flatten() {
        let outcome = if stop.dry_run { Ok(Stopped::Ended) } else { end(run) };
        match outcome {
            Ok(Stopped::Ended) => write_stopped(&mut io::stdout().lock(), run, stop.dry_run, &style)?,
            Ok(_) => {
                code = ExitCode::from(NOTHING);
                Failure::Other(format!("{}: part of it goes on: wharf ps, wharf ls", run.name))
                    .report(colour);
            }
            Err(error) => {
                code = ExitCode::from(NOTHING);
                Failure::Other(format!("{} could not be ended: {error}", run.name)).report(colour);
            }
        }
    }
    Ok(code)
}

/// Returns the runs of this user.
pub(crate) fn registry(os: &Os) -> Result<Registry, Failure> {
    Registry::open(os).map_err(|error| Failure::Other(format!("the state directory: {error}")))
}

/// Returns the runs called `name`: a whole name, or else that of a service of the project here. There is one at least.
fn named(os: &Os, registry: &Registry, name: &str) -> Result<Vec<Run>, Failure> {
    let runs = registry.runs();
    let by_whole_name: Vec<Run> = runs.iter().filter(|run| run.name.to_string() == name).cloned().collect();
    if !by_whole_name.is_empty() {
        return Ok(by_whole_name);
    }
    let wanted = claim(os, Some(name))?.name;
    let found: Vec<Run> = runs.into_iter().filter(|run| run.name == wanted).collect();
    if found.is_empty() {
        return Err(Failure::Other(format!("no run is called {name} (wharf ps shows their names)")));
    }
    Ok(found)
}
