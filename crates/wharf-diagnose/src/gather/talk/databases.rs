//! Databases and brokers: up to the server's own refusal, or to the login.
//!
//! A password is sent only if it stands in the URL, once in a diagnosis: servers lock out who tries often. Where a second
//! connection is made, it is to see whether TLS is what lacks, and no password is sent on it. Not here: what a refusal means
//! (`why/protocols/database_*.rs`).

mod amqp;
mod login;
mod mqtt;
mod mysql;
mod postgres;
mod redis;
mod wire;

use std::time::{Duration, Instant};

use wharf_catalog::probe::words::recognise;

use self::login::{Login, Tls};
use self::wire::{Broken, Wire};
use super::Conversation;
use super::line::{self, Line};
use super::tls::{self, Ask};
use crate::facts::talk::database::{Database, End, Kind};
use crate::facts::talk::tls::{TlsEnd, TlsSeen};
use crate::facts::talk::{After, Closed};
use crate::target::Scheme;

/// One conversation, which may take more than one connection.
struct Session<'a> {
    line: &'a mut Line,
    /// When it has to be over.
    deadline: Instant,
    ask: Ask<'a>,
    login: Login,
    database: Database,
    /// The handshake, if the client looks at the certificate.
    tls: Option<TlsSeen>,
}

impl Conversation<'_> {
    /// Talks to the database that the target is to be.
    pub(super) fn database(&mut self) {
        let Some(mut wire) = self.line.open() else { return };
        // MySQL's greeting is waited for anyway.
        if self.target.scheme != Some(Scheme::Mysql)
            && self.greets(&mut wire)
            && self.facts.talk.greeting.is_empty()
        {
            return;
        }
        let heard = std::mem::take(&mut self.facts.talk.greeting);
        let Some(kind) = self.target.scheme.and_then(kind) else { return };
        let login = Login::of(&self.target, self.own_user.as_deref());
        let environment = self.facts.client.environment.clone();
        let name = self.target.host().unwrap_or("localhost").to_owned();
        let ask = Ask { name, inner: &[], now: self.now, environment: &environment };
        let database = begun(kind, &login);
        // A server that is known to speak something else is not waited for long: it may have taken the words for the
        // beginning of its own.
        let speaks = self.looked.as_ref().and_then(|looked| looked.protocol.as_deref());
        let is_other = speaks.is_some_and(|speaks| !speaks.starts_with(kind.protocol()) && speaks != "tls");
        let soon = Instant::now() + if is_other { OTHER } else { WHOLE };
        let deadline = self.line.deadline.min(soon);
        let mut session = Session { line: &mut self.line, deadline, ask, login, database, tls: None };
        session.hold(wire, heard, self.target.scheme.is_some_and(Scheme::is_tls));
        let (database, tls) = (session.database, session.tls);
        let talk = &mut self.facts.talk;
        talk.tls = tls;
        talk.server = None;
        match &database.end {
            End::Foreign(bytes) => {
                talk.server = recognise(bytes, self.line.address.port());
                talk.greeting.clone_from(bytes);
            }
            End::Silent => talk.silent = true,
            End::Closed if database.other_way.is_none() => {
                talk.closed = Some(Closed { reset: false, after: After::Opening });
            }
            _ => talk.spoken = database.spoken(),
        }
        talk.database = Some(database);
    }
}

fn kind(scheme: Scheme) -> Option<Kind> {
    Some(match scheme {
        Scheme::Postgres => Kind::Postgres,
        Scheme::Mysql => Kind::Mysql,
        Scheme::Redis | Scheme::Rediss => Kind::Redis,
        Scheme::Amqp | Scheme::Amqps => Kind::Amqp,
        Scheme::Mqtt | Scheme::Mqtts => Kind::Mqtt,
        _ => return None,
    })
}

/// Returns a conversation of which is known what the URL says.
fn begun(kind: Kind, login: &Login) -> Database {
    let mut database = Database::new(kind);
    let is_named = login.has_user || matches!(kind, Kind::Postgres | Kind::Mysql);
    database.user = Some(login.user.clone()).filter(|user| is_named && !user.is_empty());
    database.name.clone_from(&login.database);
    if kind == Kind::Postgres && database.name.is_none() {
        database.name.clone_from(&database.user);
    }
    if kind == Kind::Amqp && login.has_user && database.name.is_none() {
        database.name = Some("/".to_owned());
    }
    database.has_password = login.password.is_some();
    database.wants_writable = login.wants_writable;
    database
}

impl Session<'_> {
    fn hold(&mut self, wire: line::Wire, heard: Vec<u8>, within_tls: bool) {
        let kind = self.database.kind;
        // Whoever speaks first where the client should is told nothing.
        if !heard.is_empty() && kind != Kind::Mysql {
            self.database.end = if kind == Kind::Redis { redis::unasked(heard) } else { End::Foreign(heard) };
            return;
        }
        let wire = Wire::new(wire, heard, self.deadline);
        match kind {
            Kind::Postgres => return postgres::talk(self, wire),
            Kind::Mysql => return mysql::talk(self, wire),
            Kind::Redis | Kind::Amqp | Kind::Mqtt => {}
        }
        let must = within_tls || self.login.tls == Tls::Must;
        let wire = match must {
            false => wire,
            true => match self.upgrade(wire) {
                Ok(wire) => wire,
                Err(end) => return self.without_tls(end),
            },
        };
        self.database.over_tls = must;
        match kind {
            Kind::Redis => redis::talk(self, wire),
            Kind::Amqp => amqp::talk(self, wire),
            _ => mqtt::talk(self, wire),
        }
        // Servers within TLS answer plain words with an alert, or hang up.
        let unheard = match &self.database.end {
            End::Closed => true,
            End::Foreign(bytes) => bytes.starts_with(&[0x15, 3]),
            _ => false,
        };
        if !must && unheard {
            self.with_tls();
        }
    }

    /// TLS failed: sees whether the server speaks its protocol without.
    fn without_tls(&mut self, end: End) {
        let failed = matches!(end, End::TlsFailed(_));
        self.database.end = end;
        if !failed {
            return;
        }
        let Some(wire) = self.again() else { return };
        let other = match self.database.kind {
            Kind::Redis => redis::greet(wire),
            Kind::Amqp => amqp::greet(wire),
            _ => mqtt::greet(wire),
        };
        if matches!(other, End::Greeted(_)) {
            self.database.end = End::NoTls;
            // What was no TLS has no certificate to judge.
            self.tls = None;
        }
        self.database.other_way = Some(other);
    }

    /// The server did not understand plain words: sees whether it speaks TLS.
    fn with_tls(&mut self) {
        let Some(wire) = self.again() else { return };
        if self.upgrade(wire).is_ok() {
            self.database.offers_tls = Some(true);
            self.database.other_way = Some(End::Greeted("speaks TLS".to_owned()));
        }
    }

    /// Returns how the conversation ended that broke off.
    fn ended(&mut self, broken: Broken) -> End {
        if let (Broken::Tls(end), Some(tls)) = (&broken, &mut self.tls) {
            tls.end.clone_from(end);
        }
        ended(broken)
    }

    /// Makes another connection.
    fn again(&mut self) -> Option<Wire> {
        let deadline = self.deadline;
        self.line.open().map(|wire| Wire::new(wire, Vec::new(), deadline))
    }

    /// Goes over to TLS. A client that looks at the certificate goes no further with a bad one.
    fn upgrade(&mut self, wire: Wire) -> Result<Wire, End> {
        let broken = || End::TlsFailed("no handshake could be begun".to_owned());
        let wire = wire.into_plain().ok_or_else(broken)?;
        let deadline = self.deadline;
        let by = deadline.min(Instant::now() + HANDSHAKE);
        let session = tls::handshake(wire, &self.ask, by).ok_or_else(broken)?;
        let is_good = session.seen.certificate.as_ref().is_some_and(tls::is_good);
        if self.login.verifies {
            self.tls = Some(session.seen.clone());
        }
        match &session.seen.end {
            TlsEnd::Done if self.login.verifies && !is_good => {
                Err(End::Greeted("not logged in, for clients do not take its certificate".to_owned()))
            }
            TlsEnd::Done => Ok(Wire::within(session, deadline)),
            end => Err(End::TlsFailed(failure(end))),
        }
    }
}

fn failure(end: &TlsEnd) -> String {
    match end {
        TlsEnd::Done => String::new(),
        TlsEnd::Alert(_, name) => format!("the server's alert {name}"),
        TlsEnd::NotTls(bytes) => format!("what came is no TLS: {:?}", crate::facts::talk::shown(bytes, 40)),
        TlsEnd::Closed { .. } => "the server hung up".to_owned(),
        TlsEnd::Stalled => "nothing came in time".to_owned(),
        TlsEnd::Broken(text) => text.clone(),
    }
}

/// Returns how a conversation ended that broke off.
fn ended(broken: Broken) -> End {
    match broken {
        Broken::Closed(rest) | Broken::Silent(rest) | Broken::Foreign(rest) if !rest.is_empty() => {
            End::Foreign(rest)
        }
        Broken::Closed(_) | Broken::Foreign(_) => End::Closed,
        Broken::Silent(_) => End::Silent,
        Broken::Tls(end) => End::TlsFailed(failure(&end)),
    }
}

/// How long a server is waited for that is known to speak another protocol.
const OTHER: Duration = Duration::from_millis(250);
/// As long as there is time.
const WHOLE: Duration = Duration::from_secs(60);
/// How long the server's part of a handshake is waited for.
const HANDSHAKE: Duration = Duration::from_millis(700);
