//! `0.0.0.0` or `[::]` as the host of a URL: an address to listen at, not one to connect to.

use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// A wildcard address as a host.
pub(super) const CAUSE: Cause = Cause {
    code: "wildcard-as-host",
    group: Group::Names,
    layer: Layer::Name,
    title: "0.0.0.0 is an address to listen at, not to connect to",
    symptom: "curl reaches http://0.0.0.0:3000; Chrome since 133 and Safari refuse it, and cookies and certificates for \
              localhost do not hold there.",
    evidence: "The host of the target is 0.0.0.0 or [::], which connect(2) takes for loopback.",
    fix: "Use localhost or 127.0.0.1 in the URL.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(address) = target.address().filter(|address| address.is_unspecified()) else {
        return Opinion::Aside;
    };
    let home = if address.is_ipv4() { "127.0.0.1" } else { "[::1]" };
    let port = target.port().unwrap_or_default();
    Opinion::Odd(format!(
        "{address} is an address to listen at: the kernel takes it for {home}, and browsers refuse it; use localhost:{port}"
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn a_wildcard_is_odd_and_no_more() {
        for target in ["http://0.0.0.0:3000", "http://[::]:3000"] {
            assert_eq!(asked(target).judged().remarks(), ["wildcard-as-host"], "{target}");
        }
        assert!(asked("http://127.0.0.1:3000").judged().remarks().is_empty());
    }
}
