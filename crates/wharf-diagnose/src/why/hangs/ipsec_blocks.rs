//! A policy of IPsec drops the packets.

use wharf_os::examine::attempt::Outcome;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// xfrm.
pub(super) const CAUSE: Cause = Cause {
    code: "ipsec-blocks",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "A policy of IPsec drops the packets",
    symptom: "The connection hangs, or fails with `Operation not permitted` (EPERM).",
    evidence: "While one connection is tried, a counter of /proc/net/xfrm_stat for blocked packets rises (XfrmOutPolBlock, \
               XfrmInPolBlock, XfrmInNoPols).",
    fix: "Look at `ip xfrm policy`, and at the VPN that set it.",
    proof: Proof::Documented(
        "Documentation/networking/xfrm_proc.rst of Linux; such a policy has no effect on lo",
    ),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(probe) = &facts.network.probe else { return Opinion::Aside };
    if probe.outcome == Outcome::Connected || probe.stopped.is_some() {
        return Opinion::Aside;
    }
    let blocks = |name: &str| BLOCKED.contains(&name);
    let Some((name, count)) = facts.network.ipsec_drops.iter().find(|(name, _)| blocks(name)) else {
        return Opinion::Aside;
    };
    Finding::new(format!("a policy of IPsec blocks the packets to {}", probe.to))
        .saw("/proc/net/xfrm_stat", format!("{name} rose to {count} during one connection"))
        .command("see the policies", "ip xfrm policy")
        .as_root()
        .into()
}

const BLOCKED: [&str; 5] =
    ["XfrmOutPolBlock", "XfrmInPolBlock", "XfrmInNoPols", "XfrmOutNoStates", "XfrmFwdHdrError"];

#[cfg(test)]
mod tests {
    use crate::testing::asked;
    use crate::why::testing::probe;

    #[test]
    fn a_counter_of_blocked_packets_is_it() {
        for (name, is_it) in [("XfrmOutPolBlock", true), ("XfrmInError", false)] {
            let told = asked("192.0.2.7:7777").by_root().hangs().with(|facts| {
                facts.network.probe = Some(probe());
                facts.network.ipsec_drops = vec![(name.to_owned(), 1)];
            });
            assert_eq!(told.judged().causes().contains(&"ipsec-blocks"), is_it);
        }
    }
}
