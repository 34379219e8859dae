//! `wharf port` and `wharf lease`: ports by name.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_lease::store::Claim;
use wharf_lease::system::System;
use wharf_model::lease::{LEASES_SCHEMA, Leases};
use wharf_os::Os;
use wharf_views::json;
use wharf_views::text::lease::write_leases;

use crate::cli::{Colour, Lease, LeaseCommand, Port};
use crate::failure::Failure;
use crate::leases::{claim, is_known, store, whole_name};
use crate::terminal;

/// Answers `wharf port`.
pub(crate) fn port(port: &Port) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let mut store = store()?;
    let claim = named(&os, &store, port.name.as_deref())?;
    let lease = store.lease(&claim, &System { os: &os, is_known })?;
    let mut out = io::stdout().lock();
    if port.json {
        let document = Leases { schema: LEASES_SCHEMA.to_owned(), leases: vec![lease] };
        json::write_document(&mut out, &document, terminal::layout())?;
    } else {
        writeln!(out, "{}", lease.port)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf lease`.
pub(crate) fn lease(lease: &Lease, colour: Colour) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let mut store = store()?;
    let style = terminal::style(&os, colour, false);
    let mut out = BufWriter::new(io::stdout().lock());
    match &lease.command {
        LeaseCommand::Ls { json: true } => {
            let document = Leases { schema: LEASES_SCHEMA.to_owned(), leases: store.all()? };
            json::write_document(&mut out, &document, terminal::layout())?;
        }
        LeaseCommand::Ls { json: false } => write_leases(&mut out, &store.all()?, &style)?,
        LeaseCommand::Rm { name } => {
            let removed = store.remove(name)?;
            if removed.is_empty() {
                let text = format!("no lease is called {name} (wharf lease ls shows their names)");
                return Err(Failure::Other(text));
            }
            write_leases(&mut out, &removed, &style)?;
        }
        LeaseCommand::Pin { name, port } => {
            let claim = named(&os, &store, Some(name))?;
            let pinned = store.pin(&claim, *port, &System { os: &os, is_known })?;
            write_leases(&mut out, &[pinned], &style)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the claim of a lease's whole name, or else of a service of the project here.
fn named(os: &Os, store: &wharf_lease::store::Store, name: Option<&str>) -> Result<Claim, Failure> {
    match name.map(|name| whole_name(store, name)).transpose()?.flatten() {
        Some(lease) => Ok(Claim { name: lease.name, root: lease.root, asked_port: None }),
        None => claim(os, name),
    }
}
