//! The database refuses for a reason that no other cause knows: in its own words.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;

/// Any other refusal.
pub(super) const CAUSE: Cause = Cause {
    code: "database-refuses",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database refuses the client, in its own words",
    symptom: "An error of the database at the login that is none of the other causes.",
    evidence: "The server's own refusal, with its code.",
    fix: "The server's words, and its log, tell what it wants.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = database.refusal() else {
        return unless_ready(database, "it refused nothing");
    };
    // What comes before the login has its own causes, which stand in another layer.
    let others = [
        super::database_too_many_connections::CAUSE.rule,
        super::database_host_not_allowed::CAUSE.rule,
        super::database_host_blocked::CAUSE.rule,
        super::database_requires_tls::CAUSE.rule,
        super::database_starting::CAUSE.rule,
        super::database_shutting_down::CAUSE.rule,
        super::database_recovering::CAUSE.rule,
        super::too_old_protocol::CAUSE.rule,
    ];
    if others.iter().any(|rule| matches!(rule(facts), Opinion::Holds(_))) {
        return Opinion::Aside;
    }
    said(format!("{} refuses the client: {}", server(facts, database), refusal.text), database, refusal)
        .advise("its own words tell what it wants; its log may tell more")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn an_unknown_refusal_is_told_in_its_own_words() {
        let text = "database \"shop\" is not currently accepting connections";
        let told = refused("postgres://me@127.0.0.1/shop", "55000", text, "CheckMyDatabase");
        assert_eq!(told.causes(), ["database-refuses"]);
        assert!(told.diagnosis.summary.contains(text));
    }

    #[test]
    fn a_known_one_has_its_own_cause_alone() {
        let told = refused("mysql://me@127.0.0.1/shop", "1040", "Too many connections", "");
        assert_eq!(told.causes(), ["database-too-many-connections"]);
        assert!(ready("mysql://me@127.0.0.1/shop").is_ruled_out("database-refuses"));
    }
}
