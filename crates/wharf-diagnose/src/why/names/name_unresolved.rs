//! A host name leads nowhere.

use super::{with_files, with_line_for};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// A name leads nowhere.
pub(super) const CAUSE: Cause = Cause {
    code: "name-unresolved",
    group: Group::Names,
    layer: Layer::Name,
    title: "The host name is not found",
    symptom: "`Could not resolve host` (curl 6), ENOTFOUND or EAI_AGAIN, ERR_NAME_NOT_RESOLVED.",
    evidence: "getaddrinfo(3) fails. /etc/hosts, `hosts:` of /etc/nsswitch.conf and the nameservers of /etc/resolv.conf say who \
               was asked; a line of /etc/hosts that has almost this name is named.",
    fix: "Correct the name, add it to /etc/hosts, or see to the nameserver.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(host) = names.host.as_deref() else { return Opinion::Aside };
    if names.error.is_none() {
        return ruled_out(format!("{host} leads to {}", names.addresses_text()));
    }
    let servers = names.files.as_ref().map(|files| files.nameservers.as_slice()).unwrap_or_default();
    let unanswered = names.timed_out || names.error_text().starts_with("Temporary failure");
    let bad = names.lines().find(|line| line.address.is_none());
    let text = match (bad, names.slip()) {
        // glibc looks such a name up in the file with its dot.
        (None, _) if host.ends_with('.') && names.lines().next().is_some() => {
            return with_files(
                Finding::new(format!("{host} is not found because of the dot at its end")),
                facts,
            )
            .advise(format!("write {}, without the dot", host.trim_end_matches('.')))
            .into();
        }
        (Some(bad), _) => {
            format!(
                "{host} is not found: line {} of /etc/hosts has {} for it, which is no address",
                bad.number, bad.place
            )
        }
        (_, Some(slip)) => {
            format!("{host} is not found; line {} of /etc/hosts has {}, with a slip", slip.number, slip.name)
        }
        _ if unanswered && servers.is_empty() => {
            format!("{host} is not found: it is not in /etc/hosts, and there is no nameserver to ask")
        }
        _ if unanswered => {
            format!(
                "{host} is not found: it is not in /etc/hosts, and no nameserver answers ({})",
                servers.join(", ")
            )
        }
        _ => format!("there is no host {host}: neither /etc/hosts nor a nameserver has it"),
    };
    let mut finding = with_files(Finding::new(text), facts);
    if let Some(files) = &names.files {
        finding = finding.saw(
            "/etc/resolv.conf",
            match files.nameservers.as_slice() {
                [] => "no nameserver".to_owned(),
                servers => format!("nameserver {}", servers.join(", ")),
            },
        );
    }
    let finding = match names.slip() {
        Some(slip) => {
            finding.advise(format!("ask for {}, or correct line {} of /etc/hosts", slip.name, slip.number))
        }
        None => finding,
    };
    with_line_for(finding, host).into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked, name_files};

    fn lost(error: &str, lines: &[(&str, &str)]) -> Told {
        asked("http://shop.test:3000")
            .with(|facts| {
                facts.names.files = Some(name_files("shop.test", "files dns", lines));
                facts.names.error = Some(format!("failed: {error}"));
                facts.names.addresses.clear();
                facts.addresses.clear();
                facts.reached.clear();
            })
            .judged()
    }

    #[test]
    fn a_name_that_nobody_has_is_it() {
        let told = lost("Name or service not known", &[]);
        assert_eq!((told.verdict(), told.causes()), ("cause_found", vec!["name-unresolved"]));
        assert!(told.diagnosis.summary.starts_with("there is no host shop.test"));
        let told = lost("Temporary failure in name resolution", &[]);
        assert!(
            told.diagnosis.summary.contains("no nameserver answers (10.0.0.53)"),
            "{}",
            told.diagnosis.summary
        );
    }

    #[test]
    fn a_slip_in_the_hosts_file_is_named() {
        let told = lost("Name or service not known", &[("127.0.0.1", "shop.tset")]);
        assert!(told.diagnosis.summary.contains("line 1 of /etc/hosts has shop.tset"));
    }

    #[test]
    fn a_name_that_is_found_rules_it_out() {
        assert!(asked("http://shop.test:3000").refused().judged().is_ruled_out("name-unresolved"));
    }

    #[test]
    fn a_dot_at_the_end_is_told() {
        let told = asked("http://localhost.:3000")
            .with(|facts| {
                let files = name_files("localhost", "files dns", &[("127.0.0.1", "localhost")]);
                facts.names.files = Some(files);
                facts.names.error = Some("failed: Name or service not known".to_owned());
                facts.names.addresses.clear();
            })
            .judged();
        assert!(told.diagnosis.summary.contains("the dot at its end"), "{}", told.diagnosis.summary);
    }
}
