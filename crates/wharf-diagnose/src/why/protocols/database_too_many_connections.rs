//! The database has as many clients as it takes.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// No more clients.
pub(super) const CAUSE: Cause = Cause {
    code: "database-too-many-connections",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database has as many connections as it allows",
    symptom: "`sorry, too many clients already` (PostgreSQL), `Too many connections` (MySQL), `max number of clients reached` (Redis).",
    evidence: "The server's own refusal: SQLSTATE 53300, error 1040, 1203 or 1226, `-ERR max number of clients reached`.",
    fix: "End idle clients, use a pool, or raise max_connections (maxclients).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "it took one more connection");
    };
    let server = server(facts, database);
    let finding = said(format!("{server} has as many connections as it allows"), database, refusal);
    let finding = match facts.addresses.first() {
        Some(address) => {
            let command = format!("wharf show {}", address.port());
            finding.safe_command("see who holds them", command)
        }
        None => finding,
    };
    let setting = match database.kind {
        Kind::Redis => "maxclients in redis.conf",
        Kind::Amqp => "the limit of the virtual host (rabbitmqctl set_vhost_limits)",
        _ => "max_connections in the server's settings",
    };
    finding.advise(format!("end idle clients, use a pool, or raise {setting}")).into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Postgres, "53300") | (Kind::Mysql, "1040" | "1203" | "1226") => true,
        (Kind::Redis, "ERR") => refusal.text.contains("max number of clients"),
        (Kind::Amqp, "530") => refusal.text.contains("limit"),
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_server_that_is_full_is_it() {
        for (url, code, text) in [
            ("postgres://me@127.0.0.1/shop", "53300", "sorry, too many clients already"),
            ("mysql://me@127.0.0.1/shop", "1040", "Too many connections"),
            ("mysql://me@127.0.0.1/shop", "1203", "User me already has more than 'max_user_connections'"),
            ("redis://127.0.0.1", "ERR", "ERR max number of clients reached"),
            (
                "amqp://me:x@127.0.0.1",
                "530",
                "NOT_ALLOWED - access to vhost '/' refused: connection limit (1) is reached",
            ),
        ] {
            assert_eq!(refused(url, code, text, "").causes(), ["database-too-many-connections"], "{text}");
        }
    }

    #[test]
    fn another_error_of_redis_is_not_it() {
        let told = refused("redis://127.0.0.1/99", "ERR", "ERR DB index is out of range", "");
        assert_eq!(told.causes(), ["database-missing"]);
        assert!(ready("redis://127.0.0.1").is_ruled_out("database-too-many-connections"));
    }
}
