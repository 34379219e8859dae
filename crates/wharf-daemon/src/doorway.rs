//! The router as a part of the daemon: its configuration, its listeners, and the routes that were added by hand.
//!
//! Not here: which routes follow from leases and runs ([`crate::routing`]), and what becomes of a request (`wharf-router`).

use std::collections::HashSet;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wharf_model::lease::Lease;
use wharf_model::route::{ROUTER_SCHEMA, Route, Router as RouterDocument};
use wharf_model::run::{Run, RunProcess};
use wharf_os::{Os, entrance, identity, state};
use wharf_router::authority::{self, Authority};
use wharf_router::config::Config;
use wharf_router::entrance::Purpose;
use wharf_router::fault::Explain;
use wharf_router::router::Router;
use wharf_router::table::Readiness;

use crate::added::Added;
use crate::addresses::is_ours;
use crate::raw::{Raw, is_raw};
use crate::routing::{Sources, routes};

/// The router, and what it is told.
pub(crate) struct Doorway {
    pub(crate) router: Router,
    /// Port for HTTP; 0 without one.
    http: AtomicU16,
    warnings: Vec<String>,
    /// Had by whoever changes the routes, from the look at what they are made of until the router has them: what was looked
    /// at earlier cannot be told later.
    added: Mutex<Added>,
    entrances: Mutex<Vec<TcpListener>>,
    raw: Raw,
    /// Whether whoever connects is let in: once it is known where everybody goes.
    is_open: AtomicBool,
    /// Processes whose end is waited for.
    watched: Mutex<HashSet<RunProcess>>,
}

impl Doorway {
    /// Opens it, with listeners that there are already; none if it is not wanted, or cannot be.
    pub(crate) fn open(
        explain: Box<dyn Explain>,
        inherited: Vec<TcpListener>,
    ) -> Result<Option<Self>, String> {
        let told = |error: io::Error| format!("the router: {error}");
        let config =
            Config::read(&state::configuration().map_err(told)?).map_err(|error| error.to_string())?;
        if !config.enabled || std::env::var_os("WHARF_ROUTER").is_some_and(|value| value == "0") {
            return Ok(None);
        }
        // In a folder of its own: whoever hears that leases change need not hear of this.
        let file = state::subdirectory(FOLDER).map_err(told)?.join(ADDED);
        let mut warnings = Vec::new();
        let added = Added::read(file, &mut warnings);
        let folder = authority::folder().map_err(told)?;
        let router =
            Router::start(config, folder, Os::native(), explain).map_err(|error| error.to_string())?;
        let mut this = Self {
            router,
            http: AtomicU16::new(0),
            warnings,
            added: Mutex::new(added),
            entrances: Mutex::default(),
            raw: Raw::default(),
            is_open: AtomicBool::new(false),
            watched: Mutex::default(),
        };
        inherited.into_iter().for_each(|listener| this.adopt(listener));
        if this.entrances().is_empty() {
            this.listen();
        }
        this.vouch();
        Ok(Some(this))
    }

    /// Makes the authority that vouches for the names, and what programs take for it, in the background.
    fn vouch(&self) {
        let config = self.router.config();
        if config.cert.is_some() {
            return;
        }
        let domains = config.domains.clone();
        std::thread::spawn(move || {
            let now = Os::native().clock.now().unix_ms() / 1_000;
            // Whoever comes before it is there makes it, and hears what is wrong.
            if let Ok(folder) = authority::folder()
                && Authority::open_or_make(&folder, &domains, now).is_ok()
            {
                let _ = authority::refresh_bundle(&folder);
            }
        });
    }

    /// Opens the ports that are wanted, as far as they can be had.
    fn listen(&mut self) {
        let (handed, mut warnings) = entrance::inherited();
        handed.into_iter().for_each(|handed| self.adopt(handed.listener));
        let config = self.router.config().clone();
        let wanted: &[u16] = match &config.https {
            Some(port) => std::slice::from_ref(port),
            None => &[443, 8443],
        };
        if self.https().is_none() {
            self.open_first(wanted, &mut warnings);
        }
        let http = config.http.or((self.https() == Some(443)).then_some(80));
        if let Some(port) = http.filter(|_| self.http.load(Ordering::Relaxed) == 0) {
            self.open_first(&[port], &mut warnings);
        }
        self.warnings.append(&mut warnings);
    }

    fn open_first(&self, ports: &[u16], warnings: &mut Vec<String>) {
        let mut errors = Vec::new();
        for port in ports {
            match entrance::open(*port) {
                Ok(listeners) => {
                    listeners.into_iter().for_each(|listener| self.adopt(listener));
                    // That a port takes a privilege is no fault; that somebody has it is worth a word.
                    errors.retain(|error: &io::Error| error.kind() != io::ErrorKind::PermissionDenied);
                    break;
                }
                Err(error) => errors.push(error),
            }
        }
        warnings.extend(errors.into_iter().map(|error| format!("the router: {error}")));
    }

    /// Keeps a socket that listens, and lets in whoever connects to it.
    pub(crate) fn adopt(&self, listener: TcpListener) {
        let Ok(at) = listener.local_addr() else { return };
        if is_ours(at.ip()) {
            return self.raw.adopt(at, listener);
        }
        if self.is_http(at.port()) {
            self.http.store(at.port(), Ordering::Relaxed);
        } else if self.https() != Some(443) {
            // The one without a number in URLs, if there are two.
            self.router.set_https(at.port());
        }
        let mut entrances = self.entrances();
        if entrances.iter().any(|known| entrance::is_twin(known, &listener)) {
            return;
        }
        if self.is_open.load(Ordering::Relaxed) {
            self.let_in(&listener);
        }
        entrances.push(listener);
    }

    /// Lets in whoever connects, from now on: the routes are known.
    pub(crate) fn open_doors(&self) {
        self.router.reopen();
        let entrances = self.entrances();
        self.is_open.store(true, Ordering::Relaxed);
        entrances.iter().for_each(|listener| self.let_in(listener));
        self.raw.open_doors(&self.router);
    }

    fn let_in(&self, listener: &TcpListener) {
        let Ok((twin, at)) = listener.try_clone().and_then(|twin| Ok((twin, listener.local_addr()?))) else {
            // Out of descriptors: it is served after the next restart.
            return;
        };
        let purpose = if self.is_http(at.port()) {
            Purpose::Http { https: self.https().filter(|_| !self.router.config().plain_http) }
        } else {
            Purpose::Https
        };
        self.router.let_in(twin, purpose);
    }

    fn is_http(&self, port: u16) -> bool {
        let config = self.router.config();
        config.http.or(Some(80)) == Some(port) && config.https != Some(port)
    }

    /// Returns duplicates of its listeners, for whoever goes on with them.
    pub(crate) fn twins(&self) -> Vec<OwnedFd> {
        let web = self.entrances();
        let web = web.iter().filter_map(|listener| listener.try_clone().ok().map(OwnedFd::from));
        web.chain(self.raw.twins()).collect()
    }

    /// Returns the port for HTTPS.
    pub(crate) fn https(&self) -> Option<u16> {
        self.router.https()
    }

    /// Tells the router which routes there are now, by leases and runs as `look` sees them. Calls `then` when a process ends
    /// with which some of them do.
    pub(crate) fn sync<E>(
        &self,
        look: impl FnOnce() -> Result<(Vec<Lease>, Vec<Run>), E>,
        then: &Arc<dyn Fn() + Send + Sync>,
    ) -> Result<(), E> {
        let mut added = self.added();
        let (leases, runs) = look()?;
        let ended = |process: &RunProcess| identity::of(process.pid) != Some(*process);
        added.retain(|route| !route.process.as_ref().is_some_and(ended));
        let sources =
            Sources { config: self.router.config(), leases: &leases, runs: &runs, added: added.all() };
        let mut routes = routes(&sources);
        self.raw.settle(&self.router, &mut routes);
        self.router.set(&routes);
        // A server that listens anew changes no route.
        self.router.look_again();
        let processes = runs.iter().flat_map(|run| [Some(run.wharf), run.guard]).flatten();
        let all: HashSet<RunProcess> =
            processes.chain(added.all().iter().filter_map(|route| route.process)).collect();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for process in all.difference(&watched) {
            let Some(handle) = identity::watch(process) else { continue };
            let then = Arc::clone(then);
            // A thread each, which waits in the kernel.
            std::thread::spawn(move || {
                while matches!(handle.wait(LONG), Ok(false)) {}
                then();
            });
        }
        *watched = all;
        Ok(())
    }

    /// Adds a route, in the place of one for the same host and path; one for raw TCP comes in at `port` if it can. Returns
    /// whether the router has it already: what follows a lease or a process, it has after the next [`Self::sync`].
    pub(crate) fn add(&self, mut route: Route, port: Option<u16>) -> io::Result<bool> {
        let mut added = self.added();
        let is_same = |known: &&Arc<Route>| (&known.host, &known.path) == (&route.host, &route.path);
        let old = added.all().iter().find(is_same).and_then(|known| known.address);
        if let Some(port) = port {
            self.raw.place(&self.router, &mut route, port, added.all())?;
        }
        let (old, new) = (old, route.address);
        let route = Arc::new(route);
        let kept = added.put(Arc::clone(&route));
        let left = if kept.is_ok() { old } else { new };
        if let Some(left) = left.filter(|_| old != new) {
            self.raw.close(&self.router, left);
        }
        kept?;
        let is_plain = route.name.is_none() && route.process.is_none();
        if is_plain {
            let url = new.map(|at| at.to_string()).filter(|_| is_raw(&route));
            let told = if url.is_some() { Arc::new(Route { url, ..(*route).clone() }) } else { route };
            self.router.put(told, Readiness::Ready);
        }
        Ok(is_plain)
    }

    /// Removes what was added for a host: of one path, or of all. Returns what that was. What a lease has there, the router has
    /// after the next [`Self::sync`].
    pub(crate) fn remove(&self, host: &str, path: Option<&str>) -> io::Result<Vec<Route>> {
        let mut added = self.added();
        let removed = added.remove(host, path)?;
        for route in &removed {
            self.router.remove(&route.host, route.path.as_deref());
            if let Some(at) = route.address {
                self.raw.close(&self.router, at);
            }
        }
        Ok(removed.iter().map(|route| (**route).clone()).collect())
    }

    /// Returns whether a lease has this host.
    pub(crate) fn is_of_a_lease(&self, host: &str, leases: &[Lease]) -> bool {
        let names = leases.iter().map(|lease| &lease.name);
        self.router.config().hosts_of_all(names).contains_key(host)
    }

    /// Tells of the router.
    pub(crate) fn tell(&self) -> RouterDocument {
        let config = self.router.config();
        let root = authority::folder()
            .ok()
            .filter(|_| config.cert.is_none())
            .map(|folder| folder.join(authority::ROOT));
        RouterDocument {
            schema: ROUTER_SCHEMA.to_owned(),
            https: self.https(),
            http: Some(self.http.load(Ordering::Relaxed)).filter(|port| *port != 0),
            warnings: self.warnings.iter().cloned().chain(self.router.certificate_fault()).collect(),
            domains: config.domains.clone(),
            authority: root.map(|root| root.display().to_string()),
            requests: self.router.ledger().count(),
        }
    }

    fn added(&self) -> MutexGuard<'_, Added> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entrances(&self) -> MutexGuard<'_, Vec<TcpListener>> {
        self.entrances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After which a process is waited for anew.
const LONG: Duration = Duration::from_secs(24 * 3600);
/// Name of the folder in the state directory that has the file with the routes that were added.
const FOLDER: &str = "router";
/// Name of that file.
const ADDED: &str = "routes.jsonl";

#[cfg(test)]
mod tests;
