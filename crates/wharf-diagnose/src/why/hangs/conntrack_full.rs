//! The table of tracked connections is full.

use wharf_os::examine::attempt::Outcome;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// nf_conntrack: table full, dropping packet.
pub(super) const CAUSE: Cause = Cause {
    code: "conntrack-full",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "The table of tracked connections is full",
    symptom: "New connections hang, old ones go on; the kernel logs `nf_conntrack: table full, dropping packet`.",
    evidence: "`net.netfilter.nf_conntrack_count` has reached `net.netfilter.nf_conntrack_max`.",
    fix: "Raise nf_conntrack_max, or find what opens so many connections.",
    proof: Proof::Documented(
        "net/netfilter/nf_conntrack_core.c (__nf_conntrack_alloc); nf_conntrack_max of a namespace of its own cannot be set",
    ),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(probe) = &facts.network.probe else { return Opinion::Aside };
    let Some((count, most)) = facts.network.tracked else { return Opinion::Aside };
    if probe.outcome != Outcome::TimedOut || probe.stopped.is_some() {
        return Opinion::Aside;
    }
    if count < most || most == 0 {
        return ruled_out(format!("{count} of {most} connections are tracked"));
    }
    Finding::new(format!("the kernel tracks {count} of at most {most} connections, and drops new ones"))
        .saw_not("net.netfilter.nf_conntrack_count", count.to_string(), format!("less than {most}"))
        .command("allow more", format!("sysctl -w net.netfilter.nf_conntrack_max={}", most.saturating_mul(2)))
        .as_root()
        .into()
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;
    use crate::why::testing::probe;

    #[test]
    fn a_full_table_drops_what_is_new() {
        for (count, is_it) in [(8, true), (7, false)] {
            let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs().with(|facts| {
                facts.network.probe = Some(probe());
                facts.network.tracked = Some((count, 8));
            });
            let told = told.judged();
            assert_eq!(told.causes().contains(&"conntrack-full"), is_it);
            assert_eq!(told.is_ruled_out("conntrack-full"), !is_it);
        }
    }
}
