//! Names of wharf's own as targets: a run, a lease, a host name of the router. Not here: all other targets.

use wharf_diagnose::target::{Place, Port, Scheme, Target, TargetError};
use wharf_model::run;
use wharf_os::Os;

use crate::commands::asker;
use crate::leases::known_leases;

/// Reads a target; a word that is none otherwise may be a name of wharf's.
pub(super) fn target(os: &Os, word: &str) -> Result<Target, String> {
    match Target::parse(word) {
        Ok(target) => Ok(target),
        Err(TargetError::Name(name)) => named(os, &name),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the router answers for the target, if anybody does: a name below localhost, at one of its ports.
pub(super) fn is_routers(target: &Target) -> bool {
    let below = target.host().is_some_and(|host| host.ends_with(".localhost"));
    below && matches!(target.port(), Some(443 | 8443)) && target.scheme == Some(Scheme::Https)
}

fn named(os: &Os, name: &str) -> Result<Target, String> {
    let is_it = |own: &wharf_model::lease::LeaseName| own.to_string() == name || own.service == name;
    let runs = asker(os).runs;
    // What runs now before what is only promised.
    let run = runs.iter().find(|run| is_it(&run.name));
    let url = run.and_then(|run| run.url()).or_else(|| {
        let leases = known_leases().unwrap_or_default();
        leases.iter().find(|lease| is_it(&lease.name)).map(|lease| run::url(lease.port))
    });
    if let Some(url) = url {
        return Target::parse(&url).map_err(|error| error.to_string());
    }
    if name.ends_with(".localhost") {
        let place = Place::Tcp { host: name.to_owned(), port: Port::Number(router_port()) };
        return Ok(Target {
            scheme: Some(Scheme::Https),
            place,
            user: None,
            password: None,
            path: "/".to_owned(),
        });
    }
    Err(format!("no run or lease is called {name}: write a port, host:port, a URL, or the path of a socket"))
}

/// Returns the port of the router, as the daemon tells it; without one, that of HTTPS.
fn router_port() -> u16 {
    let router = crate::keeping::client()
        .and_then(|client| client.get::<wharf_model::route::Router>(&wharf_api::route::ROUTER).ok());
    router.and_then(|router| router.https).unwrap_or(443)
}
