//! Which address of loopback a project has for raw TCP, and at which port a service is looked for there.
//!
//! A pure rule. Not here: the sockets ([`crate::raw`]); decision 26 tells why it is so.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use wharf_model::route::Route;

/// A project, or one of its work trees, as far as addresses go: what stands behind the first label of a host.
pub(crate) fn project<'a>(host: &'a str, domains: &[String]) -> &'a str {
    let is_within = |domain: &&String| {
        host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let domain = domains.iter().filter(is_within).map(String::len).max().unwrap_or_default();
    let name = host[..host.len() - domain].trim_end_matches('.');
    name.split_once('.').map_or(name, |(_, project)| project)
}

/// Returns the addresses that a route for `host` may have, the first of which is the one that its project has, or should
/// have: not those of other projects, as far as `known` routes tell.
pub(crate) fn candidates(
    host: &str,
    known: &[Arc<Route>],
    domains: &[String],
) -> impl Iterator<Item = Ipv4Addr> {
    let own = project(host, domains).to_owned();
    let (mut first, mut others) = (None, Vec::new());
    for route in known {
        let Some(IpAddr::V4(address)) = route.address.map(|at| at.ip()) else { continue };
        if project(&route.host, domains) == own {
            first.get_or_insert(address);
        } else {
            others.push(address);
        }
    }
    let hash = hash(&own);
    let further = (0..TRIES).map(move |number| address(hash.wrapping_add(number)));
    let all = first.into_iter().chain(further.filter(move |it| first != Some(*it)));
    all.filter(move |it| !others.contains(it))
}

/// Returns whether an address is one that a project may have.
pub(crate) fn is_ours(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            first == 127 && (64..128).contains(&second)
        }
        IpAddr::V6(_) => false,
    }
}

/// Returns an address of 127.64.0.0/10 that does not end with 0 or 255.
fn address(hash: u32) -> Ipv4Addr {
    let octet = |value: u32| u8::try_from(value).unwrap_or_default();
    let (rest, last) = (hash / 254, hash % 254);
    let (rest, third) = (rest / 256, rest % 256);
    Ipv4Addr::new(127, octet(64 + rest % 64), octet(third), octet(1 + last))
}

/// FNV-1a: the same in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Addresses that are tried.
const TRIES: u32 = 16;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use wharf_model::route::{Route, RouteOrigin};

    use super::{candidates, is_ours, project};

    fn route(host: &str, address: Ipv4Addr) -> Arc<Route> {
        Arc::new(Route {
            host: host.to_owned(),
            path: None,
            strip: false,
            wildcard: false,
            upstream: "tcp://5432".parse().unwrap(),
            starting: false,
            url: None,
            address: Some((address, 5432).into()),
            note: None,
            name: None,
            origin: RouteOrigin::Added,
            process: None,
            uid: None,
        })
    }

    fn domains() -> Vec<String> {
        ["localhost", "shop.test"].map(str::to_owned).to_vec()
    }

    fn first(host: &str, known: &[Arc<Route>]) -> Ipv4Addr {
        candidates(host, known, &domains()).next().unwrap()
    }

    #[test]
    fn a_project_is_what_stands_behind_the_service() {
        for (host, expected) in [
            ("db.shop.localhost", "shop"),
            ("db.cart.shop.localhost", "cart.shop"),
            ("shop.localhost", "shop"),
            ("localhost", ""),
            ("db.shop.test", "db"),
            ("db.other.test", "other.test"),
        ] {
            assert_eq!(project(host, &domains()), expected, "{host}");
        }
    }

    #[test]
    fn a_project_has_one_address_whoever_asks_first() {
        let address = first("db.shop.localhost", &[]);
        assert_eq!(address, Ipv4Addr::new(127, 91, 22, 214), "it is the same in every version");
        assert_eq!(first("cache.shop.localhost", &[]), address);
        assert_ne!(first("db.cart.shop.localhost", &[]), address);
        // Another project has it already: the next.
        let other = [route("db.other.localhost", address)];
        let moved = first("db.shop.localhost", &other);
        assert_ne!(moved, address);
        // Who has one keeps it.
        let both = [other[0].clone(), route("db.shop.localhost", moved)];
        assert_eq!(first("cache.shop.localhost", &both), moved);
        assert_eq!(first("cache.shop.localhost", &both[1..]), moved);
    }

    #[test]
    fn addresses_are_within_their_range_and_apart() {
        let mut seen = HashSet::new();
        for number in 0..10_000 {
            for address in candidates(&format!("db.p{number}.localhost"), &[], &domains()) {
                let last = address.octets()[3];
                assert!(is_ours(address.into()) && last != 0 && last != 255, "{address}");
            }
            seen.insert(first(&format!("db.p{number}.localhost"), &[]));
        }
        assert!(seen.len() > 9_900, "{}", seen.len());
        for other in ["127.0.0.1", "127.0.0.53", "127.63.0.1", "127.128.0.1", "10.64.0.1", "::1"] {
            assert!(!is_ours(other.parse().unwrap()));
        }
    }
}
