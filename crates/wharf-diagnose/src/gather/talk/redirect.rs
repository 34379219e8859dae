//! Where an answer leads on to: one connection to it, if it is another port of this machine's loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use wharf_os::examine::attempt::{Outcome, attempt};

use crate::facts::Facts;
use crate::facts::names::is_localhost;
use crate::facts::talk::Redirect;
use crate::target::Target;

/// Follows the answer, once.
pub(super) fn follow(facts: &mut Facts) {
    let Some(target) = facts.target().cloned() else { return };
    let Some(http) = facts.talk.http.as_ref().filter(|http| (300..400).contains(&http.status)) else {
        return;
    };
    let Some(location) = http.field("location").map(str::to_owned) else { return };
    let to = place(&location, &target);
    let mut redirect = Redirect { location, to, attempt: None };
    if let Some(to) = &redirect.to {
        let is_same = (to.host(), to.port()) == (target.host(), target.port());
        for address in if is_same { Vec::new() } else { at_loopback(to) } {
            let (made, _) = attempt(address, PATIENCE);
            let connected = made.outcome == Outcome::Connected;
            redirect.attempt = Some(made);
            if connected {
                break;
            }
        }
    }
    facts.talk.redirect = Some(redirect);
}

/// Returns what a Location field names, if that is another place than the path of the same server.
fn place(location: &str, from: &Target) -> Option<Target> {
    let whole = match location.strip_prefix("//") {
        Some(rest) => format!("{}://{rest}", from.scheme.map_or("http", crate::target::Scheme::name)),
        None => location.to_owned(),
    };
    if !whole.starts_with("http://") && !whole.starts_with("https://") {
        return None;
    }
    Target::parse(&whole).ok()
}

fn at_loopback(to: &Target) -> Vec<SocketAddr> {
    let (Some(host), Some(port)) = (to.host(), to.port()) else { return Vec::new() };
    let addresses = match to.address() {
        Some(address) if address.to_canonical().is_loopback() => vec![address],
        None if is_localhost(host) => {
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        }
        _ => Vec::new(),
    };
    addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

/// On loopback a connection takes a tenth of a millisecond.
const PATIENCE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::{at_loopback, place};
    use crate::target::Target;

    #[test]
    fn a_location_is_another_place_or_not() {
        let from = Target::parse("http://localhost:3000/").unwrap();
        let to = |location| place(location, &from).map(|to| to.to_string());
        assert_eq!(to("/login"), None);
        assert_eq!(to("https://localhost:3443/x").as_deref(), Some("https://localhost:3443/x"));
        assert_eq!(to("//localhost:4000").as_deref(), Some("http://localhost:4000"));
        assert_eq!(to("mailto:x"), None);
        assert!(at_loopback(&Target::parse("http://example.com/").unwrap()).is_empty());
        assert_eq!(at_loopback(&Target::parse("http://shop.localhost:1/").unwrap()).len(), 2);
    }
}
