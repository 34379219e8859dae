//! http:// where another protocol is spoken.

use super::tls_words::client;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::shown;

/// What listens there does not speak HTTP.
pub(super) const CAUSE: Cause = Cause {
    code: "not-http",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "What listens there does not speak HTTP",
    symptom: "curl (1) `Received HTTP/0.9 when not allowed`, ERR_INVALID_HTTP_RESPONSE, HPE_INVALID_CONSTANT, BadStatusLine.",
    evidence: "The first bytes that the server sends are no answer of HTTP; where they are a greeting that wharf knows, it is named.",
    fix: "Use the client of that protocol, or the port of the HTTP server.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    if !target.scheme.is_some_and(crate::target::Scheme::is_http) {
        return Opinion::Aside;
    }
    let talk = &facts.talk;
    if talk.http.is_some() || talk.plain.is_some() {
        return ruled_out("it answers HTTP");
    }
    let known = talk
        .speaks()
        .filter(|(_, protocol)| !matches!(*protocol, "http" | "https" | "tls" | "http2" | "grpc"));
    let bytes = if talk.greeting.is_empty() { &talk.retort } else { &talk.greeting };
    let (source, unasked) = match talk.greeting.is_empty() {
        false => ("first bytes, before a word was said", true),
        true => ("answer to an HTTP request", false),
    };
    let port = target.port().unwrap_or_default();
    let finding =
        match known {
            Some((name, protocol)) => {
                let finding = Finding::new(format!("port {port} is {name}, which does not speak HTTP"))
                    .saw_not(source, shown(bytes, 60), "HTTP/1.1");
                match client(protocol, target.host().unwrap_or_default(), port) {
                    Some(command) => finding.command("use its own client", command),
                    None => finding.advise(format!("use a client of {protocol}")),
                }
            }
            // An HTTP/2 server and TLS have causes of their own.
            None if talk.server.is_some() || bytes.is_empty() => return Opinion::Aside,
            None => {
                let when = if unasked { "speaks first" } else { "answers" };
                Finding::new(format!("what listens at port {port} {when}, and not in HTTP")).saw_not(
                    source,
                    shown(bytes, 60),
                    "HTTP/1.1",
                )
            }
        };
    finding.advise("or ask the port at which the HTTP server listens: `wharf ls` shows all").into()
}

#[cfg(test)]
mod tests {
    use crate::testing::{asked, http, service};

    #[test]
    fn a_greeting_of_another_protocol_is_it() {
        let told = asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.greeting = b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec();
                facts.talk.server = Some(service("sshd", "OpenSSH server", "ssh"));
            })
            .judged();
        assert_eq!(told.causes(), ["not-http"]);
        assert_eq!(told.diagnosis.causes[0].fixes[0].command.as_deref(), Some("ssh -p 3000 localhost"));
    }

    #[test]
    fn bytes_that_nobody_knows_are_it_too() {
        let told = asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.retort = b"\xff\xfe garbage".to_vec())
            .judged();
        assert_eq!(told.causes(), ["not-http"]);
    }

    #[test]
    fn an_answer_rules_it_out_and_no_scheme_asks_for_none() {
        let asked_by = |target: &str| asked(target).listener("127.0.0.1:3000").connected();
        let told =
            asked_by("http://localhost:3000").with(|facts| facts.talk.http = Some(http(500, ""))).judged();
        assert!(told.is_ruled_out("not-http"));
        let told =
            asked_by("localhost:3000").with(|facts| facts.talk.greeting = b"SSH-2.0-x\r\n".to_vec()).judged();
        assert_eq!(told.verdict(), "reachable");
    }
}
