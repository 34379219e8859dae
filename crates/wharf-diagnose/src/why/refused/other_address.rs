//! The server listens at another address of this machine, or is tied to another interface.

use std::net::SocketAddr;

use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::Listener;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// At another address.
pub(super) const ADDRESS: Cause = Cause {
    code: "listens-on-other-address",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens at another address of this machine",
    symptom: "`Connection refused` at 127.0.0.1, while the server runs.",
    evidence: "There are listeners at the port, and none of their addresses is the one that was asked for, or a wildcard: \
               a network address, a bridge's, or another of 127.0.0.0/8.",
    fix: "Ask for the address that it listens at, or start it at 127.0.0.1 (or `localhost`).",
    proof: Proof::Reproduced,
    privilege: None,
    rule: other_address,
};

/// Tied to a device.
pub(super) const DEVICE: Cause = Cause {
    code: "bound-to-device",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server is tied to one network interface",
    symptom: "`Connection refused` by loopback, while the server can be reached by that interface.",
    evidence: "The listener has a device (SO_BINDTODEVICE; ss writes `0.0.0.0%eth0:80`), which is not `lo`.",
    fix: "Take the option away (`interface`, `--interface`, `BindToDevice=`), or tie the server to `lo`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: device,
};

fn device(facts: &Facts) -> Opinion {
    let Some(asked) = unserved(facts) else { return Opinion::Aside };
    let tied = |listener: &Listener| listener.device.as_deref().is_some_and(|name| name != "lo");
    match find(facts, &tied) {
        None => ruled_out("no listener is tied to a device"),
        Some((detail, listener)) => {
            let name = listener.device.as_deref().unwrap_or_default();
            let port = detail.endpoint.port;
            Finding::new(format!(
                "{} is tied to the interface {name}; {asked} comes by lo",
                who(&detail.endpoint)
            ))
            .saw("listener", format!("{}%{name}:{port}", listener.address))
            .saw_not(format!("sock_diag for {asked}"), "no listener", "a socket in LISTEN")
            .advise("start the server without that interface, or ask by it")
            .into()
        }
    }
}

fn other_address(facts: &Facts) -> Opinion {
    let Some(asked) = unserved(facts) else { return Opinion::Aside };
    let elsewhere = |listener: &Listener| {
        let ip = listener.address.to_canonical();
        listener.device.is_none()
            && !ip.is_unspecified()
            // The two loopback addresses of everybody are the matter of `other_family`.
            && (!ip.is_loopback() || ip.is_ipv4() == asked.is_ipv4())
    };
    match find(facts, &elsewhere) {
        None => ruled_out("no listener has another address"),
        Some((detail, listener)) => {
            let at = SocketAddr::new(listener.address, detail.endpoint.port);
            Finding::new(format!("{} listens at {at} only, not at {asked}", who(&detail.endpoint)))
                .saw("listener", at.to_string())
                .saw_not(format!("sock_diag for {asked}"), "no listener", "a socket in LISTEN")
                .advise(format!("ask for {at}, or start the server at 127.0.0.1"))
                .into()
        }
    }
}

/// Returns the first address that the client asks for, if none has a listener.
fn unserved(facts: &Facts) -> Option<SocketAddr> {
    let asked = *facts.addresses.first()?;
    (!facts.reached.is_empty() && !facts.is_listened_at() && !facts.is_led_astray()).then_some(asked)
}

fn find<'a>(
    facts: &'a Facts,
    is_it: &dyn Fn(&Listener) -> bool,
) -> Option<(&'a EndpointDetail, &'a Listener)> {
    facts.listening().find_map(|detail| {
        let listener = detail.endpoint.listeners.iter().find(|listener| is_it(listener))?;
        Some((detail, listener))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn another_address_is_named() {
        for listener in ["127.0.0.2:3000", "192.168.1.9:3000"] {
            let told = asked("localhost:3000").listener(listener).refused().judged();
            assert_eq!(told.causes(), ["listens-on-other-address"], "{listener}");
            assert!(told.diagnosis.summary.contains(listener));
        }
    }

    #[test]
    fn a_device_comes_before_the_address() {
        let told = asked("127.0.0.1:3000")
            .refused()
            .listener("0.0.0.0:3000")
            .with(|facts| {
                facts.reached[0].socket = None;
                let port = facts.port.as_mut().unwrap();
                port.endpoints[0].endpoint.listeners[0].device = Some("eth0".to_owned());
            })
            .judged();
        assert_eq!(told.causes(), ["bound-to-device"]);
    }

    #[test]
    fn the_other_family_is_not_another_address() {
        let told = asked("127.0.0.1:3000").listener("[::1]:3000").refused().judged();
        assert_eq!(told.causes(), ["listens-on-ipv6-only"]);
    }
}
