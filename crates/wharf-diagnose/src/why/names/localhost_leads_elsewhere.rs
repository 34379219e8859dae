//! `localhost` leads to another address than this machine's own.

use super::{line_text, with_files};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::names::is_home;
use crate::facts::{Facts, Symptom};

/// `localhost` leads elsewhere.
pub(super) const CAUSE: Cause = Cause {
    code: "localhost-leads-elsewhere",
    group: Group::Names,
    layer: Layer::Name,
    title: "The name localhost leads to another address",
    symptom: "Refused, a hang, or another program's answer at localhost, while 127.0.0.1 works.",
    evidence: "getaddrinfo(3) gives localhost an address other than 127.0.0.1 and ::1; the line of /etc/hosts that says so is \
               named.",
    fix: "Correct the line in /etc/hosts, or use 127.0.0.1 in the URL.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let names = &facts.names;
    if !names.is_localhost() || names.addresses.is_empty() {
        return Opinion::Aside;
    }
    let Some(stray) = names.addresses.iter().find(|address| !is_home(**address)) else {
        return ruled_out(format!("it leads to {}", names.addresses_text()));
    };
    let host = names.host.as_deref().unwrap_or_default();
    let line = names.lines().find(|line| line.address == Some(*stray));
    let by = line.map_or_else(String::new, |line| format!(", by line {} of /etc/hosts", line.number));
    let at_home = names.listener_at_home();
    let connected = facts.symptom() == Symptom::Connected;
    let first_is_stray = names.addresses.first().is_some_and(|first| !is_home(*first));
    // Where both are listened at, the client speaks to another server than whoever says 127.0.0.1.
    let is_wrong = !connected && (at_home.is_some() || !stray.is_loopback())
        || connected && first_is_stray && at_home.is_some();
    if !is_wrong {
        return Opinion::Odd(format!("{host} leads to {stray}{by}"));
    }
    let text = match at_home {
        Some(home) => format!("{host} leads to {stray}{by}; the server listens at {}", home.address),
        None => format!("{host} leads to {stray}{by}, which is not this machine's loopback"),
    };
    let mut finding = with_files(Finding::new(text), facts);
    if let Some(home) = at_home {
        finding = finding.saw(format!("sock_diag for {}", home.address), "a listener");
    }
    match line {
        Some(line) => finding
            .command(
                format!("take {host} from that line ({})", line_text(line)),
                format!("sudo sed -i '{}s/^[^#[:space:]]*/127.0.0.1/' /etc/hosts", line.number),
            )
            .as_root(),
        None => {
            finding.advise(format!("use 127.0.0.1 instead of {host}, or correct whoever gives it {stray}"))
        }
    }
    .into()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use crate::facts::Reached;
    use crate::testing::{Asked, asked, name_files, socket};

    fn led(to: &str) -> Asked {
        let address: SocketAddr = format!("{to}:3000").parse().unwrap();
        asked("http://localhost:3000").with(|facts| {
            facts.addresses = vec![address];
            facts.names.addresses = vec![address.ip()];
            facts.reached = vec![Reached { address, socket: None }];
            facts.names.files = Some(name_files("localhost", "files dns", &[(to, "localhost")]));
        })
    }

    fn at_home(asked: Asked) -> Asked {
        let home: SocketAddr = "127.0.0.1:3000".parse().unwrap();
        asked.with(|facts| facts.names.at_home.push(Reached { address: home, socket: Some(socket(home, 7)) }))
    }

    #[test]
    fn another_address_where_nobody_listens_is_it() {
        let told = at_home(led("127.0.0.5")).refused().judged();
        assert_eq!(told.causes()[0], "localhost-leads-elsewhere");
        assert!(
            told.diagnosis.summary.contains("line 1 of /etc/hosts; the server listens at 127.0.0.1:3000")
        );
        assert_eq!(led("10.0.0.5").hangs().judged().causes()[0], "localhost-leads-elsewhere");
    }

    #[test]
    fn another_address_of_loopback_that_works_is_only_odd() {
        let told = led("127.0.0.5").listener("127.0.0.5:3000").connected().judged();
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["localhost-leads-elsewhere"]));
    }

    #[test]
    fn another_server_at_the_other_address_is_it() {
        let told = at_home(led("127.0.0.5").listener("127.0.0.5:3000")).connected().judged();
        assert_eq!(told.causes(), ["localhost-leads-elsewhere"]);
    }

    #[test]
    fn where_nobody_listens_at_all_the_name_is_not_to_blame() {
        let told = led("127.0.0.5").refused().judged();
        assert_eq!(told.causes(), ["nothing-listening"]);
    }
}
