//! The database does not take the password, or not this way of logging in.

use super::database::{said, seen, unless_ready, user};
use super::database_host_not_allowed::takes_tls;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, Kind, Refusal};

/// The login fails.
pub(super) const CAUSE: Cause = Cause {
    code: "database-auth-failed",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database refuses the user or the password",
    symptom: "`password authentication failed for user` (PostgreSQL), `Access denied for user … (using password: YES)` (MySQL), \
              `WRONGPASS` (Redis), `ACCESS_REFUSED` (RabbitMQ), return code 4 or 5 (MQTT).",
    evidence: "One login with the password of the URL, and the server's own refusal of it: SQLSTATE 28P01 or 28000, error \
               1045 or 1698, WRONGPASS, reply code 403, return code 4 or 5.",
    fix: "Correct user and password in the URL, or set the password anew in the database.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(refusal) = of(database) else {
        return unless_ready(database, "the login went through");
    };
    let name = user(database);
    let product = database.product();
    let text = match (database.kind, refusal.code.as_str()) {
        (Kind::Mysql, "1698") => format!("{product} lets {name} in only by its Unix socket, not by TCP"),
        (Kind::Redis, "ERR") if !is_wrong(refusal) => {
            format!("{product} has no password, and the URL gives one: its AUTH is refused")
        }
        (Kind::Postgres, "28000") => format!("{product} refuses {name}: {}", refusal.text),
        _ => format!("{product} refuses user {name} with the password of the URL"),
    };
    fixed(said(text, database, refusal), database, refusal, &name).into()
}

fn fixed(finding: Finding, database: &Database, refusal: &Refusal, name: &str) -> Finding {
    match (database.kind, refusal.code.as_str()) {
        (Kind::Mysql, "1698") => finding
            .advise("make a user with a password for TCP, or connect by the Unix socket as that system user"),
        (Kind::Redis, "ERR") if !is_wrong(refusal) => {
            finding.advise("leave the password out of the URL, or set requirepass in redis.conf")
        }
        (Kind::Postgres, _) => finding
            .advise("correct the password in the URL")
            .command("set it anew", format!("sudo -u postgres psql -c '\\password {name}'"))
            .as_root(),
        (Kind::Amqp, _) => finding
            .advise("correct the password in the URL")
            .command("set it anew", format!("sudo rabbitmqctl change_password {name} PASSWORD"))
            .as_root(),
        _ => finding.advise("correct user and password in the URL, or set the password anew in the server"),
    }
}

/// Returns the refusal if it is one of a login.
fn of(database: &Database) -> Option<&Refusal> {
    let refusal = database.refusal()?;
    let is = match (database.kind, refusal.code.as_str()) {
        (Kind::Postgres, "28P01") | (Kind::Redis, "WRONGPASS") | (Kind::Mqtt, "4" | "5") => true,
        (Kind::Postgres, "28000") => refusal.routine == "auth_failed",
        // Without a password in the URL it is one that lacks.
        (Kind::Mysql, "1045") => database.has_password && !takes_tls(database),
        (Kind::Mysql, "1698") => true,
        (Kind::Redis, "ERR") => database.has_password && (is_wrong(refusal) || refusal.text.contains("AUTH")),
        (Kind::Amqp, "403") => !refusal.text.contains("via localhost"),
        _ => false,
    };
    is.then_some(refusal)
}

/// Redis before 6 has no code for it.
fn is_wrong(refusal: &Refusal) -> bool {
    refusal.text.contains("invalid password")
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_refused_login_is_it_in_each_protocol() {
        for (url, code, text, routine) in [
            (
                "postgres://me:x@127.0.0.1/shop",
                "28P01",
                "password authentication failed for user \"me\"",
                "auth_failed",
            ),
            (
                "postgres://me:x@127.0.0.1/shop",
                "28000",
                "Ident authentication failed for user \"me\"",
                "auth_failed",
            ),
            ("mysql://me:x@127.0.0.1/shop", "1045", "Access denied for user 'me'@'localhost'", ""),
            ("mysql://root@127.0.0.1/shop", "1698", "Access denied for user 'root'@'localhost'", ""),
            ("redis://:x@127.0.0.1", "WRONGPASS", "WRONGPASS invalid username-password pair", ""),
            ("redis://:x@127.0.0.1", "ERR", "ERR invalid password", ""),
            ("redis://:x@127.0.0.1", "ERR", "ERR AUTH <password> called without any password configured", ""),
            ("amqp://me:x@127.0.0.1", "403", "ACCESS_REFUSED - Login was refused", ""),
            ("mqtt://me:x@127.0.0.1", "5", "not authorized", ""),
        ] {
            assert_eq!(refused(url, code, text, routine).causes(), ["database-auth-failed"], "{text}");
        }
    }

    #[test]
    fn a_login_rules_it_out() {
        let told = ready("postgres://me:x@127.0.0.1/shop");
        assert_eq!(told.verdict(), "reachable");
        assert!(told.is_ruled_out("database-auth-failed"));
    }

    #[test]
    fn other_refusals_are_not_it() {
        let told = refused("mysql://me@127.0.0.1", "1045", "Access denied (using password: NO)", "");
        assert_eq!(told.causes(), ["database-password-required"]);
        let text =
            "no pg_hba.conf entry for host \"127.0.0.1\", user \"me\", database \"shop\", no encryption";
        let told = refused("postgres://me:x@127.0.0.1", "28000", text, "ClientAuthentication");
        assert_eq!(told.causes(), ["database-host-not-allowed"]);
    }
}
