//! The server has put a filter before its own listener, and that drops the packets of new connections.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::servers::Filter;
use crate::facts::{Facts, Symptom};
use crate::why::silent::words::Case;

/// The server's own filter drops packets.
pub(super) const CAUSE: Cause = Cause {
    code: "socket-filter-drops",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "The server's own socket filter drops new connections",
    symptom: "The connection hangs, and ends in a timeout.",
    evidence: "The listener's own count of dropped packets (sock_diag, SK_MEMINFO_DROPS) rises with each attempt, its queue is \
               not full, no counter of another reason rises, and SO_GET_FILTER says that there is a filter.",
    fix: "Take the filter (SO_ATTACH_FILTER, SO_ATTACH_BPF) off, or mend its program.",
    proof: Proof::Reproduced,
    privilege: Some("whether there is a filter can be seen of one's own processes, or by root"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts).filter(|_| facts.symptom() == Symptom::Hangs) else {
        return Opinion::Aside;
    };
    if facts.watch.drops == 0 {
        return ruled_out("the listener's socket has dropped nothing");
    }
    if case.server.is_full() || OTHERS.iter().any(|name| counted(facts, name)) {
        return ruled_out("it drops for another reason");
    }
    let kind = match case.server.filter {
        Some(Filter::None) => return ruled_out("the listener has no filter"),
        None => {
            return open("the listener itself drops the packets; root may see whether by a socket filter");
        }
        Some(Filter::Classic(count)) => format!("SO_ATTACH_FILTER, {count} instructions"),
        Some(Filter::Extended) => "SO_ATTACH_BPF".to_owned(),
    };
    let who = facts.endpoint().map_or("the server".to_owned(), |detail| crate::facts::who(&detail.endpoint));
    let mut finding = case.finding(format!("{who} drops new connections itself, by a filter on its socket"));
    finding.explains = true;
    finding
        .saw_not("sock_diag", format!("the listener dropped {} packets meanwhile", facts.watch.drops), "none")
        .saw("SO_GET_FILTER", kind)
        .advise("take the filter off in the server, or mend its program; then restart it")
        .into()
}

fn counted(facts: &Facts, name: &str) -> bool {
    facts.attempts.iter().any(|made| made.counters.get(name) > 0)
}

/// Other reasons for which a listener drops the first packet, with counters of their own (tcp_v4_rcv in net/ipv4/tcp_ipv4.c).
const OTHERS: &[&str] = &[
    "TcpExtListenDrops",
    "TcpExtListenOverflows",
    "TcpExtTCPMD5NotFound",
    "TcpExtTCPMD5Unexpected",
    "TcpExtTCPMD5Failure",
    "TcpExtTCPAORequired",
    "TcpExtTCPAOKeyNotFound",
    "TcpExtTCPAOBad",
    "TcpExtTCPMinTTLDrop",
    "TcpExtTCPReqQFullDrop",
];

#[cfg(test)]
mod tests {
    use wharf_os::examine::counters::Counters;

    use crate::facts::servers::{Filter, made};
    use crate::testing::Asked;

    fn dropping(filter: Option<Filter>) -> Asked {
        made::full(vec![made::process('S', Some("epoll_wait"))]).with(|facts| {
            facts.servers[0].queues[0].waiting = 0;
            facts.servers[0].filter = filter;
            facts.watch.drops = 1;
        })
    }

    #[test]
    fn drops_of_the_socket_and_a_filter_are_it() {
        assert_eq!(dropping(Some(Filter::Classic(1))).judged().causes(), ["socket-filter-drops"]);
        assert_eq!(dropping(Some(Filter::Extended)).judged().causes(), ["socket-filter-drops"]);
    }

    #[test]
    fn without_the_right_to_see_the_filter_it_is_open() {
        let told = dropping(None).judged();
        assert_eq!((told.verdict(), told.is_untold("socket-filter-drops")), ("cannot_tell", true));
    }

    #[test]
    fn a_firewall_drops_before_the_socket_and_other_reasons_have_counters() {
        let told = dropping(Some(Filter::Classic(1))).with(|facts| facts.watch.drops = 0).judged();
        assert!(told.is_ruled_out("socket-filter-drops"));
        let told = dropping(Some(Filter::Classic(1)))
            .with(|facts| facts.attempts[0].counters = Counters::of(&[("TcpExtTCPMD5NotFound", 1)]))
            .judged();
        assert_eq!(told.causes(), ["tcp-md5-required"]);
    }
}
