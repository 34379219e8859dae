//! A name of the hosts file leads to an address where nobody listens, while the server listens at another of this machine.

use super::{line_text, with_files};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom, who};

/// A name leads to another address than the server's.
pub(super) const CAUSE: Cause = Cause {
    code: "name-leads-to-other-address",
    group: Group::Names,
    layer: Layer::Name,
    title: "The name leads to an address where nobody listens",
    symptom: "Refused or a hang at a name, while 127.0.0.1 and the port work.",
    evidence: "A line of /etc/hosts gives the name an address at which the kernel finds no listener, while one listens at the \
               same port of another address of this machine.",
    fix: "Correct the line in /etc/hosts, or use the address where the server listens.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    if names.is_localhost() || names.addresses.is_empty() {
        return Opinion::Aside;
    }
    let line =
        names.lines().find(|line| line.address.is_some_and(|address| names.addresses.contains(&address)));
    let Some(line) = line else { return Opinion::Aside };
    if facts.symptom() == Symptom::Connected || facts.is_listened_at() {
        return ruled_out(format!("{} leads to the listener", names.addresses_text()));
    }
    let Some(other) = facts.listening().next() else { return ruled_out("nobody listens at another address") };
    let Some(address) = other.endpoint.addresses.first() else { return Opinion::Aside };
    let host = names.host.as_deref().unwrap_or_default();
    let text = format!(
        "{host} leads to {}, by line {} of /etc/hosts, where nobody listens; {} listens at {address}",
        line.place,
        line.number,
        who(&other.endpoint)
    );
    with_files(Finding::new(text), facts)
        .saw("listener", format!("{} at {address}", who(&other.endpoint)))
        .command(
            format!("lead the name there ({})", line_text(line)),
            format!("sudo sed -i '{}s/^[^#[:space:]]*/{}/' /etc/hosts", line.number, reachable(*address)),
        )
        .as_root()
        .into()
}

/// Returns the address by which a listener at `address` is reached on this machine.
fn reachable(address: std::net::IpAddr) -> std::net::IpAddr {
    match address {
        std::net::IpAddr::V4(own) if own.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(own) if own.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use crate::facts::Reached;
    use crate::testing::{Asked, asked, name_files};

    fn led(to: &str, by_file: bool) -> Asked {
        let address: SocketAddr = format!("{to}:3000").parse().unwrap();
        let lines = [(to, "shop.test")];
        asked("http://shop.test:3000").with(|facts| {
            facts.addresses = vec![address];
            facts.names.addresses = vec![address.ip()];
            facts.reached = vec![Reached { address, socket: None }];
            facts.names.files =
                Some(name_files("shop.test", "files dns", if by_file { &lines } else { &[] }));
        })
    }

    #[test]
    fn a_line_that_leads_past_the_listener_is_it() {
        let told = led("127.0.0.2", true).listener("127.0.0.1:3000").refused().judged();
        assert_eq!(told.causes()[0], "name-leads-to-other-address");
        let told = led("10.9.9.9", true).listener("127.0.0.1:3000").hangs().judged();
        assert_eq!(told.causes()[0], "name-leads-to-other-address");
    }

    #[test]
    fn a_name_of_another_machine_is_not() {
        let told = led("10.9.9.9", false).listener("127.0.0.1:3000").hangs().judged();
        assert!(!told.causes().contains(&"name-leads-to-other-address"));
    }

    #[test]
    fn a_line_that_leads_to_the_listener_is_not() {
        let told = led("127.0.0.2", true).listener("127.0.0.2:3000").connected().judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("name-leads-to-other-address"));
    }
}
