//! A route denies the way, or the route of loopback is gone.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::routes::{LOCAL, Way};

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::network::destination;

/// `ip route` with blackhole, unreachable or prohibit, or a table local that lacks an own address.
pub(super) const CAUSE: Cause = Cause {
    code: "route-blocks",
    group: Group::Errors,
    layer: Layer::Network,
    title: "A route denies the way",
    symptom: "`Invalid argument` (EINVAL) for blackhole, `No route to host` (EHOSTUNREACH) for unreachable, `Permission \
              denied` (EACCES) for prohibit, `Network is unreachable` (ENETUNREACH) where there is none; at once.",
    evidence: "The kernel answers the same error when it is asked for the route (RTM_GETROUTE), and its tables have a route of \
               that kind for the address, or none at all for one of its own.",
    fix: "Delete the route: `ip route del`; or bring back the one that is missing.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let failed = |way: &&Way| {
        let is_denied = way.route.as_ref().map_or(true, |route| DENYING.contains(&route.kind));
        let fails = |it: &wharf_os::examine::attempt::Attempt| {
            destination(it.to) == way.to && it.outcome != Outcome::Connected
        };
        facts.attempts.iter().any(fails) && (is_denied || is_misled(facts, way))
    };
    let Some(way) = facts.network.ways.iter().find(failed) else { return Opinion::Aside };
    let said = match &way.route {
        Err(errno) => format!("{errno} for {}", way.to),
        Ok(route) => format!("a route of kind {} for {}", route.kind_name(), way.to),
    };
    let family = if way.to.is_ipv6() { "-6 " } else { "" };
    if let Some(route) = way.denying_routes.first() {
        let to = route.to.map_or_else(|| "default".to_owned(), |(ip, length)| format!("{ip}/{length}"));
        let (kind, table) = (route.kind_name(), route.table_name());
        return Finding::new(format!("route `{kind} {to}` in table {table} denies the way to {}", way.to))
            .saw("RTM_GETROUTE", said)
            .saw(format!("ip {family}route show table {table}"), format!("{kind} {to}"))
            .command("delete the route", format!("ip {family}route del {kind} {to} table {table}"))
            .as_root()
            .into();
    }
    if way.to.is_loopback() && has_address(facts, way) {
        let network = if way.to.is_ipv4() { "127.0.0.0/8" } else { "::1" };
        return Finding::new(format!("table local has no route to {}, an address of lo", way.to))
            .saw_not("RTM_GETROUTE", said, format!("local {} dev lo", way.to))
            .saw("RTM_GETADDR", "lo is up and has the address")
            .command("bring it back", format!("ip {family}route add local {network} dev lo table local"))
            .as_root()
            .into();
    }
    ruled_out("no route denies the address")
}

/// Returns whether packets to an own loopback address would go out by another interface.
fn is_misled(facts: &Facts, way: &Way) -> bool {
    way.to.is_loopback()
        && has_address(facts, way)
        && way.route.as_ref().is_ok_and(|route| route.kind != LOCAL && route.kind != 0)
}

fn has_address(facts: &Facts, way: &Way) -> bool {
    facts.network.links.iter().any(|link| link.is_loopback && link.is_up && link.covers(way.to))
}

const DENYING: [u8; 3] = [6, 7, 8];

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::routes::{LOCAL, Route, Way};

    use crate::testing::asked;
    use crate::why::testing::{lo, way};

    #[test]
    fn a_route_that_denies_is_named() {
        let to = Some(("127.0.0.1".parse().unwrap(), 32));
        let route = Route { kind: 6, to, table: 255, ..Route::default() };
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::INVAL).with(|facts| {
            let denying_routes = vec![route];
            facts.network.ways = vec![Way { denying_routes, ..way("127.0.0.1", Err(Errno::INVAL)) }];
        });
        let told = told.judged();
        assert_eq!(told.causes(), ["route-blocks"]);
        assert!(told.diagnosis.causes[0].text.contains("`blackhole 127.0.0.1/32` in table local"));
    }

    #[test]
    fn a_route_that_is_gone_is_missed() {
        let told =
            asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::NETUNREACH).with(|facts| {
                facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
                facts.network.ways = vec![way("127.0.0.1", Err(Errno::NETUNREACH))];
            });
        assert_eq!(told.judged().causes(), ["route-blocks"]);
    }

    #[test]
    fn a_local_route_has_nothing_to_do_with_it() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs().with(|facts| {
            facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
            let local = Route { kind: LOCAL, ..Route::default() };
            facts.network.ways = vec![way("127.0.0.1", Ok(local))];
        });
        assert!(!told.judged().causes().contains(&"route-blocks"));
    }
}
