//! Nothing listens here, but in another network namespace or by another address of a container's publication.

use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::{Endpoint, EndpointState, Protocol};

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// In another network namespace.
pub(super) const OTHER_NAMESPACE: Cause = Cause {
    code: "listener-in-other-namespace",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens in a container or another network namespace",
    symptom: "`Connection refused`, though the server runs and says that it listens at the port.",
    evidence: "sock_diag finds no listener here; in another network namespace something listens at the very port, and nothing \
               publishes it.",
    fix: "Publish the port (docker run -p 127.0.0.1:P:P), or ask in that namespace.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: other_namespace,
};

/// By another address.
pub(super) const ELSEWHERE: Cause = Cause {
    code: "container-published-elsewhere",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The container's port is published at another address of this machine",
    symptom: "`Connection refused` at 127.0.0.1, while `docker ps` shows the port.",
    evidence: "docker-proxy listens at the port, at another address than the one that was asked for.",
    fix: "Ask for the address that it is published at, or publish it at 127.0.0.1.",
    proof: Proof::Reproduced,
    privilege: None,
    rule: elsewhere,
};

fn other_namespace(facts: &Facts) -> Opinion {
    // Of a client in a sandbox, it is the client that is elsewhere.
    let Some(port) = unserved(facts).filter(|_| facts.client.served_outside.is_none()) else {
        return Opinion::Aside;
    };
    // Whoever listens here by another address is nearer than a namesake in a container.
    if facts.listening().next().is_some() {
        return ruled_out("something listens at the port in this namespace");
    }
    let apart = |detail: &&EndpointDetail| {
        let endpoint = &detail.endpoint;
        !endpoint.netns.own
            && endpoint.protocol == Protocol::Tcp
            && endpoint.state == EndpointState::Listening
    };
    let Some(detail) = facts.endpoints().find(apart) else {
        return ruled_out("nothing listens at the port in another network namespace that can be seen");
    };
    let endpoint = &detail.endpoint;
    let holders = &endpoint.owner.processes;
    let is_other = |pid: u32| !holders.is_empty() && !holders.iter().any(|holder| holder.pid == pid);
    if facts.suspects.iter().any(|suspect| suspect.listens.is_empty() && is_other(suspect.process.pid)) {
        return ruled_out("another program was told the port, and does not listen yet");
    }
    let place = place(endpoint);
    let addresses: Vec<String> =
        endpoint.addresses.iter().map(|address| format!("{address}:{port}")).collect();
    let finding =
        Finding::new(format!("nothing listens at port {port} here: {} listens in {place}", who(endpoint)))
            .saw_not("sock_diag", "no listener in this network namespace", "one")
            .saw(format!("listeners of {place}"), addresses.join(", "));
    let finding = match (&endpoint.container, endpoint.netns.pid) {
        (Some(container), _) => finding.advise(format!(
            "start {} anew with the port published: docker run -p 127.0.0.1:{port}:{port} (compose: ports)",
            container.label()
        )),
        (None, Some(pid)) => finding
            .command(
                "ask in that namespace",
                format!("nsenter --net --target {pid} curl -v http://127.0.0.1:{port}/"),
            )
            .as_root(),
        (None, None) => finding,
    };
    finding.advise("or start the server in this namespace").into()
}

fn elsewhere(facts: &Facts) -> Opinion {
    let Some(port) = unserved(facts) else { return Opinion::Aside };
    let is_proxy = |detail: &&EndpointDetail| {
        let lead = detail.endpoint.owner.lead();
        lead.is_some_and(|lead| {
            matches!(lead.name.as_str(), "docker-proxy" | "rootlesskit-docke" | "pasta" | "rootlessport")
        }) || lead.is_none() && detail.endpoint.container.is_some()
    };
    let Some(detail) = facts.listening().find(is_proxy) else { return Opinion::Aside };
    let endpoint = &detail.endpoint;
    let Some(address) = endpoint.addresses.first().filter(|address| !address.is_unspecified()) else {
        return Opinion::Aside;
    };
    let asked = facts.addresses.first().map_or(String::new(), |asked| asked.ip().to_string());
    let at = std::net::SocketAddr::new(*address, port);
    Finding::new(format!("{} publishes the port at {at} only, not at {asked}", who(endpoint)))
        .saw("listener", at.to_string())
        .saw_not(format!("sock_diag for {asked}"), "no listener", "a socket in LISTEN")
        .advise(format!("ask for {at}, or publish it at {asked}: docker run -p {asked}:{port}:…"))
        .into()
}

/// Returns the port that was asked for, if no address that the client tries has a listener.
fn unserved(facts: &Facts) -> Option<u16> {
    let asked = facts.addresses.first()?;
    let is_unserved = !facts.reached.is_empty() && !facts.is_listened_at() && !facts.is_led_astray();
    (is_unserved && facts.is_loopback()).then_some(asked.port())
}

fn place(endpoint: &Endpoint) -> String {
    match (&endpoint.container, &endpoint.netns.name) {
        (Some(container), _) => format!("the container {}", container.label()),
        (None, Some(name)) => format!("the network namespace {name}"),
        (None, None) => match endpoint.netns.pid {
            Some(pid) => format!("the network namespace of pid {pid}"),
            None => "another network namespace".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::place::Netns;

    use crate::testing::{Asked, asked, endpoint};

    fn apart() -> Asked {
        let mut asked = asked("127.0.0.1:3000").refused();
        let mut found = endpoint("0.0.0.0:3000".parse().unwrap(), "node", 4121, 7);
        found.netns = Netns { inode: Some(1), own: false, name: Some("dev".to_owned()), pid: Some(4121) };
        asked.endpoint(found);
        asked
    }

    #[test]
    fn a_listener_in_another_namespace_is_it() {
        let told = apart().judged();
        assert_eq!(told.causes(), ["listener-in-other-namespace"]);
        assert!(told.diagnosis.summary.contains("network namespace dev"));
    }

    #[test]
    fn a_listener_here_at_another_address_is_nearer() {
        let told = apart().listener("127.0.0.2:3000").judged();
        assert_eq!(told.causes(), ["listens-on-other-address"]);
        assert!(told.is_ruled_out("listener-in-other-namespace"));
    }

    #[test]
    fn a_proxy_at_another_address_is_a_publication() {
        let told =
            asked("127.0.0.1:3000").refused().listener_of("127.0.0.2:3000", "docker-proxy", 9).judged();
        assert_eq!(told.causes(), ["container-published-elsewhere"]);
    }

    #[test]
    fn a_server_that_is_reached_rules_it_out() {
        let told = apart().listener("127.0.0.1:3000").connected().judged();
        assert!(!told.causes().contains(&"listener-in-other-namespace"));
    }
}
