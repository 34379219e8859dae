//! What is said on the connection that was made. A server that speaks first is told nothing.
//!
//! Here is the course of a conversation by what the client would speak: plain HTTP, TLS, HTTP/2, or nobody knows. On each
//! connection is listened first, for a moment, where looking does not tell who speaks first. Not here: bytes of a
//! protocol (files below), and what an answer means for the client (`why`).

use std::time::{Duration, Instant};

use wharf_catalog::probe::words::{Words, is_left_alone, is_whole_greeting, recognise, speaks_first};
use wharf_model::place::Service;

use self::line::{End, Line, Wire};
use super::Context;
use crate::facts::Facts;
use crate::facts::talk::{After, Closed, H2Seen};
use crate::target::{Scheme, Target};

mod databases;
mod http;
mod line;
pub(super) mod proxy;
mod redirect;
mod secure;
mod tls;
mod x509;

/// Hears, and speaks where that is safe.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(target) = facts.target().cloned() else { return };
    let Some(line) = Line::take(facts, context) else { return };
    let looked = facts.endpoint().and_then(|detail| detail.endpoint.service.clone());
    let origin = facts.origin.clone();
    let now = context.os.clock.now().unix_ms() / 1000;
    let own_user = context.os.host.user_name(facts.client.uid);
    let mut talk = Conversation { facts, target, looked, origin, line, now, own_user };
    talk.hold();
    redirect::follow(talk.facts);
    let made = talk.line.made();
    facts.talk.connections = made;
    if facts.talk.spoken.is_none() {
        facts.talk.spoken = spoken(facts);
    }
}

/// A conversation with one server.
struct Conversation<'a> {
    facts: &'a mut Facts,
    target: Target,
    /// What looking told of the server.
    looked: Option<Service>,
    /// Page that a browser would ask from.
    origin: Option<String>,
    line: Line,
    /// The time, in seconds since 1970.
    now: i64,
    /// Name of the user who asks, as whom clients of databases log in where the URL has none.
    own_user: Option<String>,
}

/// Who speaks first at a server, as far as looking tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Nobody: words of a stranger disturb it.
    Nobody,
    /// That is not known.
    Unknown,
}

impl Conversation<'_> {
    fn hold(&mut self) {
        match self.target.scheme {
            Some(Scheme::Http | Scheme::Ws) => self.plain(),
            Some(Scheme::Https | Scheme::Wss | Scheme::Grpcs) => self.secure(),
            Some(Scheme::Grpc) => self.h2(),
            None | Some(Scheme::Tcp) => self.unknown(),
            Some(_) => self.database_or_else(),
        }
    }

    /// A database, or what answers in its place: an HTTP server waits for more of what it does not understand, or hangs up.
    fn database_or_else(&mut self) {
        let deadline = self.line.deadline;
        let reserve = STRANGER.min(until(deadline) / 4);
        self.line.deadline = deadline.checked_sub(reserve).unwrap_or(deadline);
        self.database();
        self.line.deadline = deadline;
        let talk = &self.facts.talk;
        let is_foreign = !talk.greeting.is_empty() && !talk.greeting.starts_with(&[0x15, 3]);
        let unheard = talk.silent || talk.closed.is_some_and(|closed| closed.after != After::Nothing);
        let no_tls = talk.tls.as_ref().is_some_and(|tls| !tls.is_tls());
        if talk.server.is_none() && (is_foreign || unheard || no_tls) {
            self.confirm_http();
        }
        if self.facts.talk.plain.is_some() {
            self.facts.talk.silent = false;
            self.facts.talk.closed = None;
        }
    }

    fn first(&self) -> First {
        let Some(looked) = &self.looked else { return First::Unknown };
        if is_left_alone(looked) {
            // What only passes bytes on is told what its client would say, if that is known.
            let passes_on = matches!(looked.id.as_str(), "socat" | "netcat");
            let is_known = self.target.scheme.is_some_and(|scheme| scheme != Scheme::Tcp);
            return if passes_on && is_known { First::Unknown } else { First::Nobody };
        }
        match looked.protocol.as_deref() {
            None => First::Unknown,
            Some(protocol) if speaks_first(protocol) => First::Server,
            Some(_) => First::Client,
        }
    }

    /// Returns the safe words of the protocol that looking told, where that is not HTTP or TLS.
    fn own_words(&self) -> Option<Words> {
        let protocol = self.looked.as_ref()?.protocol.as_deref()?;
        if matches!(protocol, "http" | "https" | "tls" | "ipp" | "grpc") {
            return None;
        }
        Words::of(protocol, self.line.address)
    }

    /// Listens, as long as it may be that the server speaks first. Returns whether it did, or hung up: then nothing more
    /// is to be said on this connection.
    fn greets(&mut self, wire: &mut Wire) -> bool {
        let patience = match self.first() {
            First::Client => Duration::ZERO,
            First::Server => GREETING,
            // It has had some of that time while its owner was looked for.
            First::Nobody | First::Unknown => UNASKED.saturating_sub(wire.since.elapsed()).max(LOOK),
        };
        if patience.is_zero() {
            return false;
        }
        let mut heard = Vec::new();
        let mut end = wire.hear(&mut heard, patience, &|_| true);
        if end == End::Enough {
            end = wire.hear(&mut heard, REST, &is_whole_greeting);
        }
        let talk = &mut self.facts.talk;
        match (heard.is_empty(), end) {
            (true, End::Closed { reset }) => {
                talk.closed = Some(Closed { reset, after: After::Nothing });
                return true;
            }
            (true, _) => {
                let first = self.first();
                self.facts.talk.silent = first == First::Server;
                self.facts.talk.quiet = first == First::Nobody;
                return matches!(first, First::Server | First::Nobody);
            }
            (false, _) => {}
        }
        talk.server = recognise(&heard, self.line.address.port());
        if talk.server.as_ref().is_some_and(is_h2) {
            talk.h2 = Some(H2Seen::Speaks);
        }
        heard.truncate(KEPT);
        talk.greeting = heard;
        true
    }

    /// Asks a server of another protocol than HTTP, known by looking, with that protocol's own words. Returns whether it
    /// was understood.
    fn is_known_other(&mut self, wire: &mut Wire) -> bool {
        let Some(words) = self.own_words() else { return false };
        wire.say(&words.opening());
        let mut heard = Vec::new();
        wire.hear(&mut heard, GREETING, &|answer| words.is_complete(answer));
        self.facts.talk.server = words.read(&heard, self.line.address.port());
        heard.truncate(KEPT);
        self.facts.talk.greeting = heard;
        self.facts.talk.server.is_some()
    }

    /// HTTP/2 with prior knowledge.
    fn h2(&mut self) {
        let Some(mut wire) = self.line.open() else { return };
        if self.greets(&mut wire) || self.is_known_other(&mut wire) {
            return;
        }
        let Some(words) = Words::of("grpc", self.line.address) else { return };
        wire.say(&words.opening());
        let mut heard = Vec::new();
        let end = wire.hear(&mut heard, WHOLE, &|answer| words.is_complete(answer) || is_line(answer));
        let port = self.line.address.port();
        let server = words.read(&heard, port);
        let speaks = server.as_ref().is_some_and(is_h2);
        self.facts.talk.server = server;
        self.facts.talk.h2 = Some(if speaks { H2Seen::Speaks } else { H2Seen::DoesNot });
        wire.hang_up();
        if speaks {
            return;
        }
        let said_nothing = heard.is_empty();
        heard.truncate(KEPT);
        self.facts.talk.retort = heard;
        match end {
            End::Late if said_nothing => self.facts.talk.silent = true,
            End::Closed { reset } if said_nothing => {
                self.facts.talk.closed = Some(Closed { reset, after: After::Opening });
            }
            _ => {}
        }
        self.second_opinion();
    }

    /// Finds out what speaks at a server that did not understand: TLS, or else HTTP/1.
    fn second_opinion(&mut self) {
        let is_tls = self.facts.talk.server.as_ref().is_some_and(is_tls);
        if is_tls || self.facts.talk.server.is_none() {
            self.confirm_tls();
        }
        if self.facts.talk.tls.as_ref().is_none_or(|tls| !tls.is_tls()) && self.facts.talk.http.is_none() {
            self.confirm_http();
        }
    }

    /// Nobody said what is spoken there.
    fn unknown(&mut self) {
        if self.looked.as_ref().is_some_and(is_tls) {
            return self.secure();
        }
        let Some(mut wire) = self.line.open() else { return };
        if self.greets(&mut wire) || self.is_known_other(&mut wire) {
            return;
        }
        let is_http =
            self.looked.as_ref().and_then(|it| it.protocol.as_deref()).is_some_and(|it| it == "http");
        let wire = if self.own_words().is_some() { self.line.open() } else { Some(wire) };
        let Some(wire) = wire else { return };
        self.request(wire, if is_http { WHOLE } else { STRANGER });
        let talk = &mut self.facts.talk;
        if is_http && talk.closed.is_some() {
            self.confirm_tls();
            if self.facts.talk.tls.is_some() {
                self.facts.talk.closed = None;
            }
            return;
        }
        if !is_http {
            // Words of HTTP are not its own, for all that is known: silence and an end say nothing.
            talk.quiet = talk.silent || talk.closed.is_some();
            talk.silent = false;
            let unheard = talk.closed.take();
            if unheard.is_some() || talk.server.as_ref().is_some_and(is_tls) {
                self.confirm_tls();
            }
        }
    }
}

/// Returns whether `server` speaks HTTP/2 without TLS.
fn is_h2(server: &Service) -> bool {
    matches!(server.protocol.as_deref(), Some("http2" | "grpc"))
}

/// Returns whether `server` speaks TLS.
fn is_tls(server: &Service) -> bool {
    matches!(server.protocol.as_deref(), Some("tls" | "https" | "amqps"))
}

/// Returns whether `answer` is a line of text, by which servers of lines reproach whoever speaks otherwise.
fn is_line(answer: &[u8]) -> bool {
    answer.first().is_some_and(|byte| *byte >= b' ') && answer.ends_with(b"\n")
}

/// Returns what is spoken at the server, for the line that says that it can be reached.
fn spoken(facts: &Facts) -> Option<String> {
    let talk = &facts.talk;
    let tls = talk.tls.as_ref().filter(|tls| tls.is_tls());
    if let Some(http) = talk.http.as_ref() {
        let within = match tls.and_then(|tls| tls.version.as_deref()) {
            Some(version) => format!(" within {version}"),
            None => String::new(),
        };
        return Some(format!("speaks HTTP/1.{}{within}, {}", http.minor, http.status));
    }
    if let Some(tls) = tls {
        let inner = match tls.alpn.as_deref() {
            Some("h2") => "HTTP/2 within ",
            _ => "",
        };
        return Some(format!("speaks {inner}{}", tls.version.as_deref().unwrap_or("TLS")));
    }
    if let Some((name, protocol)) = talk.speaks() {
        return Some(format!("speaks {protocol}, {name}"));
    }
    if !talk.greeting.is_empty() {
        return Some(format!("says {:?}", crate::facts::talk::shown(&talk.greeting, 60)));
    }
    if !talk.retort.is_empty() {
        return Some(format!("says {:?}", crate::facts::talk::shown(&talk.retort, 60)));
    }
    talk.quiet.then(|| "accepts, and says nothing".to_owned())
}

/// Returns the time until `deadline`.
fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// How long is listened to a server of which is not known who speaks first. Those that do were measured at 6 ms and less.
const UNASKED: Duration = Duration::from_millis(8);
/// What has come already is seen within this.
const LOOK: Duration = Duration::from_millis(1);
/// How long is listened to a server that is known to speak first.
const GREETING: Duration = Duration::from_millis(600);
/// How long is waited for the rest of a greeting whose first bytes have come.
const REST: Duration = Duration::from_millis(60);
/// As long as there is time.
const WHOLE: Duration = Duration::from_secs(60);
/// How long an answer is waited for from a server that may not understand.
const STRANGER: Duration = Duration::from_millis(400);
/// Bytes of a greeting that are kept.
const KEPT: usize = 4096;
