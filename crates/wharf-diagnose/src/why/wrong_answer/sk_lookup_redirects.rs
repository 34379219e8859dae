//! A BPF program of the network namespace finds another listener.

use super::diverted::opinion;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::network::Diversion;

/// sk_lookup.
pub(super) const CAUSE: Cause = Cause {
    code: "sk-lookup-redirects",
    group: Group::WrongAnswer,
    layer: Layer::Network,
    title: "A BPF program looks up another listener",
    symptom: "Another program answers than the one that listens at the port.",
    evidence: "The kernel's own look-up (sock_diag) of the address finds a listener of another port: a BPF program of type \
               sk_lookup has a say in it.",
    fix: "Detach the program: `bpftool link detach`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    opinion(facts, Diversion::LookUp, "a BPF program (sk_lookup) of this network namespace", |finding| {
        let diverted = facts.network.diverted.as_ref();
        let found = diverted.map(|diverted| format!("the listener of {}", diverted.to)).unwrap_or_default();
        let asked = diverted.map(|diverted| diverted.asked.to_string()).unwrap_or_default();
        finding
            .saw_not(format!("sock_diag for {asked}"), found, "that of the address itself")
            .command("find the link of type netns", "bpftool link show")
            .as_root()
            .advise("detach it: bpftool link detach id ID")
    })
}
