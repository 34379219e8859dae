//! The database takes no clients from this address.

use super::database::{said, seen, unless_ready, user};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, End, Kind, Refusal};

/// Not from here.
pub(super) const CAUSE: Cause = Cause {
    code: "database-host-not-allowed",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database takes no clients from this address",
    symptom: "`no pg_hba.conf entry for host` (PostgreSQL), `Host … is not allowed to connect` (MySQL), `DENIED Redis is running in \
              protected mode`, `user 'guest' can only connect via localhost` (RabbitMQ).",
    evidence: "The server's refusal before any password: SQLSTATE 28000 from ClientAuthentication (with TLS and without), error 1130, \
               -DENIED.",
    fix: "Let the server take this address: a line in pg_hba.conf, a user for this host, bind and a password in redis.conf.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "it takes clients from this address");
    };
    let from = facts
        .attempts
        .iter()
        .find_map(|attempt| attempt.from)
        .map_or("here".to_owned(), |from| from.ip().to_string());
    let (product, user) = (database.product(), user(database));
    let name = database.name.clone().unwrap_or_default();
    let text = match database.kind {
        Kind::Postgres => format!("{product} lets {user} not to database {name} from {from}: pg_hba.conf"),
        Kind::Mysql => format!("{product} has no user who may come from {from}"),
        Kind::Redis => {
            format!("{product} is in protected mode and takes clients from loopback only, not from {from}")
        }
        _ => format!("{product} takes {user} from localhost only, not from {from}"),
    };
    let finding = said(text, database, refusal);
    match database.kind {
        Kind::Postgres => finding
            .advise(format!("add to pg_hba.conf: `host {name} {user} {from}/32 scram-sha-256`"))
            .command("have it read", "sudo -u postgres psql -c 'SELECT pg_reload_conf()'")
            .as_root(),
        Kind::Mysql => finding
            .advise(format!("make a user for this host: CREATE USER 'NAME'@'{from}' IDENTIFIED BY '…'")),
        Kind::Redis => finding.advise("connect by 127.0.0.1, or set a password (requirepass) in redis.conf"),
        _ => finding.advise("connect by 127.0.0.1, or make a user of your own"),
    }
    .into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        // With TLS it would take it: then that is what lacks.
        (Kind::Postgres, "28000") => refusal.routine == "ClientAuthentication" && !takes_tls(database),
        (Kind::Mysql, "1130") | (Kind::Redis, "DENIED" | "-DENIED") => true,
        (Kind::Amqp, "403") => refusal.text.contains("via localhost"),
        _ => false,
    };
    is.then_some(refusal)
}

/// Returns whether the server went on when it was asked with TLS.
pub(super) fn takes_tls(database: &Database) -> bool {
    let goes_on = matches!(database.other_way, Some(End::WantsPassword | End::Greeted(_) | End::Ready));
    goes_on && !database.over_tls
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused, told};
    use crate::facts::talk::database::{End, Refusal};

    const HBA: &str =
        "no pg_hba.conf entry for host \"127.0.0.1\", user \"me\", database \"shop\", no encryption";

    #[test]
    fn a_refusal_for_the_address_is_it() {
        for (url, code, text, routine) in [
            ("postgres://me@127.0.0.1/shop", "28000", HBA, "ClientAuthentication"),
            ("mysql://me@127.0.0.1/shop", "1130", "Host 'x' is not allowed to connect to this server", ""),
            ("redis://127.0.0.1", "DENIED", "DENIED Redis is running in protected mode", ""),
            (
                "amqp://guest:x@127.0.0.1",
                "403",
                "ACCESS_REFUSED - user 'guest' can only connect via localhost",
                "",
            ),
        ] {
            assert_eq!(refused(url, code, text, routine).causes(), ["database-host-not-allowed"], "{text}");
        }
    }

    #[test]
    fn where_tls_is_what_lacks_it_is_not() {
        let told = told("postgres://me@127.0.0.1/shop?sslmode=disable", |database| {
            let refusal =
                Refusal { code: "28000".into(), text: HBA.into(), routine: "ClientAuthentication".into() };
            database.end = End::Refused(refusal);
            database.other_way = Some(End::Greeted("asks for a password".to_owned()));
        });
        assert_eq!(told.causes(), ["database-requires-tls"]);
    }

    #[test]
    fn a_login_rules_it_out() {
        assert!(ready("mysql://me@127.0.0.1/shop").is_ruled_out("database-host-not-allowed"));
    }
}
