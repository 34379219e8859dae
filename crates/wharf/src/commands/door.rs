//! `wharf route`, `wharf url` and `wharf open`: names of what runs here, as the router has them.
//!
//! Not here: what the router does (`wharf-router`).

use std::env;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use wharf_api::client::Client;
use wharf_api::document::NewRoute;
use wharf_api::route::ROUTES_OF_ALL;
use wharf_model::route::{ROUTES_SCHEMA, RequestEntry, Route, RouteOrigin, Routes, Target, UpstreamProtocol};
use wharf_os::launch::Launch;
use wharf_os::{Os, background};
use wharf_views::json;
use wharf_views::text::route::{write_request, write_routes};

use super::daemon;
use crate::cli::Colour;
use crate::cli::door::{self, Open, RouteCommand, Url};
use crate::failure::Failure;
use crate::keeping;
use crate::leases::claim;
use crate::terminal;

/// Answers `wharf route`.
pub(crate) fn route(route: &door::Route, colour: Colour) -> Result<ExitCode, Failure> {
    let client = client()?;
    let style = terminal::style(&Os::native(), colour, false);
    let mut out = BufWriter::new(io::stdout().lock());
    let routes = match &route.command {
        RouteCommand::Ls { name: None, .. } => client.get::<Routes>(&ROUTES_OF_ALL)?.routes,
        RouteCommand::Ls { name: Some(name), .. } => known(&client, name)?,
        RouteCommand::Add(add) => vec![client.add_route(&asked(add))?],
        RouteCommand::Rm { name, path } => client.remove_route(name, path.as_deref())?.routes,
        RouteCommand::Log { name, follow, json } => {
            drop(out);
            return log(&client, name.as_deref(), *follow, *json, colour);
        }
    };
    let as_json = matches!(
        route.command,
        RouteCommand::Ls { json: true, .. } | RouteCommand::Add(door::Add { json: true, .. })
    );
    if as_json {
        let document = Routes { schema: ROUTES_SCHEMA.to_owned(), routes };
        json::write_document(&mut out, &document, terminal::layout())?;
    } else {
        write_routes(&mut out, &routes, &style)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf url`.
pub(crate) fn url(url: &Url) -> Result<ExitCode, Failure> {
    let client = client()?;
    let name = whole(url.name.as_deref())?;
    let text = match url.wait {
        Some(limit) => wait(&client, &name, limit)?,
        None => reached(known(&client, &name)?.swap_remove(0))?,
    };
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf open`.
pub(crate) fn open(open: &Open) -> Result<ExitCode, Failure> {
    let client = client()?;
    let name = whole(open.name.as_deref())?;
    let route = known(&client, &name)?.swap_remove(0);
    let is_raw = route.upstream.protocol == UpstreamProtocol::Tcp;
    let url = reached(route)?;
    writeln!(io::stdout().lock(), "{url}")?;
    if is_raw {
        return Err(Failure::Other(format!(
            "{name} is raw TCP, which no browser opens: give its client {url}"
        )));
    }
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = match env::var_os("BROWSER").filter(|program| !program.is_empty()) {
        Some(program) => program,
        None if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WSL_DISTRO_NAME") => {
            "xdg-open".into()
        }
        None => {
            return Err(Failure::Other(
                "there is no desktop here to open it on: set BROWSER to a program".to_owned(),
            ));
        }
    };
    let launch = Launch { program: program.clone(), arguments: vec![url.into()], environment: Vec::new() };
    match background::start_unheard(&launch) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::Other(format!("{} cannot open it: {error}", program.display()))),
    }
}

/// Returns the way to the daemon, which is started if it does not run.
fn client() -> Result<Client, Failure> {
    let client = keeping::client().ok_or_else(|| {
        Failure::Other("routes are the daemon's, which is not wanted here (WHARF_DAEMON=0)".to_owned())
    })?;
    if !client.is_there() {
        daemon::start(false)?;
    }
    Ok(client)
}

/// Returns the whole name of what was named: a word without a point is a service of the project in this directory.
fn whole(name: Option<&str>) -> Result<String, Failure> {
    match name {
        Some(name) if name.contains('.') => Ok(name.to_owned()),
        name => {
            let claimed = claim(&Os::native(), name)?.name.to_string();
            match name {
                // A project may be meant as well.
                Some(word) if client()?.routes_of(&claimed)?.is_empty() => Ok(word.to_owned()),
                _ => Ok(claimed),
            }
        }
    }
}

fn known(client: &Client, name: &str) -> Result<Vec<Route>, Failure> {
    let routes = client.routes_of(name)?;
    if routes.is_empty() {
        return Err(Failure::Other(format!("no route is called {name} (wharf route ls shows their names)")));
    }
    Ok(routes)
}

/// Returns where a route is reached.
fn reached(route: Route) -> Result<String, Failure> {
    let why = route.note.unwrap_or_else(|| "the router does not listen (wharf daemon status)".to_owned());
    route.url.ok_or(Failure::Other(why))
}

fn asked(add: &door::Add) -> NewRoute {
    let door::Add { name, upstream, path, strip, wildcard, tcp, pid, json: _ } = add;
    NewRoute {
        host: name.clone(),
        upstream: upstream.clone().unwrap_or_else(|| name.clone()),
        path: path.clone(),
        strip: *strip,
        wildcard: *wildcard,
        tcp: *tcp,
        pid: *pid,
    }
}

/// Waits until something listens behind a name, and returns its URL.
fn wait(client: &Client, name: &str, limit: Duration) -> Result<String, Failure> {
    let (os, begin) = (Os::native(), Instant::now());
    loop {
        let routes = client.routes_of(name)?;
        if let Some(route) = routes.iter().find(|route| listens(&os, route)) {
            return reached(route.clone());
        }
        if begin.elapsed() >= limit {
            let text = if routes.is_empty() { "no route is called" } else { "nothing listens yet at" };
            return Err(Failure::Other(format!("{text} {name}, after {} seconds", limit.as_secs_f64())));
        }
        thread::sleep(STEP);
    }
}

fn listens(os: &Os, route: &Route) -> bool {
    let at = |at: std::net::SocketAddr| os.sockets.listener_at(at).is_ok_and(|listener| listener.is_some());
    if route.starting {
        return false;
    }
    match &route.upstream.target {
        Target::Port(port) => {
            at((std::net::Ipv4Addr::LOCALHOST, *port).into())
                || at((std::net::Ipv6Addr::LOCALHOST, *port).into())
        }
        Target::Address(address) => !address.ip().is_loopback() || at(*address),
        Target::Unix(path) => os.files.exists(path.as_ref()) || route.origin == RouteOrigin::Run,
    }
}

fn log(
    client: &Client,
    name: Option<&str>,
    follow: bool,
    as_json: bool,
    colour: Colour,
) -> Result<ExitCode, Failure> {
    let style = terminal::style(&Os::native(), colour, false);
    let mut outcome = Ok(());
    client.router_log(name, follow, |line| {
        let mut out = io::stdout().lock();
        outcome = match serde_json::from_str::<RequestEntry>(line) {
            Ok(entry) if !as_json => write_request(&mut out, &entry, &style),
            _ => writeln!(out, "{line}"),
        };
        outcome.is_ok()
    })?;
    outcome?;
    Ok(ExitCode::SUCCESS)
}

const STEP: Duration = Duration::from_millis(25);
