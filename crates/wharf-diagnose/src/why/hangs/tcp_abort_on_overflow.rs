//! The kernel resets connections for which the accept queue has no room, as it was told to.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, Symptom};
use crate::why::silent::words::Case;
use wharf_os::examine::errno::Errno;

/// Overflow is answered by a reset.
pub(super) const CAUSE: Cause = Cause {
    code: "tcp-abort-on-overflow",
    group: Group::Hangs,
    layer: Layer::Server,
    title: "The accept queue is full, and the kernel resets what does not fit",
    symptom: "`Connection reset by peer` now and then, right after the connection is made.",
    evidence: "net.ipv4.tcp_abort_on_overflow is 1, TcpExtListenOverflows rises, and the connection is reset before a byte.",
    fix: "Raise the backlog of listen(2) and net.core.somaxconn, or accept faster; set net.ipv4.tcp_abort_on_overflow=0.",
    proof: Proof::Documented("ip-sysctl, tcp_abort_on_overflow; tcp_check_req in net/ipv4/tcp_minisocks.c"),
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let reset = facts.symptom() == Symptom::Failed(Errno::CONNRESET) || facts.watch.closed == Some(true);
    if case.server.machine.abort_on_overflow != Some(1) || !reset {
        return Opinion::Aside;
    }
    let overflows = |made: &wharf_os::examine::attempt::Attempt| made.counters.get("TcpExtListenOverflows");
    let count = facts.attempts.iter().map(overflows).max().unwrap_or(0);
    if count == 0 {
        return ruled_out("no queue has overflowed");
    }
    Finding::new(
        "the accept queue was full, and the kernel reset the connection: tcp_abort_on_overflow is on",
    )
    .saw("/proc/net/netstat", format!("ListenOverflows +{count}"))
    .saw_not("/proc/sys/net/ipv4/tcp_abort_on_overflow", "1", "0")
    .saw("sock_diag", case.server.queue_text())
    .safe_command("let clients try again instead", "sysctl net.ipv4.tcp_abort_on_overflow=0")
    .as_root()
    .advise("raise the backlog of listen(2) and net.core.somaxconn, or accept faster")
    .into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::counters::Counters;
    use wharf_os::examine::errno::Errno;

    use crate::facts::servers::made;
    use crate::testing::Asked;

    fn reset(setting: u64) -> Asked {
        made::full(vec![made::process('S', Some("epoll_wait"))]).with(|facts| {
            facts.attempts.clear();
            facts.servers[0].queues[0].waiting = 16;
            facts.servers[0].machine.abort_on_overflow = Some(setting);
        })
    }

    #[test]
    fn a_reset_after_an_overflow_is_it() {
        let asked = |setting| {
            let mut asked = reset(setting).fails(Errno::CONNRESET);
            asked.facts.attempts[0].counters = Counters::of(&[("TcpExtListenOverflows", 1)]);
            asked.judged()
        };
        assert_eq!(asked(1).causes(), ["tcp-abort-on-overflow"]);
        assert_eq!(asked(0).causes(), ["server-closes-at-once"]);
        let told = reset(1).fails(Errno::CONNRESET).judged();
        assert!(told.is_ruled_out("tcp-abort-on-overflow"));
    }
}
