//! What the rules on databases have in common: the conversation that was held, and how it is told as evidence.

use crate::cause::{Finding, Opinion, ruled_out};
use crate::facts::talk::database::{Database, End, Refusal};
use crate::facts::{Facts, who};

/// Returns the conversation with a database, if there was one.
pub(super) fn seen(facts: &Facts) -> Option<&Database> {
    facts.talk.database.as_ref()
}

/// Returns `PostgreSQL 15.3 (postgres (pid 7, /srv/db))`.
pub(super) fn server(facts: &Facts, database: &Database) -> String {
    match facts.endpoint() {
        Some(detail) => format!("{} at {}", database.product(), who(&detail.endpoint)),
        None => database.product(),
    }
}

/// Returns a finding with what the server said.
pub(super) fn said(text: String, database: &Database, refusal: &Refusal) -> Finding {
    let code = match refusal.code.as_str() {
        "" => String::new(),
        code if refusal.text.starts_with(code) => String::new(),
        code => format!("{code}: "),
    };
    let source = format!("{}'s answer to {}", database.kind.name(), stage(database));
    Finding::new(text).saw(source, format!("{code}{}", refusal.text))
}

/// Returns what the server was asked for.
pub(super) fn stage(database: &Database) -> String {
    let tls = if database.over_tls { " within TLS" } else { "" };
    match &database.user {
        Some(user) => format!("the login of {user}{tls}"),
        None => format!("a connection{tls}"),
    }
}

/// Returns the user in words.
pub(super) fn user(database: &Database) -> String {
    database.user.clone().unwrap_or_else(|| "the client".to_owned())
}

/// Returns what it is not, where the login went through.
pub(super) fn unless_ready(database: &Database, reason: &str) -> Opinion {
    match database.end {
        End::Ready => ruled_out(reason),
        _ => Opinion::Aside,
    }
}

/// Facts for tests of the rules.
#[cfg(test)]
pub(super) mod testing {
    use crate::facts::talk::database::{Database, End, Refusal};
    use crate::testing::{Told, asked};

    /// Judges a conversation with the database at `url`, which ended so.
    pub(crate) fn told(url: &str, change: impl FnOnce(&mut Database)) -> Told {
        let target = crate::target::Target::parse(url).expect("a target");
        let kind = match target.scheme.expect("a scheme").name() {
            "postgres" => crate::facts::talk::database::Kind::Postgres,
            "mysql" => crate::facts::talk::database::Kind::Mysql,
            "amqp" => crate::facts::talk::database::Kind::Amqp,
            "mqtt" => crate::facts::talk::database::Kind::Mqtt,
            _ => crate::facts::talk::database::Kind::Redis,
        };
        let port = target.port().expect("a port");
        let mut database = Database::new(kind);
        database.user = target.user.clone();
        database.has_password = target.password.is_some();
        change(&mut database);
        let listener = format!("127.0.0.1:{port}");
        let asked = asked(url).listener_of(&listener, "server", 7).connected();
        asked.with(|facts| facts.talk.database = Some(database)).judged()
    }

    /// Judges a refusal.
    pub(crate) fn refused(url: &str, code: &str, text: &str, routine: &str) -> Told {
        let refusal = Refusal { code: code.to_owned(), text: text.to_owned(), routine: routine.to_owned() };
        told(url, |database| database.end = End::Refused(refusal))
    }

    /// Judges a login that went through.
    pub(crate) fn ready(url: &str) -> Told {
        told(url, |database| database.end = End::Ready)
    }
}
