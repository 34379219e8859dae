//! The answers that concern the router: its routes, its log, its sums.
//!
//! Not here: the others ([`crate::answers`]), and the rules of routes ([`crate::routing`]).

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};
use wharf_api::document::NewRoute;
use wharf_catalog::request::Request;
use wharf_catalog::service::usual::{is_usual, usual_port as usual_port_of};
use wharf_catalog::survey::survey;
use wharf_model::lease::Lease;
use wharf_model::route::{
    ROUTES_SCHEMA, Route, RouteOrigin, Router, Routes, Target, Upstream, UpstreamProtocol,
};
use wharf_os::identity;
use wharf_router::config::is_host;

use crate::answers::{Answer, TheHouse, parse};
use crate::doorway::Doorway;
use crate::fault::Fault;
use crate::house::House;
use crate::lines::Lines;
use crate::raw::is_raw;

pub(crate) async fn router(State(house): TheHouse) -> Answer<Router> {
    Ok(Json(doorway(&house)?.tell()))
}

pub(crate) async fn routes(State(house): TheHouse) -> Answer<All> {
    house.sync_if_changed()?;
    doorway(&house)?;
    Ok(Json(All(house)))
}

/// A document of all routes ([`Routes`]), which are told one by one.
pub(crate) struct All(Arc<House>);

impl Serialize for All {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Routes", 2)?;
        document.serialize_field("schema", ROUTES_SCHEMA)?;
        document.serialize_field("routes", &Each(&self.0))?;
        document.end()
    }
}

struct Each<'a>(&'a House);

impl Serialize for Each<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(None)?;
        if let Some(doorway) = self.0.doorway() {
            doorway.router.each_route(|route| all.serialize_element(route))?;
        }
        all.end()
    }
}

pub(crate) async fn routes_of(State(house): TheHouse, Path(name): Path<String>) -> Answer<Routes> {
    // A run may just have been entered.
    house.sync()?;
    let doorway = doorway(&house)?;
    let hosts = hosts(doorway, &name);
    let all = doorway.router.routes();
    let is_of_lease = |route: &Route| route.name.as_ref().is_some_and(|lease| lease.to_string() == name);
    let mut found: Vec<Route> =
        all.iter().filter(|route| hosts.contains(&route.host) || is_of_lease(route)).cloned().collect();
    if found.is_empty() {
        // Below one that takes all names below it.
        let is_below = |host: &str, route: &Route| {
            route.wildcard && host.strip_suffix(&route.host).is_some_and(|rest| rest.ends_with('.'))
        };
        let below = all.into_iter().filter(|route| hosts.iter().any(|host| is_below(host, route)));
        found = below.collect();
    }
    if found.is_empty() {
        return Err(Fault::new(StatusCode::NOT_FOUND, "no-route", format!("no route is called {name}")));
    }
    Ok(Json(document(found)))
}

pub(crate) async fn add(State(house): TheHouse, body: Bytes) -> Answer<Route> {
    let asked: NewRoute = parse(&body)?;
    let doorway = doorway(&house)?;
    let route = route(&house, doorway, asked)?;
    let (host, path) = (route.host.clone(), route.path.clone());
    let port = is_raw(&route).then(|| usual_port(&house, &route)).flatten();
    if is_raw(&route) && port.is_none() {
        let text = "which port it should have cannot be told of a Unix socket: name it like what it is, as postgresql.shop";
        return Err(Fault::new(StatusCode::BAD_REQUEST, "no-port", text));
    }
    if !house.add_route(doorway, route, port)? {
        let text = "the process with which the route ends has ended";
        return Err(Fault::new(StatusCode::CONFLICT, "ended", text));
    }
    let known = doorway.router.route(&host, path.as_deref());
    known
        .map(Json)
        .ok_or_else(|| Fault::new(StatusCode::CONFLICT, "removed", "somebody has removed it already"))
}

#[derive(Deserialize)]
pub(crate) struct Narrow {
    path: Option<String>,
}

pub(crate) async fn remove(
    State(house): TheHouse,
    Path(name): Path<String>,
    Query(narrow): Query<Narrow>,
) -> Answer<Routes> {
    let doorway = doorway(&house)?;
    let mut removed = Vec::new();
    for host in hosts(doorway, &name) {
        removed.extend(house.remove_routes(doorway, &host, narrow.path.as_deref())?);
    }
    if removed.is_empty() {
        return Err(not_added(doorway, &name));
    }
    Ok(Json(document(removed)))
}

#[derive(Deserialize)]
pub(crate) struct Follow {
    name: Option<String>,
    #[serde(default)]
    follow: bool,
}

pub(crate) async fn log(State(house): TheHouse, Query(follow): Query<Follow>) -> Result<Response, Fault> {
    let doorway = doorway(&house)?;
    let hosts = follow.name.map(|name| hosts(doorway, &name));
    let lines = Lines::new(Arc::clone(&house), hosts, follow.follow);
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(lines.stream())).into_response())
}

pub(crate) async fn metrics(State(house): TheHouse) -> Result<Response, Fault> {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, doorway(&house)?.router.metrics()).into_response())
}

/// What a stream of lines never fails with.
pub(crate) type Never = Infallible;

fn doorway(house: &House) -> Result<&Doorway, Fault> {
    house.doorway().ok_or_else(|| crate::answers::no_router(house))
}

fn document(routes: Vec<Route>) -> Routes {
    Routes { schema: ROUTES_SCHEMA.to_owned(), routes }
}

/// Returns the hosts that a name may mean: itself, if it ends with a domain of the router, or with each of them behind it.
fn hosts(doorway: &Doorway, name: &str) -> Vec<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let domains = &doorway.router.config().domains;
    let has_domain = |domain: &String| {
        name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if domains.iter().any(has_domain) {
        return vec![name];
    }
    domains.iter().map(|domain| format!("{name}.{domain}")).collect()
}

/// Returns the route that is asked for.
fn route(house: &House, doorway: &Doorway, asked: NewRoute) -> Result<Route, Fault> {
    let bad = |code: &str, text: String| Fault::new(StatusCode::BAD_REQUEST, code, text);
    let host = hosts(doorway, &asked.host).swap_remove(0);
    if !is_host(&host) {
        return Err(bad("bad-host", format!("{:?} is no host name: as api.shop", asked.host)));
    }
    if asked.path.as_ref().is_some_and(|path| !path.starts_with('/') || path.contains(['?', '#', ' '])) {
        return Err(bad("bad-path", "a path begins with / and has no query".to_owned()));
    }
    let (mut upstream, name) = match asked.upstream.parse::<Upstream>() {
        Ok(upstream) => (upstream, None),
        Err(error) => {
            let lease = lease(house, &asked.upstream)?
                .ok_or_else(|| bad("bad-upstream", format!("{error}, or the name of a lease")))?;
            (Upstream::http(lease.port), Some(lease.name))
        }
    };
    if asked.tcp {
        upstream.protocol = UpstreamProtocol::Tcp;
    }
    if upstream.protocol == UpstreamProtocol::Tcp && asked.path.is_some() {
        return Err(bad("no-path", "raw TCP has no paths".to_owned()));
    }
    let is_own_address = matches!(&upstream.target, Target::Address(at) if doorway.router.has_address(*at));
    if is_own_address || upstream.port().is_some() && upstream.port() == doorway.https() {
        return Err(bad("circle", "that is the router itself".to_owned()));
    }
    let process = asked
        .pid
        .map(|pid| identity::of(pid).ok_or_else(|| bad("no-process", format!("there is no process {pid}"))));
    let uid = uid_now(house, &upstream);
    Ok(Route {
        host,
        path: asked.path.map(|path| path.trim_end_matches('/').to_owned()).filter(|path| !path.is_empty()),
        strip: asked.strip,
        wildcard: asked.wildcard,
        upstream,
        starting: false,
        url: None,
        address: None,
        note: None,
        name,
        origin: RouteOrigin::Added,
        process: process.transpose()?,
        uid,
    })
}

/// Returns the port at which raw TCP for a route should come in: that by which what is behind it is known, else its own.
fn usual_port(house: &House, route: &Route) -> Option<u16> {
    let own = route.upstream.port();
    if own.is_some_and(is_usual) {
        return own;
    }
    let service = route.host.split('.').next().unwrap_or_default();
    let spoken = || {
        let request = Request {
            filters: vec![own?.to_string().parse().ok()?],
            own_namespace: true,
            ..Request::default()
        };
        let endpoints = survey(&house.os, &request).ok()?.endpoints;
        endpoints.into_iter().find_map(|endpoint| usual_port_of(&endpoint.service?.id))
    };
    usual_port_of(service).or_else(spoken).or(own)
}

/// Returns the user whose listener is at an upstream now, if that is another one: whoever names it means that one.
fn uid_now(house: &House, upstream: &Upstream) -> Option<u32> {
    let at = match &upstream.target {
        Target::Port(port) => (std::net::Ipv4Addr::LOCALHOST, *port).into(),
        Target::Address(at) => *at,
        Target::Unix(_) => return None,
    };
    let listener = house.os.sockets.listener_at(at).ok()??;
    (listener.uid != house.os.host.own_uid() && listener.uid != 0).then_some(listener.uid)
}

fn lease(house: &House, name: &str) -> Result<Option<Lease>, Fault> {
    let mut leases = house.store().all()?.into_iter().filter(|lease| lease.asked_port.is_none());
    Ok(leases.find(|lease| lease.name.to_string() == name))
}

fn not_added(doorway: &Doorway, name: &str) -> Fault {
    let hosts = hosts(doorway, name);
    let known = doorway.router.routes().into_iter().find(|route| hosts.contains(&route.host));
    let text = match known.and_then(|route| route.name) {
        Some(lease) => format!(
            "nothing was added for {name}: it is there as long as the lease is (wharf lease rm {lease})"
        ),
        None => format!("nothing was added for {name}"),
    };
    Fault::new(StatusCode::NOT_FOUND, "no-route", text)
}
