//! Local Network Access: Chrome since version 142 asks before a public page may reach loopback.

use super::origin::asked_from;
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A browser asks before a public page reaches this machine.
pub(super) const CAUSE: Cause = Cause {
    code: "local-network-access",
    group: Group::Protocols,
    layer: Layer::Client,
    title: "A browser asks before a public page reaches this machine",
    symptom: "`Permission was denied for this request to access the loopback address space` in Chrome's console, before CORS.",
    evidence: "The page's origin (--origin) is no host of this machine or of a private network, and the target is. Whether the permission was given \
               is not visible from outside.",
    fix: "Allow `Apps on device` (Local Network Access) for the page in Chrome's site settings; the page must be of https.",
    proof: Proof::Documented(
        "Chrome for Developers, New permission prompt for Local Network Access (2025); WICG, Local Network Access",
    ),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((page, target)) = asked_from(facts) else { return Opinion::Aside };
    if !facts.is_loopback() || !target.scheme.is_some_and(|scheme| scheme.is_http()) {
        return Opinion::Aside;
    }
    if page.is_local() {
        return ruled_out(format!("{page} is a page of this machine or network"));
    }
    let more =
        if page.scheme == "https" { "" } else { "; to a page of plain http it gives no such permission" };
    Opinion::Odd(format!(
        "Chrome asks whether {page} may reach this machine (Apps on device), and blocks it until then{more}"
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked};

    fn from(origin: &str) -> Told {
        asked("http://localhost:3000").with(|facts| facts.origin = Some(origin.to_owned())).judged()
    }

    #[test]
    fn a_public_page_is_asked_about_and_a_local_one_not() {
        assert!(from("https://shop.example").remarks().contains(&"local-network-access"));
        assert!(from("http://localhost:5173").is_ruled_out("local-network-access"));
        assert!(from("http://192.168.1.7").is_ruled_out("local-network-access"));
    }
}
