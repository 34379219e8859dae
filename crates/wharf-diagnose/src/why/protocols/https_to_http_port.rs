//! https:// where plain HTTP is spoken.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::shown;

/// The port speaks plain HTTP, not TLS.
pub(super) const CAUSE: Cause = Cause {
    code: "https-to-http-port",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The port speaks plain HTTP, not TLS",
    symptom: "curl (35) `wrong version number`, ERR_SSL_PROTOCOL_ERROR, ERR_SSL_WRONG_VERSION_NUMBER in Node.",
    evidence: "What came in answer to the first message of TLS is no TLS, or nothing, and the same server answers a plain HTTP request.",
    fix: "Write http:// (ws://) in the URL, or turn TLS on in the server.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| scheme.is_tls()) else { return Opinion::Aside };
    let Some(tls) = &facts.talk.tls else { return Opinion::Aside };
    if tls.is_tls() {
        return ruled_out(format!("it speaks {}", tls.version.as_deref().unwrap_or("TLS")));
    }
    let Some(plain) = &facts.talk.plain else { return Opinion::Aside };
    let plainly = match scheme.name() {
        "wss" => "ws",
        "grpcs" => "grpc",
        _ => "http",
    };
    let path = if target.path == "/" { "" } else { &target.path };
    let url = format!("{plainly}://{}{path}", target.authority());
    let finding =
        Finding::new(format!("the port speaks plain HTTP, not TLS: {url} answers {}", plain.status));
    let finding = match facts.talk.retort.as_slice() {
        [] => finding.saw_not("answer to a ClientHello", "none", "a ServerHello"),
        bytes => finding.saw_not("answer to a ClientHello", shown(bytes, 60), "a ServerHello"),
    };
    finding
        .saw(format!("plain {}", plain.asked), format!("HTTP/1.{} {}", plain.minor, plain.line()))
        .safe_command("ask without TLS", format!("wharf why {url}"))
        .advise("or turn TLS on in the server")
        .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    use crate::testing::{asked, http};

    #[test]
    fn plain_http_behind_https_is_it() {
        for end in [TlsEnd::NotTls(b"HTTP/1.1 400".to_vec()), TlsEnd::Stalled, TlsEnd::Closed { reset: true }]
        {
            let told = asked("https://localhost:3000/x")
                .listener("127.0.0.1:3000")
                .connected()
                .with(|facts| {
                    facts.talk.tls = Some(TlsSeen { end, ..TlsSeen::default() });
                    facts.talk.plain = Some(http(200, ""));
                })
                .judged();
            assert_eq!(told.causes(), ["https-to-http-port"]);
            assert!(told.diagnosis.summary.contains("http://localhost:3000/x answers 200"));
        }
    }

    #[test]
    fn tls_rules_it_out() {
        let told = asked("https://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.tls = Some(TlsSeen { end: TlsEnd::Done, ..TlsSeen::default() }))
            .judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("https-to-http-port"));
    }
}
