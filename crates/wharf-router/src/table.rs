//! The table of routes: which place a host and a path lead to.
//!
//! A change is made in place and lets all others be: requests under way keep the place that they have. Not here: where the
//! routes come from (the daemon), and how a place is reached ([`crate::upstream`]).

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use wharf_model::route::{Route, UpstreamProtocol};

/// What a route leads to, with what has become of its requests.
#[derive(Debug)]
pub(crate) struct Place {
    /// Another for each place that ever was.
    pub(crate) id: u64,
    /// Shared with whoever keeps it beyond the router.
    pub(crate) route: Arc<Route>,
    pub(crate) readiness: Readiness,
    /// From the first request on.
    pub(crate) stats: OnceLock<Box<Stats>>,
    /// Inode of the listener that was connected to last; 0 before.
    pub(crate) listener: AtomicU32,
}

impl Place {
    /// Returns whether its upstream is spoken to with TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.route.upstream.protocol == UpstreamProtocol::Https
    }

    /// Returns whether it is for raw TCP.
    pub(crate) fn is_raw(&self) -> bool {
        self.route.upstream.protocol == UpstreamProtocol::Tcp
    }
}

/// Whether an upstream may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It may.
    Ready,
    /// It is starting: whoever asks waits for it.
    Starting,
}

/// What has become of the requests of a place.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// By the first digit of the status code; 0 for those without one.
    pub(crate) requests: [AtomicU64; 6],
    pub(crate) bytes: AtomicU64,
    pub(crate) microseconds: AtomicU64,
}

impl Stats {
    /// Counts a request.
    pub(crate) fn count(&self, status: Option<u16>, bytes: u64, microseconds: u64) {
        let class = status.map_or(0, |status| usize::from(status / 100).min(5));
        self.requests[class].fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }
}

/// The routes.
#[derive(Debug, Default)]
pub(crate) struct Table {
    hosts: HashSet<Host>,
    /// Those for raw TCP, by the address at which it comes in.
    addresses: HashMap<SocketAddr, Arc<Place>>,
    /// How many are for raw TCP.
    raw: usize,
    next: u64,
}

/// The places of a host, found by its name: those with the longest paths first. Nearly all have one.
#[derive(Debug)]
struct Host {
    first: Arc<Place>,
    more: Option<Box<[Arc<Place>]>>,
}

impl Host {
    fn of(mut places: Vec<Arc<Place>>) -> Option<Self> {
        places.sort_by_key(|place| std::cmp::Reverse(place.route.path.as_ref().map_or(0, String::len)));
        let mut places = places.into_iter();
        let first = places.next()?;
        let more = Some(places.collect::<Box<[_]>>()).filter(|more| !more.is_empty());
        Some(Self { first, more })
    }

    fn places(&self) -> impl Iterator<Item = &Arc<Place>> + Clone {
        std::iter::once(&self.first).chain(self.more.iter().flatten())
    }
}

impl Borrow<str> for Host {
    fn borrow(&self) -> &str {
        &self.first.route.host
    }
}

impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.first.route.host.as_str().hash(state);
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.first.route.host == other.first.route.host
    }
}

impl Eq for Host {}

impl Table {
    /// Returns the place for a host and a path.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Arc<Place>> {
        if let Some(host) = self.hosts.get(host) {
            return host.places().find(|place| leads(&place.route, path));
        }
        let mut rest = host;
        while let Some((_, parent)) = rest.split_once('.') {
            let mut found = self.hosts.get(parent).into_iter().flat_map(Host::places);
            if let Some(place) = found.find(|place| place.route.wildcard && leads(&place.route, path)) {
                return Some(place);
            }
            rest = parent;
        }
        None
    }

    /// Returns the place of the route for exactly this host and path.
    pub(crate) fn exact(&self, host: &str, path: Option<&str>) -> Option<&Arc<Place>> {
        self.hosts.get(host)?.places().find(|place| place.route.path.as_deref() == path)
    }

    /// Returns the place of what comes in at an address of its own.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<&Arc<Place>> {
        self.addresses.get(&address)
    }

    /// Returns whether any route is for raw TCP.
    pub(crate) fn has_raw(&self) -> bool {
        self.raw > 0
    }

    /// Returns whether there is any route for a host.
    pub(crate) fn knows(&self, host: &str) -> bool {
        self.hosts.contains(host) || self.find(host, "/").is_some()
    }

    /// Puts a route where none is, or another was. Returns whether that changed anything.
    pub(crate) fn put(&mut self, route: Arc<Route>, readiness: Readiness) -> bool {
        let known = self.exact(&route.host, route.path.as_deref());
        if known.is_some_and(|place| place.route == route && place.readiness == readiness) {
            return false;
        }
        self.remove(&route.host, route.path.as_deref());
        self.next += 1;
        let place = Arc::new(Place {
            id: self.next,
            route,
            readiness,
            stats: OnceLock::new(),
            listener: AtomicU32::new(0),
        });
        if place.is_raw() {
            self.raw += 1;
            if let Some(address) = place.route.address {
                self.addresses.insert(address, Arc::clone(&place));
            }
        }
        let others = self.hosts.take(place.route.host.as_str());
        let all = others.iter().flat_map(Host::places).cloned().chain([place]).collect();
        self.hosts.extend(Host::of(all));
        true
    }

    /// Takes a route away.
    pub(crate) fn remove(&mut self, host: &str, path: Option<&str>) -> bool {
        let Some(places) = self.hosts.take(host) else { return false };
        let (gone, left): (Vec<_>, Vec<_>) =
            places.places().cloned().partition(|place| place.route.path.as_deref() == path);
        self.hosts.extend(Host::of(left));
        for gone in gone.iter().filter(|gone| gone.is_raw()) {
            self.raw -= 1;
            if let Some(address) = gone.route.address
                && self.addresses.get(&address).is_some_and(|place| place.id == gone.id)
            {
                self.addresses.remove(&address);
            }
        }
        !gone.is_empty()
    }

    /// Has these routes and no others. Returns whether that changed anything.
    pub(crate) fn set(&mut self, routes: &[(Arc<Route>, Readiness)]) -> bool {
        let mut has_changed = false;
        for (route, readiness) in routes {
            has_changed |= self.put(Arc::clone(route), *readiness);
        }
        let wanted: HashSet<(&str, Option<&str>)> =
            routes.iter().map(|(route, _)| (route.host.as_str(), route.path.as_deref())).collect();
        let is_gone =
            |place: &&Arc<Place>| !wanted.contains(&(&*place.route.host, place.route.path.as_deref()));
        let gone: Vec<Arc<Place>> =
            self.hosts.iter().flat_map(Host::places).filter(is_gone).cloned().collect();
        for gone in &gone {
            self.remove(&gone.route.host, gone.route.path.as_deref());
        }
        has_changed | !gone.is_empty()
    }

    /// Returns all places, by host.
    pub(crate) fn all(&self) -> Vec<Arc<Place>> {
        let mut all: Vec<Arc<Place>> = self.hosts.iter().flat_map(Host::places).cloned().collect();
        all.sort_by(|one, other| {
            (&one.route.host, &one.route.path).cmp(&(&other.route.host, &other.route.path))
        });
        all
    }
}

/// Returns whether a route is for a path, which may have a query.
fn leads(route: &Route, path: &str) -> bool {
    let Some(prefix) = &route.path else { return true };
    path.strip_prefix(prefix.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Returns the target that the upstream of a route is told.
pub(crate) fn target<'a>(route: &Route, target: &'a str) -> std::borrow::Cow<'a, str> {
    let prefix = route.path.as_deref().filter(|_| route.strip).map(|prefix| prefix.trim_end_matches('/'));
    match prefix.and_then(|prefix| target.strip_prefix(prefix)) {
        Some(rest) if rest.starts_with('/') => rest.into(),
        Some(rest) => format!("/{rest}").into(),
        None => target.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wharf_model::route::{Route, RouteOrigin, Upstream};

    use super::{Readiness, Table, target};

    fn route(host: &str, path: Option<&str>, port: u16) -> Route {
        Route {
            host: host.to_owned(),
            path: path.map(str::to_owned),
            strip: false,
            wildcard: false,
            upstream: Upstream::http(port),
            starting: false,
            url: None,
            address: None,
            note: None,
            name: None,
            origin: RouteOrigin::Added,
            process: None,
            uid: None,
        }
    }

    fn port(table: &Table, host: &str, path: &str) -> Option<u16> {
        table.find(host, path)?.route.upstream.port()
    }

    #[test]
    fn the_longest_path_and_the_nearest_name_win() {
        let mut table = Table::default();
        table.put(Arc::new(route("shop.localhost", None, 1)), Readiness::Ready);
        table.put(Arc::new(route("shop.localhost", Some("/api"), 2)), Readiness::Ready);
        table.put(Arc::new(route("shop.localhost", Some("/api/v2/"), 3)), Readiness::Ready);
        table.put(Arc::new(Route { wildcard: true, ..route("any.localhost", None, 4) }), Readiness::Ready);
        table.put(Arc::new(route("own.any.localhost", Some("/only"), 5)), Readiness::Ready);
        for (host, path, expected) in [
            ("shop.localhost", "/", Some(1)),
            ("shop.localhost", "/apis", Some(1)),
            ("shop.localhost", "/api?x", Some(2)),
            ("shop.localhost", "/api/v1", Some(2)),
            ("shop.localhost", "/api/v2", Some(3)),
            ("shop.localhost", "/api/v2/x", Some(3)),
            ("x.shop.localhost", "/", None),
            ("localhost", "/", None),
            ("any.localhost", "/", Some(4)),
            ("a.b.any.localhost", "/", Some(4)),
            ("own.any.localhost", "/only", Some(5)),
            ("own.any.localhost", "/", None),
        ] {
            assert_eq!(port(&table, host, path), expected, "{host}{path}");
        }
        assert!(
            table.knows("own.any.localhost") && table.knows("z.any.localhost") && !table.knows("evil.test")
        );
    }

    #[test]
    fn what_does_not_change_stays_the_place_that_it_was() {
        let mut table = Table::default();
        let all = || {
            vec![
                (Arc::new(route("a.localhost", None, 1)), Readiness::Ready),
                (Arc::new(route("b.localhost", None, 2)), Readiness::Ready),
            ]
        };
        assert!(table.set(&all()));
        let id = |table: &Table, host| table.find(host, "/").unwrap().id;
        let before = id(&table, "a.localhost");
        assert!(!table.set(&all()));
        assert_eq!(id(&table, "a.localhost"), before);
        assert!(table.put(Arc::new(route("b.localhost", None, 3)), Readiness::Ready));
        assert!(table.set(&[(Arc::new(route("a.localhost", None, 1)), Readiness::Ready)]));
        assert_eq!((table.all().len(), id(&table, "a.localhost")), (1, before));
        assert!(table.remove("a.localhost", None) && !table.remove("a.localhost", None));
    }

    #[test]
    fn a_part_of_the_path_can_be_kept_from_the_upstream() {
        let strip = Route { strip: true, ..route("a", Some("/api"), 1) };
        for (asked, told) in [("/api/x?y", "/x?y"), ("/api", "/"), ("/api?x", "/?x")] {
            assert_eq!(target(&strip, asked), told);
        }
        assert_eq!(target(&route("a", Some("/api"), 1), "/api/x"), "/api/x");
    }
}
