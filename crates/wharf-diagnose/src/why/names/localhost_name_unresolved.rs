//! A name below `localhost` is not found by programs that ask the C library.

use super::{with_files, with_line_for};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A name below `localhost` is not found.
pub(super) const CAUSE: Cause = Cause {
    code: "localhost-name-unresolved",
    group: Group::Names,
    layer: Layer::Name,
    title: "A name below localhost is not found",
    symptom: "Python, Node and psql say `Name or service not known` or EAI_AGAIN for shop.localhost; curl and browsers, which \
              know that such names mean this machine, reach it.",
    evidence: "getaddrinfo(3) fails for a name that ends with `.localhost`; /etc/hosts does not have it, and `hosts:` of \
               /etc/nsswitch.conf names no service (myhostname, resolve) that answers for such names.",
    fix: "`sudo wharf names install NAME` puts it into /etc/hosts; or install nss-myhostname; or use localhost and the port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(host) = names.host.as_deref().filter(|_| names.is_localhost()) else { return Opinion::Aside };
    if host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Opinion::Aside;
    }
    if names.error.is_none() {
        return ruled_out(format!("it leads to {}", names.addresses_text()));
    }
    let text = match names.slip() {
        Some(slip) => {
            format!("{host} is not found: line {} of /etc/hosts has {} instead", slip.number, slip.name)
        }
        None => format!(
            "{host} is not found by programs that ask the C library; curl and browsers find it by themselves"
        ),
    };
    let finding = with_files(Finding::new(text), facts)
        .command("make the name known", format!("sudo wharf names install {}", host.to_ascii_lowercase()))
        .as_root();
    with_line_for(finding, host).advise("or use localhost with the port in the URL").into()
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn a_name_below_localhost_that_is_not_found_is_it() {
        let told = asked("http://shop.localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.names.error = Some("failed: Name or service not known".to_owned());
                facts.names.addresses.clear();
            })
            .judged();
        assert_eq!((told.verdict(), told.causes()), ("cause_found", vec!["localhost-name-unresolved"]));
    }

    #[test]
    fn one_that_is_found_rules_it_out() {
        let told = asked("http://shop.localhost:3000").listener("127.0.0.1:3000").connected().judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("localhost-name-unresolved"));
    }
}
