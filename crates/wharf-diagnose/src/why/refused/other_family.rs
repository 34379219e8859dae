//! The server listens for the other of IPv4 and IPv6: three causes that differ in why.
//!
//! Not here: which of both a name leads to first (`names`).

use std::net::IpAddr;

use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::Listener;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// The server listens at ::1, or another IPv6 address, and the client comes by IPv4.
pub(super) const IPV6_ONLY: Cause = Cause {
    code: "listens-on-ipv6-only",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens on IPv6 only",
    symptom: "`127.0.0.1` is refused, `[::1]` works.",
    evidence: "The only listener at the port has an IPv6 address such as ::1.",
    fix: "Ask for `[::1]`, or for a name that leads to both, or start the server with 127.0.0.1.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: ipv6_only,
};

/// The server listens at [::] and has turned IPv4 off.
pub(super) const V6ONLY_OPTION: Cause = Cause {
    code: "ipv6-wildcard-without-ipv4",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens on all IPv6 addresses, and has turned IPv4 off",
    symptom: "`127.0.0.1` is refused, `[::1]` works, though the server says that it listens on everything.",
    evidence: "The listener is at [::] with IPV6_V6ONLY set: by the program, or by net.ipv6.bindv6only.",
    fix: "Turn the option off (in Node: `ipv6Only: false`), or listen at 0.0.0.0 too.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: v6only_option,
};

/// The server listens on IPv4, and the client comes by IPv6 alone.
pub(super) const IPV4_ONLY: Cause = Cause {
    code: "listens-on-ipv4-only",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens on IPv4 only",
    symptom: "`[::1]` is refused, `127.0.0.1` works. A client that tries only the first address of `localhost` fails.",
    evidence: "The only listener at the port has an IPv4 address, 0.0.0.0 included, which never serves ::1.",
    fix: "Ask for `127.0.0.1`, or start the server at `::` (both) or `::1`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: ipv4_only,
};

fn ipv6_only(facts: &Facts) -> Opinion {
    let Some(looked) = looked_for(facts, IpAddr::is_ipv4) else { return Opinion::Aside };
    let reaches = |listener: &Listener| {
        listener.address.is_ipv6() && (listener.address.is_loopback() || listener.address.is_unspecified())
    };
    match find(facts, &reaches) {
        None => ruled_out("no listener has an IPv6 address"),
        Some((detail, listener)) => {
            let port = detail.endpoint.port;
            finding(detail, listener, looked)
                .advise(format!("ask for [::1]:{port}, or start the server with host 127.0.0.1"))
                .into()
        }
    }
}

fn v6only_option(facts: &Facts) -> Opinion {
    let Some(looked) = looked_for(facts, IpAddr::is_ipv4) else { return Opinion::Aside };
    let reaches = |listener: &Listener| listener.address.is_unspecified() && listener.v6_only == Some(true);
    match find(facts, &reaches) {
        None => ruled_out("no listener at [::] has IPV6_V6ONLY set"),
        Some((detail, listener)) => {
            let port = detail.endpoint.port;
            Finding::new(format!("{} listens at [::] with IPv4 turned off", who(&detail.endpoint)))
                .saw_not(format!("listener [{}]:{port}", listener.address), "IPV6_V6ONLY is set", "not set")
                .saw_not(format!("sock_diag for {looked}:{port}"), "no listener", "a socket in LISTEN")
                .advise(format!("turn the option off (Node: ipv6Only: false), or ask for [::1]:{port}"))
                .into()
        }
    }
}

fn ipv4_only(facts: &Facts) -> Opinion {
    let Some(looked) = looked_for(facts, IpAddr::is_ipv6) else { return Opinion::Aside };
    let reaches = |listener: &Listener| {
        listener.address.is_ipv4() && (listener.address.is_loopback() || listener.address.is_unspecified())
    };
    match find(facts, &reaches) {
        None => ruled_out("no listener has an IPv4 address"),
        Some((detail, listener)) => {
            let port = detail.endpoint.port;
            finding(detail, listener, looked)
                .advise(format!("ask for 127.0.0.1:{port}, or start the server at :: (both families)"))
                .into()
        }
    }
}

/// Returns the address that the client asks for, if all are of that family and none has a listener.
fn looked_for(facts: &Facts, is_family: fn(&IpAddr) -> bool) -> Option<IpAddr> {
    let looked = facts.addresses.first()?.ip();
    let fits = facts.is_loopback() && facts.addresses.iter().all(|address| is_family(&address.ip()));
    (fits && !facts.reached.is_empty() && !facts.is_listened_at() && !facts.is_led_astray()).then_some(looked)
}

fn find<'a>(
    facts: &'a Facts,
    reaches: &dyn Fn(&Listener) -> bool,
) -> Option<(&'a EndpointDetail, &'a Listener)> {
    facts.listening().find_map(|detail| {
        let mut listeners = detail.endpoint.listeners.iter().filter(|listener| listener.device.is_none());
        Some((detail, listeners.find(|listener| reaches(listener))?))
    })
}

fn finding(detail: &EndpointDetail, listener: &Listener, looked: IpAddr) -> Finding {
    let endpoint = &detail.endpoint;
    let (own, other) = if looked.is_ipv4() { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let bracketed = |ip: IpAddr| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    let at = format!("{}:{}", bracketed(listener.address), endpoint.port);
    Finding::new(format!("{} listens at {at}, by {own} only; {looked} is {other}", who(endpoint)))
        .saw_not(
            format!("sock_diag for {}:{}", bracketed(looked), endpoint.port),
            "no listener",
            "a socket in LISTEN",
        )
        .saw("listener", at)
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn each_family_lacks_the_other() {
        for (target, listener, code) in [
            ("127.0.0.1:3000", "[::1]:3000", "listens-on-ipv6-only"),
            ("[::1]:3000", "127.0.0.1:3000", "listens-on-ipv4-only"),
            ("[::1]:3000", "0.0.0.0:3000", "listens-on-ipv4-only"),
        ] {
            assert_eq!(asked(target).listener(listener).refused().judged().causes(), [code], "{target}");
        }
    }

    #[test]
    fn the_wildcard_without_ipv4_is_told_from_one_address() {
        let told = asked("127.0.0.1:3000")
            .refused()
            .listener("[::]:3000")
            .with(|facts| {
                facts.reached[0].socket = None;
                let port = facts.port.as_mut().unwrap();
                port.endpoints[0].endpoint.listeners[0].v6_only = Some(true);
            })
            .judged();
        assert_eq!(told.causes(), ["ipv6-wildcard-without-ipv4"]);
    }

    #[test]
    fn a_name_that_leads_to_both_is_reached() {
        let told = asked("localhost:3000").listener("[::1]:3000").connected().judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
