//! PostgreSQL recovers after a crash, or stands by for another server and takes no clients.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// Recovering.
pub(super) const CAUSE: Cause = Cause {
    code: "database-recovering",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database recovers, and takes no clients meanwhile",
    symptom: "`the database system is in recovery mode`, `… is not yet accepting connections`, `… is not accepting connections`; \
              `Consistent recovery state has not been yet reached`, `Hot standby mode is disabled`.",
    evidence: "SQLSTATE 57P03 with one of these texts.",
    fix: "Wait for the end of the recovery; for a standby, turn hot_standby on or ask the primary.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts).filter(|database| database.kind == Kind::Postgres) else {
        return Opinion::Aside;
    };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "it takes clients");
    };
    let server = server(facts, database);
    let is_standby = refusal.text.contains("not accepting connections");
    let text = match is_standby {
        true => format!("{server} is a standby that takes no clients, or has not recovered yet"),
        false => format!("{server} recovers from a crash or a restore, and takes nobody meanwhile"),
    };
    let finding = said(text, database, refusal);
    if is_standby {
        finding.advise("ask the primary, or set hot_standby = on").into()
    } else {
        finding.advise("wait; its log tells how far it is (\"redo starts\", \"restored log file\")").into()
    }
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refused(Kind::Postgres, &["57P03"])?;
    let texts = ["recovery", "not accepting", "not yet accepting"];
    texts.iter().any(|text| refusal.text.contains(text)).then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_server_that_says_so_is_it() {
        for text in [
            "the database system is in recovery mode",
            "the database system is not yet accepting connections",
            "the database system is not accepting connections",
        ] {
            let told = refused("postgres://me@127.0.0.1/shop", "57P03", text, "ProcessStartupPacket");
            assert_eq!(told.causes(), ["database-recovering"], "{text}");
        }
    }

    #[test]
    fn one_that_starts_is_not_it() {
        let told = refused("postgres://me@127.0.0.1/shop", "57P03", "the database system is starting up", "");
        assert_eq!(told.causes(), ["database-starting"]);
        assert!(ready("postgres://me@127.0.0.1/shop").is_ruled_out("database-recovering"));
    }
}
