//! The server takes only connections whose packets are signed by TCP-AO (RFC 5925), since Linux 6.7.

use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// The server demands signatures by TCP-AO.
pub(super) const CAUSE: Cause = Cause {
    code: "tcp-ao-required",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "The server takes only packets that are signed by TCP-AO",
    symptom: "The connection hangs, and ends in a timeout.",
    evidence: "The counter TcpExtTCPAORequired or TcpExtTCPAOKeyNotFound rises with each attempt.",
    fix: "Connect from a program that signs with the same key (BGP routers), or take the key off in the server.",
    proof: Proof::Documented(
        "Documentation/networking/tcp_ao.rst of the kernel; tcp_inbound_hash in net/ipv4/tcp.c",
    ),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let counters = ["TcpExtTCPAORequired", "TcpExtTCPAOKeyNotFound"];
    super::tcp_md5_required::signed(facts, &counters, "TCP-AO (RFC 5925)", "TCP_AO_ADD_KEY")
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::counters::Counters;

    use crate::facts::servers::made;

    #[test]
    fn its_counters_tell_only_where_the_connection_hangs() {
        let counters = Counters::of(&[("TcpExtTCPAOKeyNotFound", 1)]);
        let told = made::node().connected().with(|facts| facts.attempts[0].counters = counters).judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
