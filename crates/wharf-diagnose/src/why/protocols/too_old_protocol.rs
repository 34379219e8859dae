//! Client and server speak different ages of the same protocol.

use super::database::{said, seen, server, unless_ready};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// Another version.
pub(super) const CAUSE: Cause = Cause {
    code: "too-old-protocol",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "Client and database speak different versions of the protocol",
    symptom: "`Client does not support authentication protocol requested by server` (MySQL), `unsupported frontend protocol` \
              (PostgreSQL), return code 1 (MQTT), the server's own AMQP header.",
    evidence: "Error 1251 or 1275, or a question for the password scheme from before MySQL 4.1, SQLSTATE 0A000 before the login, return code 1, \
               `AMQP` with another version.",
    fix: "Use a client (or a user's password) of the server's age.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "both speak the same version");
    };
    let server = server(facts, database);
    let text = match database.kind {
        Kind::Mysql => format!("{server} wants a way of logging in that is older or newer than the client's"),
        _ => format!("{server} does not speak the client's version of {}", database.kind.name()),
    };
    let finding = said(text, database, refusal);
    match database.kind {
        Kind::Mysql => {
            let user = database.user.clone().unwrap_or_default();
            let sql = format!("ALTER USER '{user}' IDENTIFIED BY 'PASSWORD'");
            let command = format!("mariadb -e {}", wharf_model::shell::quoted(&sql));
            finding.command("set the password anew, by which it gets today's form", command)
        }
        _ => finding.advise("use a client of the server's age"),
    }
    .into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Mysql, "1251" | "1275") | (Kind::Amqp, "version") | (Kind::Mqtt, "1") => true,
        (Kind::Postgres, "0A000") => database.method.is_none(),
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn another_version_is_it() {
        for (url, code) in [
            ("mysql://me@127.0.0.1/shop", "1251"),
            ("amqp://me:x@127.0.0.1", "version"),
            ("mqtt://127.0.0.1", "1"),
            ("postgres://me@127.0.0.1/shop", "0A000"),
        ] {
            assert_eq!(refused(url, code, "another version", "").causes(), ["too-old-protocol"], "{url}");
        }
    }

    #[test]
    fn a_wrong_password_is_not_it() {
        assert_eq!(refused("mqtt://me:x@127.0.0.1", "4", "bad", "").causes(), ["database-auth-failed"]);
        assert!(ready("mqtt://127.0.0.1").is_ruled_out("too-old-protocol"));
    }
}
