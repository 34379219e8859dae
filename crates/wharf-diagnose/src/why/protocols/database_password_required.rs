//! The database asks for a password, and the URL has none.

use super::database::{seen, stage, unless_ready, user};
use super::database_host_not_allowed::takes_tls;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::{Database, End, Kind};

/// A password is wanted.
pub(super) const CAUSE: Cause = Cause {
    code: "database-password-required",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database asks for a password, and the URL has none",
    symptom: "`fe_sendauth: no password supplied` (PostgreSQL), `Access denied … (using password: NO)` (MySQL), `NOAUTH \
              Authentication required` (Redis), return code 5 (MQTT).",
    evidence: "The server's question for a password, or its refusal of a client without one. wharf sends none that is not in \
               the URL.",
    fix: "Put user and password into the URL, or let the server trust local clients.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let Some(answer) = answer(database) else {
        return unless_ready(database, "the server asked for no password that the URL lacks");
    };
    let product = database.product();
    let who = if database.user.is_some() { format!(" of {}", user(database)) } else { String::new() };
    let source = format!("{}'s answer to {}", database.kind.name(), stage(database));
    let finding =
        Finding::new(format!("{product} wants a password{who}, and the URL has none")).saw(source, answer);
    let example = match database.kind {
        Kind::Redis => "redis://:PASSWORD@HOST",
        Kind::Mqtt | Kind::Amqp => "USER:PASSWORD@ before the host",
        _ => "USER:PASSWORD@ before the host, or the variable of the client's own (PGPASSWORD, MYSQL_PWD)",
    };
    let finding = finding.advise(format!("put it into the URL: {example}"));
    let finding = match database.kind {
        Kind::Postgres => {
            finding.advise("or let pg_hba.conf trust local clients: `host all all 127.0.0.1/32 trust`")
        }
        _ => finding,
    };
    finding.into()
}

fn answer(database: &Database) -> Option<String> {
    let method = database.method.as_deref();
    match (&database.end, database.kind) {
        (End::WantsPassword, Kind::Redis) => Some("NOAUTH Authentication required".to_owned()),
        (End::WantsPassword, Kind::Mqtt) => {
            Some("return code 4 or 5: not authorised without user and password".to_owned())
        }
        (End::WantsPassword, _) => Some(format!("asks for a proof by {}", method.unwrap_or("a password"))),
        (End::Refused(refusal), Kind::Mysql)
            if refusal.code == "1045" && !database.has_password && !takes_tls(database) =>
        {
            Some(format!("1045: {}", refusal.text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused, told};
    use crate::facts::talk::database::End;

    #[test]
    fn a_question_for_a_password_is_it() {
        for url in
            ["postgres://me@127.0.0.1/shop", "redis://127.0.0.1", "amqp://me@127.0.0.1", "mqtt://127.0.0.1"]
        {
            let told = told(url, |database| database.end = End::WantsPassword);
            assert_eq!(told.causes(), ["database-password-required"], "{url}");
        }
        let told = refused("mysql://me@127.0.0.1", "1045", "Access denied (using password: NO)", "");
        assert_eq!(told.causes(), ["database-password-required"]);
    }

    #[test]
    fn a_wrong_password_is_not_it() {
        let told = refused("mysql://me:x@127.0.0.1", "1045", "Access denied (using password: YES)", "");
        assert_eq!(told.causes(), ["database-auth-failed"]);
    }

    #[test]
    fn a_login_rules_it_out() {
        assert!(ready("redis://127.0.0.1").is_ruled_out("database-password-required"));
    }
}
