//! The sockets at which raw TCP comes in, one for each route that has an address of its own.
//!
//! They outlive the program as the router's others do. Not here: which address a project has ([`crate::addresses`]), and
//! what becomes of a connection (`wharf-router`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wharf_model::route::{Route, UpstreamProtocol};
use wharf_os::entrance;
use wharf_router::entrance::Purpose;
use wharf_router::router::Router;
use wharf_router::table::Readiness;

use crate::addresses::candidates;

/// The sockets.
#[derive(Debug, Default)]
pub(crate) struct Raw(Mutex<Sockets>);

#[derive(Debug, Default)]
struct Sockets {
    open: BTreeMap<SocketAddr, TcpListener>,
    /// Whether whoever connects is let in.
    lets_in: bool,
}

impl Raw {
    /// Keeps a socket that the program before this one has opened.
    pub(crate) fn adopt(&self, at: SocketAddr, listener: TcpListener) {
        self.sockets().open.insert(at, listener);
    }

    /// Lets in whoever connects, from now on.
    pub(crate) fn open_doors(&self, router: &Router) {
        let mut sockets = self.sockets();
        sockets.lets_in = true;
        sockets.open.values().for_each(|listener| let_in(router, listener));
    }

    /// Returns duplicates, for whoever goes on with them.
    pub(crate) fn twins(&self) -> Vec<OwnedFd> {
        let sockets = self.sockets();
        sockets.open.values().filter_map(|listener| listener.try_clone().ok().map(OwnedFd::from)).collect()
    }

    /// Opens a socket for a route that is to be added beside those that are `known`: at `port` of its project's address if
    /// that can be, at the next address if it is taken there, and else at another port. What is not as it should be is noted.
    pub(crate) fn place(
        &self,
        router: &Router,
        route: &mut Route,
        port: u16,
        known: &[Arc<Route>],
    ) -> io::Result<()> {
        let old = known.iter().find(|it| it.host == route.host && it.path.is_none());
        let kept = old.and_then(|it| it.address).filter(|at| at.port() == port);
        let addresses: Vec<Ipv4Addr> = candidates(&route.host, known, &router.config().domains).collect();
        let own_port = route.upstream.port().filter(|own| *own != port);
        let mut places: Vec<SocketAddr> = kept.into_iter().collect();
        places.extend(addresses.iter().map(|ip| SocketAddr::from((*ip, port))));
        for other in own_port.into_iter().chain([0]) {
            places.extend(addresses.first().map(|ip| SocketAddr::from((*ip, other))));
        }
        let mut refused: Option<io::Error> = None;
        for at in places {
            // What another route has is as good as taken.
            let other = known.iter().find(|it| it.host != route.host && it.address == Some(at));
            let opened = match other {
                Some(other) => {
                    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{at} is that of {}", other.host)))
                }
                None => self.open(router, at),
            };
            match opened {
                Ok(at) => {
                    route.address = Some(at);
                    route.note = refused.map(|error| format!("{error}, so it is at {at}"));
                    return Ok(());
                }
                Err(error) => refused = Some(refused.unwrap_or(error)),
            }
        }
        Err(refused.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
    }

    /// Opens what `routes` want and closes what none of them does; says of each where it is reached, or why it is not.
    pub(crate) fn settle(&self, router: &Router, routes: &mut [(Arc<Route>, Readiness)]) {
        let mut wanted = BTreeSet::new();
        for (route, _) in routes.iter_mut().filter(|(route, _)| is_raw(route)) {
            let Some(at) = route.address else { continue };
            wanted.insert(at);
            let route = Arc::make_mut(route);
            match self.open(router, at) {
                Ok(at) => route.url = Some(at.to_string()),
                Err(error) => route.note = Some(format!("{error}: wharf route add it anew for another")),
            }
        }
        let closed: Vec<SocketAddr> =
            self.sockets().open.keys().filter(|at| !wanted.contains(at)).copied().collect();
        closed.into_iter().for_each(|at| self.close(router, at));
    }

    /// Closes the socket at an address.
    pub(crate) fn close(&self, router: &Router, at: SocketAddr) {
        if self.sockets().open.remove(&at).is_some() {
            router.shut(at);
        }
    }

    /// Opens one, unless there is one already. Returns where it is.
    fn open(&self, router: &Router, at: SocketAddr) -> io::Result<SocketAddr> {
        let mut sockets = self.sockets();
        if sockets.open.contains_key(&at) {
            return Ok(at);
        }
        let listener = entrance::open_at(at)?;
        let at = listener.local_addr()?;
        if sockets.lets_in {
            let_in(router, &listener);
        }
        sockets.open.insert(at, listener);
        Ok(at)
    }

    fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a route is for raw TCP.
pub(crate) fn is_raw(route: &Route) -> bool {
    route.upstream.protocol == UpstreamProtocol::Tcp
}

fn let_in(router: &Router, listener: &TcpListener) {
    // Out of descriptors otherwise: it is served after the next restart.
    if let Ok(twin) = listener.try_clone() {
        router.let_in(twin, Purpose::Tcp);
    }
}
