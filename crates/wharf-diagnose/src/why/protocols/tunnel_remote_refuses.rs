//! A tunnel takes the connection, and hangs up: what is at its other end, on another machine, did not take it.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::chain::{Forwarder, WayEnd};

/// The other end does not take it.
pub(super) const CAUSE: Cause = Cause {
    code: "tunnel-remote-refuses",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The tunnel is there, and its other end takes no connection",
    symptom: "`Empty reply from server`, `Connection reset by peer` at a port of `ssh -L` or `kubectl port-forward`; ssh says \
              `channel 2: open failed: connect failed: Connection refused`.",
    evidence: "The listener is ssh or kubectl, whose command line names a place on another machine; it accepts, and hangs up.",
    fix: "See on the other machine whether the server runs there, and at the address that the tunnel names.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(beyond) = facts.beyond.as_ref().filter(|beyond| beyond.fails) else { return Opinion::Aside };
    let found = beyond.ways.iter().find_map(|way| match &way.end {
        WayEnd::Elsewhere(machine) => Some((way, machine)),
        _ => None,
    });
    let Some((way, machine)) = found else { return Opinion::Aside };
    // A tunnel that says nothing may have lost its other end, or may wait for it.
    let does = if facts.talk.silent { "does not answer" } else { "accepts and hangs up" };
    let finding = Finding::new(format!(
        "{} {does}: its other end {} takes no connection, or gives no answer",
        beyond.by, way.to
    ))
    .saw(beyond.known_by.clone(), format!("leads to {}", way.to))
    .saw("connection", does);
    match beyond.kind {
        Forwarder::Kubectl => finding.command("see the pods", "kubectl get pods,endpoints"),
        _ => {
            let place = way.to.split(", by ").next().unwrap_or(&way.to);
            let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
            let command = format!("ssh {} nc -zv {host} {port}", wharf_model::shell::quoted(machine));
            finding.command("see from the other machine", command.trim_end().to_owned())
        }
    }
    .advise("start the server there, or correct the place in the tunnel's command line")
    .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::chain::{Beyond, Forwarder, Way, WayEnd};
    use crate::facts::talk::{After, Closed};
    use crate::testing::{Told, asked};

    fn told(fails: bool, end: WayEnd) -> Told {
        let beyond = Beyond {
            kind: Forwarder::Ssh,
            by: "ssh (pid 9)".to_owned(),
            users: Vec::new(),
            at: "127.0.0.1:5432".to_owned(),
            known_by: "command line of ssh".to_owned(),
            ways: vec![Way { to: "db:5432, by bastion".to_owned(), end }],
            fails,
        };
        let asked = asked("127.0.0.1:5432").listener_of("127.0.0.1:5432", "ssh", 9).connected();
        asked
            .with(|facts| {
                facts.talk.closed = fails.then_some(Closed { reset: false, after: After::Nothing });
                facts.beyond = Some(beyond);
            })
            .judged()
    }

    #[test]
    fn a_tunnel_that_hangs_up_is_it() {
        let told = told(true, WayEnd::Elsewhere("bastion".to_owned()));
        assert_eq!(told.causes(), ["tunnel-remote-refuses"]);
        let command = told.diagnosis.causes[0].fixes[0].command.as_deref();
        assert_eq!(command, Some("ssh bastion nc -zv db 5432"));
    }

    #[test]
    fn a_tunnel_that_stays_open_is_not() {
        assert_eq!(told(false, WayEnd::Elsewhere("bastion".to_owned())).verdict(), "reachable");
    }

    #[test]
    fn one_to_this_machine_is_followed_instead() {
        let next = asked("127.0.0.1:9000").refused().facts;
        assert_eq!(told(true, WayEnd::Here(Box::new(next))).causes(), ["upstream-down", "nothing-listening"]);
    }
}
