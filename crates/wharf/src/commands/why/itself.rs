//! wharf's own parts, as facts for a diagnosis. Nothing is started, made or changed for it.

use std::fs;

use wharf_api::client::{Client, ClientError};
use wharf_api::route::ROUTER;
use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_diagnose::facts::itself::{Daemon, Itself};
use wharf_diagnose::facts::who;
use wharf_model::endpoint::{EndpointState, Protocol};
use wharf_model::filter::Filter;
use wharf_model::lease::Lease;
use wharf_model::route::Router;
use wharf_os::{Os, state};
use wharf_router::authority::{self, Authority, AuthorityError, ROOT};
use wharf_router::config::Config;

use crate::commands::{asker, names};
use crate::keeping;
use crate::leases::known_leases;

/// Looks at wharf itself; `all` of it, or only what answers for names of the router.
pub(super) fn look(os: &Os, all: bool) -> Itself {
    let (config, configuration_error) = configuration();
    let client = keeping::client();
    let daemon = daemon(client.as_ref());
    let router = match (&client, &daemon) {
        (Some(client), Daemon::Runs { .. }) => client.get::<Router>(&ROUTER).ok(),
        _ => None,
    };
    let leases = known_leases();
    let has_leases = leases.as_ref().is_ok_and(|leases| !leases.is_empty());
    let strangers = leases.as_deref().map(|leases| strangers(os, leases)).unwrap_or_default();
    let is_off = std::env::var_os("WHARF_ROUTER").is_some_and(|value| value == "0");
    let authority = if all && !is_off { authority(os, &config) } else { Ok(None) };
    Itself {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        daemon,
        is_wanted: has_leases || !all,
        configuration_error,
        leases: leases.map(|leases| leases.len()).map_err(|error| error.to_string()),
        strangers: if all { strangers } else { Vec::new() },
        router_port: router.as_ref().and_then(|router| router.https),
        router_warnings: router.map(|router| router.warnings).unwrap_or_default(),
        router_is_wanted: config.enabled && !is_off,
        domains: if all && has_leases { domains(&config) } else { Vec::new() },
        authority,
    }
}

fn configuration() -> (Config, Option<String>) {
    let Ok(file) = state::configuration() else { return (Config::default(), None) };
    match Config::read(&file) {
        Ok(config) => (config, None),
        Err(error) => (Config::default(), Some(error.to_string())),
    }
}

fn daemon(client: Option<&Client>) -> Daemon {
    let Some(client) = client else { return Daemon::Off };
    match client.daemon() {
        Ok(told) => Daemon::Runs { pid: told.process.pid, version: told.version },
        Err(ClientError::NoDaemon) => Daemon::Absent,
        Err(error) => Daemon::Silent(error.to_string()),
    }
}

/// Returns the leased ports that a program outside of the lease's project listens at, without wharf.
fn strangers(os: &Os, leases: &[Lease]) -> Vec<(String, u16, String)> {
    let filters: Vec<Filter> =
        leases.iter().filter_map(|lease| Some(Filter::Port(lease.port.try_into().ok()?))).collect();
    if filters.is_empty() {
        return Vec::new();
    }
    let request = Request { filters, own_namespace: true, asker: asker(os), ..Request::default() };
    let Ok(snapshot) = survey(os, &request) else { return Vec::new() };
    let mut strangers = Vec::new();
    for endpoint in &snapshot.endpoints {
        let listens = endpoint.protocol == Protocol::Tcp && endpoint.state == EndpointState::Listening;
        let Some(lease) = leases.iter().find(|lease| lease.port == endpoint.port) else { continue };
        let place = endpoint.owner.lead().and_then(|lead| lead.cwd.as_deref()).unwrap_or_default();
        let within = place == lease.root || place.starts_with(&format!("{}/", lease.root));
        if listens && endpoint.run.is_none() && !within && !lease.handed_out {
            strangers.push((lease.name.to_string(), lease.port, who(endpoint)));
        }
    }
    strangers
}

fn domains(config: &Config) -> Vec<(String, bool)> {
    names::domains(&[], config).into_iter().map(|domain| (domain.domain, domain.resolves)).collect()
}

/// Returns whether the system trusts the local authority; nothing if there is none yet, and why it cannot be used.
fn authority(os: &Os, config: &Config) -> Result<Option<bool>, String> {
    if config.cert.is_some() || state::existing("authority").is_none() {
        return Ok(None);
    }
    let folder = authority::folder().map_err(|error| error.to_string())?;
    let now = os.clock.now().unix_ms().div_euclid(1000);
    match Authority::open(&folder, now) {
        Ok(_) => {}
        Err(AuthorityError::Absent) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let Ok(root) = fs::read_to_string(folder.join(ROOT)) else { return Ok(None) };
    // Without its first and last lines it is the same in any bundle.
    let own: Vec<&str> = root.lines().filter(|line| !line.starts_with('-') && !line.is_empty()).collect();
    let bundles =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];
    let has = |bundle: String| !own.is_empty() && bundle.contains(&own.join("\n"));
    Ok(Some(bundles.iter().filter_map(|bundle| fs::read_to_string(bundle).ok()).any(has)))
}
