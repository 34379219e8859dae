//! The answers to what can be asked, route by route.
//!
//! Not here: the table of routes and its documents (`wharf-api`), and who may ask ([`crate::gate`]).

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn;
use axum::response::Json;
use axum::routing::{MethodRouter, delete, get, post};
use serde::de::DeserializeOwned;
use wharf_api::document::{Name, NewLease, Pin, Restart};
use wharf_api::route::{self, Route};
use wharf_api::{NAMESPACE_HEADER, openapi};
use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_lease::name::label;
use wharf_lease::store::Claim;
use wharf_model::daemon::Daemon;
use wharf_model::filter::Filter;
use wharf_model::lease::{LEASES_SCHEMA, Lease, LeaseName, Leases};
use wharf_model::run::{RUNS_SCHEMA, RunProcess, Runs};
use wharf_model::snapshot::Snapshot;
use wharf_os::ports::Held;
use wharf_os::{entrance, identity};

use crate::Next;
use crate::door_answers;
use crate::fault::Fault;
use crate::gate::{Caller, look};
use crate::house::House;
use crate::keeper::Refusal;

pub(crate) type Answer<T> = Result<Json<T>, Fault>;
pub(crate) type TheHouse = State<Arc<House>>;

/// Returns all routes.
pub(crate) fn router(house: Arc<House>) -> IntoMakeServiceWithConnectInfo<Router, Caller> {
    let at = |router: Router<Arc<House>>, route: &Route, answer: MethodRouter<Arc<House>>| {
        router.route(route.path, answer)
    };
    let mut router = Router::new();
    router = at(router, &route::DAEMON, get(daemon));
    router = at(router, &route::RESTART, post(restart));
    router = at(router, &route::STOP, post(stop));
    router = at(router, &route::ENDPOINTS, get(endpoints));
    router = at(router, &route::LEASES, get(leases).post(lease));
    router = at(router, &route::REMOVE, delete(remove));
    router = at(router, &route::PIN, post(pin));
    router = at(router, &route::RUNS, get(runs));
    router = at(router, &route::TAKE, post(take));
    router = at(router, &route::KEEP, post(keep));
    router = at(router, &route::LET_GO, post(let_go));
    router = at(router, &route::LISTENERS, post(listeners));
    router = at(router, &route::ROUTER, get(door_answers::router));
    router = at(router, &route::ROUTER_LOG, get(door_answers::log));
    router = at(router, &route::ROUTES_OF_ALL, get(door_answers::routes).post(door_answers::add));
    router = at(router, &route::ROUTES_OF, get(door_answers::routes_of).delete(door_answers::remove));
    router = at(router, &route::METRICS, get(door_answers::metrics));
    router = at(router, &route::OPENAPI, get(|| async { Json(openapi::document()) }));
    router
        .fallback(async || Fault::new(StatusCode::NOT_FOUND, "no-such-route", NO_ROUTE))
        .method_not_allowed_fallback(async || {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "no-such-method", NO_ROUTE)
        })
        .layer(from_fn(look))
        .with_state(house)
        .into_make_service_with_connect_info()
}

async fn daemon(State(house): TheHouse) -> Answer<Daemon> {
    Ok(Json(house.tell()?))
}

async fn restart(State(house): TheHouse, body: Bytes) -> Result<StatusCode, Fault> {
    let asked: Restart = if body.is_empty() { Restart::default() } else { parse(&body)? };
    if asked.executable.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "not-absolute",
            "the executable is an absolute path",
        ));
    }
    // Nobody hears it only once it has ended.
    let _ = house.next.send(Next::Program(asked.executable));
    Ok(StatusCode::NO_CONTENT)
}

async fn stop(State(house): TheHouse) -> StatusCode {
    let _ = house.next.send(Next::End);
    StatusCode::NO_CONTENT
}

#[derive(serde::Deserialize)]
struct Narrow {
    filter: Option<String>,
}

async fn endpoints(State(house): TheHouse, Query(narrow): Query<Narrow>) -> Answer<Snapshot> {
    let filter = narrow.filter.map(|word| word.parse::<Filter>()).transpose();
    let filter = filter.map_err(|error| Fault::new(StatusCode::BAD_REQUEST, "bad-filter", error))?;
    let request = Request { filters: filter.into_iter().collect(), ..Request::default() };
    let looked = tokio::task::spawn_blocking(move || survey(&house.os, &request)).await;
    match looked {
        Ok(Ok(snapshot)) => Ok(Json(snapshot)),
        Ok(Err(error)) => Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "kernel", error)),
        Err(error) => Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error)),
    }
}

async fn leases(State(house): TheHouse) -> Answer<Leases> {
    let leases = house.store().all()?;
    Ok(Json(Leases { schema: LEASES_SCHEMA.to_owned(), leases }))
}

async fn lease(State(house): TheHouse, body: Bytes) -> Answer<Lease> {
    let asked: NewLease = parse(&body)?;
    if !asked.root.starts_with('/') {
        return Err(Fault::new(StatusCode::BAD_REQUEST, "not-absolute", "the root is an absolute path"));
    }
    let claim = Claim { name: name(asked.name)?, root: asked.root, asked_port: asked.asked_port };
    let (lease, is_new) = {
        let mut store = house.store();
        let is_new = store.find(&claim)?.is_none();
        (store.lease(&claim, &house.system())?, is_new)
    };
    if is_new {
        house.sync()?;
    }
    Ok(Json(lease))
}

async fn remove(State(house): TheHouse, Path(name): Path<String>) -> Answer<Leases> {
    let leases = house.store().remove(&name)?;
    if leases.is_empty() {
        return Err(no_lease(&name));
    }
    house.sync()?;
    Ok(Json(Leases { schema: LEASES_SCHEMA.to_owned(), leases }))
}

async fn pin(State(house): TheHouse, Path(name): Path<String>, body: Bytes) -> Answer<Lease> {
    let Pin { port } = parse(&body)?;
    if port == 0 {
        return Err(Fault::new(StatusCode::BAD_REQUEST, "bad-port", "ports are 1 to 65535"));
    }
    let pinned = {
        let mut store = house.store();
        let found = store.all()?.into_iter();
        let known = found.filter(|lease| lease.asked_port.is_none()).find(|it| it.name.to_string() == name);
        let known = known.ok_or_else(|| no_lease(&name))?;
        let claim = Claim { name: known.name, root: known.root, asked_port: None };
        store.pin(&claim, port, &house.system())?
    };
    house.sync()?;
    Ok(Json(pinned))
}

async fn runs(State(house): TheHouse) -> Json<Runs> {
    Json(Runs { schema: RUNS_SCHEMA.to_owned(), runs: house.registry.runs() })
}

async fn take(
    State(house): TheHouse,
    Path(port): Path<u16>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    headers: HeaderMap,
) -> Result<StatusCode, Fault> {
    let run = runner(&house, &caller, &headers)?;
    house.sync_if_changed()?;
    let held = house.take(port, run).map_err(|refusal| refused(port, refusal))?;
    caller.send(held.into());
    Ok(StatusCode::NO_CONTENT)
}

async fn keep(
    State(house): TheHouse,
    Path(port): Path<u16>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    headers: HeaderMap,
) -> Result<StatusCode, Fault> {
    let run = runner(&house, &caller, &headers)?;
    let bad = |text: String| Fault::new(StatusCode::BAD_REQUEST, "bad-socket", text);
    let socket = caller.descriptor().ok_or_else(|| bad("no socket came with it".to_owned()))?;
    let held = Held::adopt(socket).map_err(|error| bad(error.to_string()))?;
    if held.port() != port {
        return Err(bad(format!("the socket has port {}", held.port())));
    }
    if !house.keep(held, run)? {
        return Err(Fault::new(
            StatusCode::CONFLICT,
            "not-kept",
            format!("port {port} is not one to be kept"),
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn let_go(State(house): TheHouse, Path(port): Path<u16>) -> StatusCode {
    house.keeper().let_go(port);
    StatusCode::NO_CONTENT
}

async fn listeners(
    State(house): TheHouse,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<StatusCode, Fault> {
    adopt_listeners(&house, caller.descriptors())?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes over sockets for the router, all of them or none. One that it has already, by another descriptor, it has once.
fn adopt_listeners(house: &House, sockets: Vec<OwnedFd>) -> Result<(), Fault> {
    let bad = |text: String| Fault::new(StatusCode::BAD_REQUEST, "bad-socket", text);
    if sockets.is_empty() {
        return Err(bad("no socket came with it".to_owned()));
    }
    let adopted: Vec<TcpListener> = sockets
        .into_iter()
        .map(|socket| entrance::adopt(socket).map_err(|error| bad(error.to_string())))
        .collect::<Result<_, _>>()?;
    let doorway = house.doorway().ok_or_else(|| no_router(house))?;
    adopted.into_iter().for_each(|listener| doorway.adopt(listener));
    Ok(())
}

pub(crate) fn no_router(house: &House) -> Fault {
    let text = house.doorway_fault.as_deref().unwrap_or("the router is off (router.enabled in config.toml)");
    Fault::new(StatusCode::CONFLICT, "no-router", text)
}

/// Returns the wharf process that asks for a run of its own, if it lives where ports are kept.
fn runner(house: &House, caller: &Caller, headers: &HeaderMap) -> Result<RunProcess, Fault> {
    let namespace = headers.get(NAMESPACE_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    if namespace != Some(house.namespace) {
        return Err(Fault::new(
            StatusCode::CONFLICT,
            "other-network",
            "ports are kept in another network namespace",
        ));
    }
    // Of another pid namespace, it has no number here.
    identity::of(caller.pid())
        .ok_or_else(|| Fault::new(StatusCode::CONFLICT, "unknown-process", "it is not seen who asks"))
}

fn refused(port: u16, refusal: Refusal) -> Fault {
    match refusal {
        Refusal::NotKept => {
            Fault::new(StatusCode::NOT_FOUND, "not-kept", format!("port {port} is not kept here"))
        }
        Refusal::HasRun(run) => {
            let text = format!("port {port} is that of a run already (pid {})", run.pid);
            Fault::new(StatusCode::CONFLICT, "has-run", text)
        }
        Refusal::HasListener => {
            Fault::new(StatusCode::CONFLICT, "has-listener", format!("something listens on port {port}"))
        }
        Refusal::NoDuplicate => Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no-descriptor",
            "no descriptor is left (RLIMIT_NOFILE)",
        ),
    }
}

/// Returns the name that was asked for, if its parts are labels.
fn name(asked: Name) -> Result<LeaseName, Fault> {
    let Name { service, worktree, project } = asked;
    let mut parts = [Some(&service), worktree.as_ref(), Some(&project)].into_iter().flatten();
    if let Some(part) = parts.find(|part| label(part) != **part) {
        let text = format!("{part:?} is no label of a host name; {} would be", label(part));
        return Err(Fault::new(StatusCode::BAD_REQUEST, "bad-name", text));
    }
    drop(parts);
    Ok(LeaseName { service, worktree, project })
}

fn no_lease(name: &str) -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "no-lease", format!("no lease is called {name}"))
}

pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::new(StatusCode::BAD_REQUEST, "bad-document", error))
}

const NO_ROUTE: &str = "this cannot be asked: GET /v1/openapi.json tells what can";
