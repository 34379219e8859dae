//! A rule of a firewall drops the packets.

use wharf_os::examine::firewall::How;

use crate::cause::{Cause, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;
use crate::facts::network::Lost;
use crate::why::firewall;

/// Dropped.
pub(super) const CAUSE: Cause = Cause {
    code: "firewall-drops",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "A firewall drops the packets",
    symptom: "The connection hangs until the client gives up (ETIMEDOUT after two minutes).",
    evidence: "One packet of wharf's own is traced through nftables (a temporary table with `meta nftrace set 1` for this one \
               connection, removed at once): the trace ends with a drop, and names table, chain and handle of the rule. \
               Rules of iptables-legacy, which nftables does not see, are told by their counters.",
    fix: "Remove the rule, or accept the port before it.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN: to trace a packet."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if let Some((probe, stopped)) = firewall::stopped(facts) {
        return match stopped.how {
            How::Rejected => Opinion::Aside,
            _ if stopped.rule.by_owner => Opinion::Aside,
            _ => firewall::finding(probe, stopped, "").into(),
        };
    }
    if !firewall::is_possible(facts) {
        return Opinion::Aside;
    }
    let Some(probe) = &facts.network.probe else {
        return Opinion::Aside;
    };
    if !facts.client.privileged {
        return open("root can trace one packet through the firewall");
    }
    match facts.lost() {
        Some(Lost::GoingOut | Lost::ComingIn | Lost::AnswerInRules) => open(
            "a packet is lost among the firewall's rules, and no trace shows where: look at iptables-legacy-save -c",
        ),
        _ if probe.way.is_empty() => {
            let why = probe.untraced.clone().unwrap_or_default();
            open(format!("packets cannot be traced here: {why}"))
        }
        _ => ruled_out("a packet was traced, and no rule stopped it"),
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::firewall::{How, Place, Step};

    use crate::testing::asked;
    use crate::why::testing::{probe, rule, stopped_by};

    #[test]
    fn the_rule_that_drops_is_named_whole() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(stopped_by(rule(), How::Dropped)).judged();
        assert_eq!(told.causes(), ["firewall-drops"]);
        let cause = &told.diagnosis.causes[0];
        assert!(cause.text.contains("`tcp dport 7777 drop comment \"corp baseline\"`"), "{}", cause.text);
        assert!(cause.evidence[1].observed.contains("table inet fw, chain input, handle 4"));
        assert_eq!(cause.fixes[0].command.as_deref(), Some("nft delete rule inet fw input handle 4"));
    }

    #[test]
    fn what_is_refused_was_not_dropped() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(stopped_by(rule(), How::Rejected)).judged();
        assert!(!told.causes().contains(&"firewall-drops"));
    }

    #[test]
    fn a_free_way_rules_it_out() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(|facts| {
            let mut probe = probe();
            probe.way = [Place::Made, Place::Left, Place::CameIn, Place::Delivered]
                .map(|place| Step { reply: false, place })
                .into();
            facts.network.probe = Some(probe);
        });
        let told = told.judged();
        assert!(told.is_ruled_out("firewall-drops"));
        assert_eq!(told.verdict(), "cannot_tell");
    }

    #[test]
    fn an_ordinary_user_is_told_what_would_tell() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs();
        let told = told.with(|facts| facts.network.probe = Some(probe())).judged();
        assert!(told.is_untold("firewall-drops"));
        assert_eq!(told.diagnosis.would_tell.as_deref(), Some("sudo wharf why 127.0.0.1:7777 --as 1000"));
    }
}
