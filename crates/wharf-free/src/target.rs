//! What a person wants to be free: a port, an address with a port, or what a name means.
//!
//! Not here: what has it ([`crate::gather`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wharf_catalog::conflict::conflicts;
use wharf_model::endpoint::Endpoint;
use wharf_model::filter::Filter;
use wharf_model::lease::LeaseName;

/// Returns the addresses that are to be bindable, for a target that is a port or an address.
pub(crate) fn addresses(filter: &Filter) -> Vec<SocketAddr> {
    let (ips, port) = match filter {
        Filter::Address(ips, port) => (ips.clone(), port.get()),
        Filter::Port(port) => (EVERYWHERE.to_vec(), port.get()),
        _ => return Vec::new(),
    };
    ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}

/// Returns whether `endpoint` keeps a server from binding one of `addresses`.
pub(crate) fn is_in_the_way(endpoint: &Endpoint, addresses: &[SocketAddr]) -> bool {
    let mut listeners = endpoint.listeners.iter();
    endpoint.netns.own
        && listeners.any(|it| keeps_from(addresses, SocketAddr::new(it.address, endpoint.port), it.v6_only))
}

/// Returns whether a socket at `held` keeps a server from binding one of `addresses`.
pub(crate) fn keeps_from(addresses: &[SocketAddr], held: SocketAddr, v6_only: Option<bool>) -> bool {
    let mut of_port = addresses.iter().filter(|address| address.port() == held.port());
    of_port.any(|address| conflicts(address.ip(), held.ip(), v6_only))
}

/// Returns whether `word` is a whole name of wharf's, or its service.
pub(crate) fn is_called(name: &LeaseName, word: &str) -> bool {
    name.to_string().eq_ignore_ascii_case(word) || name.service.eq_ignore_ascii_case(word)
}

/// Returns whether `word` names `endpoint` exactly: its run, its container, its compose service, its unit.
pub(crate) fn is_exactly(endpoint: &Endpoint, word: &str) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(word);
    let container = endpoint.container.as_ref().is_some_and(|container| {
        container.name.as_deref().is_some_and(same)
            || container.compose_service.as_deref().is_some_and(same)
            || word.len() >= SHORTEST_ID && container.id.starts_with(word)
    });
    let unit = endpoint
        .unit
        .as_ref()
        .is_some_and(|unit| same(&unit.name) || unit.name.strip_suffix(".service").is_some_and(same));
    let run = endpoint
        .run
        .as_ref()
        .is_some_and(|run| same(&run.name) || run.name.split('.').next().is_some_and(same));
    container || unit || run
}

/// What servers bind, who do not say an address: each is tried.
const EVERYWHERE: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// Fewer hex digits of a container's id are a word, or a coincidence.
const SHORTEST_ID: usize = 4;
