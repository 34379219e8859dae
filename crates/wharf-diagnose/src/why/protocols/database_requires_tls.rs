//! The database takes clients only within TLS.

use super::database::{seen, server, stage, unless_ready};
use super::database_host_not_allowed::takes_tls;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, End, Kind};

/// Only within TLS.
pub(super) const CAUSE: Cause = Cause {
    code: "database-requires-tls",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database takes clients only within TLS",
    symptom: "`no pg_hba.conf entry for host …, no encryption` (PostgreSQL), `Connections using insecure transport are prohibited` \
              (MySQL), `Connection reset` or an early end (Redis, AMQP, MQTT).",
    evidence: "The server refuses without TLS, and goes on (or shakes hands) on a second connection with it; error 3159.",
    fix: "Ask within TLS: sslmode=require, ssl-mode=REQUIRED, rediss://, amqps://, mqtts://.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    if !holds(database) {
        return match database.over_tls {
            true => Opinion::Aside,
            false => unless_ready(database, "the login went through without TLS"),
        };
    }
    let text = format!("{} takes clients only within TLS", server(facts, database));
    let mut finding = Finding::new(text);
    let source = format!("{}'s answer to {}", database.kind.name(), stage(database));
    finding = match &database.end {
        End::Refused(refusal) => finding.saw(source, format!("{}: {}", refusal.code, refusal.text)),
        End::Foreign(_) => finding.saw(source, "an alert of TLS"),
        _ => finding.saw(source, "closes the connection"),
    };
    if database.other_way.is_some() {
        finding = finding.saw("the same within TLS", "goes on");
    }
    finding
        .advise(match database.kind {
            Kind::Postgres => "ask within TLS: ?sslmode=require in the URL",
            Kind::Mysql => "ask within TLS: ?ssl-mode=REQUIRED in the URL",
            Kind::Redis => "ask within TLS: rediss:// instead of redis://",
            Kind::Amqp => "ask within TLS: amqps:// instead of amqp://",
            Kind::Mqtt => "ask within TLS: mqtts:// instead of mqtt://",
        })
        .into()
}

fn holds(database: &Database) -> bool {
    match database.kind {
        Kind::Mysql => {
            database.refused(Kind::Mysql, &["3159"]).is_some()
                || database.refusal().is_some() && takes_tls(database)
        }
        Kind::Postgres => database.refused(Kind::Postgres, &["28000"]).is_some() && takes_tls(database),
        _ => matches!(database.end, End::Closed | End::Foreign(_)) && takes_tls(database),
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused, told};
    use crate::facts::talk::database::{End, Refusal};

    #[test]
    fn a_server_that_goes_on_within_tls_is_it() {
        for url in ["redis://127.0.0.1", "amqp://me:x@127.0.0.1", "mqtt://127.0.0.1"] {
            let told = told(url, |database| {
                database.end = End::Closed;
                database.other_way = Some(End::Greeted("speaks TLS".to_owned()));
            });
            assert_eq!(told.causes(), ["database-requires-tls"], "{url}");
        }
        let text = "Connections using insecure transport are prohibited";
        assert_eq!(refused("mysql://me@127.0.0.1", "3159", text, "").causes(), ["database-requires-tls"]);
        let told = told("mysql://me:x@127.0.0.1", |database| {
            let text = "Access denied (using password: YES)".to_owned();
            database.end = End::Refused(Refusal { code: "1045".to_owned(), text, ..Refusal::default() });
            database.other_way = Some(End::Ready);
        });
        assert_eq!(told.causes(), ["database-requires-tls"]);
    }

    #[test]
    fn a_server_that_just_hangs_up_is_not_it() {
        let told = told("redis://127.0.0.1", |database| database.end = End::Closed);
        assert!(!told.causes().contains(&"database-requires-tls"));
    }

    #[test]
    fn a_login_without_it_rules_it_out() {
        assert!(ready("redis://127.0.0.1").is_ruled_out("database-requires-tls"));
    }
}
