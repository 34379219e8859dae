//! The TLS handshake with a database fails.

use super::database::{seen, server};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::database::End;

/// No handshake.
pub(super) const CAUSE: Cause = Cause {
    code: "database-tls-fails",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The TLS handshake with the database fails",
    symptom: "`SSL error: …` (PostgreSQL), `SSL connection error` (MySQL), an alert of TLS.",
    evidence: "The server takes the question for TLS, or speaks nothing else, and breaks off the handshake.",
    fix: "Look at its certificate and its versions of TLS: `openssl s_client -starttls postgres -connect HOST:PORT`.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let End::TlsFailed(text) = &database.end else {
        return if database.over_tls { ruled_out("it shook hands") } else { Opinion::Aside };
    };
    let starttls = match database.kind.protocol() {
        "postgresql" => " -starttls postgres",
        "mysql" => " -starttls mysql",
        _ => "",
    };
    let place = facts.target().map(crate::target::Target::authority).unwrap_or_default();
    Finding::new(format!("the TLS handshake with {} fails", server(facts, database)))
        .saw("TLS handshake", text.clone())
        .command("see it", format!("openssl s_client{starttls} -connect {place} </dev/null"))
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::told;
    use crate::facts::talk::database::End;

    #[test]
    fn a_handshake_that_breaks_off_is_it() {
        let failed = |database: &mut crate::facts::talk::database::Database| {
            database.end = End::TlsFailed("received fatal alert: HandshakeFailure".to_owned());
        };
        assert_eq!(told("rediss://127.0.0.1", failed).causes(), ["database-tls-fails"]);
    }

    #[test]
    fn a_server_without_tls_is_not_it() {
        let told = told("rediss://127.0.0.1", |database| database.end = End::NoTls);
        assert_eq!(told.causes(), ["database-has-no-tls"]);
    }

    #[test]
    fn a_handshake_that_was_made_rules_it_out() {
        let told = told("rediss://127.0.0.1", |database| {
            database.end = End::Ready;
            database.over_tls = true;
        });
        assert!(told.is_ruled_out("database-tls-fails"));
    }
}
