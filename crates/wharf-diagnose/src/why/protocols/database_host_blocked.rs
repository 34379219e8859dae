//! MySQL has shut out this host for broken connections.

use super::database::{said, seen, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::Kind;

/// Shut out.
pub(super) const CAUSE: Cause = Cause {
    code: "database-host-blocked",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "The database has shut out this host",
    symptom: "`Host … is blocked because of many connection errors; unblock with 'mariadb-admin flush-hosts'` (MySQL, MariaDB).",
    evidence: "Error 1129 instead of a greeting: more than max_connect_errors connections of this host broke off, health checks \
               that only connect among them.",
    fix: "Flush the hosts, and find what connects without a login.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts).filter(|database| database.kind == Kind::Mysql) else {
        return Opinion::Aside;
    };
    let Some(refusal) = database.refused(Kind::Mysql, &["1129"]) else {
        return unless_ready(database, "the server is content with this host");
    };
    let text =
        "MySQL has shut out this host, for too many of its connections broke off before a login".to_owned();
    said(text, database, refusal)
        .command("let it in again", "mariadb-admin flush-hosts")
        .as_root()
        .advise("find what connects without a login (a health check), or raise max_connect_errors")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn error_1129_is_it() {
        let text = "Host 'x' is blocked because of many connection errors";
        let told = refused("mysql://me@127.0.0.1/shop", "1129", text, "");
        assert_eq!(told.causes(), ["database-host-blocked"]);
    }

    #[test]
    fn a_host_that_no_user_may_come_from_is_not_it() {
        let told = refused("mysql://me@127.0.0.1/shop", "1130", "Host 'x' is not allowed to connect", "");
        assert_eq!(told.causes(), ["database-host-not-allowed"]);
        assert!(ready("mysql://me@127.0.0.1/shop").is_ruled_out("database-host-blocked"));
    }
}
