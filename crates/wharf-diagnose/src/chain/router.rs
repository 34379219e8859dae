//! wharf's own router: the route that a request falls to, and its upstream.

use wharf_model::route::{Route, Target, UpstreamProtocol};

use super::{Asked, Goal, Lead, Speaks};
use crate::facts::chain::Forwarder;

/// Returns where the router leads what was asked, by its routes; `None` if none is for that host.
pub(crate) fn lead(routes: &[Route], asked: &Asked<'_>) -> Option<Lead> {
    let fits = |route: &&Route| match (&route.address, &route.path) {
        (Some(address), _) => *address == asked.address,
        (None, _) if !is_of(route, asked.host) => false,
        (None, None) => true,
        (None, Some(own)) => {
            let rest = asked.path.strip_prefix(own.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
    };
    // The very name before a wildcard, then the longest path.
    let length = |route: &&Route| {
        (route.host.eq_ignore_ascii_case(asked.host), route.path.as_ref().map_or(0, String::len))
    };
    let route = routes.iter().filter(fits).max_by_key(length)?;
    let speaks = match route.upstream.protocol {
        UpstreamProtocol::Http => Speaks::Http,
        UpstreamProtocol::Https => Speaks::Https,
        UpstreamProtocol::H2c => Speaks::Other,
        UpstreamProtocol::Tcp => Speaks::Same,
    };
    let goal = match &route.upstream.target {
        Target::Port(port) => Goal::Tcp("localhost".to_owned(), *port, speaks),
        Target::Address(address) => Goal::Tcp(address.ip().to_string(), address.port(), speaks),
        Target::Unix(path) => Goal::Unix(path.into()),
    };
    let known_by =
        format!("route {}{} (wharf route ls)", route.host, route.path.as_deref().unwrap_or_default());
    Some(Lead { kind: Forwarder::Wharf, ways: vec![goal], known_by })
}

fn is_of(route: &Route, host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below = || host.strip_suffix(&route.host).is_some_and(|rest| rest.ends_with('.'));
    host == route.host || route.wildcard && below()
}

#[cfg(test)]
mod tests {
    use wharf_model::route::{Route, RouteOrigin, Upstream};

    use super::super::{Asked, Goal, Speaks};
    use super::lead;

    fn route(path: Option<&str>, upstream: &str) -> Route {
        Route {
            host: "shop.localhost".to_owned(),
            path: path.map(str::to_owned),
            strip: false,
            wildcard: false,
            upstream: upstream.parse::<Upstream>().unwrap(),
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

    #[test]
    fn the_longest_path_leads() {
        let routes = [route(None, "3000"), route(Some("/api"), "http://127.0.0.1:4000")];
        let to = |path| {
            let asked = Asked { address: "127.0.0.1:8443".parse().unwrap(), host: "shop.localhost", path };
            lead(&routes, &asked).map(|lead| lead.ways[0].clone())
        };
        let goal = |host: &str, port| Some(Goal::Tcp(host.to_owned(), port, Speaks::Http));
        assert_eq!(to("/x"), goal("localhost", 3000));
        assert_eq!((to("/api"), to("/api/x")), (goal("127.0.0.1", 4000), goal("127.0.0.1", 4000)));
        assert_eq!(to("/apix"), goal("localhost", 3000));
        let other = Asked { address: "127.0.0.1:8443".parse().unwrap(), host: "x.localhost", path: "/" };
        assert_eq!(lead(&routes, &other), None);
    }
}
