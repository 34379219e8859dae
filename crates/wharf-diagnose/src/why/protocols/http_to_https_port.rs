//! http:// where TLS is spoken.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// The port speaks TLS, not plain HTTP.
pub(super) const CAUSE: Cause = Cause {
    code: "http-to-https-port",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The port speaks TLS, not plain HTTP",
    symptom: "curl (52) `Empty reply from server` or (56) ECONNRESET, or a page with status 400 that says that plain HTTP was sent to an HTTPS \
              port.",
    evidence: "In answer to plain HTTP comes an alert of TLS, an end, or a page that says so; a TLS handshake with the same port is made.",
    fix: "Write https:// (wss://) in the URL.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| scheme.is_http() || scheme.name() == "grpc") else {
        return Opinion::Aside;
    };
    if scheme.is_tls() {
        return Opinion::Aside;
    }
    let talk = &facts.talk;
    let says_so = talk.http.as_ref().filter(|http| http.wants_tls());
    if says_so.is_none() && (talk.http.is_some() || talk.h2 == Some(crate::facts::talk::H2Seen::Speaks)) {
        return ruled_out("it answers in plain text");
    }
    let tls = talk.tls.as_ref().filter(|tls| tls.is_tls());
    let alert =
        talk.server.as_ref().is_some_and(|it| matches!(it.protocol.as_deref(), Some("tls" | "https")));
    if says_so.is_none() && tls.is_none() && !alert {
        return Opinion::Aside;
    }
    let path = if target.path == "/" { "" } else { &target.path };
    let url = format!("{}s://{}{path}", scheme.name(), target.authority());
    let version = tls.and_then(|tls| tls.version.as_deref()).unwrap_or("TLS");
    let finding = Finding::new(format!("the port speaks {version}: ask by {}s://", scheme.name()));
    let finding = match (says_so, &talk.closed) {
        (Some(http), _) => finding.saw(format!("plain {}", http.asked), http.line()),
        (None, Some(closed)) if closed.reset => finding.saw("answer to plain HTTP", "a reset"),
        (None, Some(_)) => finding.saw("answer to plain HTTP", "an end without a byte"),
        (None, None) => finding.saw("answer to plain HTTP", "an alert of TLS"),
    };
    let finding = match tls {
        Some(_) => finding.saw("answer to a ClientHello", version),
        None => finding,
    };
    finding.safe_command("ask by TLS", format!("wharf why {url}")).into()
}

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    use crate::facts::talk::{After, Closed};
    use crate::testing::{asked, http};

    #[test]
    fn an_end_where_tls_works_is_it() {
        let told = asked("http://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.closed = Some(Closed { reset: true, after: After::Request });
                facts.talk.tls = Some(TlsSeen { end: TlsEnd::Done, ..TlsSeen::default() });
            })
            .judged();
        assert_eq!(told.causes(), ["http-to-https-port"]);
        assert_eq!(
            told.diagnosis.causes[0].fixes[0].command.as_deref(),
            Some("wharf why https://localhost:3000")
        );
    }

    #[test]
    fn a_page_that_says_so_is_it_and_no_other_400() {
        let of = |page: &str| {
            let page = http(400, page);
            asked("http://localhost:3000")
                .listener("127.0.0.1:3000")
                .connected()
                .with(|facts| facts.talk.http = Some(page))
                .judged()
        };
        assert_eq!(
            of("<title>400 The plain HTTP request was sent to HTTPS port</title>").causes(),
            ["http-to-https-port"]
        );
        assert!(of("<title>400 Bad Request</title>").is_ruled_out("http-to-https-port"));
    }
}
