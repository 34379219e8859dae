//! A port that browsers refuse to open.

use wharf_catalog::number::browsers_refuse;

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::target::Scheme;

/// Browsers refuse the port.
pub(super) const CAUSE: Cause = Cause {
    code: "browser-blocked-port",
    group: Group::Names,
    layer: Layer::Client,
    title: "Browsers refuse to open the port",
    symptom: "ERR_UNSAFE_PORT in Chrome, `This address is restricted` in Firefox, `bad port` from fetch in Node; curl works.",
    evidence: "The port is in the table of bad ports of the Fetch standard.",
    fix: "Have the server listen at another port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(port) = target.port() else { return Opinion::Aside };
    if target.scheme.is_some_and(|scheme| !scheme.is_http() && scheme != Scheme::Tcp) {
        return Opinion::Aside;
    }
    if !browsers_refuse(port) {
        return ruled_out(format!("{port} is no port that browsers refuse"));
    }
    // A bare port may be no browser's.
    if target.scheme.is_none() && facts.talk.http.is_none() {
        return Opinion::Aside;
    }
    Opinion::Odd(format!(
        "browsers refuse port {port} (ERR_UNSAFE_PORT), and so does fetch in Node: choose another for a page"
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn a_port_that_browsers_refuse_is_odd() {
        let told = asked("http://127.0.0.1:6000").listener("127.0.0.1:6000").connected().judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["browser-blocked-port"]));
        assert!(asked("http://127.0.0.1:3000").judged().remarks().is_empty());
        assert!(asked("redis://127.0.0.1:6000").judged().remarks().is_empty());
    }
}
