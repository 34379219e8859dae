//! The course of a client that speaks TLS, and of whoever finds TLS where it did not look for it.
//!
//! Not here: the handshake itself (`tls`), and what a certificate is worth to the client.

use std::time::{Duration, Instant};

use wharf_catalog::probe::words::{Words, recognise};

use super::http::{Answer, Request, is_enough, parse};
use super::line::{End, Wire};
use super::tls::{self, Ask, Session};
use super::{Conversation, KEPT, WHOLE, is_line, until};
use crate::facts::talk::tls::{Older, TlsEnd};
use crate::facts::talk::{After, Closed, H2Seen};
use crate::target::Scheme;

impl Conversation<'_> {
    /// The course of a client that speaks TLS.
    pub(super) fn secure(&mut self) {
        let Some(mut wire) = self.line.open() else { return };
        if self.greets(&mut wire) {
            return;
        }
        let wants_h2 = self.target.scheme == Some(Scheme::Grpcs);
        let inner: &[&str] = if wants_h2 { &["h2"] } else { &["http/1.1"] };
        let is_http = self.target.scheme.is_none_or(|scheme| scheme.is_http() || wants_h2);
        let Some(mut session) = self.handshake(wire, if is_http { inner } else { &[] }, HELLO) else {
            return;
        };
        match session.seen.end.clone() {
            TlsEnd::Done => {
                if is_http && !wants_h2 && session.seen.alpn.as_deref() != Some("h2") {
                    self.request_within(&mut session);
                }
                self.facts.talk.tls = Some(session.end());
            }
            TlsEnd::Alert(tls::NO_APPLICATION_PROTOCOL, _) if !wants_h2 => {
                session.end();
                self.with_h2();
            }
            TlsEnd::Alert(tls::HANDSHAKE_FAILURE | tls::PROTOCOL_VERSION | tls::INSUFFICIENT_SECURITY, _) => {
                let mut seen = session.end();
                // A server that wants the client's certificate refuses a client without one so, too.
                if seen.wants_client.is_none() {
                    seen.older = self.older();
                }
                self.facts.talk.tls = Some(seen);
            }
            TlsEnd::NotTls(bytes) => self.not_tls(session, bytes),
            TlsEnd::Closed { reset } => {
                self.facts.talk.tls = Some(session.end());
                self.facts.talk.closed = Some(Closed { reset, after: After::ClientHello });
                self.confirm_http();
            }
            TlsEnd::Stalled => {
                self.facts.talk.tls = Some(session.end());
                match self.confirm_http() {
                    // It hangs up at HTTP: another protocol, whose server may name it.
                    Some(End::Closed { .. }) => {
                        self.confirm_h2();
                        self.facts.talk.silent = self.facts.talk.server.is_none();
                    }
                    _ if self.facts.talk.plain.is_some() || self.facts.talk.server.is_some() => {}
                    _ => self.last_hello(inner),
                }
            }
            TlsEnd::Alert(..) | TlsEnd::Broken(_) => self.facts.talk.tls = Some(session.end()),
        }
    }

    fn not_tls(&mut self, session: Session, mut bytes: Vec<u8>) {
        self.facts.talk.tls = Some(session.end());
        let is_http = bytes.starts_with(b"HTTP/") || bytes.starts_with(b"<");
        if is_http {
            self.facts.talk.plain = parse(&bytes);
        } else {
            self.facts.talk.server = recognise(&bytes, self.line.address.port());
        }
        let is_known = self.facts.talk.server.is_some();
        bytes.truncate(KEPT);
        self.facts.talk.retort = bytes;
        if !is_known {
            let heard = self.facts.talk.plain.take();
            self.confirm_http();
            self.facts.talk.plain = self.facts.talk.plain.take().or(heard);
        }
    }

    /// Shakes hands on `wire` as the client would.
    fn handshake(&mut self, wire: Wire, inner: &[&str], patience: Duration) -> Option<Session> {
        let name = self.target.host().unwrap_or("localhost").to_owned();
        let ask = Ask { name, inner, now: self.now, environment: &self.facts.client.environment };
        let deadline = self.line.deadline;
        let by = if until(deadline) > patience { Instant::now() + patience } else { deadline };
        tls::handshake(wire, &ask, by)
    }

    /// Asks for HTTP/2 alone, of a server that has nothing else.
    fn with_h2(&mut self) {
        let Some(wire) = self.line.open() else { return };
        if let Some(session) = self.handshake(wire, &["h2"], HELLO) {
            self.facts.talk.tls = Some(session.end());
        }
    }

    /// Shakes hands once more, for as long as there is time: some servers take a second for it.
    fn last_hello(&mut self, inner: &[&str]) {
        let session = self.line.open().and_then(|wire| self.handshake(wire, inner, WHOLE));
        let Some(mut session) = session.filter(|session| session.seen.end == TlsEnd::Done) else {
            self.facts.talk.silent = true;
            return;
        };
        if self.target.scheme.is_none_or(Scheme::is_http) {
            self.request_within(&mut session);
        }
        self.facts.talk.tls = Some(session.end());
    }

    /// Sends the client's request within TLS.
    fn request_within(&mut self, session: &mut Session) {
        let request = Request::of(&self.target, self.origin.as_deref());
        // To a stranger's certificate no password goes.
        let is_sure = session.seen.certificate.as_ref().is_some_and(tls::is_good);
        let request = if is_sure { request } else { request.without_password() };
        let start = Instant::now();
        let mut heard = Vec::new();
        let end = session.converse(&request.bytes(), &mut heard, until(self.line.deadline), &is_enough);
        let talk = &mut self.facts.talk;
        match request.answer(&heard, start.elapsed(), end) {
            Answer::Http(http) => talk.http = Some(*http),
            Answer::Other(mut bytes) => {
                bytes.truncate(KEPT);
                talk.retort = bytes;
            }
            Answer::None(End::Closed { reset }) => {
                talk.closed = Some(Closed { reset, after: After::RequestInTls });
            }
            // An alert that came late: the server did not like the client's side of the handshake.
            Answer::None(_) if session.seen.end != TlsEnd::Done => {}
            Answer::None(_) => talk.silent = true,
        }
    }

    /// Sees whether a server that did not understand speaks TLS.
    pub(super) fn confirm_tls(&mut self) {
        let Some(wire) = self.line.open() else { return };
        let Some(session) = self.handshake(wire, &["h2", "http/1.1"], CONFIRM) else { return };
        let seen = session.end();
        match &seen.end {
            _ if seen.is_tls() => self.facts.talk.tls = Some(seen),
            TlsEnd::NotTls(bytes) if self.facts.talk.server.is_none() && !bytes.starts_with(b"HTTP/") => {
                self.facts.talk.server = recognise(bytes, self.line.address.port());
                self.facts.talk.retort = bytes[..bytes.len().min(KEPT)].to_vec();
            }
            _ => {}
        }
    }

    /// Sees whether a server that did not understand speaks HTTP/2.
    pub(super) fn confirm_h2(&mut self) {
        let Some(words) = Words::of("grpc", self.line.address) else { return };
        let Some(mut wire) = self.line.open() else { return };
        wire.say(&words.opening());
        let mut heard = Vec::new();
        wire.hear(&mut heard, CONFIRM, &|answer| words.is_complete(answer) || is_line(answer));
        wire.hang_up();
        let server = words.read(&heard, self.line.address.port());
        let speaks = server.as_ref().is_some_and(super::is_h2);
        self.facts.talk.h2 = Some(if speaks { H2Seen::Speaks } else { H2Seen::DoesNot });
        if server.is_some() && !speaks {
            heard.truncate(KEPT);
            self.facts.talk.retort = heard;
        }
        self.facts.talk.server = server.or(self.facts.talk.server.take());
    }

    /// Says hello without TLS 1.3, and with suites that have gone out of use.
    fn older(&mut self) -> Option<Older> {
        let words = Words::of("tls", self.line.address)?;
        let mut wire = self.line.open()?;
        wire.say(&words.opening());
        let mut heard = Vec::new();
        wire.hear(&mut heard, CONFIRM, &|answer| words.is_complete(answer));
        wire.hang_up();
        Some(tls::older(&heard))
    }
}

/// How long the server's part of a handshake is waited for before plain HTTP is tried.
const HELLO: Duration = Duration::from_millis(700);
/// How long it is waited for where TLS was not asked for.
const CONFIRM: Duration = Duration::from_millis(400);
