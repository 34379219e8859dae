//! The URL asks for TLS, and the database has none.

use super::database::{seen, server};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::database::{End, Kind};

/// No TLS.
pub(super) const CAUSE: Cause = Cause {
    code: "database-has-no-tls",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The URL asks for TLS, and the database speaks none",
    symptom: "`server does not support SSL, but SSL was required` (PostgreSQL), `SSL is required, but the server does not support it` \
              (MySQL), `wrong version number` (rediss, amqps, mqtts at a plain port).",
    evidence: "The server's N to SSLRequest, its greeting without CLIENT_SSL, or a failed handshake where the same port answers \
               without TLS.",
    fix: "Ask without TLS, or give the server a certificate.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    if database.end != End::NoTls {
        return match database.over_tls {
            true => ruled_out("it shook hands"),
            false => Opinion::Aside,
        };
    }
    let finding = Finding::new(format!("{} speaks no TLS, and the URL asks for it", server(facts, database)));
    let (finding, fix) = match database.kind {
        Kind::Postgres => (finding.saw_not("answer to SSLRequest", "N", "S"), "?sslmode=disable"),
        Kind::Mysql => (finding.saw("the server's greeting", "no CLIENT_SSL"), "?ssl-mode=DISABLED"),
        Kind::Redis => (finding.saw("TLS handshake", "fails; without TLS it answers"), "redis://"),
        Kind::Amqp => (finding.saw("TLS handshake", "fails; without TLS it answers"), "amqp://"),
        Kind::Mqtt => (finding.saw("TLS handshake", "fails; without TLS it answers"), "mqtt://"),
    };
    finding
        .advise(format!("ask without TLS: {fix}"))
        .advise("or give the server a certificate and turn TLS on")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, told};
    use crate::facts::talk::database::End;

    #[test]
    fn a_server_without_tls_is_it() {
        for url in ["postgres://me@127.0.0.1/shop?sslmode=require", "rediss://127.0.0.1"] {
            let told = told(url, |database| database.end = End::NoTls);
            assert_eq!(told.causes(), ["database-has-no-tls"], "{url}");
        }
    }

    #[test]
    fn a_handshake_that_fails_otherwise_is_not_it() {
        let told = told("rediss://127.0.0.1", |database| database.end = End::TlsFailed("alert".to_owned()));
        assert!(!told.causes().contains(&"database-has-no-tls"));
    }

    #[test]
    fn a_login_without_tls_has_nothing_to_do_with_it() {
        assert!(!ready("postgres://me@127.0.0.1/shop").is_ruled_out("database-has-no-tls"));
    }
}
