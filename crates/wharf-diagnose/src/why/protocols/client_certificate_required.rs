//! Mutual TLS: the client has to show a certificate.

use super::tls_words::handshake;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::After;
use crate::facts::talk::tls::TlsEnd;

/// The server wants a certificate of the client.
pub(super) const CAUSE: Cause = Cause {
    code: "client-certificate-required",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The server wants a certificate of the client",
    symptom: "curl (56) `tlsv13 alert certificate required`, ERR_BAD_SSL_CLIENT_AUTH_CERT, or status 400 `No required SSL certificate was sent`.",
    evidence: "The server asks for a certificate in the handshake (CertificateRequest), and refuses a client without one by an alert or by \
               status 400.",
    fix: "Give the client a certificate that one of the named authorities signed: `curl --cert FILE --key FILE`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(tls) = handshake(facts) else { return Opinion::Aside };
    let Some(issuers) = &tls.wants_client else {
        return ruled_out("it asks for no certificate of the client");
    };
    let page = facts.talk.http.as_ref().filter(|http| is_refusal(&http.body) && http.status >= 400);
    let hung_up = facts.talk.closed.is_some_and(|closed| closed.after == After::RequestInTls);
    let alert = match &tls.end {
        TlsEnd::Alert(number, name) if ALERTS.contains(number) => Some(name.as_str()),
        _ => None,
    };
    let said = match (alert, page) {
        (Some(name), _) => format!("alert {name}"),
        (None, Some(http)) => http.line(),
        (None, None) if hung_up => "an end of the connection".to_owned(),
        _ => return ruled_out("it asks for a certificate of the client, and does without"),
    };
    let known: Vec<&str> = issuers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let by = if known.is_empty() { String::new() } else { format!(" signed by {}", known.join(" or ")) };
    let target = facts.target().map(ToString::to_string).unwrap_or_default();
    let finding = Finding::new(format!("the server takes only clients with a certificate{by}"))
        .saw("TLS handshake", "CertificateRequest")
        .saw("answer to a client without one", said);
    finding.command("show one", format!("curl --cert client.pem --key client.key {target}")).into()
}

fn is_refusal(body: &str) -> bool {
    ["No required SSL certificate", "SSL certificate error", "client certificate"]
        .iter()
        .any(|it| body.contains(it))
}

/// bad_certificate, handshake_failure, certificate_unknown, unknown_ca, access_denied, certificate_required.
const ALERTS: &[u8] = &[40, 42, 46, 48, 49, 116];

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    use crate::testing::{Asked, asked, http};

    fn wanting(end: TlsEnd) -> Asked {
        let wants_client = Some(vec!["Corp CA".to_owned()]);
        asked("https://localhost:3000").listener("127.0.0.1:3000").connected().with(|facts| {
            facts.talk.tls = Some(TlsSeen { end, wants_client, ..TlsSeen::default() });
        })
    }

    #[test]
    fn an_alert_after_a_request_for_a_certificate_is_it() {
        let told = wanting(TlsEnd::Alert(116, "certificate_required".to_owned())).judged();
        assert_eq!(told.causes(), ["client-certificate-required"]);
        assert!(told.diagnosis.summary.contains("signed by Corp CA"));
    }

    #[test]
    fn a_page_that_says_so_is_it() {
        let asked = wanting(TlsEnd::Done);
        let told = asked
            .with(|facts| facts.talk.http = Some(http(400, "400 No required SSL certificate was sent")))
            .judged();
        assert_eq!(told.causes(), ["client-certificate-required"]);
    }

    #[test]
    fn a_server_that_does_without_is_not() {
        let told = wanting(TlsEnd::Done).with(|facts| facts.talk.http = Some(http(200, ""))).judged();
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("client-certificate-required"));
    }
}
