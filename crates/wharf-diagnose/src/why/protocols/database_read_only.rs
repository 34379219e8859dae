//! The URL asks for a server that takes changes, and this one does not.

use super::database::{seen, server};
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::database::End;

/// Only reading.
pub(super) const CAUSE: Cause = Cause {
    code: "database-read-only",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database only reads, and the client wants to write",
    symptom: "`session is read-only` or `server is in hot standby mode` (PostgreSQL's clients with target_session_attrs=read-write or \
              primary).",
    evidence: "The settings that the server tells at the login: in_hot_standby or default_transaction_read_only is on.",
    fix: "Ask the primary, or leave target_session_attrs out of the URL if reading is enough.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts).filter(|database| database.end == End::Ready) else {
        return Opinion::Aside;
    };
    match (database.wants_writable, database.read_only) {
        (true, Some(true)) => Finding::new(format!(
            "{} only reads, for it is a standby or told so, and the URL asks for one that writes",
            server(facts, database)
        ))
        .saw_not("settings at the login", "in_hot_standby or default_transaction_read_only is on", "off")
        .advise("ask the primary, or leave target_session_attrs out of the URL if reading is enough")
        .into(),
        (false, Some(true)) => Opinion::Odd("it only reads: whoever wants to write is refused".to_owned()),
        (_, Some(false)) => ruled_out("it takes changes"),
        _ => Opinion::Aside,
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::told;
    use crate::facts::talk::database::End;

    fn at(wants_writable: bool, read_only: bool) -> crate::testing::Told {
        told("postgres://me@127.0.0.1/shop", |database| {
            database.end = End::Ready;
            database.wants_writable = wants_writable;
            database.read_only = Some(read_only);
        })
    }

    #[test]
    fn a_standby_is_it_for_whoever_wants_to_write() {
        assert_eq!(at(true, true).causes(), ["database-read-only"]);
        let told = at(false, true);
        assert_eq!((told.verdict(), told.remarks()), ("reachable", vec!["database-read-only"]));
    }

    #[test]
    fn a_primary_rules_it_out() {
        assert!(at(true, false).is_ruled_out("database-read-only"));
    }
}
