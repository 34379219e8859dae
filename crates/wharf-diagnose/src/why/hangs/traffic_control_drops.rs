//! A queue, a filter of tc(8) or an XDP program drops the packets.

use wharf_os::examine::attempt::Outcome;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;
use crate::facts::network::Lost;

/// Dropped on the interface.
pub(super) const CAUSE: Cause = Cause {
    code: "traffic-control-drops",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "Traffic control or XDP drops the packets",
    symptom: "The connection hangs, or is slow; no rule of a firewall has a part in it.",
    evidence: "While one connection is tried, a queueing discipline of the interface counts a drop (clsact counts those of \
               its filters); or the XDP program on it, tried on that packet, says XDP_DROP.",
    fix: "Remove it: `tc qdisc del dev lo …`, `ip link set lo xdp off`.",
    proof: Proof::Reproduced,
    privilege: Some("None for queues and their filters; CAP_BPF to try an XDP program."),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(probe) = &facts.network.probe else { return Opinion::Aside };
    if probe.outcome != Outcome::TimedOut || probe.stopped.is_some() {
        return Opinion::Aside;
    }
    if !may_be_lost_under_way(facts) {
        return ruled_out("the packets are lost elsewhere");
    }
    let is_loopback = facts.is_local(probe.to);
    let link = if is_loopback {
        facts.network.links.iter().find(|link| link.is_loopback).map(|link| link.index)
    } else {
        facts.way_to(probe.to).and_then(|way| way.route.as_ref().ok()?.link)
    };
    if let Some(queue) = probe.queues.iter().find(|queue| Some(queue.link) == link) {
        let (device, kind) = (&queue.device, &queue.kind);
        let what = if kind == "clsact" || kind == "ingress" { "a filter of tc" } else { "a queue of tc" };
        let show = if kind == "clsact" || kind == "ingress" {
            format!("tc filter show dev {device} ingress; tc filter show dev {device} egress")
        } else {
            format!("tc -s qdisc show dev {device}")
        };
        let delete = match kind.as_str() {
            "clsact" | "ingress" => format!("tc qdisc del dev {device} {kind}"),
            _ => format!("tc qdisc del dev {device} root"),
        };
        return Finding::new(format!("{what} ({kind}) on {device} drops the packets to {}", probe.to))
            .saw(format!("{kind} on {device}"), format!("dropped +{} during one connection", queue.drops))
            .command("see it", show)
            .as_root()
            .command("remove it", delete)
            .as_root()
            .into();
    }
    if is_loopback && let Some((id, name)) = &facts.network.xdp {
        let name = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
        return Finding::new(format!("XDP program {id}{name} on lo drops the packets to {}", probe.to))
            .saw("RTM_GETLINK", format!("XDP program {id} is on lo"))
            .saw("BPF_PROG_TEST_RUN", format!("program {id} drops such a packet"))
            .command("remove it", "ip link set dev lo xdp off")
            .as_root()
            .into();
    }
    if is_loopback && let Some((id, name)) = &facts.network.tcx {
        let name = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
        return Finding::new(format!(
            "a BPF program of tc, {id}{name}, on lo drops the packets to {}",
            probe.to
        ))
        .saw("BPF_PROG_QUERY", format!("program {id}{name} is on lo (TCX)"))
        .saw("BPF_PROG_TEST_RUN", format!("program {id} drops such a packet"))
        .command("see its link", "bpftool net show dev lo; bpftool link show")
        .as_root()
        .into();
    }
    let has_xdp = facts.network.links.iter().any(|it| Some(it.index) == link && it.xdp.is_some());
    if has_xdp && !facts.client.privileged {
        return open("an XDP program is on the interface: root can try it");
    }
    ruled_out("no queue of the interface dropped a packet")
}

/// Others' packets may be dropped meanwhile: those of this connection have to be lost outside of rules; where that was not
/// seen, there has to be room for it in the listener's queue.
fn may_be_lost_under_way(facts: &Facts) -> bool {
    let is_traced = facts.network.probe.as_ref().is_some_and(|probe| !probe.way.is_empty());
    let is_full = facts
        .reached
        .iter()
        .filter_map(|reached| reached.socket.as_ref())
        .any(|socket| socket.receive_queue > socket.send_queue);
    match facts.lost() {
        Some(lost) => matches!(lost, Lost::UnderWay | Lost::AnswerUnderWay),
        // Another machine's way is not seen to its end.
        None => is_traced || !is_full,
    }
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::links::Queue;

    use crate::facts::Facts;
    use crate::testing::asked;
    use crate::why::testing::{lo, probe};

    fn dropped_on(link: u32) -> impl FnOnce(&mut Facts) {
        move |facts| {
            facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
            let mut probe = probe();
            let (device, kind, handle) = ("lo".to_owned(), "clsact".to_owned(), "ffff:".to_owned());
            probe.queues = vec![Queue { link, device, kind, handle, drops: 1 }];
            facts.network.probe = Some(probe);
        }
    }

    #[test]
    fn a_queue_that_counts_a_drop_is_it_for_everybody() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs().with(dropped_on(1)).judged();
        assert_eq!(told.causes(), ["traffic-control-drops"]);
    }

    #[test]
    fn where_the_listeners_queue_is_full_it_was_anothers_packet() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs().with(dropped_on(1));
        let told = told.with(|facts| {
            for socket in facts.reached.iter_mut().filter_map(|reached| reached.socket.as_mut()) {
                socket.receive_queue = socket.send_queue + 1;
            }
        });
        assert!(told.judged().is_ruled_out("traffic-control-drops"));
    }

    #[test]
    fn a_queue_of_another_interface_is_not() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs().with(dropped_on(2)).judged();
        assert!(told.is_ruled_out("traffic-control-drops"));
    }

    #[test]
    fn an_xdp_program_that_says_so_is_it() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs().with(|facts| {
            facts.network.links = vec![lo(true, &[("127.0.0.1", 8)])];
            facts.network.probe = Some(probe());
            facts.network.xdp = Some((7, "drop".to_owned()));
        });
        assert_eq!(told.judged().causes()[0], "traffic-control-drops");
    }
}
