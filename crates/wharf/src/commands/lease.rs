//! `wharf port` and `wharf lease`: ports by name.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use wharf_catalog::number::is_known;
use wharf_lease::store::{Claim, Store};
use wharf_lease::system::System;
use wharf_model::lease::{LEASES_SCHEMA, Lease, Leases};
use wharf_os::Os;
use wharf_views::json;
use wharf_views::text::lease::write_leases;

use super::runs::registry;
use crate::cli::{self, Colour, LeaseCommand, Port};
use crate::failure::Failure;
use crate::keeping;
use crate::leases::{claim, store, whole_name};
use crate::terminal;

/// Answers `wharf port`.
pub(crate) fn port(port: &Port) -> Result<ExitCode, Failure> {
    let os = Os::native();
    let mut store = store()?;
    let claim = named(&os, &store, port.name.as_deref())?;
    let lease = store.lease(&claim, &System::new(&os, is_known))?;
    let lease = hand_out(&os, &mut store, lease)?;
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
pub(crate) fn lease(lease: &cli::Lease, colour: Colour) -> Result<ExitCode, Failure> {
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
            let pinned = store.pin(&claim, *port, &System::new(&os, is_known))?;
            write_leases(&mut out, &[pinned], &style)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Lets a program have the port that runs without wharf: nobody would let it in where the port is kept. The next run of
/// its name ends that; while one lives, the port is its own.
fn hand_out(os: &Os, store: &mut Store, lease: Lease) -> Result<Lease, Failure> {
    if lease.handed_out || registry(os)?.runs().iter().any(|run| run.port == lease.port) {
        return Ok(lease);
    }
    let_go(store, lease)
}

/// Lets go of the port that is kept for `lease`, until the next run of its name.
pub(super) fn give_up(lease: &Lease) -> Result<(), Failure> {
    let_go(&mut store()?, lease.clone()).map(drop)
}

fn let_go(store: &mut Store, lease: Lease) -> Result<Lease, Failure> {
    let lease = store.hand_out(&lease, true)?.unwrap_or(lease);
    keeping::let_go(lease.port);
    Ok(lease)
}

/// Returns the claim of a lease's whole name, or else of a service of the project here.
fn named(os: &Os, store: &Store, name: Option<&str>) -> Result<Claim, Failure> {
    match name.map(|name| whole_name(store, name)).transpose()?.flatten() {
        Some(lease) => Ok(Claim { name: lease.name, root: lease.root, asked_port: None }),
        None => claim(os, name),
    }
}
