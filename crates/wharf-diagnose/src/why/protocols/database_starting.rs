//! The database has begun to start, and takes nobody yet.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// Starting.
pub(super) const CAUSE: Cause = Cause {
    code: "database-starting",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database is starting",
    symptom: "`the database system is starting up` (PostgreSQL), `LOADING Redis is loading the dataset in memory`.",
    evidence: "The server's own refusal: SQLSTATE 57P03, -LOADING.",
    fix: "Wait, and try again; let programs that start with it wait for it (pg_isready, redis-cli ping).",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "it is ready");
    };
    let finding = said(format!("{} is starting", server(facts, database)), database, refusal);
    let port = facts.addresses.first().map_or(0, |address| address.port());
    match database.kind {
        Kind::Postgres => finding.command(
            "wait until it is ready",
            format!("until pg_isready -q -h localhost -p {port}; do sleep 0.2; done"),
        ),
        _ => finding.command(
            "wait until it is ready",
            format!("until redis-cli -p {port} ping | grep -q PONG; do sleep 0.2; done"),
        ),
    }
    .into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        // The other reasons of this code are causes of their own; the text may be in any language.
        (Kind::Postgres, "57P03") => !["shutting down", "recovery", "not accepting", "not yet accepting"]
            .iter()
            .any(|other| refusal.text.contains(other)),
        (Kind::Redis, "LOADING") => true,
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_server_that_says_so_is_it() {
        for (url, code, text) in [
            ("postgres://me@127.0.0.1/shop", "57P03", "the database system is starting up"),
            ("redis://127.0.0.1", "LOADING", "LOADING Redis is loading the dataset in memory"),
        ] {
            assert_eq!(refused(url, code, text, "").causes(), ["database-starting"], "{text}");
        }
    }

    #[test]
    fn one_that_ends_or_recovers_is_not_it() {
        for (text, code) in [
            ("the database system is shutting down", "database-shutting-down"),
            ("the database system is in recovery mode", "database-recovering"),
            ("the database system is not accepting connections", "database-recovering"),
        ] {
            assert_eq!(refused("postgres://me@127.0.0.1/shop", "57P03", text, "").causes(), [code]);
        }
        assert!(ready("redis://127.0.0.1").is_ruled_out("database-starting"));
    }
}
