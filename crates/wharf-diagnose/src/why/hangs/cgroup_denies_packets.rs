//! A BPF program of a control group denies the packets: systemd's IPAddressDeny= and the like.

use wharf_os::examine::attempt::Outcome;
use wharf_os::examine::programs::Attach;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;
use crate::facts::network::{Lost, Program};
use crate::why::firewall;

/// cgroup_skb.
pub(super) const CAUSE: Cause = Cause {
    code: "cgroup-denies-packets",
    group: Group::Hangs,
    layer: Layer::Network,
    title: "A BPF program of a control group denies the packets",
    symptom: "The connection hangs; no rule of a firewall has a part in it.",
    evidence: "A program is attached to the control group of the client or the server, or one above it, at ingress or egress \
               (systemd attaches such for IPAddressDeny=), and, tried on the packet, says that it is denied.",
    fix: "Allow it in the unit: IPAddressAllow=localhost; or detach the program.",
    proof: Proof::Reproduced,
    privilege: Some(
        "CAP_NET_ADMIN and CAP_BPF in the initial user namespace: to list programs and try them.",
    ),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(probe) = &facts.network.probe else { return Opinion::Aside };
    if probe.outcome != Outcome::TimedOut || probe.stopped.is_some() || !firewall::is_possible(facts) {
        return Opinion::Aside;
    }
    let Some(programs) = &facts.network.programs else {
        return open("root can list the BPF programs of control groups");
    };
    let mut packets = programs.iter().filter(|one| decides_on_packets(one)).peekable();
    if packets.peek().is_none() {
        return ruled_out("no program is attached to the control groups of client and server");
    }
    let denying = |one: &&Program| one.denies == Some(true) && agrees(one, facts.lost());
    if let Some(one) = packets.clone().find(denying) {
        return finding(facts, one).into();
    }
    match packets.find(|one| one.denies.is_none() && agrees(one, facts.lost())) {
        Some(one) => open(format!(
            "program {} of control group {} cannot be tried: bpftool prog dump xlated id {0}",
            one.program.id, one.program.group
        )),
        None => ruled_out("the programs of the control groups let the packets through"),
    }
}

fn finding(facts: &Facts, one: &Program) -> Finding {
    let program = &one.program;
    let name = if program.name.is_empty() { String::new() } else { format!(" \"{}\"", program.name) };
    let place = if program.attach == Attach::CgroupEgress { "egress" } else { "ingress" };
    let whose = if one.of_server { "the server" } else { "the client" };
    let unit = unit(&program.group);
    let holder = match unit {
        Some(unit) if name.contains("sd_fw") => format!("unit {unit} has IPAddressDeny=, which"),
        Some(unit) => format!("a BPF program of unit {unit}"),
        None => format!("a BPF program of control group {}", program.group),
    };
    let to = facts.network.probe.as_ref().map(|probe| probe.to.to_string()).unwrap_or_default();
    let finding = Finding::new(format!("{holder} denies {whose} the packets of connections to {to}"))
        .saw("BPF_PROG_QUERY", format!("program {}{name} at {place} of {}", program.id, program.group))
        .saw("BPF_PROG_TEST_RUN", format!("program {} denies such a packet", program.id));
    let finding = match unit {
        Some(unit) => finding
            .command(
                "allow it in the unit",
                format!("systemctl set-property {unit} IPAddressAllow=localhost"),
            )
            .as_root(),
        None => finding,
    };
    let command = format!("bpftool cgroup detach /sys/fs/cgroup{} {place} id {}", program.group, program.id);
    finding.command("detach it", command).as_root()
}

fn decides_on_packets(one: &Program) -> bool {
    matches!(one.program.attach, Attach::CgroupEgress | Attach::CgroupIngress)
}

/// Returns whether the packet was lost where this program decides, as far as that was seen.
fn agrees(one: &Program, lost: Option<Lost>) -> bool {
    let Some(lost) = lost else { return true };
    let place = match (one.program.attach, one.of_server) {
        (Attach::CgroupEgress, false) => Lost::UnderWay,
        (Attach::CgroupIngress, true) => Lost::AtListener,
        (Attach::CgroupEgress, true) => Lost::AnswerUnderWay,
        _ => Lost::AtClient,
    };
    lost == place
}

/// Returns the unit of systemd that a control group is of.
fn unit(group: &str) -> Option<&str> {
    let kinds = [".service", ".scope", ".slice", ".socket"];
    group.split('/').rev().find(|part| kinds.iter().any(|kind| part.ends_with(kind)))
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::firewall::{Place, Step};
    use wharf_os::examine::programs::{Attach, GroupProgram};

    use crate::facts::Facts;
    use crate::facts::network::Program;
    use crate::testing::asked;
    use crate::why::testing::probe;

    fn program(denies: Option<bool>) -> impl FnOnce(&mut Facts) {
        move |facts| {
            let (group, name) = ("/system.slice/shop.service".to_owned(), "sd_fw_egress".to_owned());
            let program = GroupProgram { group, attach: Attach::CgroupEgress, id: 7, name };
            facts.network.programs = Some(vec![Program { program, of_server: false, denies }]);
            facts.network.probe = Some(probe());
        }
    }

    #[test]
    fn a_program_that_denies_is_named_with_its_unit() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(program(Some(true))).judged();
        assert_eq!(told.causes(), ["cgroup-denies-packets"]);
        assert!(told.diagnosis.causes[0].text.starts_with("unit shop.service has IPAddressDeny="));
    }

    #[test]
    fn one_that_only_counts_is_ruled_out() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        assert!(told.with(program(Some(false))).judged().is_ruled_out("cgroup-denies-packets"));
    }

    #[test]
    fn a_packet_that_passed_it_was_lost_elsewhere() {
        let told = asked("127.0.0.1:7777").by_root().listener("127.0.0.1:7777").hangs();
        let told = told.with(program(Some(true))).with(|facts| {
            let places = [Place::Made, Place::Left, Place::CameIn, Place::Delivered];
            let mut probe = probe();
            probe.way = places.map(|place| Step { reply: false, place }).into();
            facts.network.probe = Some(probe);
        });
        assert!(!told.judged().causes().contains(&"cgroup-denies-packets"));
    }

    #[test]
    fn an_ordinary_user_cannot_list_programs() {
        let told = asked("127.0.0.1:7777").listener("127.0.0.1:7777").hangs();
        let told = told.with(|facts| facts.network.probe = Some(probe())).judged();
        assert!(told.is_untold("cgroup-denies-packets"));
    }
}
