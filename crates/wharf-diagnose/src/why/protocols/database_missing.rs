//! The database that the URL names is not there.

use super::database::{said, seen};
use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, End, Kind, Refusal};

/// No such database.
pub(super) const CAUSE: Cause = Cause {
    code: "database-missing",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database does not exist",
    symptom: "`database … does not exist` (PostgreSQL), `Unknown database` (MySQL), `DB index is out of range` (Redis), `vhost … \
              not found` (RabbitMQ).",
    evidence: "The server's own refusal after the login: SQLSTATE 3D000, error 1049, reply code 530.",
    fix: "Create the database, or correct its name in the URL.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return match (&database.end, &database.name) {
            (End::Ready, Some(name)) => ruled_out(format!("{} {name} is there", database.what())),
            _ => Opinion::Aside,
        };
    };
    let name = database.name.clone().unwrap_or_else(|| "that was asked for".to_owned());
    let finding =
        said(format!("{} has no {} {name}", database.product(), database.what()), database, refusal);
    let finding = match database.kind {
        Kind::Postgres => {
            finding.command("create it", format!("createdb {}", wharf_model::shell::quoted(&name)))
        }
        Kind::Mysql => finding
            .command("create it", format!("mariadb-admin create {}", wharf_model::shell::quoted(&name))),
        Kind::Amqp => finding
            .command("create it", format!("rabbitmqctl add_vhost {}", wharf_model::shell::quoted(&name)))
            .as_root(),
        _ => finding.advise("raise `databases` in redis.conf, or name a lower number"),
    };
    finding.advise("or correct the name in the URL").into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Postgres, "3D000") | (Kind::Mysql, "1049") => true,
        (Kind::Redis, "ERR") => refusal.text.contains("DB index"),
        (Kind::Amqp, "530") => refusal.text.contains("not found"),
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{refused, told};
    use crate::facts::talk::database::End;

    #[test]
    fn an_unknown_database_is_it_in_each_protocol() {
        for (url, code, text) in [
            ("postgres://me@127.0.0.1/shop", "3D000", "database \"shop\" does not exist"),
            ("mysql://me@127.0.0.1/shop", "1049", "Unknown database 'shop'"),
            ("redis://127.0.0.1/99", "ERR", "ERR DB index is out of range"),
            ("amqp://me:x@127.0.0.1/shop", "530", "NOT_ALLOWED - vhost shop not found"),
        ] {
            assert_eq!(refused(url, code, text, "").causes(), ["database-missing"], "{text}");
        }
    }

    #[test]
    fn a_virtual_host_that_is_closed_to_the_user_is_not_it() {
        let told =
            refused("amqp://me:x@127.0.0.1/shop", "530", "NOT_ALLOWED - access to vhost 'shop' refused", "");
        assert_eq!(told.causes(), ["database-access-denied"]);
    }

    #[test]
    fn a_login_to_it_rules_it_out() {
        let told = told("postgres://me@127.0.0.1/shop", |database| {
            database.name = Some("shop".to_owned());
            database.end = End::Ready;
        });
        assert!(told.is_ruled_out("database-missing"));
    }
}
