//! The server has the port by UDP, and the client comes by TCP.

use wharf_model::endpoint::Protocol;

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::{Facts, who};

/// UDP only.
pub(super) const CAUSE: Cause = Cause {
    code: "udp-only",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server speaks UDP at the port, not TCP",
    symptom: "`Connection refused` by TCP, though the server has the port: QUIC, DNS, WireGuard.",
    evidence: "sock_diag lists a UDP socket at the port and no TCP listener.",
    fix: "Use a client of that protocol (HTTP/3, `dig`), or turn on TCP in the server.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() {
        return Opinion::Aside;
    }
    let serves = |address: std::net::IpAddr| {
        address.is_unspecified() || facts.addresses.iter().any(|asked| asked.ip() == address.to_canonical())
    };
    let found = facts.endpoints().find(|detail| {
        let endpoint = &detail.endpoint;
        endpoint.netns.own
            && endpoint.protocol == Protocol::Udp
            && endpoint.listeners.iter().any(|listener| serves(listener.address))
    });
    let Some(detail) = found else { return ruled_out("no UDP socket has the port") };
    let endpoint = &detail.endpoint;
    Finding::new(format!("{} has port {} by UDP; TCP is refused", who(endpoint), endpoint.port))
        .saw_not("sock_diag", "a UDP socket at the port", "a TCP socket in LISTEN")
        .advise("use a client that speaks the server's protocol over UDP, or turn TCP on in the server")
        .into()
}

#[cfg(test)]
mod tests {
    use wharf_model::endpoint::Protocol;

    use crate::testing::{asked, endpoint};

    #[test]
    fn a_udp_socket_is_it_only_where_no_tcp_listens() {
        let udp = || {
            let mut found = endpoint("127.0.0.1:4433".parse().unwrap(), "caddy", 9, 7);
            found.protocol = Protocol::Udp;
            found
        };
        let mut alone = asked("127.0.0.1:4433").refused();
        alone.endpoint(udp());
        assert_eq!(alone.judged().causes(), ["udp-only"]);
        let mut both = asked("127.0.0.1:4433").listener("127.0.0.1:4433").connected();
        both.endpoint(udp());
        assert_eq!(both.judged().verdict(), "reachable");
    }
}
