//! The router as the daemon has it: a thread of its own, told of routes and asked what it does.
//!
//! Not here: where its listeners and routes come from.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wharf_model::route::Route;
use wharf_os::Os;

use crate::config::Config;
use crate::entrance::{Purpose, let_in};
use crate::fault::Explain;
use crate::hall::Hall;
use crate::leaves::CertificateError;
use crate::ledger::Ledger;
use crate::metrics;
use crate::table::{Place, Readiness};

/// Why there is no router.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// It did not get what it needs.
    #[error("the router cannot run: {0}")]
    Io(#[from] io::Error),
    /// The certificate of the user's own cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS cannot be spoken.
    #[error("the router cannot speak TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A router that runs.
pub struct Router {
    hall: Arc<Hall>,
    handle: Handle,
    entrances: std::sync::Mutex<Vec<Entrance>>,
}

/// Where connections come in: its address, and what lets them in.
type Entrance = (Option<SocketAddr>, JoinHandle<io::Result<()>>);

impl Router {
    /// Starts the thread. The authority that vouches for its names is in `authority`, or will be made there.
    ///
    /// # Errors
    /// Any [`RouterError`].
    pub fn start(
        config: Config,
        authority: PathBuf,
        os: Os,
        explain: Box<dyn Explain>,
    ) -> Result<Self, RouterError> {
        let hall = Arc::new(Hall::new(config, authority, os, explain)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new().name("wharf-router".to_owned()).spawn(move || {
            // Until the process ends: the daemon has it for good.
            runtime.block_on(std::future::pending::<()>());
        })?;
        Ok(Self { hall, handle, entrances: std::sync::Mutex::default() })
    }

    /// Returns what may be chosen about it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.hall.config
    }

    /// Lets in whoever connects to `listener`.
    pub fn let_in(&self, listener: TcpListener, purpose: Purpose) {
        let at = listener.local_addr().ok();
        let entrance = self.handle.spawn(let_in(Arc::clone(&self.hall), listener, purpose));
        self.entrances().push((at, entrance));
    }

    /// Lets nobody in any more at `address`, and returns once the listener is closed that it was given. Who is in stays.
    pub fn shut(&self, address: SocketAddr) {
        let shut: Vec<Entrance> = self.entrances().extract_if(.., |(at, _)| *at == Some(address)).collect();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        self.handle.spawn(async move {
            for (_, entrance) in shut {
                entrance.abort();
                let _ = entrance.await;
            }
            drop(tell);
        });
        // It has a thread of its own, so this is but a moment.
        let _ = told.recv_timeout(MOMENT);
    }

    fn entrances(&self) -> std::sync::MutexGuard<'_, Vec<Entrance>> {
        self.entrances.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns the port for HTTPS that its URLs have.
    #[must_use]
    pub fn https(&self) -> Option<u16> {
        self.hall.https()
    }

    /// Has URLs with this port for HTTPS from now on.
    pub fn set_https(&self, port: u16) {
        self.hall.https.store(port, Ordering::Relaxed);
    }

    /// Has these routes, and no others.
    pub fn set(&self, routes: &[(Arc<Route>, Readiness)]) {
        if self.hall.table().set(routes) {
            self.hall.changed.notify_waiters();
        }
    }

    /// Puts a route where none is, or another was.
    pub fn put(&self, route: impl Into<Arc<Route>>, readiness: Readiness) {
        if self.hall.table().put(route.into(), readiness) {
            self.hall.changed.notify_waiters();
        }
    }

    /// Takes a route away. Returns whether there was one.
    pub fn remove(&self, host: &str, path: Option<&str>) -> bool {
        let has_removed = self.hall.table().remove(host, path);
        self.hall.changed.notify_waiters();
        has_removed
    }

    /// Lets those who wait for a server look again.
    pub fn look_again(&self) {
        self.hall.changed.notify_waiters();
    }

    /// Returns the routes.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.hall.table().all().iter().map(|place| self.told(place)).collect()
    }

    /// Calls `each` with one route after the other, by host and path: all of them are never in memory twice.
    ///
    /// # Errors
    /// What `each` said, which ends it.
    pub fn each_route<E>(&self, mut each: impl FnMut(&Route) -> Result<(), E>) -> Result<(), E> {
        let all = self.hall.table().all();
        all.iter().try_for_each(|place| each(&self.told(place)))
    }

    /// Returns whether raw TCP comes in at an address.
    #[must_use]
    pub fn has_address(&self, address: SocketAddr) -> bool {
        self.hall.table().at(address).is_some()
    }

    /// Returns the route for exactly this host and path.
    #[must_use]
    pub fn route(&self, host: &str, path: Option<&str>) -> Option<Route> {
        self.hall.table().exact(host, path).map(|place| self.told(place))
    }

    /// Returns why the last client that asked for a name of ours got no certificate.
    #[must_use]
    pub fn certificate_fault(&self) -> Option<String> {
        self.hall.certificate_fault()
    }

    /// Returns the last requests.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.hall.ledger
    }

    /// Returns sums of all requests, as Prometheus reads them.
    #[must_use]
    pub fn metrics(&self) -> String {
        metrics::text(&self.hall.table().all(), self.hall.open.load(Ordering::Relaxed))
    }

    /// Lets in whoever comes next again, after it was closed.
    pub fn reopen(&self) {
        self.hall.reopen();
    }

    /// Lets nobody in any more, and waits until whoever is there has been served, but not for longer than `patience`.
    pub async fn close(&self, patience: Duration) {
        for (_, entrance) in self.entrances().drain(..) {
            entrance.abort();
        }
        self.hall.close();
        let emptied = async {
            loop {
                let emptied = self.hall.emptied.notified();
                tokio::pin!(emptied);
                emptied.as_mut().enable();
                if self.hall.open.load(Ordering::Relaxed) == 0 {
                    return;
                }
                emptied.await;
            }
        };
        let _ = tokio::time::timeout(patience, emptied).await;
    }

    fn told(&self, place: &Place) -> Route {
        let starting = place.readiness == Readiness::Starting;
        Route { starting, url: self.hall.url(&place.route), ..(*place.route).clone() }
    }
}

/// How long a listener may take to be closed.
const MOMENT: Duration = Duration::from_secs(2);
