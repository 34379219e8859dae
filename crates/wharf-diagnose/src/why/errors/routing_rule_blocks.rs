//! A rule of policy routing denies the way.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::routes::{DenyingRule, Way, kind_name};

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::network::destination;

/// `ip rule` with blackhole, unreachable or prohibit.
pub(super) const CAUSE: Cause = Cause {
    code: "routing-rule-blocks",
    group: Group::Errors,
    layer: Layer::Network,
    title: "A routing rule denies the way",
    symptom: "`Invalid argument` (EINVAL) for blackhole, `Network is unreachable` (ENETUNREACH) for unreachable, \
              `Permission denied` (EACCES) for prohibit; at once.",
    evidence: "The kernel answers the same error when it is asked for the route (RTM_GETROUTE), and among the rules \
               (RTM_GETRULE) one denies all that it is for, the address included.",
    fix: "Delete the rule: `ip rule del`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let failed = |way: &&Way| way.route.is_err() && is_tried_and_failed(facts, way);
    let Some(way) = facts.network.ways.iter().find(failed) else { return Opinion::Aside };
    let Err(errno) = way.route else { return Opinion::Aside };
    // Rules say what they deny by their error.
    let says = |rule: &&DenyingRule| ERRORS.iter().any(|it| *it == (rule.action, errno.name().as_str()));
    let Some(rule) = way.denying_rules.iter().find(says) else {
        return ruled_out("no routing rule denies the address");
    };
    let words = words(rule);
    let mut finding = Finding::new(format!("routing rule `{words}` denies the way to {}", way.to))
        .saw("RTM_GETROUTE", format!("{errno} for {}", way.to))
        .saw("RTM_GETRULE", format!("{}: {words}", rule.preference));
    if rule.is_partly_read {
        finding = finding.saw("RTM_GETRULE", "the rule has more conditions, which were not read");
    }
    let family = if way.to.is_ipv6() { "-6 " } else { "" };
    finding
        .command("delete the rule", format!("ip {family}rule del pref {}", rule.preference))
        .as_root()
        .into()
}

fn is_tried_and_failed(facts: &Facts, way: &Way) -> bool {
    facts.attempts.iter().any(|it| destination(it.to) == way.to && it.outcome != Outcome::Connected)
}

fn words(rule: &DenyingRule) -> String {
    let from = rule.from.map_or_else(|| "all".to_owned(), |(ip, length)| format!("{ip}/{length}"));
    let to = rule.to.map_or_else(String::new, |(ip, length)| format!(" to {ip}/{length}"));
    let users = rule.users.map_or_else(String::new, |(first, last)| format!(" uidrange {first}-{last}"));
    format!("from {from}{to}{users} {}", kind_name(rule.action))
}

/// What each action makes of connect(2), fib4_rule_action in net/ipv4/fib_rules.c; the same for IPv6.
const ERRORS: [(u8, &str); 4] = [(6, "EINVAL"), (7, "ENETUNREACH"), (8, "EACCES"), (7, "EHOSTUNREACH")];

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::routes::{DenyingRule, Way};

    use crate::testing::asked;
    use crate::why::testing::way;

    fn denied(errno: Errno) -> Way {
        let rule = DenyingRule { preference: 5, action: 8, ..DenyingRule::default() };
        Way { denying_rules: vec![rule], ..way("127.0.0.1", Err(errno)) }
    }

    #[test]
    fn a_rule_with_the_same_error_is_it() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES);
        let told = told.with(|facts| facts.network.ways = vec![denied(Errno::ACCES)]).judged();
        assert_eq!(told.causes(), ["routing-rule-blocks"]);
        assert!(told.diagnosis.causes[0].text.contains("from all prohibit"));
    }

    #[test]
    fn a_rule_with_another_error_is_not() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::INVAL);
        let told = told.with(|facts| facts.network.ways = vec![denied(Errno::INVAL)]).judged();
        assert!(told.is_ruled_out("routing-rule-blocks"));
    }

    #[test]
    fn a_free_way_has_nothing_to_do_with_it() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::ACCES);
        let told = told.with(|facts| facts.network.ways = vec![way("127.0.0.1", Ok(Default::default()))]);
        assert!(told.judged().causes().is_empty());
    }
}
