//! The loopback interface lacks its address.

use std::net::SocketAddr;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::network::destination;
use crate::facts::{Facts, Symptom, symptom_of};

/// 127.0.0.1 was removed from lo.
pub(super) const CAUSE: Cause = Cause {
    code: "loopback-address-missing",
    group: Group::Errors,
    layer: Layer::Network,
    title: "The loopback interface has lost its address",
    symptom: "`Network is unreachable` (ENETUNREACH) for 127.0.0.1, `Cannot assign requested address` (EADDRNOTAVAIL) for \
              ::1; or no answer, where another interface has a default route.",
    evidence: "lo is up, and none of its addresses (RTM_GETADDR) is, or covers, the one that is asked for.",
    fix: "Give it back: `ip addr add 127.0.0.1/8 dev lo`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let failing = |to: &SocketAddr| {
        let outcome = facts.attempts.iter().find(|it| it.to == *to).map(symptom_of);
        outcome.is_some_and(|it| !matches!(it, Symptom::Connected | Symptom::Refused))
    };
    let loopback = facts.addresses.iter().filter(|to| destination(**to).is_loopback());
    let Some(to) = loopback.copied().find(failing) else { return Opinion::Aside };
    let Some(lo) = facts.network.links.iter().find(|link| link.is_loopback) else { return Opinion::Aside };
    let ip = destination(to);
    let is_v6_off = facts.network.ipv6.is_some_and(|it| it.is_absent || it.is_off || it.is_off_on_loopback);
    if !lo.is_up || ip.is_ipv6() && is_v6_off {
        return Opinion::Aside;
    }
    if lo.covers(ip) {
        return ruled_out(format!("{} has an address for {ip}", lo.name));
    }
    let has = match lo.addresses.as_slice() {
        [] => "no address at all".to_owned(),
        some => some.iter().map(|(ip, length)| format!("{ip}/{length}")).collect::<Vec<_>>().join(", "),
    };
    let address = if ip.is_ipv4() { "127.0.0.1/8".to_owned() } else { format!("{ip}/128") };
    Finding::new(format!("{ip} was removed from the loopback interface {}", lo.name))
        .saw_not("RTM_GETADDR", format!("{} has {has}", lo.name), address.clone())
        .command("give it back", format!("ip addr add {address} dev {}", lo.name))
        .as_root()
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;
    use crate::why::testing::lo;

    #[test]
    fn an_address_that_lo_lacks_is_missed() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::NETUNREACH);
        let told = told.with(|facts| facts.network.links = vec![lo(true, &[("::1", 128)])]).judged();
        assert_eq!(told.causes(), ["loopback-address-missing"]);
    }

    #[test]
    fn the_whole_network_is_local() {
        let told = asked("127.5.5.5:7777").listener("127.5.5.5:7777").fails(Errno::NETUNREACH);
        let told = told.with(|facts| facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])]).judged();
        assert!(told.is_ruled_out("loopback-address-missing"));
    }

    #[test]
    fn an_interface_that_is_down_is_another_matter() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::NETUNREACH);
        let told = told.with(|facts| facts.network.links = vec![lo(false, &[])]).judged();
        assert!(!told.causes().contains(&"loopback-address-missing"));
    }
}
