//! Which routes there are: out of leases, runs, and what was added by hand.
//!
//! A pure rule. Not here: where these come from ([`crate::house`]), and what the router does with them.

use std::collections::HashMap;
use std::sync::Arc;

use wharf_model::lease::{Lease, LeaseName};
use wharf_model::route::{Route, RouteOrigin, Target, Upstream, UpstreamProtocol};
use wharf_model::run::{Run, RunState};
use wharf_router::config::Config;
use wharf_router::table::Readiness;

/// What routes are made of.
pub(crate) struct Sources<'a> {
    pub(crate) config: &'a Config,
    pub(crate) leases: &'a [Lease],
    pub(crate) runs: &'a [Run],
    pub(crate) added: &'a [Arc<Route>],
}

/// Returns all routes. Of two for the same host and path, that of a run comes before that of its lease, and what was added
/// by hand before both.
pub(crate) fn routes(sources: &Sources<'_>) -> Vec<(Arc<Route>, Readiness)> {
    let runs: HashMap<&LeaseName, &Run> = sources.runs.iter().map(|run| (&run.name, run)).collect();
    let places = places(sources, &runs);
    let mut all: Vec<(Arc<Route>, Readiness)> = Vec::with_capacity(sources.added.len() + places.len());
    for added in sources.added {
        let followed = added.name.as_ref().and_then(|name| places.get(name));
        let Some((place, readiness)) = followed else {
            all.push((Arc::clone(added), Readiness::Ready));
            continue;
        };
        let upstream = Upstream { protocol: added.upstream.protocol, ..place.upstream.clone() };
        all.push((Arc::new(Route { upstream, ..(**added).clone() }), *readiness));
    }
    for (host, lease) in hosts(sources, &runs) {
        let Some((place, readiness)) = places.get(lease) else { continue };
        all.push((Arc::new(Route { host, ..place.clone() }), *readiness));
    }
    // What was added stands before what a lease has there, and stays so.
    all.sort_by(|(one, _), (other, _)| (&one.host, &one.path).cmp(&(&other.host, &other.path)));
    all.dedup_by(|(one, _), (other, _)| (&one.host, &one.path) == (&other.host, &other.path));
    all
}

/// Returns the host names of all leases, with whose each is. A run that has not listened yet, with a lease that was made for
/// it, takes no name from others: it may never listen.
fn hosts<'a>(
    sources: &Sources<'a>,
    runs: &HashMap<&LeaseName, &Run>,
) -> impl Iterator<Item = (String, &'a LeaseName)> {
    let is_settled = |lease: &&Lease| {
        let run = runs.get(&lease.name).filter(|run| run.main_port.is_none());
        run.is_none_or(|run| run.started_at.ms_since(lease.created_at) >= MADE_FOR_IT_MS)
    };
    let leases = || sources.leases.iter().filter(|lease| lease.asked_port.is_none());
    let mut all = sources.config.hosts_of_all(leases().map(|lease| &lease.name));
    all.extend(sources.config.hosts_of_all(leases().filter(is_settled).map(|lease| &lease.name)));
    all.into_iter()
}

/// Milliseconds between a lease and the run that it was made for, at most.
const MADE_FOR_IT_MS: i64 = 10_000;

/// Returns the place that each lease leads to, as a route without a host.
fn places(sources: &Sources<'_>, runs: &HashMap<&LeaseName, &Run>) -> HashMap<LeaseName, (Route, Readiness)> {
    let place = |lease: &Lease| {
        let run = runs.get(&lease.name);
        let (target, readiness) = match run {
            Some(run) => match (run.main_port, run.main_address) {
                (Some(port), Some(address)) => (Target::Address((address, port).into()), Readiness::Ready),
                (Some(port), None) => (Target::Port(port), Readiness::Ready),
                (None, _) if run.state == RunState::Starting => {
                    (Target::Port(lease.port), Readiness::Starting)
                }
                (None, _) => (Target::Port(lease.port), Readiness::Ready),
            },
            None => (Target::Port(lease.port), Readiness::Ready),
        };
        let route = Route {
            host: String::new(),
            path: None,
            strip: false,
            wildcard: false,
            upstream: Upstream { protocol: UpstreamProtocol::Http, target },
            starting: false,
            url: None,
            address: None,
            note: None,
            name: Some(lease.name.clone()),
            origin: if run.is_some() { RouteOrigin::Run } else { RouteOrigin::Lease },
            process: run.map(|run| run.wharf),
            uid: None,
        };
        (lease.name.clone(), (route, readiness))
    };
    sources.leases.iter().filter(|lease| lease.asked_port.is_none()).map(place).collect()
}

#[cfg(test)]
mod tests;
