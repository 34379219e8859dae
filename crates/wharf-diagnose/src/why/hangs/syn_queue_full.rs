//! Too many half-open connections wait at the listener, and the kernel may not answer by cookies.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom};
use crate::why::silent::words::Case;

/// The queue of half-open connections is full.
pub(super) const CAUSE: Cause = Cause {
    code: "syn-queue-full",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "Too many half-open connections wait at the listener",
    symptom: "The connection hangs, and may be made in the end.",
    evidence: "TcpExtTCPReqQFullDrop or TcpExtListenDrops rises while the accept queue is not full, many connections to the \
               port are in SYN-RECV, and net.ipv4.tcp_syncookies is 0.",
    fix: "Set net.ipv4.tcp_syncookies=1 again, or raise net.ipv4.tcp_max_syn_backlog; find who sends the SYNs.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if facts.symptom() != Symptom::Hangs {
        return Opinion::Aside;
    }
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let machine = &case.server.machine;
    let rose = |name: &str| facts.attempts.iter().map(|made| made.counters.get(name)).max().unwrap_or(0);
    let (full, drops) = (rose("TcpExtTCPReqQFullDrop"), rose("TcpExtListenDrops"));
    let half_open = case.server.half_open;
    if case.server.is_full() || rose("TcpExtListenOverflows") > 0 {
        return ruled_out("it is the queue of whole connections that is full");
    }
    if machine.syncookies != Some(0) || half_open == 0 || (full == 0 && drops == 0) {
        return ruled_out(format!("{half_open} connections are half open"));
    }
    let backlog = machine.max_syn_backlog.unwrap_or(0);
    let counter = if full > 0 { format!("TCPReqQFullDrop +{full}") } else { format!("ListenDrops +{drops}") };
    let mut finding = case.finding(format!(
        "{half_open} half-open connections fill the listener's queue, and the kernel drops new ones: SYN cookies are off"
    ));
    finding.explains = true;
    finding
        .saw_not("/proc/net/netstat", counter, "no change")
        .saw("sock_diag", format!("{half_open} connections in SYN-RECV, tcp_max_syn_backlog is {backlog}"))
        .saw_not("/proc/sys/net/ipv4/tcp_syncookies", "0", "1")
        .safe_command("answer by cookies", "sysctl net.ipv4.tcp_syncookies=1")
        .as_root()
        .advise("find who sends SYNs and never finishes: `ss -tn state syn-recv`")
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::counters::Counters;

    use crate::facts::servers::made;
    use crate::testing::Asked;

    fn flooded(syncookies: u64) -> Asked {
        made::full(vec![made::process('S', Some("epoll_wait"))]).with(|facts| {
            facts.servers[0].queues[0].waiting = 0;
            facts.servers[0].half_open = 200;
            facts.servers[0].machine.syncookies = Some(syncookies);
            facts.attempts[0].counters =
                Counters::of(&[("TcpExtTCPReqQFullDrop", 1), ("TcpExtListenDrops", 1)]);
        })
    }

    #[test]
    fn a_flood_without_cookies_is_it() {
        assert_eq!(flooded(0).judged().causes(), ["syn-queue-full"]);
    }

    #[test]
    fn with_cookies_or_a_full_accept_queue_it_is_not() {
        assert!(flooded(1).judged().is_ruled_out("syn-queue-full"));
        let told = flooded(0).with(|facts| facts.servers[0].queues[0].waiting = 17).judged();
        assert_eq!(told.causes(), ["accept-queue-full"]);
    }
}
