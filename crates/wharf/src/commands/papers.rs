//! What is generated from the command line and the model: schemas, completions, manual pages.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use wharf_views::json::{self, Layout};
use wharf_views::schema::schema as of;

use crate::cli::{Cli, Completions, Document, Man, Schema};
use crate::failure::Failure;

/// Answers `wharf schema`.
pub(crate) fn schema(schema: &Schema) -> Result<ExitCode, Failure> {
    let name = match schema.document {
        Document::Endpoints => "endpoints",
        Document::Port => "port",
        Document::Event => "event",
        Document::Leases => "leases",
        Document::Runs => "runs",
        Document::Daemon => "daemon",
        Document::Routes => "routes",
        Document::Trust => "trust",
        Document::Names => "names",
        Document::Diagnosis => "diagnosis",
        Document::Causes => "causes",
        Document::Free => "free",
    };
    let schema = of(name).ok_or_else(|| Failure::Other(format!("there is no schema {name}")))?;
    json::write_document(&mut io::stdout().lock(), &schema, Layout::Indented)?;
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf completions`.
pub(crate) fn completions(completions: &Completions) -> Result<ExitCode, Failure> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "wharf", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf man`: the pages of commands, or those of causes.
pub(crate) fn man(man: &Man) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| Failure::Other(format!("{}: {error}", man.folder.display()));
    if man.causes {
        for (name, text) in wharf_diagnose::page::pages() {
            fs::write(man.folder.join(name), text).map_err(failed)?;
        }
    } else {
        clap_mangen::generate_to(Cli::command(), &man.folder).map_err(failed)?;
    }
    Ok(ExitCode::SUCCESS)
}
