//! `localhost` itself is not found, as the hosts file does not have it.

use super::{with_files, with_line_for};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// `localhost` is not found.
pub(super) const CAUSE: Cause = Cause {
    code: "localhost-not-in-hosts",
    group: Group::Names,
    layer: Layer::Name,
    title: "The hosts file does not have localhost",
    symptom: "Python and Node say `Temporary failure in name resolution` (EAI_AGAIN) for localhost; curl and browsers, which \
              know that name by themselves, have no trouble.",
    evidence: "getaddrinfo(\"localhost\") fails, and no line of /etc/hosts names localhost for an address.",
    fix: "Add the line `127.0.0.1 localhost` to /etc/hosts.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(host) = names.host.as_deref() else { return Opinion::Aside };
    if !host.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Opinion::Aside;
    }
    if names.error.is_none() {
        return ruled_out(format!("localhost leads to {}", names.addresses_text()));
    }
    let text = match (names.lines().find(|line| line.address.is_none()), names.slip()) {
        (Some(bad), _) => {
            format!(
                "localhost is not found: line {} of /etc/hosts has {} for it, which is no address",
                bad.number, bad.place
            )
        }
        (None, Some(slip)) => {
            format!("localhost is not found: line {} of /etc/hosts has {} instead", slip.number, slip.name)
        }
        // Something else is wrong with the look-up.
        (None, None) if names.lines().next().is_some() => return Opinion::Aside,
        (None, None) => "localhost is not found: no line of /etc/hosts names it".to_owned(),
    };
    let finding = with_files(Finding::new(text), facts);
    with_line_for(finding, "localhost")
        .advise("curl and browsers know localhost by themselves, and are not kept away")
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked, name_files};

    fn lost(lines: &[(&str, &str)]) -> Told {
        asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.names.files = Some(name_files("localhost", "files dns", lines));
                facts.names.error = Some("failed: Temporary failure in name resolution".to_owned());
                facts.names.addresses.clear();
            })
            .judged()
    }

    #[test]
    fn a_file_without_it_is_it() {
        assert_eq!(lost(&[]).causes(), ["localhost-not-in-hosts"]);
        assert_eq!(lost(&[]).verdict(), "cause_found");
    }

    #[test]
    fn a_slip_in_the_file_is_named() {
        let told = lost(&[("127.0.0.1", "locahost")]);
        assert!(
            told.diagnosis.summary.contains("line 1 of /etc/hosts has locahost"),
            "{}",
            told.diagnosis.summary
        );
        let told = lost(&[("127.0.0.l", "localhost")]);
        assert!(told.diagnosis.summary.contains("has 127.0.0.l for it"), "{}", told.diagnosis.summary);
    }

    #[test]
    fn a_name_that_is_found_rules_it_out() {
        let told = asked("http://localhost:3000").refused().judged();
        assert!(told.is_ruled_out("localhost-not-in-hosts"));
    }
}
