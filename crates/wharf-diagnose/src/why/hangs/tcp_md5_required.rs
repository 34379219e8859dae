//! The server takes only connections whose packets are signed by TCP-MD5 (RFC 2385), as routers sign theirs.

use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::{Facts, Symptom};
use crate::why::silent::words::Case;

/// The server demands signatures by MD5.
pub(super) const CAUSE: Cause = Cause {
    code: "tcp-md5-required",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "The server takes only packets that are signed by TCP-MD5",
    symptom: "The connection hangs, and ends in a timeout.",
    evidence: "The counter TcpExtTCPMD5NotFound rises with each attempt.",
    fix: "Connect from a program that signs with the same key (BGP routers), or take the key off in the server.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    signed(facts, &["TcpExtTCPMD5NotFound"], "TCP-MD5 (RFC 2385)", "TCP_MD5SIG")
}

/// Returns the opinion where one of `counters` rises because packets are not signed by `how`.
pub(super) fn signed(facts: &Facts, counters: &[&str], how: &str, option: &str) -> Opinion {
    if facts.symptom() != Symptom::Hangs || !facts.is_listened_at() {
        return Opinion::Aside;
    }
    let counts = |name: &&&str| facts.attempts.iter().any(|made| made.counters.get(name) > 0);
    let Some(name) = counters.iter().find(counts) else { return Opinion::Aside };
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let who = facts.endpoint().map_or("the server".to_owned(), |detail| crate::facts::who(&detail.endpoint));
    let mut finding = case.finding(format!("{who} takes only packets that are signed by {how}"));
    finding.explains = true;
    let counter = name.trim_start_matches("TcpExt");
    let mut finding = finding.saw_not("/proc/net/netstat", format!("{counter} +1"), "no change");
    if facts.watch.drops > 0 {
        finding =
            finding.saw("sock_diag", format!("the listener dropped {} packets meanwhile", facts.watch.drops));
    }
    finding
        .advise(format!(
            "take the key ({option}) for this address off in the server, or sign with the same key"
        ))
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;
    use wharf_os::examine::counters::Counters;

    #[test]
    fn its_counter_tells() {
        let asked = |counters: Counters| {
            made::full(vec![made::process('S', Some("epoll_wait"))]).with(|facts| {
                facts.servers[0].queues[0].waiting = 0;
                facts.attempts[0].counters = counters;
            })
        };
        let told = asked(Counters::of(&[("TcpExtTCPMD5NotFound", 1)])).judged();
        assert_eq!(told.causes(), ["tcp-md5-required"]);
        let told = asked(Counters::of(&[("TcpExtTCPAORequired", 1)])).judged();
        assert_eq!(told.causes(), ["tcp-ao-required"]);
        assert_eq!(asked(Counters::default()).judged().verdict(), "cannot_tell");
    }
}
