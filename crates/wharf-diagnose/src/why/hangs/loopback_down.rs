//! The loopback interface is down.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom, symptom_of};

/// lo is down.
pub(super) const CAUSE: Cause = Cause {
    code: "loopback-down",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "The loopback interface is down",
    symptom: "No answer for 127.0.0.1 if it was up before; `Network is unreachable` (ENETUNREACH) if it never was; \
              `Cannot assign requested address` (EADDRNOTAVAIL) for ::1.",
    evidence: "The interface lo of this network namespace is not IFF_UP (RTM_GETLINK).",
    fix: "Bring it up: `ip link set lo up`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let fails = |it: &&wharf_os::examine::attempt::Attempt| {
        let is_met = !matches!(symptom_of(it), Symptom::Connected | Symptom::Refused);
        // What is for an own address of another interface goes by it, too.
        is_met && facts.is_local(it.to)
    };
    let Some(attempt) = facts.attempts.iter().find(fails) else { return Opinion::Aside };
    let Some(lo) = facts.network.links.iter().find(|link| link.is_loopback) else { return Opinion::Aside };
    if lo.is_up {
        return ruled_out(format!("{} is up", lo.name));
    }
    // In a sandbox whose server is outside, its own loopback would lead nowhere.
    if facts.client.served_outside.is_some() {
        return Opinion::Aside;
    }
    Finding::new(format!(
        "the loopback interface {} is down, so nothing reaches {}",
        lo.name,
        attempt.to.ip()
    ))
    .saw_not("RTM_GETLINK", format!("{} is down", lo.name), "UP")
    .command("bring it up", format!("ip link set {} up", lo.name))
    .as_root()
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::errno::Errno;

    use crate::testing::asked;
    use crate::why::testing::lo;

    #[test]
    fn an_interface_that_is_down_carries_nothing() {
        for told in [
            asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs(),
            asked("[::1]:7777").listener("[::1]:7777").fails(Errno::ADDRNOTAVAIL),
        ] {
            let told = told.with(|facts| facts.network.links = vec![lo(false, &[])]).judged();
            assert!(told.causes().contains(&"loopback-down"), "{told:?}");
        }
    }

    #[test]
    fn one_that_is_up_is_ruled_out() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs();
        let told = told.with(|facts| facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])]).judged();
        assert!(told.is_ruled_out("loopback-down"));
    }

    #[test]
    fn a_server_outside_of_the_sandbox_is_another_matter() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs().with(|facts| {
            facts.network.links = vec![lo(false, &[])];
            facts.client.served_outside = Some("node (pid 7)".to_owned());
        });
        assert!(!told.judged().causes().contains(&"loopback-down"));
    }
}
