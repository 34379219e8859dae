//! The server was told to wait for a PROXY header before anything else, and a client of its own accord sends none.

use super::words::Case;
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::servers::Stuck;
use crate::facts::{Facts, who};

/// The server waits for a PROXY header.
pub(super) const CAUSE: Cause = Cause {
    code: "server-waits-for-proxy-protocol",
    group: Group::Silent,
    layer: Layer::Server,
    title: "The server waits for a PROXY header",
    symptom: "The connection is made, and then nothing comes, or it is closed after the first bytes.",
    evidence: "The server's configuration asks for the header at this port (nginx: `proxy_protocol`, HAProxy: `accept-proxy`), \
               and it does not answer without one.",
    fix: "Connect by the load balancer that sends the header, or turn it off at this port (`curl --haproxy-protocol` sends one).",
    proof: Proof::Reproduced,
    privilege: Some("the configuration of the server must be readable"),
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(case) = Case::of(facts) else { return Opinion::Aside };
    let Some((file, line)) = &case.server.proxy_header else { return Opinion::Aside };
    if case.stuck != Some(Stuck::Silent) && !super::is_hung_up(facts) {
        return Opinion::Aside;
    }
    let who = facts.endpoint().map_or("the server".to_owned(), |detail| who(&detail.endpoint));
    let mut finding =
        case.finding(format!("{who} waits for a PROXY header, as {file} says, and the client sends none"));
    finding.explains = true;
    let port = facts.addresses.first().map_or(0, |address| address.port());
    finding
        .saw(file.clone(), line.clone())
        .command("send the header, to try", format!("curl --haproxy-protocol http://127.0.0.1:{port}/"))
        .advise("take the option from that line, or connect by the proxy that sends the header")
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::servers::made;

    #[test]
    fn a_line_of_the_configuration_and_silence_are_it() {
        let header = || Some(("/etc/haproxy.cfg:7".to_owned(), "bind :3000 accept-proxy".to_owned()));
        let asked = made::silent(vec![made::process('S', Some("epoll_wait"))]);
        let told = asked.with(|facts| facts.servers[0].proxy_header = header()).judged();
        assert_eq!(told.causes(), ["server-waits-for-proxy-protocol"]);
        let asked = made::unaccepted(vec![made::process('T', None)]);
        let told = asked.with(|facts| facts.servers[0].proxy_header = header()).judged();
        assert_eq!(told.causes(), ["server-stopped"]);
    }
}
