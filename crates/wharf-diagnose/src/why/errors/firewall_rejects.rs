//! A rule of a firewall refuses the connection.

use wharf_os::examine::firewall::How;

use crate::cause::{Cause, Group, Layer, Opinion, Proof, open};
use crate::facts::{Facts, Symptom, symptom_of};
use crate::why::firewall;

/// Refused by a rule.
pub(super) const CAUSE: Cause = Cause {
    code: "firewall-rejects",
    group: Group::Errors,
    layer: Layer::Network,
    title: "A firewall refuses the connection",
    symptom: "`Connection refused` (ECONNREFUSED), `No route to host` (EHOSTUNREACH) or `Network is unreachable` \
              (ENETUNREACH), at once, though the server listens.",
    evidence: "The kernel counts no reset of its own (TcpOutRsts +0), so it is not for want of a listener; and one traced \
               packet ends at a rule with `reject`, which is named with table, chain and handle.",
    fix: "Remove the rule, or accept the port before it.",
    proof: Proof::Reproduced,
    privilege: Some("CAP_NET_ADMIN: to trace a packet."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if let Some((probe, stopped)) = firewall::stopped(facts) {
        return match stopped.how {
            How::Rejected if !stopped.rule.by_owner => firewall::finding(probe, stopped, "").into(),
            _ => Opinion::Aside,
        };
    }
    let is_refused = facts.attempts.iter().any(|attempt| symptom_of(attempt) == Symptom::RefusedByOther);
    if is_refused && facts.network.probe.is_some() && !facts.client.privileged {
        return open("root can trace one packet through the firewall");
    }
    Opinion::Aside
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::attempt::Outcome;
    use wharf_os::examine::errno::Errno;
    use wharf_os::examine::firewall::{How, Rule};

    use crate::testing::asked;
    use crate::why::testing::{probe, rule, stopped_by};

    #[test]
    fn a_rule_that_refuses_is_named() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").fails(Errno::CONNREFUSED);
        assert_eq!(told.with(stopped_by(rule(), How::Rejected)).judged().causes(), ["firewall-rejects"]);
    }

    #[test]
    fn a_rule_of_ufw_is_opened_by_ufw() {
        let ufw = Rule { chain: "ufw-user-input".to_owned(), ..rule() };
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").fails(Errno::HOSTUNREACH);
        let told = told.with(stopped_by(ufw, How::Rejected)).judged();
        assert_eq!(told.diagnosis.causes[0].fixes[0].command.as_deref(), Some("ufw allow 7777/tcp"));
    }

    #[test]
    fn a_connection_that_got_through_meanwhile_blames_nobody() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").fails(Errno::CONNREFUSED);
        let told = told.with(stopped_by(rule(), How::Rejected));
        let told = told.with(|facts| {
            if let Some(probe) = &mut facts.network.probe {
                probe.outcome = Outcome::Connected;
            }
        });
        assert_eq!(told.judged().verdict(), "cannot_tell");
    }

    #[test]
    fn an_ordinary_user_cannot_see_the_rule() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").fails(Errno::CONNREFUSED);
        let told = told.with(|facts| facts.network.probe = Some(probe())).judged();
        assert_eq!(told.verdict(), "cannot_tell");
        assert!(told.is_untold("firewall-rejects"));
    }
}
