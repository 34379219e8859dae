//! Who can reach a socket, as its binding alone decides it. Firewalls are not judged here.

use std::net::IpAddr;

use wharf_model::endpoint::Exposure;

/// Returns the exposure of a socket bound to `address` and, where there is one, to `device`.
pub(crate) fn of(address: IpAddr, device: Option<&str>, own_namespace: bool) -> Exposure {
    let address = address.to_canonical();
    if !own_namespace {
        Exposure::Namespace
    } else if device == Some("lo") || address.is_loopback() {
        // A socket bound to the loopback device hears nothing else, whatever address it asked for.
        Exposure::Loopback
    } else if address.is_unspecified() && device.is_none() {
        Exposure::AllInterfaces
    } else {
        Exposure::Address
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::endpoint::Exposure;

    use super::of;

    #[test]
    fn the_binding_decides() {
        for (address, device, own, expected) in [
            ("127.0.0.1", None, true, Exposure::Loopback),
            ("127.9.8.7", None, true, Exposure::Loopback),
            ("::1", None, true, Exposure::Loopback),
            ("::ffff:127.0.0.1", None, true, Exposure::Loopback),
            ("0.0.0.0", None, true, Exposure::AllInterfaces),
            ("::", None, true, Exposure::AllInterfaces),
            ("::", Some("lo"), true, Exposure::Loopback),
            ("0.0.0.0", Some("eth0"), true, Exposure::Address),
            ("192.168.1.5", None, true, Exposure::Address),
            ("0.0.0.0", None, false, Exposure::Namespace),
        ] {
            assert_eq!(of(address.parse().unwrap(), device, own), expected, "{address} {device:?}");
        }
    }
}
