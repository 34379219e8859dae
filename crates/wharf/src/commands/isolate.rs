//! The part of `wharf run --isolate` that other runs have not: a network of its own, and the way out of it.
//!
//! Not here: the run itself (`run`), and which port leads where (`wharf-run`).

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use wharf_os::isolation::{self, Isolation};
use wharf_os::launch::Launch;
use wharf_os::names;
use wharf_run::berth::Berths;
use wharf_run::doors::Doors;
use wharf_views::style::Style;
use wharf_views::text::run::write_warning;

use super::story::say;
use crate::failure::{FAILED, Failure};
use crate::keeping::OWN_PROGRAM;

/// A network of a run's own.
pub(super) struct Own {
    pub(super) isolation: Arc<Isolation>,
    /// Nameservers that are reached only from outside.
    names: Vec<SocketAddr>,
}

/// Makes a network for a run, and says if nothing leads out of it.
pub(super) fn own_network(style: &Style) -> Result<Own, Failure> {
    let inlet =
        Launch { program: OWN_PROGRAM.into(), arguments: vec!["inlet".into()], environment: Vec::new() };
    let isolation = Isolation::new(&inlet).map_err(|why| Failure::Run(why, FAILED))?;
    let way_out = isolation.reach_out();
    let names = if way_out.is_ok() { names::at_loopback() } else { Vec::new() };
    if let Err(error) = way_out {
        let text = match error.kind() {
            io::ErrorKind::NotFound => {
                "it reaches no other machine: for that, install pasta (package passt)".to_owned()
            }
            _ => format!("it reaches no other machine, since pasta cannot be had: {error}"),
        };
        say(|err| write_warning(err, &text, style));
    }
    Ok(Own { isolation: Arc::new(isolation), names })
}

/// Returns the harbour of an isolated run.
pub(super) fn doors(
    own: Own,
    berths: Berths,
    host_visible: bool,
    siblings: &[u16],
) -> Result<Doors, Failure> {
    let doors = Doors::new(own.isolation, berths, host_visible, siblings, &own.names);
    doors.map_err(|error| Failure::Run(format!("nothing can be relayed: {error}"), FAILED))
}

/// Answers `wharf inlet`, which `wharf run --isolate` starts for itself.
pub(crate) fn inlet(outside: u64) -> Result<ExitCode, Failure> {
    isolation::serve(outside).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
