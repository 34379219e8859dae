//! A rule of a firewall keeps one user, group or control group away.

use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::why::firewall;

/// Only this user, or group of processes, is kept away.
pub(super) const CAUSE: Cause = Cause {
    code: "firewall-rejects-user",
    group: Group::Errors,
    layer: Layer::Network,
    title: "A firewall keeps this user or control group away",
    symptom: "One user, or one service, is refused or gets no answer; everybody else connects.",
    evidence: "A traced packet of a socket of that user ends at a rule with `meta skuid`, `meta skgid`, `meta cgroup` or \
               `socket cgroupv2` (iptables: `-m owner`, `-m cgroup`), or at one that such a rule leads to.",
    fix: "Remove the rule, let the user through before it, or connect as another user.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN: to trace a packet; with `--as USER` or `--from PID` also CAP_SETUID."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    match firewall::stopped(facts) {
        Some((probe, stopped)) if stopped.rule.by_owner => {
            let whom = match (&facts.client.stand.cgroup, facts.client.pid) {
                (_, Some(_)) => format!(" of {}", facts.client.who()),
                _ => format!(" of user {}", facts.client.uid),
            };
            let advice = "or let this user or control group through before that rule";
            firewall::finding(probe, stopped, &whom).advise(advice).into()
        }
        _ => Opinion::Aside,
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::firewall::{How, Rule};

    use crate::testing::asked;
    use crate::why::testing::{rule, stopped_by};

    #[test]
    fn a_rule_for_a_user_is_named_as_such() {
        for how in [How::Rejected, How::Dropped] {
            let limited = Rule { by_owner: true, ..rule() };
            let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").fails(Errno::CONNREFUSED);
            let told = told.with(stopped_by(limited, how)).judged();
            assert_eq!(told.causes()[0], "firewall-rejects-user");
        }
    }

    #[test]
    fn a_rule_for_everybody_is_none_for_a_user() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").fails(Errno::CONNREFUSED);
        let told = told.with(stopped_by(rule(), How::Rejected)).judged();
        assert!(!told.causes().contains(&"firewall-rejects-user"));
    }
}
