//! The hosts file has the name, and nobody looks into it: nsswitch.conf(5) does not name `files`.

use super::with_files;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// nsswitch.conf without files.
pub(super) const CAUSE: Cause = Cause {
    code: "nsswitch-without-files",
    group: Group::Names,
    layer: Layer::Name,
    title: "The hosts file is not asked",
    symptom: "A name that is in /etc/hosts is not found: `Temporary failure in name resolution`; `getent hosts` is silent.",
    evidence: "getaddrinfo(3) fails, /etc/hosts has a line for the name, and `hosts:` of /etc/nsswitch.conf does not name \
               `files`.",
    fix: "Put `files` first behind `hosts:` in /etc/nsswitch.conf.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(files) = &names.files else { return Opinion::Aside };
    if files.services.iter().any(|service| service == "files") {
        return ruled_out(format!("hosts: {}", files.services.join(" ")));
    }
    let Some(line) = names.lines().next().filter(|line| names.error.is_some() && line.address.is_some())
    else {
        return Opinion::Aside;
    };
    let host = names.host.as_deref().unwrap_or_default();
    let finding = Finding::new(format!(
        "{host} is in /etc/hosts (line {}), but /etc/nsswitch.conf has hosts looked up by {} alone",
        line.number,
        files.services.join(", ")
    ));
    with_files(finding, facts)
        .command("ask the file first", "sudo sed -i 's/^hosts:/& files/' /etc/nsswitch.conf")
        .as_root()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{asked, name_files};

    #[test]
    fn a_line_that_nobody_reads_is_it() {
        let unread = |services: &str, lines: &[(&str, &str)]| {
            let files = name_files("shop.test", services, lines);
            asked("http://shop.test:3000")
                .with(|facts| {
                    facts.names.files = Some(files);
                    facts.names.error = Some("failed: Temporary failure in name resolution".to_owned());
                    facts.names.addresses.clear();
                    facts.addresses.clear();
                    facts.reached.clear();
                })
                .judged()
        };
        assert_eq!(unread("dns", &[("127.0.0.1", "shop.test")]).causes(), ["nsswitch-without-files"]);
        assert_eq!(unread("dns", &[]).causes(), ["name-unresolved"]);
        assert_eq!(unread("files dns", &[]).causes(), ["name-unresolved"]);
    }
}
