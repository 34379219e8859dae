//! A rule of a firewall sends the packets elsewhere.

use super::diverted::opinion;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::network::Diversion;
use crate::why::firewall;

/// redirect, DNAT.
pub(super) const CAUSE: Cause = Cause {
    code: "firewall-redirects",
    group: Group::WrongAnswer,
    layer: Layer::Network,
    title: "A firewall sends the connection elsewhere",
    symptom: "Another program answers than the one that listens at the port; or the connection is refused though one does.",
    evidence: "The other end of the connection (sock_diag) has another address than was asked for; a traced packet shows the \
               rule (`redirect`, `dnat`) after which its destination is another.",
    fix: "Remove the rule.",
    proof: Proof::Reproduced,
    privilege: Some(
        "CAP_NET_ADMIN: to name the rule. That it is so, everybody may see of a connection that was made.",
    ),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let redirected = facts.network.probe.as_ref().and_then(|probe| probe.redirected.as_ref());
    let rule = redirected.and_then(|(_, rule)| rule.as_ref());
    let named = |finding: Finding| match rule {
        Some(rule) => {
            let finding = finding.saw("nftables trace of one packet", firewall::whole(rule));
            let handle = rule.handle.map(|handle| {
                format!("nft delete rule {} {} {} handle {handle}", rule.family, rule.table, rule.chain)
            });
            match handle {
                Some(command) => finding.command("remove the rule", command).as_root(),
                None => finding.advise("remove the rule"),
            }
        }
        None => finding.command("find the rule", "nft -a list ruleset").as_root(),
    };
    if facts.network.diverted.is_some() {
        let what = match rule {
            Some(rule) => format!("a firewall ({})", firewall::short(rule)),
            None => "a firewall".to_owned(),
        };
        return opinion(facts, Diversion::Packets, &what, |finding| {
            let diverted = facts.network.diverted.as_ref();
            let to = diverted.map(|diverted| diverted.to.to_string()).unwrap_or_default();
            let asked = diverted.map(|diverted| diverted.asked.to_string()).unwrap_or_default();
            named(finding.saw_not("the connection's other end", to, asked))
        });
    }
    // It leads where nobody takes it.
    let (Some((to, Some(rule))), Some(probe)) = (redirected, &facts.network.probe) else {
        return Opinion::Aside;
    };
    if firewall::stopped(facts).is_some() || probe.outcome == wharf_os::examine::attempt::Outcome::Connected {
        return Opinion::Aside;
    }
    let text = format!(
        "a firewall ({}) sends connections to {} on to {to}, which takes none",
        firewall::short(rule),
        probe.to
    );
    named(Finding::new(text).saw_not(
        "destination of the traced packet",
        to.to_string(),
        probe.to.to_string(),
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::attempt::Outcome;
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;
    use crate::why::testing::{probe, rule};

    #[test]
    fn a_rule_that_leads_nowhere_is_named() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").refused().with(|facts| {
            let mut probe = probe();
            probe.outcome = Outcome::Failed(Errno::CONNREFUSED);
            probe.redirected = Some(("127.0.0.1:8888".parse().unwrap(), Some(rule())));
            facts.network.probe = Some(probe);
        });
        assert_eq!(told.judged().causes(), ["firewall-redirects"]);
    }

    #[test]
    fn a_packet_that_goes_where_it_was_sent_is_none_of_it() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(|facts| facts.network.probe = Some(probe())).judged();
        assert!(!told.causes().contains(&"firewall-redirects"));
    }
}
