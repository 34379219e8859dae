//! All that the router has once, shared by its connections.
//!
//! Not here: what they do with it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustls::{ClientConfig, ServerConfig};
use tokio::sync::Notify;
use wharf_model::route::{Route, RouteOrigin, UpstreamProtocol};
use wharf_os::Os;
use wharf_os::other_end::OtherEnds;
use wharf_os::traits::Clock;

use crate::buffer::Spare;
use crate::config::Config;
use crate::deadline::Sweeper;
use crate::fault::{Explain, Explanation, Fault};
use crate::fields::MOST_HOPS;
use crate::host;
use crate::leaves::tls::{client_configs, server_config};
use crate::leaves::{IsRegistered, Leaves};
use crate::ledger::{Draft, Ledger};
use crate::origin::Origin;
use crate::page::{self, Answer, Taste};
use crate::pool::Pool;
use crate::router::RouterError;
use crate::table::{Place, Readiness, Table};
use crate::upstream::{Connected, connect};

/// All that the router has once.
pub(crate) struct Hall {
    table: Arc<Mutex<Table>>,
    /// Told when routes change, or a server behind one begins to listen.
    pub(crate) changed: Notify,
    pub(crate) ledger: Ledger,
    pub(crate) sweeper: Arc<Sweeper>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) spare: Spare,
    pub(crate) ends: OtherEnds,
    pub(crate) own_uid: u32,
    pub(crate) config: Config,
    explain: Arc<dyn Explain>,
    clock: Arc<dyn Clock>,
    /// How TLS is spoken with clients.
    pub(crate) server: Arc<ServerConfig>,
    /// The same with upstreams, once there is one: for any HTTP, and for HTTP/1.1 alone.
    client: OnceLock<Option<[Arc<ClientConfig>; 2]>>,
    leaves: Arc<Leaves>,
    /// Port for HTTPS, of URLs; 0 without one.
    pub(crate) https: AtomicU16,
    /// Whether whoever is served is to be the last.
    is_closing: AtomicBool,
    /// Connections that are open.
    pub(crate) open: AtomicUsize,
    pub(crate) emptied: Notify,
    /// Told when it closes.
    pub(crate) closing: Notify,
}

/// What a connection to an upstream is wanted for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// Whether none is wanted that was used before.
    pub(crate) fresh: bool,
    /// Whether the protocol is to be changed on it, which HTTP/1.1 alone can.
    pub(crate) is_upgrade: bool,
}

impl Hall {
    /// Returns that of a router whose authority is in `folder`.
    pub(crate) fn new(
        config: Config,
        folder: PathBuf,
        os: Os,
        explain: Box<dyn Explain>,
    ) -> Result<Self, RouterError> {
        let table = Arc::new(Mutex::new(Table::default()));
        let names = Arc::clone(&table);
        let is_registered: IsRegistered =
            Box::new(move |host| names.lock().unwrap_or_else(PoisonError::into_inner).knows(host));
        let own_uid = os.host.own_uid();
        let clock: Arc<dyn Clock> = Arc::from(os.clock);
        let leaves = match (&config.cert, &config.key) {
            (Some(cert), Some(key)) => Leaves::with_certificate(cert, key, is_registered)?,
            _ => Leaves::new(folder, config.domains.clone(), Arc::clone(&clock), is_registered),
        };
        let leaves = Arc::new(leaves);
        Ok(Self {
            table,
            changed: Notify::new(),
            ledger: Ledger::default(),
            sweeper: Arc::default(),
            pool: Arc::default(),
            spare: Spare::default(),
            ends: OtherEnds::default(),
            own_uid,
            config,
            explain: explain.into(),
            clock,
            server: server_config(Arc::clone(&leaves))?,
            client: OnceLock::new(),
            leaves,
            https: AtomicU16::new(0),
            is_closing: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            emptied: Notify::new(),
            closing: Notify::new(),
        })
    }

    /// Returns how TLS is spoken with upstreams; with `is_upgrade`, for HTTP/1.1 alone.
    pub(crate) fn client(&self, is_upgrade: bool) -> Option<&Arc<ClientConfig>> {
        let both = self.client.get_or_init(|| client_configs().ok()).as_ref()?;
        both.get(usize::from(is_upgrade))
    }

    /// Returns why the last client got no certificate.
    pub(crate) fn certificate_fault(&self) -> Option<String> {
        self.leaves.fault()
    }

    /// Returns the port for HTTPS.
    pub(crate) fn https(&self) -> Option<u16> {
        Some(self.https.load(Ordering::Relaxed)).filter(|port| *port != 0)
    }

    /// Returns where a route is reached: what it says itself, or else its URL. That is put together when somebody asks.
    pub(crate) fn url(&self, route: &Route) -> Option<String> {
        let port = match self.https() {
            _ if route.url.is_some() => return route.url.clone(),
            None => return None,
            Some(443) => String::new(),
            Some(port) => format!(":{port}"),
        };
        let is_http = route.upstream.protocol != UpstreamProtocol::Tcp;
        is_http.then(|| format!("https://{}{port}{}", route.host, route.path.as_deref().unwrap_or_default()))
    }

    /// Returns whether all names have one certificate, of the user's own.
    pub(crate) fn has_own_certificate(&self) -> bool {
        self.config.cert.is_some()
    }

    /// Returns the routes, for as long as nobody else uses them.
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Lets whoever is served be the last, and whoever waits ask once more.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.closing.notify_waiters();
        self.changed.notify_waiters();
    }

    /// Undoes [`Hall::close`] for whoever comes next.
    pub(crate) fn reopen(&self) {
        self.is_closing.store(false, Ordering::Relaxed);
    }

    /// Returns the place that a request is for.
    pub(crate) fn admit(
        &self,
        origin: &Origin,
        authority: &str,
        target: &str,
        hops: u8,
    ) -> Result<Arc<Place>, (Fault, Option<Arc<Place>>)> {
        let Some(host) = host::of(authority) else {
            return Err((Fault::BadRequest(400, "the field Host is no host name"), None));
        };
        if origin.server_name.as_deref().is_some_and(|name| name != host) {
            return Err((Fault::OtherHost, None));
        }
        let place = self.table().find(&host, target).cloned().ok_or((Fault::UnknownHost, None))?;
        if hops >= MOST_HOPS {
            return Err((Fault::Circle, Some(place)));
        }
        if place.route.upstream.protocol == UpstreamProtocol::Tcp {
            return Err((Fault::NotHttp, Some(place)));
        }
        Ok(place)
    }

    /// Returns a connection to the upstream of `place`, or of what has become of it meanwhile.
    pub(crate) async fn open(
        &self,
        place: &mut Arc<Place>,
        authority: &str,
        target: &str,
        wish: Wish,
    ) -> Result<Connected, Fault> {
        let begin = tokio::time::Instant::now();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let fault = match place.readiness {
                Readiness::Ready if self.is_still(place) => {
                    if let Some(waiting) = self.waiting(place, wish) {
                        return Ok(waiting);
                    }
                    match connect(self, place, wish.is_upgrade).await {
                        Err(fault) => fault,
                        connected => return connected,
                    }
                }
                Readiness::Ready => Fault::NothingListens,
                Readiness::Starting => Fault::NeverListened,
            };
            let patience = match fault {
                Fault::NeverListened => STARTING,
                // It is about to start anew, most likely.
                Fault::NothingListens if place.route.origin == RouteOrigin::Run => RESTARTING,
                fault => return Err(fault),
            };
            if !self.is_still(place) {
                *place = self.again(place, authority, target).ok_or(Fault::NothingListens)?;
                continue;
            }
            if self.is_closing() || tokio::time::timeout_at(begin + patience, changed).await.is_err() {
                return Err(fault);
            }
            *place = self.again(place, authority, target).ok_or(Fault::NothingListens)?;
        }
    }

    /// Returns a connection that was used before.
    fn waiting(&self, place: &Place, wish: Wish) -> Option<Connected> {
        if wish.fresh {
            return None;
        }
        if !wish.is_upgrade
            && place.route.upstream.protocol != UpstreamProtocol::Http
            && let Some(sender) = self.pool.sender(place.id)
        {
            return Some(Connected::Two(sender, true));
        }
        // On one that began as HTTP/2 nothing else can be said.
        if place.route.upstream.protocol == UpstreamProtocol::H2c && !wish.is_upgrade {
            return None;
        }
        self.pool.take(place.id).map(Connected::One)
    }

    /// Returns whether a place is still what its host leads to.
    fn is_still(&self, place: &Arc<Place>) -> bool {
        let path = place.route.path.as_deref().unwrap_or("/");
        self.table().find(&place.route.host, path).is_some_and(|now| now.id == place.id)
    }

    fn again(&self, place: &Place, authority: &str, target: &str) -> Option<Arc<Place>> {
        let host = host::of(authority);
        self.table().find(host.as_deref().unwrap_or(&place.route.host), target).cloned()
    }

    /// Returns what is answered to a request whose upstream does not answer, after it was looked into why.
    pub(crate) async fn answer_of(
        &self,
        fault: &Fault,
        authority: &str,
        place: &Place,
        taste: Taste,
    ) -> Answer {
        if fault.is_upstreams() {
            let host = host::of(authority).unwrap_or_default();
            let (explain, fault, route) =
                (Arc::clone(&self.explain), fault.clone(), Arc::clone(&place.route));
            let asked = host.to_string();
            let looked = tokio::task::spawn_blocking(move || explain.look_into(&fault, &asked, &route));
            if let Ok(Some(explanation)) = looked.await {
                return page::of(&explanation, &host, &[], taste);
            }
        }
        self.answer(fault, authority, Some(place), taste)
    }

    /// Returns what is answered to a request that no upstream answers.
    pub(crate) fn answer(
        &self,
        fault: &Fault,
        authority: &str,
        place: Option<&Place>,
        taste: Taste,
    ) -> Answer {
        let host = host::of(authority).unwrap_or_default();
        let explanation = self.explain(fault, &host, place);
        // A page of elsewhere that had its name lead here learns nothing.
        let is_ours = self.config.domains.iter().any(|domain| is_within(&host, domain));
        let names = if *fault == Fault::UnknownHost && is_ours && taste == Taste::Page {
            let all = self.table().all();
            all.iter().filter(|place| !place.is_raw()).filter_map(|place| self.url(&place.route)).collect()
        } else {
            Vec::new()
        };
        page::of(&explanation, &host, &names, taste)
    }

    fn explain(&self, fault: &Fault, host: &str, place: Option<&Place>) -> Explanation {
        self.explain.explain(fault, host, place.map(|place| &*place.route))
    }

    /// Writes down a request that is over.
    pub(crate) fn log(&self, draft: Draft) {
        self.ledger.write(draft, self.clock.now());
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// How long a request waits for a server that is starting.
pub(crate) const STARTING: Duration = Duration::from_secs(15);
/// How long for one that has listened, and does not now.
const RESTARTING: Duration = Duration::from_secs(3);
