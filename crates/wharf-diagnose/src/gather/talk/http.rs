//! HTTP/1.1 by hand: one GET as the client would send it, and the answer as far as it is of use.
//!
//! Source: RFC 9112; RFC 6455 for WebSockets. Not here: what a status means for the client.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wharf_catalog::probe::words::recognise;

use super::line::{End, Wire};
use super::{Conversation, KEPT, WHOLE, is_tls};
use crate::facts::talk::http::HttpSeen;
use crate::facts::talk::{After, Closed};
use crate::target::{Scheme, Target};

/// What came in answer to a request.
pub(super) enum Answer {
    /// HTTP/1.
    Http(Box<HttpSeen>),
    /// Other bytes.
    Other(Vec<u8>),
    /// No byte.
    None(End),
}

impl Conversation<'_> {
    /// The course of a plain HTTP or WebSocket client.
    pub(super) fn plain(&mut self) {
        let Some(mut wire) = self.line.open() else { return };
        if self.greets(&mut wire) || self.is_known_other(&mut wire) {
            return;
        }
        let wire = if self.own_words().is_some() { self.line.open() } else { Some(wire) };
        let Some(wire) = wire else { return };
        let is_websocket = self.target.scheme == Some(Scheme::Ws);
        self.request(wire, if is_websocket { UPGRADED } else { WHOLE });
        if is_websocket && self.facts.talk.silent {
            self.without_upgrade();
        }
        let talk = &self.facts.talk;
        let wants_tls =
            talk.http.as_ref().is_some_and(HttpSeen::wants_tls) || talk.server.as_ref().is_some_and(is_tls);
        if wants_tls || talk.closed.is_some() {
            self.confirm_tls();
        }
        if self.facts.talk.closed.is_some() && self.facts.talk.tls.as_ref().is_none_or(|tls| !tls.is_tls()) {
            self.confirm_h2();
        }
        self.by_localhost();
    }

    /// Sends the client's request, and notes what comes.
    pub(super) fn request(&mut self, mut wire: Wire, patience: Duration) {
        let request = Request::of(&self.target, self.origin.as_deref());
        let answer = request.ask(&mut wire, patience);
        wire.hang_up();
        let talk = &mut self.facts.talk;
        match answer {
            Answer::Http(http) => {
                talk.server = recognise(http.head().as_bytes(), self.line.address.port());
                talk.http = Some(*http);
            }
            Answer::Other(mut bytes) => {
                talk.server = recognise(&bytes, self.line.address.port());
                bytes.truncate(KEPT);
                talk.retort = bytes;
            }
            Answer::None(End::Closed { reset }) => {
                talk.closed = Some(Closed { reset, after: After::Request });
            }
            Answer::None(_) => talk.silent = true,
        }
    }

    /// Sees whether a server that did not understand TLS, or HTTP/2, answers plain HTTP. Returns how it ended where no byte
    /// came.
    pub(super) fn confirm_http(&mut self) -> Option<End> {
        let mut wire = self.line.open()?;
        let request = Request::of(&self.target.spoken_plainly(), self.origin.as_deref());
        let answer = request.ask(&mut wire, CONFIRM);
        wire.hang_up();
        match answer {
            Answer::Http(http) => self.facts.talk.plain = Some(*http),
            Answer::Other(bytes) if self.facts.talk.server.is_none() => {
                self.facts.talk.server = recognise(&bytes, self.line.address.port());
            }
            Answer::Other(_) => {}
            Answer::None(end) => return Some(end),
        }
        None
    }

    /// Sees whether a server that says nothing to a request for a WebSocket answers one without.
    fn without_upgrade(&mut self) {
        let Some(mut wire) = self.line.open() else { return };
        let mut request = Request::of(&self.target, self.origin.as_deref());
        request.upgrade = false;
        if let Answer::Http(http) = request.ask(&mut wire, CONFIRM) {
            self.facts.talk.plain = Some(*http);
            self.facts.talk.silent = false;
        }
        wire.hang_up();
    }

    /// Asks the same by the name `localhost`, where a name was refused: development servers check it.
    pub(super) fn by_localhost(&mut self) {
        let Some(http) = &self.facts.talk.http else { return };
        let host = self.target.host().unwrap_or_default();
        let refused = matches!(http.status, 400 | 401 | 403 | 421 | 500) || says_invalid_host(&http.body);
        if !refused || host == "localhost" || self.target.scheme.is_some_and(Scheme::is_tls) {
            return;
        }
        let Some(mut wire) = self.line.open() else { return };
        let mut request = Request::of(&self.target, self.origin.as_deref());
        request.host = format!("localhost:{}", self.line.address.port());
        if let Answer::Http(http) = request.ask(&mut wire, CONFIRM) {
            self.facts.talk.by_localhost = Some(*http);
        }
        wire.hang_up();
    }
}

/// Returns whether the words of a page are those of a check of the Host field.
fn says_invalid_host(body: &str) -> bool {
    body.contains("Invalid Host") || body.contains("Invalid host")
}

/// One request.
pub(super) struct Request {
    /// The Host field.
    pub(super) host: String,
    path: String,
    upgrade: bool,
    origin: Option<String>,
    authorization: Option<String>,
}

impl Request {
    /// Returns the request that a client of `target` sends.
    pub(super) fn of(target: &Target, origin: Option<&str>) -> Self {
        let usual = if target.scheme.is_some_and(Scheme::is_tls) { 443 } else { 80 };
        let authority = target.authority();
        let host = match target.port() {
            Some(port) if port == usual => authority.rsplit_once(':').map_or("", |(host, _)| host).to_owned(),
            _ => authority,
        };
        // Only a password of the URL is sent, and only to the target of the URL.
        let authorization = target.user.as_ref().filter(|_| target.scheme.is_some_and(Scheme::is_http));
        let authorization = authorization.map(|user| {
            let password = target.password.as_deref().unwrap_or_default();
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        });
        Self {
            host,
            path: target.path.clone(),
            upgrade: matches!(target.scheme, Some(Scheme::Ws | Scheme::Wss)),
            origin: origin.map(str::to_owned),
            authorization,
        }
    }

    /// Returns it without the password of the URL.
    pub(super) fn without_password(self) -> Self {
        Self { authorization: None, ..self }
    }

    /// Returns its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: wharf/{}\r\nAccept: */*\r\n",
            clean(&self.path),
            clean(&self.host),
            env!("CARGO_PKG_VERSION")
        );
        for (name, value) in [("Origin", &self.origin), ("Authorization", &self.authorization)] {
            if let Some(value) = value {
                text.push_str(&format!("{name}: {}\r\n", clean(value)));
            }
        }
        text.push_str(match self.upgrade {
            true => UPGRADE,
            false => "Connection: close\r\n\r\n",
        });
        text.into_bytes()
    }

    /// Sends it, and hears the answer.
    pub(super) fn ask(&self, wire: &mut Wire, patience: Duration) -> Answer {
        let start = Instant::now();
        wire.say(&self.bytes());
        let mut heard = Vec::new();
        let mut end = wire.hear(&mut heard, patience, &|_| true);
        let elapsed = start.elapsed();
        if end == End::Enough {
            end = wire.hear(&mut heard, PAGE, &is_enough);
        }
        self.answer(&heard, elapsed, end)
    }

    /// Returns what `heard` is.
    pub(super) fn answer(&self, heard: &[u8], elapsed: Duration, end: End) -> Answer {
        if heard.is_empty() {
            return Answer::None(end);
        }
        match parse(heard) {
            Some(http) => Answer::Http(Box::new(HttpSeen {
                asked: format!("GET {} of {}", self.path, self.host),
                elapsed,
                upgrade: self.upgrade,
                ..http
            })),
            None => Answer::Other(heard.to_vec()),
        }
    }
}

/// Returns `text` without what would end a line of a head.
fn clean(text: &str) -> String {
    let encoded = |letter: char| match letter {
        ' ' => "%20".to_owned(),
        letter if letter.is_control() => String::new(),
        letter => letter.to_string(),
    };
    match text.starts_with("Basic ") || !text.contains(|letter: char| letter == ' ' || letter.is_control()) {
        true => text.to_owned(),
        false => text.chars().map(encoded).collect(),
    }
}

/// Returns whether more of the answer would tell nothing: a page that was found is not read.
pub(super) fn is_enough(heard: &[u8]) -> bool {
    if !heard.starts_with(&b"HTTP/1."[..heard.len().min(7)]) {
        return heard.len() >= ENOUGH_OF_OTHERS || heard.ends_with(b"\n");
    }
    let Some((http, body)) = head(heard) else { return heard.len() >= LONGEST_HEAD };
    let length = http.field("content-length").and_then(|length| length.parse::<usize>().ok());
    let is_page = http.status >= 400 || length.is_some_and(|length| length <= SHORT_PAGE);
    if matches!(http.status, 101 | 204 | 304) || !is_page {
        return true;
    }
    match length {
        Some(length) => body.len() >= length.min(LONGEST_PAGE),
        None => body.len() >= LONGEST_PAGE || is_chunked(&http) && body.ends_with(b"0\r\n\r\n"),
    }
}

/// Returns the answer in `heard`, cut off or not; `None` if it does not begin with a whole head.
pub(super) fn parse(heard: &[u8]) -> Option<HttpSeen> {
    let (mut http, body) = head(heard)?;
    let joined = if is_chunked(&http) { joined(body) } else { body.to_vec() };
    http.body = String::from_utf8_lossy(&joined[..joined.len().min(LONGEST_PAGE)]).into_owned();
    Some(http)
}

/// Returns the head, and what follows it. Interim answers before it are passed over.
fn head(heard: &[u8]) -> Option<(HttpSeen, &[u8])> {
    let mut rest = heard;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let mut config = httparse::ParserConfig::default();
        config.ignore_invalid_headers_in_responses(true).allow_spaces_after_header_name_in_responses(true);
        let length = match config.parse_response(&mut response, rest) {
            Ok(httparse::Status::Complete(length)) => length,
            _ => return None,
        };
        let status = response.code?;
        let body = &rest[length..];
        if (100..200).contains(&status) && status != 101 {
            rest = body;
            continue;
        }
        let fields = response.headers.iter().filter_map(|field| {
            let value = std::str::from_utf8(field.value).ok()?;
            Some((field.name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        let http = HttpSeen {
            minor: response.version.unwrap_or(1),
            status,
            reason: response.reason.unwrap_or_default().to_owned(),
            fields: fields.collect(),
            ..HttpSeen::default()
        };
        return Some((http, body));
    }
}

fn is_chunked(http: &HttpSeen) -> bool {
    http.field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
}

/// Joins the chunks that came; the last may be cut off.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok().and_then(|line| line.split(';').next());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) else { break };
        let rest = &body[end + 2..];
        whole.extend_from_slice(&rest[..size.min(rest.len())]);
        if size == 0 || size >= rest.len() {
            break;
        }
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

impl HttpSeen {
    /// Returns the answer as the catalogue reads it.
    fn head(&self) -> String {
        let mut text = format!("HTTP/1.{} {} {}\r\n", self.minor, self.status, self.reason);
        for (name, value) in self.fields.iter().filter(|(name, _)| name != "transfer-encoding") {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text + "\r\n" + &self.body
    }
}

impl Target {
    /// Returns the same target for a client that speaks no TLS.
    fn spoken_plainly(&self) -> Self {
        let scheme = match self.scheme {
            Some(Scheme::Wss | Scheme::Ws) => Scheme::Ws,
            _ => Scheme::Http,
        };
        // A password was for another protocol.
        Self { scheme: Some(scheme), user: None, password: None, ..self.clone() }
    }
}

/// The rest of a request for a WebSocket. The key is that of the example of RFC 6455: nothing depends on it.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Time for an answer to a request for a WebSocket, before it is seen whether the server is deaf to those alone.
const UPGRADED: Duration = Duration::from_millis(1200);
/// Time for the rest of an answer whose first byte has come.
const PAGE: Duration = Duration::from_millis(250);
/// Time for an answer that only confirms what is thought already.
const CONFIRM: Duration = Duration::from_millis(400);
const ENOUGH_OF_OTHERS: usize = 64;
const LONGEST_HEAD: usize = 60 * 1024;
const LONGEST_PAGE: usize = 24 * 1024;
/// Some servers refuse with status 200, in a few words.
const SHORT_PAGE: usize = 512;
const MOST_FIELDS: usize = 128;

#[cfg(test)]
mod tests;
