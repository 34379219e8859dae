//! A TLS handshake that fails for a reason that has no file of its own.

use super::tls_words::handshake;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::shown;
use crate::facts::talk::tls::{Older, TlsEnd};

/// The TLS handshake fails.
pub(super) const CAUSE: Cause = Cause {
    code: "tls-handshake-fails",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The TLS handshake fails",
    symptom: "curl (35) `sslv3 alert handshake failure`, `unexpected eof while reading`, ERR_SSL_VERSION_OR_CIPHER_MISMATCH.",
    evidence: "The server answers the first message of TLS with an alert, breaks the protocol, or hangs up; its own alert is named.",
    fix: "See what the server logs of the handshake: no cipher in common, no certificate for the name (SNI), or no TLS at all.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    // Databases within TLS have causes of their own.
    let Some(tls) = handshake(facts).filter(|_| facts.talk.database.is_none()) else { return Opinion::Aside };
    let name = &tls.asked;
    let finding = match &tls.end {
        TlsEnd::Done => return ruled_out("the handshake is made"),
        // Silence is the server's, and not a matter of TLS; what is no TLS at all has causes of its own.
        TlsEnd::Stalled | TlsEnd::NotTls(_) => return Opinion::Aside,
        TlsEnd::Alert(..) if matches!(tls.older, Some(Older::Chose { version, .. }) if version >= 0x0303) => {
            return Opinion::Odd(
                "only with a cipher suite that is out of use a handshake is made".to_owned(),
            );
        }
        TlsEnd::Alert(UNRECOGNIZED_NAME, alert) => {
            Finding::new(format!("the server has no certificate for the name {name}"))
                .saw(format!("TLS handshake for {name}"), format!("alert {alert}"))
                .advise(format!("give the server a certificate for {name}, or ask by a name that it has"))
        }
        TlsEnd::Alert(HANDSHAKE_FAILURE | INSUFFICIENT_SECURITY, alert) => {
            Finding::new("the server and clients have no cipher suite in common, or it has no certificate")
                .saw(format!("TLS handshake for {name}"), format!("alert {alert}"))
                .advise(
                    "look at the ciphers and the certificate in the server's configuration, and at its log",
                )
        }
        TlsEnd::Alert(NO_APPLICATION_PROTOCOL, alert) => {
            Finding::new("the server speaks none of HTTP/1.1 and HTTP/2 within TLS")
                .saw(format!("TLS handshake for {name}"), format!("alert {alert}"))
                .advise("look at the protocols (ALPN) in the server's configuration")
        }
        TlsEnd::Alert(INTERNAL_ERROR, alert) => Finding::new(format!(
            "the server breaks the TLS handshake for {name} off: it has no certificate for that name, or fails"
        ))
        .saw(format!("TLS handshake for {name}"), format!("alert {alert}"))
        .advise(format!("give the server a certificate for {name} (in Caddy: a site of that name), and see its log")),
        TlsEnd::Alert(_, alert) => Finding::new(format!("the server breaks the TLS handshake off: {alert}"))
            .saw(format!("TLS handshake for {name}"), format!("alert {alert}"))
            .advise("see what the server logs of the handshake"),
        TlsEnd::Broken(words) => {
            let words = shown(words.as_bytes(), 120);
            Finding::new(format!("the server breaks the TLS handshake: {words}"))
                .saw(format!("TLS handshake for {name}"), words)
                .advise("see what the server logs of the handshake")
        }
        TlsEnd::Closed { reset } => {
            if facts.talk.plain.is_some() {
                return Opinion::Aside;
            }
            let how = if *reset { "a reset" } else { "an end" };
            Finding::new("the server hangs up at the first word of TLS: it speaks another protocol, or has no certificate")
                .saw("answer to a ClientHello", format!("{how} without a byte"))
                .advise("see what the server logs, and whether TLS is on at this port")
        }
    };
    finding.into()
}

const HANDSHAKE_FAILURE: u8 = 40;
const INSUFFICIENT_SECURITY: u8 = 71;
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;
const NO_APPLICATION_PROTOCOL: u8 = 120;

#[cfg(test)]
mod tests {
    use crate::facts::talk::tls::{Older, TlsEnd, TlsSeen};
    use crate::testing::{Told, asked};

    fn ended(end: TlsEnd, older: Option<Older>) -> Told {
        asked("https://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| facts.talk.tls = Some(TlsSeen { end, older, ..TlsSeen::default() }))
            .judged()
    }

    #[test]
    fn an_alert_or_an_end_is_it() {
        for end in [
            TlsEnd::Alert(40, "handshake_failure".to_owned()),
            TlsEnd::Alert(112, "unrecognized_name".to_owned()),
            TlsEnd::Alert(80, "internal_error".to_owned()),
            TlsEnd::Broken("x".to_owned()),
            TlsEnd::Closed { reset: false },
        ] {
            assert_eq!(ended(end.clone(), None).causes(), ["tls-handshake-fails"], "{end:?}");
        }
    }

    #[test]
    fn a_suite_that_other_clients_still_take_is_only_odd() {
        let older = Older::Chose { version: 0x0303, suite: 0x002f };
        let told = ended(TlsEnd::Alert(40, "handshake_failure".to_owned()), Some(older));
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["tls-handshake-fails"]));
    }

    #[test]
    fn a_handshake_that_is_made_rules_it_out() {
        assert!(ended(TlsEnd::Done, None).is_ruled_out("tls-handshake-fails"));
    }
}
