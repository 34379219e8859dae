//! What a page of https asks for by plain http, browsers refuse.

use super::origin::{Origin, asked_from};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A page of https may not ask plain http.
pub(super) const CAUSE: Cause = Cause {
    code: "mixed-content",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "A page of https may not ask plain http",
    symptom: "`Mixed Content: The page was loaded over HTTPS, but requested an insecure resource` in the console; fetch fails.",
    evidence: "The page's origin is https and the target plain http or ws, at a host that browsers do not take for this machine. Loopback \
               addresses and localhost are exempt in Chrome and Firefox, and not in Safari.",
    fix: "Serve the target by https (wharf's router does), or ask it by localhost.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some((page, target)) = asked_from(facts) else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| scheme.is_http()) else { return Opinion::Aside };
    if page.scheme != "https" || scheme.is_tls() {
        return ruled_out(format!("a page of {} may ask {}", page.scheme, scheme.name()));
    }
    let text = format!("a page of {page} may not ask {target}: it is plain {}", scheme.name());
    if Origin::is_here(target.host().unwrap_or_default()) {
        return Opinion::Odd(format!(
            "Safari does not let a page of {page} ask {target}; Chrome and Firefox do"
        ));
    }
    Finding::new(text)
        .saw("--origin", page.to_string())
        .saw_not("the target", scheme.name(), format!("{}s", scheme.name()))
        .advise("serve the target by https, for example by wharf's router, or ask it by localhost")
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked};

    fn from(origin: &str, target: &str) -> Told {
        asked(target).with(|facts| facts.origin = Some(origin.to_owned())).judged()
    }

    #[test]
    fn plain_http_from_a_page_of_https_is_it_but_for_loopback() {
        assert_eq!(from("https://shop.example", "http://10.0.0.7:3000").causes(), ["mixed-content"]);
        let told = from("https://shop.example", "http://localhost:3000");
        assert!(told.remarks().contains(&"mixed-content") && !told.causes().contains(&"mixed-content"));
        assert!(from("http://shop.example", "http://10.0.0.7:3000").is_ruled_out("mixed-content"));
        assert!(from("https://shop.example", "https://10.0.0.7:3000").is_ruled_out("mixed-content"));
    }
}
