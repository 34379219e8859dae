//! A public name that means 127.0.0.1 is not given out by the nameserver, which takes that for an attack.

use super::{with_files, with_line_for};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// A nameserver drops answers that lead to this machine.
pub(super) const CAUSE: Cause = Cause {
    code: "dns-rebinding-blocked",
    group: Group::Names,
    layer: Layer::Name,
    title: "The nameserver drops answers that lead to this machine",
    symptom: "`Name or service not known` for lvh.me, localtest.me, 127.0.0.1.nip.io and the like, at one network and not at \
              another.",
    evidence: "The name ends with a public domain whose names all lead to 127.0.0.1; a nameserver answers, and says that there \
               is no such name or no address. Routers and resolvers do so to protect against DNS rebinding.",
    fix: "Use a name below localhost instead, which takes no nameserver; or allow the domain at the resolver \
          (`rebind-domain-ok` in dnsmasq, `private-domain` in Unbound).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    let Some(host) = names.host.as_deref() else { return Opinion::Aside };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let domain = DOMAINS.iter().find(|domain| {
        host == **domain || host.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'))
    });
    let Some(domain) = domain.filter(|_| names.error.is_some()) else { return Opinion::Aside };
    // Where no nameserver answers at all, it is not this.
    if names.timed_out || names.error_text().starts_with("Temporary failure") {
        return Opinion::Aside;
    }
    let servers = names.files.as_ref().map(|files| files.nameservers.join(", ")).unwrap_or_default();
    let own = host.strip_suffix(domain).map(|rest| rest.trim_end_matches('.')).unwrap_or_default();
    let finding = Finding::new(format!(
        "{host} is public and means this machine, but the nameserver {servers} gives no address for it: it drops answers that \
         lead to private addresses"
    ));
    let finding =
        with_files(finding, facts).saw("/etc/resolv.conf", format!("nameserver {servers}")).advise(format!(
            "use {}localhost instead: it takes no nameserver",
            if own.is_empty() { String::new() } else { format!("{own}.") }
        ));
    with_line_for(finding, &host)
        .advise(format!(
            "allow {domain} at the resolver: rebind-domain-ok in dnsmasq, private-domain in Unbound"
        ))
        .into()
}

/// Public domains whose names lead to 127.0.0.1, or to the address within the name.
const DOMAINS: &[&str] = &[
    "lvh.me",
    "localtest.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
    "127-0-0-1.org.uk",
    "nip.io",
    "sslip.io",
    "traefik.me",
    "local.gd",
    "localdev.me",
    "backname.io",
];

#[cfg(test)]
mod tests {
    use crate::testing::{Told, asked, name_files};

    fn lost(host: &str, error: &str) -> Told {
        asked(&format!("http://{host}:3000"))
            .with(|facts| {
                facts.names.files = Some(name_files(host, "files dns", &[]));
                facts.names.error = Some(format!("failed: {error}"));
                facts.names.addresses.clear();
                facts.addresses.clear();
                facts.reached.clear();
            })
            .judged()
    }

    #[test]
    fn a_public_name_of_this_machine_that_a_nameserver_denies_is_it() {
        assert_eq!(lost("shop.lvh.me", "Name or service not known").causes(), ["dns-rebinding-blocked"]);
        assert_eq!(
            lost("127.0.0.1.nip.io", "No address associated with hostname").causes(),
            ["dns-rebinding-blocked"]
        );
    }

    #[test]
    fn without_a_nameserver_or_with_another_name_it_is_not() {
        assert_eq!(lost("shop.lvh.me", "Temporary failure in name resolution").causes(), ["name-unresolved"]);
        assert_eq!(lost("notlvh.me", "Name or service not known").causes(), ["name-unresolved"]);
    }
}
