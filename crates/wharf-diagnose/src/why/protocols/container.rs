//! Docker's proxy takes the connection for a container, and nothing takes it there.

use std::net::IpAddr;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, open, ruled_out};
use crate::facts::Facts;
use crate::facts::chain::{Beyond, Inside, WayEnd};

/// Nothing listens in the container.
pub(super) const DOWN: Cause = Cause {
    code: "container-app-down",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The container's port is published, and nothing listens in the container",
    symptom: "`Connection reset by peer`, `Empty reply from server`: Docker's proxy accepts for the container, and hangs up.",
    evidence: "The listener is docker-proxy, whose command line names the container's address and port; in the network namespace \
               with that address nothing listens at that port, or there is no such namespace any more.",
    fix: "Look at the container's log; start the program in it, at the port that is published.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: down,
};

/// It listens at the container's own loopback.
pub(super) const LOOPBACK: Cause = Cause {
    code: "container-app-on-loopback",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The program in the container listens at the container's own loopback only",
    symptom: "`Connection reset by peer`, `Empty reply from server`, though the program runs and says that it listens.",
    evidence: "In the network namespace with the container's address the port is listened at by 127.0.0.1 or ::1 only, which nothing \
               outside the container reaches.",
    fix: "Start the program with --host 0.0.0.0 in the container; publish it at 127.0.0.1 outside to keep it private.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: loopback,
};

fn down(facts: &Facts) -> Opinion {
    let Some((beyond, inside)) = container(facts) else { return Opinion::Aside };
    if inside.found && !inside.listed {
        return open("root can list what listens in the container");
    }
    if !inside.listeners.is_empty() {
        return ruled_out("something listens in the container at that port");
    }
    let (name, port) = (label(inside), inside.port);
    let text = match inside.found {
        true => format!("{} accepts for {name}, in which nothing listens at port {port}", beyond.by),
        false => format!("{} accepts for {name}, which is not there any more", beyond.by),
    };
    let finding = seen(Finding::new(text), beyond, inside);
    let finding = match inside.others.as_slice() {
        [] => finding,
        others => {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            finding.saw("listeners in it", format!("ports {}", others.join(", ")))
        }
    };
    logs(finding, inside)
        .advise(format!("start its program at port {port}, or publish the port that it listens at"))
        .into()
}

fn loopback(facts: &Facts) -> Opinion {
    let Some((beyond, inside)) = container(facts) else { return Opinion::Aside };
    let is_private = |ip: &IpAddr| ip.to_canonical().is_loopback();
    if inside.listeners.is_empty() || !inside.listeners.iter().all(is_private) {
        return Opinion::Aside;
    }
    let listeners: Vec<String> = inside.listeners.iter().map(IpAddr::to_string).collect();
    let text = format!(
        "{} accepts for {}, in which the program listens at {} only: the container's own loopback",
        beyond.by,
        label(inside),
        listeners.join(" and ")
    );
    seen(Finding::new(text), beyond, inside)
        .saw_not(format!("listeners in it at port {}", inside.port), listeners.join(", "), "0.0.0.0 or ::")
        .advise("start the program in the container with --host 0.0.0.0 (HOST=0.0.0.0)")
        .into()
}

fn container(facts: &Facts) -> Option<(&Beyond, &Inside)> {
    let beyond = facts.beyond.as_ref().filter(|beyond| beyond.fails)?;
    beyond.ways.iter().find_map(|way| match &way.end {
        WayEnd::Container(inside) => Some((beyond, inside)),
        _ => None,
    })
}

fn label(inside: &Inside) -> String {
    match &inside.container {
        Some(name) => format!("the container {name}"),
        None => "its container".to_owned(),
    }
}

fn seen(finding: Finding, beyond: &Beyond, inside: &Inside) -> Finding {
    let to = beyond.ways.first().map_or("", |way| way.to.as_str());
    let finding = finding.saw(beyond.known_by.clone(), format!("leads to {to}"));
    match (inside.found, inside.pid) {
        (false, _) => finding.saw_not("network namespaces", "none with that address", "the container's"),
        (true, Some(pid)) => finding.saw("network namespace", format!("that of pid {pid}")),
        (true, None) => finding,
    }
}

fn logs(finding: Finding, inside: &Inside) -> Finding {
    match &inside.container {
        Some(name) => finding.safe_command(
            "see what it says",
            format!("docker logs --tail 20 {}", wharf_model::shell::quoted(name)),
        ),
        None => finding.command("see which containers there are", "docker ps -a"),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::chain::{Beyond, Forwarder, Inside, Way, WayEnd};
    use crate::facts::talk::{After, Closed};
    use crate::testing::{Told, asked};

    fn told(inside: Inside) -> Told {
        let end = WayEnd::Container(Inside { port: 80, ..inside });
        let beyond = Beyond {
            kind: Forwarder::DockerProxy,
            by: "docker-proxy (pid 9)".to_owned(),
            users: Vec::new(),
            at: "127.0.0.1:8080".to_owned(),
            known_by: "command line of docker-proxy".to_owned(),
            ways: vec![Way { to: "172.17.0.2:80 in the container".to_owned(), end }],
            fails: true,
        };
        let asked =
            asked("http://127.0.0.1:8080/").listener_of("127.0.0.1:8080", "docker-proxy", 9).connected();
        asked
            .with(|facts| {
                facts.talk.closed = Some(Closed { reset: true, after: After::Request });
                facts.beyond = Some(beyond);
            })
            .judged()
    }

    fn inside(listeners: &[&str]) -> Inside {
        let listeners = listeners.iter().map(|ip| ip.parse().unwrap()).collect();
        Inside { found: true, listed: true, pid: Some(70), listeners, ..Inside::default() }
    }

    #[test]
    fn a_container_in_which_nothing_listens_is_it() {
        assert_eq!(told(inside(&[])).causes(), ["container-app-down"]);
        assert_eq!(told(Inside::default()).causes(), ["container-app-down"]);
    }

    #[test]
    fn a_listener_at_the_containers_loopback_is_another_cause() {
        assert_eq!(told(inside(&["127.0.0.1", "::1"])).causes(), ["container-app-on-loopback"]);
    }

    #[test]
    fn a_listener_that_can_be_reached_is_neither() {
        let told = told(inside(&["0.0.0.0"]));
        assert_eq!(told.causes(), ["server-closes-at-once"]);
        assert!(told.is_ruled_out("container-app-down"));
    }

    #[test]
    fn where_the_container_may_not_be_looked_into_nothing_is_said_of_it() {
        let told = told(Inside { found: true, ..Inside::default() });
        assert!(!told.causes().contains(&"container-app-down"));
    }
}
