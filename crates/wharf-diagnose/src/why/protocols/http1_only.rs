//! HTTP/2 asked of a server that speaks HTTP/1.1 alone.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::H2Seen;
use crate::facts::talk::tls::TlsEnd;

/// The server speaks HTTP/1.1 only.
pub(super) const CAUSE: Cause = Cause {
    code: "http1-only",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The server speaks HTTP/1.1 only",
    symptom: "curl (52) or (16) with --http2-prior-knowledge, `http2: frame too large` or `connection closed before server preface` from gRPC.",
    evidence: "The preface of HTTP/2 is answered with HTTP/1.1, or not at all, and a plain request is.",
    fix: "Ask by http://, or have the server speak HTTP/2 (h2c).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| matches!(scheme.name(), "grpc" | "grpcs")) else {
        return Opinion::Aside;
    };
    let talk = &facts.talk;
    if scheme.is_tls() {
        return match &talk.tls {
            Some(tls) if tls.end == TlsEnd::Done && tls.alpn.as_deref() == Some("h2") => {
                ruled_out("it chose HTTP/2")
            }
            Some(tls)
                if tls.end == TlsEnd::Done
                    || matches!(tls.end, TlsEnd::Alert(NO_APPLICATION_PROTOCOL, _)) =>
            {
                Finding::new("the server speaks no HTTP/2 within TLS, which gRPC takes")
                    .saw_not("ALPN", tls.alpn.clone().unwrap_or_else(|| "none chosen".to_owned()), "h2")
                    .advise("have the server speak HTTP/2, or ask by https://")
                    .into()
            }
            _ => Opinion::Aside,
        };
    }
    if talk.h2 == Some(H2Seen::Speaks) {
        return ruled_out("it answers the preface of HTTP/2");
    }
    let Some(plain) = &talk.plain else { return Opinion::Aside };
    Finding::new(format!(
        "the server speaks HTTP/1.1 only: http://{} answers {}",
        target.authority(),
        plain.status
    ))
    .saw_not("answer to the preface of HTTP/2", "no SETTINGS frame", "SETTINGS")
    .saw(format!("plain {}", plain.asked), format!("HTTP/1.{} {}", plain.minor, plain.line()))
    .safe_command("ask by HTTP/1.1", format!("wharf why http://{}", target.authority()))
    .advise("or ask the port at which the gRPC server listens")
    .into()
}

const NO_APPLICATION_PROTOCOL: u8 = 120;

#[cfg(test)]
mod tests {
    use crate::facts::talk::H2Seen;
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    use crate::testing::{asked, http};

    #[test]
    fn http_1_where_grpc_was_asked_is_it() {
        let told = asked("grpc://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.h2 = Some(H2Seen::DoesNot);
                facts.talk.plain = Some(http(404, ""));
            })
            .judged();
        assert_eq!(told.causes(), ["http1-only"]);
    }

    #[test]
    fn tls_without_h2_is_it_and_with_it_not() {
        let told = |alpn: Option<&str>| {
            let alpn = alpn.map(str::to_owned);
            asked("grpcs://localhost:3000")
                .listener("127.0.0.1:3000")
                .connected()
                .with(|facts| {
                    facts.talk.tls = Some(TlsSeen { end: TlsEnd::Done, alpn, ..TlsSeen::default() })
                })
                .judged()
        };
        assert_eq!(told(None).causes(), ["http1-only"]);
        assert_eq!(told(Some("h2")).verdict(), "reachable");
    }
}
