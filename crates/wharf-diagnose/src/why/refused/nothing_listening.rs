//! Nothing at all listens at the port: the plain case, after everything that looks like it.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::itself::Daemon;
use crate::facts::{Facts, Symptom, who};

/// Nothing listens.
pub(super) const CAUSE: Cause = Cause {
    code: "nothing-listening",
    group: Group::Refused,
    layer: Layer::Port,
    title: "Nothing listens at the port",
    symptom: "`Connection refused` (ECONNREFUSED) within a tenth of a millisecond.",
    evidence: "The kernel's own look-up (sock_diag) finds no listener for any address that the client tries, and the \
               counter TcpOutRsts rises by one: the refusal is the kernel's, for want of a listener.",
    fix: "Start the server, or ask for the port that it prints.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    // The server is there, and the name leads past it; or it is outside of the client's sandbox.
    if facts.reached.is_empty() || facts.is_led_astray() || facts.client.served_outside.is_some() {
        return Opinion::Aside;
    }
    if facts.is_listened_at() {
        let listener = facts.endpoint().map_or("somebody".to_owned(), |detail| who(&detail.endpoint));
        return ruled_out(format!("{listener} listens"));
    }
    // Where wharf's router is meant and the daemon is gone, that is all there is to say.
    let is_ours = facts.itself.as_ref().is_some_and(|itself| !matches!(itself.daemon, Daemon::Runs { .. }));
    if !facts.addresses.iter().all(|address| facts.is_local(*address)) || is_ours {
        return Opinion::Aside;
    }
    // A rule of a firewall leads to another port, or into a container.
    if facts.symptom() == Symptom::Connected {
        return ruled_out("a connection was made");
    }
    let port = facts.addresses.first().map_or(0, |address| address.port());
    let mut finding = Finding::new(format!("nothing listens at port {port}"));
    for reached in &facts.reached {
        finding = finding.saw_not(
            format!("sock_diag for {}", reached.address),
            "no listener",
            "a socket in LISTEN",
        );
    }
    for suspect in facts.suspects.iter().filter(|suspect| !suspect.is_open) {
        let process = &suspect.process;
        finding = finding.saw(
            format!("/proc/{}/cmdline", process.pid),
            format!("{} was told {}; only root can see where it listens", process.name, suspect.told),
        );
    }
    match facts.symptom() {
        Symptom::Refused => {
            finding = finding.saw("connect(2)", "ECONNREFUSED, TcpOutRsts +1: refused by this kernel");
        }
        Symptom::NotTried => {}
        // A firewall or the like is before it: that comes first.
        _ => finding = finding.beside_the_symptom(),
    }
    finding.advise(format!("start the server for port {port}, or ask for the port that it prints")).into()
}

#[cfg(test)]
mod tests {
    use wharf_os::examine::attempt::Outcome;
    use wharf_os::examine::links::Link;

    use crate::testing::{Told, asked};

    #[test]
    fn a_refusal_of_this_kernel_without_a_listener_is_it() {
        let told = asked("127.0.0.1:3000").refused().judged();
        assert_eq!(told.causes(), ["nothing-listening"]);
    }

    #[test]
    fn where_packets_are_dropped_it_is_not_the_whole_truth() {
        let told = asked("127.0.0.1:3000").hangs().judged();
        assert_eq!((told.verdict(), told.causes()), ("cannot_tell", vec!["nothing-listening"]));
    }

    #[test]
    fn a_connection_that_leads_elsewhere_rules_it_out() {
        let told = asked("127.0.0.1:3000").tried(Outcome::Connected, &[]).judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("nothing-listening"));
    }

    #[test]
    fn an_own_address_of_another_interface_is_local() {
        let lan = Link { addresses: vec![("192.0.2.7".parse().unwrap(), 24)], ..Link::default() };
        let told = asked("192.0.2.7:3000").refused().with(|facts| facts.network.links = vec![lan]).judged();
        assert_eq!(told.causes(), ["nothing-listening"]);
    }

    #[test]
    fn a_listener_rules_it_out() {
        let told: Told = asked("127.0.0.1:3000").listener("127.0.0.1:3000").connected().judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("nothing-listening"));
    }
}
