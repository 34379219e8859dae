//! Everything that can be asked of the daemon, in one table: method, path, what it does, what goes in and comes out.
//!
//! Within `/v1` routes and fields are only added. Not here: the answers (`wharf-daemon`).

use schemars::SchemaGenerator;
use serde_json::Value;
use wharf_model::daemon::Daemon;
use wharf_model::lease::{Lease, Leases};
use wharf_model::route::{RequestEntry, Router, Routes};
use wharf_model::run::Runs;
use wharf_model::snapshot::Snapshot;

use crate::document::{NewLease, NewRoute, Pin, Restart};

/// Something that can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Schema of what goes in; none if nothing does.
    pub takes: Option<Schema>,
    /// Schema of what comes out with 200; none if nothing does, with 204.
    pub gives: Option<Schema>,
}

/// Returns the schema of a type.
pub type Schema = fn(&mut SchemaGenerator) -> Value;

/// The daemon itself.
pub const DAEMON: Route = get("/v1/daemon", "Tells of the daemon and the ports that it keeps.", of::<Daemon>);
/// A new daemon in its place.
pub const RESTART: Route = post(
    "/v1/daemon/restart",
    "Goes on as another program, or as the same one anew; ports stay kept and runs undisturbed.",
    Some(of::<Restart>),
    None,
);
/// The end of the daemon.
pub const STOP: Route =
    post("/v1/daemon/stop", "Ends the daemon; runs go on and keep their own ports.", None, None);
/// What listens.
pub const ENDPOINTS: Route = get(
    "/v1/endpoints",
    "Lists what listens on this machine, as wharf ls --json; ?filter=WORD narrows it.",
    of::<Snapshot>,
);
/// The leases.
pub const LEASES: Route = get("/v1/leases", "Lists the leases.", of::<Leases>);
/// A lease.
pub const LEASE: Route = post(
    "/v1/leases",
    "Gives a name a port, the same one each time.",
    Some(of::<NewLease>),
    Some(of::<Lease>),
);
/// A lease no more.
pub const REMOVE: Route = Route {
    method: "DELETE",
    path: "/v1/leases/{name}",
    summary: "Removes every lease of a whole name, and tells which they were.",
    takes: None,
    gives: Some(of::<Leases>),
};
/// A number for good.
pub const PIN: Route =
    post("/v1/leases/{name}/pin", "Gives a lease a number for good.", Some(of::<Pin>), Some(of::<Lease>));
/// What runs.
pub const RUNS: Route = get("/v1/runs", "Lists the programs that run under wharf.", of::<Runs>);
/// A kept port for a run.
pub const TAKE: Route = post(
    "/v1/ports/{port}/take",
    "Hands the caller, a wharf that runs a program, a duplicate of the socket that keeps the port; it comes with the \
     first byte of the answer (SCM_RIGHTS).",
    None,
    None,
);
/// A run's port to be kept.
pub const KEEP: Route = post(
    "/v1/ports/{port}/keep",
    "Keeps a leased port by a duplicate of the caller's socket, which comes with the request (SCM_RIGHTS).",
    None,
    None,
);
/// A port for a program without wharf.
pub const LET_GO: Route =
    post("/v1/ports/{port}/let-go", "Keeps a port no more, until the next run has it.", None, None);
/// Listening sockets for the router.
pub const LISTENERS: Route = post(
    "/v1/router/listeners",
    "Hands the router listening sockets for a port that the daemon may not open by itself: TCP sockets that listen on \
     loopback and on nothing else, eight at most, which come with the request (SCM_RIGHTS).",
    None,
    None,
);
/// The router.
pub const ROUTER: Route =
    get("/v1/router", "Tells where the router listens, and for which domains.", of::<Router>);
/// What the router did.
pub const ROUTER_LOG: Route = get(
    "/v1/router/log",
    "Tells the last requests, a document a line (application/x-ndjson); ?name=HOST narrows it, ?follow=true goes on.",
    of::<RequestEntry>,
);
/// The routes.
pub const ROUTES_OF_ALL: Route = get("/v1/routes", "Lists the routes.", of::<Routes>);
/// A route more.
pub const ADD_ROUTE: Route = post(
    "/v1/routes",
    "Adds a route, in the place of one that was added for the same host and path.",
    Some(of::<NewRoute>),
    Some(of::<wharf_model::route::Route>),
);
/// The routes of a name.
pub const ROUTES_OF: Route = get(
    "/v1/routes/{name}",
    "Lists the routes of a host, with or without its domain, or of a lease.",
    of::<Routes>,
);
/// A route less.
pub const REMOVE_ROUTE: Route = Route {
    method: "DELETE",
    path: "/v1/routes/{name}",
    summary: "Removes what was added for a host, with ?path=PATH for that path alone, and tells what that was.",
    takes: None,
    gives: Some(of::<Routes>),
};
/// Sums for Prometheus.
pub const METRICS: Route =
    get("/metrics", "Tells sums of requests, as Prometheus reads them (text/plain).", any);
/// This table.
pub const OPENAPI: Route = get("/v1/openapi.json", "Tells all of this as an OpenAPI document.", any);

/// Every route.
pub const ROUTES: [Route; 21] = [
    DAEMON,
    RESTART,
    STOP,
    ENDPOINTS,
    LEASES,
    LEASE,
    REMOVE,
    PIN,
    RUNS,
    TAKE,
    KEEP,
    LET_GO,
    LISTENERS,
    ROUTER,
    ROUTER_LOG,
    ROUTES_OF_ALL,
    ADD_ROUTE,
    ROUTES_OF,
    REMOVE_ROUTE,
    METRICS,
    OPENAPI,
];

impl Route {
    /// Returns its path for `value` in the place of its parameter.
    #[must_use]
    pub fn with(&self, value: &str) -> String {
        match (self.path.find('{'), self.path.find('}')) {
            (Some(start), Some(end)) => format!("{}{value}{}", &self.path[..start], &self.path[end + 1..]),
            _ => self.path.to_owned(),
        }
    }

    /// Returns the name of its parameter, if it has one.
    #[must_use]
    pub fn parameter(&self) -> Option<&'static str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }
}

const fn get(path: &'static str, summary: &'static str, gives: Schema) -> Route {
    Route { method: "GET", path, summary, takes: None, gives: Some(gives) }
}

const fn post(
    path: &'static str,
    summary: &'static str,
    takes: Option<Schema>,
    gives: Option<Schema>,
) -> Route {
    Route { method: "POST", path, summary, takes, gives }
}

fn of<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn any(_: &mut SchemaGenerator) -> Value {
    serde_json::json!({ "type": "object" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DAEMON, PIN, ROUTES};

    #[test]
    fn every_route_is_one() {
        let all: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(all.len(), ROUTES.len());
        let is_named = |path: &str| path.starts_with("/v1/") || path == "/metrics";
        assert!(ROUTES.iter().all(|route| is_named(route.path) && route.summary.ends_with('.')));
        assert_eq!(PIN.with("api.shop"), "/v1/leases/api.shop/pin");
        assert_eq!((PIN.parameter(), DAEMON.parameter()), (Some("name"), None));
        assert_eq!(DAEMON.with("x"), "/v1/daemon");
    }
}
