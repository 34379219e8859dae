//! What a database or broker said up to its first refusal, or up to the login. Plain data.

/// A conversation with a database or broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// What is spoken.
    pub kind: Kind,
    /// Its version, in its own words.
    pub version: Option<String>,
    /// The user that was named; `None` if none was.
    pub user: Option<String>,
    /// The database, virtual host or number that was named.
    pub name: Option<String>,
    /// Whether the URL has a password.
    pub has_password: bool,
    /// Whether TLS was spoken.
    pub over_tls: bool,
    /// Whether the server would speak TLS, where it said so.
    pub offers_tls: Option<bool>,
    /// How it wants the user to prove who they are: `scram-sha-256`, `mysql_native_password`, `PLAIN`.
    pub method: Option<String>,
    /// How it ended.
    pub end: End,
    /// What the server said when it was asked with TLS instead of without, or without instead of with; no password was
    /// sent then.
    pub other_way: Option<End>,
    /// Whether it takes changes, where it says so.
    pub read_only: Option<bool>,
    /// Whether the URL asks for a server that takes changes.
    pub wants_writable: bool,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL's protocol, version 3.
    Postgres,
    /// MySQL's protocol, version 10.
    Mysql,
    /// RESP.
    Redis,
    /// AMQP 0-9-1.
    Amqp,
    /// MQTT 3.1.1.
    Mqtt,
}

/// How the conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Logged in, or nothing was asked for, and the database is there.
    Ready,
    /// It speaks the protocol, and was left alone at that: why.
    Greeted(String),
    /// It asks for a password, and the URL has none.
    WantsPassword,
    /// It refused.
    Refused(Refusal),
    /// TLS was asked for, and it has none.
    NoTls,
    /// The TLS handshake failed, in these words.
    TlsFailed(String),
    /// It answered something that is not this protocol.
    Foreign(Vec<u8>),
    /// It closed the connection without a word.
    Closed,
    /// It said nothing in time.
    Silent,
}

/// A refusal in the server's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its code: an SQLSTATE, an error number, the first word of a Redis error, a return code.
    pub code: String,
    /// Its text, which may be in the server's language.
    pub text: String,
    /// The server's function that refused, where it says so (PostgreSQL); the same in every language.
    pub routine: String,
}

impl Kind {
    /// Returns its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Redis => "Redis",
            Self::Amqp => "AMQP",
            Self::Mqtt => "MQTT",
        }
    }

    /// Returns what the protocol is called in `Service::protocol`.
    #[must_use]
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Amqp => "amqp",
            Self::Mqtt => "mqtt",
        }
    }
}

impl Database {
    /// Returns a conversation that has not begun.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            version: None,
            user: None,
            name: None,
            has_password: false,
            over_tls: false,
            offers_tls: None,
            method: None,
            end: End::Silent,
            other_way: None,
            read_only: None,
            wants_writable: false,
        }
    }

    /// Returns whether nothing that was said keeps a client out.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        matches!(self.end, End::Ready | End::Greeted(_))
            && !(self.wants_writable && self.read_only == Some(true))
    }

    /// Returns the refusal, if there was one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.end {
            End::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Returns the refusal if the server is of this kind and its code is one of these.
    #[must_use]
    pub fn refused(&self, kind: Kind, codes: &[&str]) -> Option<&Refusal> {
        self.refusal().filter(|refusal| self.kind == kind && codes.contains(&refusal.code.as_str()))
    }

    /// Returns what it is, with its version: `MariaDB 10.11.6`.
    #[must_use]
    pub fn product(&self) -> String {
        let name = match (&self.version, self.kind) {
            (Some(version), Kind::Mysql) if version.contains("MariaDB") => "MariaDB",
            _ => self.kind.name(),
        };
        match self.version.as_deref().map(shortened) {
            Some(version) if self.kind == Kind::Amqp => version,
            Some(version) => format!("{name} {version}"),
            None => name.to_owned(),
        }
    }

    /// Returns what was spoken, for a target that can be reached: `speaks PostgreSQL 15.3, logged in as shop`.
    #[must_use]
    pub fn spoken(&self) -> Option<String> {
        let how = match &self.end {
            End::Ready => match (&self.user, &self.name) {
                (Some(user), Some(name)) => format!("logged in as {user}, {} {name}", self.what()),
                (Some(user), None) => format!("logged in as {user}"),
                (None, Some(name)) if self.kind == Kind::Redis => format!("database {name}"),
                _ => "takes clients without a login".to_owned(),
            },
            End::Greeted(why) => why.clone(),
            _ => return None,
        };
        let tls = if self.over_tls { " within TLS" } else { "" };
        Some(format!("speaks {}{tls}, {how}", self.product()))
    }

    /// Returns what a database of this kind is called.
    #[must_use]
    pub fn what(&self) -> &'static str {
        if self.kind == Kind::Amqp { "virtual host" } else { "database" }
    }
}

/// Returns a version without what the packager has added: `5.5.5-10.11.6-MariaDB-0+deb12u1` is `10.11.6`.
fn shortened(version: &str) -> String {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let short = match version.split_once("-MariaDB") {
        Some((before, _)) => before,
        None => version.split(" (").next().unwrap_or(version),
    };
    short.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::{Database, End, Kind};

    #[test]
    fn versions_are_told_as_people_know_them() {
        let with =
            |kind, version: &str| Database { version: Some(version.to_owned()), ..Database::new(kind) };
        assert_eq!(with(Kind::Mysql, "5.5.5-10.11.6-MariaDB-0+deb12u1").product(), "MariaDB 10.11.6");
        assert_eq!(with(Kind::Postgres, "15.3 (Debian 15.3-0+deb12u1)").product(), "PostgreSQL 15.3");
        assert_eq!(with(Kind::Amqp, "RabbitMQ 3.10.8").product(), "RabbitMQ 3.10.8");
        assert_eq!(Database::new(Kind::Redis).product(), "Redis");
    }

    #[test]
    fn a_login_is_told_with_user_and_database() {
        let mut database = Database::new(Kind::Postgres);
        database.user = Some("me".to_owned());
        database.name = Some("shop".to_owned());
        assert_eq!(database.spoken(), None);
        database.end = End::Ready;
        database.over_tls = true;
        assert_eq!(
            database.spoken().as_deref(),
            Some("speaks PostgreSQL within TLS, logged in as me, database shop")
        );
    }
}
