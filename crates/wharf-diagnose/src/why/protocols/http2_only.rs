//! HTTP/1.1 asked of a server that speaks HTTP/2 alone.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::H2Seen;

/// The server speaks HTTP/2 only.
pub(super) const CAUSE: Cause = Cause {
    code: "http2-only",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The server speaks HTTP/2 only",
    symptom: "curl (1) `Received HTTP/0.9 when not allowed`, HPE_INVALID_CONSTANT in Node, BadStatusLine in Python.",
    evidence: "The server's first bytes are a SETTINGS frame, or it answers the preface of HTTP/2 and not HTTP/1.1. gRPC servers are so.",
    fix: "Use a client of HTTP/2 with prior knowledge (`curl --http2-prior-knowledge`), or one of gRPC.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    if !target.scheme.is_some_and(|scheme| scheme.is_http() && !scheme.is_tls()) {
        return Opinion::Aside;
    }
    let talk = &facts.talk;
    if talk.http.is_some() {
        return ruled_out("it answers HTTP/1.1");
    }
    if talk.h2 != Some(H2Seen::Speaks) {
        return Opinion::Aside;
    }
    let is_grpc = talk.server.as_ref().is_some_and(|server| server.protocol.as_deref() == Some("grpc"));
    let what = if is_grpc { "gRPC, which is HTTP/2" } else { "HTTP/2" };
    let finding = Finding::new(format!("the server speaks {what} without TLS, and no HTTP/1.1"));
    let finding = match talk.greeting.is_empty() {
        false => finding.saw("first bytes", "a SETTINGS frame of HTTP/2"),
        true => finding.saw("answer to the preface of HTTP/2", "a SETTINGS frame"),
    };
    let finding = match is_grpc {
        true => finding.command("ask by gRPC", format!("grpcurl -plaintext {} list", target.authority())),
        false => finding,
    };
    finding.command("ask by HTTP/2", format!("curl --http2-prior-knowledge {target}")).into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::H2Seen;
    use crate::testing::{asked, http};

    #[test]
    fn settings_instead_of_an_answer_are_it() {
        let told = asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.h2 = Some(H2Seen::Speaks);
                facts.talk.greeting = b"\0\0\0\x04\0\0\0\0\0".to_vec();
            })
            .judged();
        assert_eq!(told.causes(), ["http2-only"]);
    }

    #[test]
    fn a_server_of_both_is_not() {
        let told = asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.http = Some(http(200, "")))
            .judged();
        assert!(told.is_ruled_out("http2-only"));
    }
}
