//! The user is known, and may not have this database.

use super::database::{said, seen, unless_ready, user};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// No right to the database.
pub(super) const CAUSE: Cause = Cause {
    code: "database-access-denied",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The user may not use the database",
    symptom: "`permission denied for database` or `role … is not permitted to log in` (PostgreSQL), `Access denied for user … to \
              database` (MySQL), `access to vhost … refused` (RabbitMQ).",
    evidence: "The server's own refusal after the login: SQLSTATE 42501, error 1044, reply code 530.",
    fix: "Grant the user the right, or name another database or user.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "the user may use the database");
    };
    let (user, name) = (user(database), database.name.clone().unwrap_or_default());
    let text = if database.kind == Kind::Postgres && refusal.code == "28000" {
        format!("{} knows the role {user}, which may not log in", database.product())
    } else {
        format!("{} lets {user} in, but not to the {} {name}", database.product(), database.what())
    };
    let finding = said(text, database, refusal);
    let quoted = |sql: String| wharf_model::shell::quoted(&sql);
    match database.kind {
        Kind::Postgres if refusal.code == "28000" => finding
            .command("let it log in", format!("psql -c {}", quoted(format!("ALTER ROLE \"{user}\" LOGIN")))),
        Kind::Postgres => {
            let sql = format!("GRANT CONNECT ON DATABASE \"{name}\" TO \"{user}\"");
            finding.command("grant it", format!("psql -c {}", quoted(sql)))
        }
        Kind::Mysql => {
            let sql = format!("GRANT ALL ON `{name}`.* TO '{user}'");
            finding.command("grant it", format!("mariadb -e {}", quoted(sql)))
        }
        _ => {
            let command = format!("rabbitmqctl set_permissions -p {} {user} '.*' '.*' '.*'", quoted(name));
            finding.command("grant it", command).as_root()
        }
    }
    .into()
}

fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Postgres, "42501") | (Kind::Mysql, "1044") => true,
        (Kind::Postgres, "28000") => {
            refusal.routine == "InitializeSessionUserId" && refusal.text.contains("not permitted")
        }
        (Kind::Amqp, "530") => refusal.text.contains("refused") && !refusal.text.contains("limit"),
        _ => false,
    };
    is.then_some(refusal)
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_known_user_without_the_right_is_it() {
        for (url, code, text, routine) in [
            (
                "postgres://me@127.0.0.1/shop",
                "42501",
                "permission denied for database \"shop\"",
                "CheckMyDatabase",
            ),
            (
                "postgres://me@127.0.0.1/shop",
                "28000",
                "role \"me\" is not permitted to log in",
                "InitializeSessionUserId",
            ),
            ("mysql://me@127.0.0.1/shop", "1044", "Access denied for user 'me'@'%' to database 'shop'", ""),
            (
                "amqp://me:x@127.0.0.1/shop",
                "530",
                "NOT_ALLOWED - access to vhost 'shop' refused for user 'me'",
                "",
            ),
        ] {
            assert_eq!(refused(url, code, text, routine).causes(), ["database-access-denied"], "{text}");
        }
    }

    #[test]
    fn a_role_that_is_not_there_is_another_cause() {
        let text = "role \"me\" does not exist";
        let told = refused("postgres://me@127.0.0.1/shop", "28000", text, "InitializeSessionUserId");
        assert_eq!(told.causes(), ["database-user-missing"]);
    }

    #[test]
    fn a_login_rules_it_out() {
        assert!(ready("mysql://me@127.0.0.1/shop").is_ruled_out("database-access-denied"));
    }
}
