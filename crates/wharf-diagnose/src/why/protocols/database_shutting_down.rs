//! The database is about to end, and takes nobody any more.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// Ending.
pub(super) const CAUSE: Cause = Cause {
    code: "database-shutting-down",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database is shutting down",
    symptom: "`the database system is shutting down` (PostgreSQL), `Server shutdown in progress` (MySQL).",
    evidence: "The server's own refusal: SQLSTATE 57P03 or 57P01, error 1053. It waits for clients that are still connected.",
    fix: "End the clients that it waits for, or let it end them (a fast shutdown); then start it again.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "it is not about to end");
    };
    let text = format!("{} is shutting down, and waits for the clients that it has", server(facts, database));
    let finding = said(text, database, refusal);
    let port = facts.addresses.first().map_or(0, |address| address.port());
    let finding = finding.safe_command("see which clients it waits for", format!("wharf show {port}"));
    match database.kind {
        Kind::Postgres => finding.advise("let it end them: pg_ctl stop -m fast; then start it again"),
        _ => finding.advise("end them, then start it again"),
    }
    .into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Postgres, "57P01") | (Kind::Mysql, "1053") => true,
        (Kind::Postgres, "57P03") => refusal.text.contains("shutting down"),
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_server_that_says_so_is_it() {
        let told =
            refused("postgres://me@127.0.0.1/shop", "57P03", "the database system is shutting down", "");
        assert_eq!(told.causes(), ["database-shutting-down"]);
        let told = refused("mysql://me@127.0.0.1/shop", "1053", "Server shutdown in progress", "");
        assert_eq!(told.causes(), ["database-shutting-down"]);
    }

    #[test]
    fn one_that_starts_is_not_it() {
        let told = refused("postgres://me@127.0.0.1/shop", "57P03", "the database system is starting up", "");
        assert_eq!(told.causes(), ["database-starting"]);
        assert!(ready("mysql://me@127.0.0.1/shop").is_ruled_out("database-shutting-down"));
    }
}
