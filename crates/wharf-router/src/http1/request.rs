//! The head of a request: read from a client, and written for an upstream.
//!
//! Not here: which upstream that is.

use std::mem::MaybeUninit;

use httparse::{Header, Status};

use super::framing::Framing;
use crate::fields::{Field, forwarded, names};
use crate::origin::Origin;

/// The head of a request.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Host and port as the client named them.
    pub(crate) authority: &'a str,
    /// Path and query; `*` of OPTIONS.
    pub(crate) target: &'a str,
    pub(crate) is_http10: bool,
    pub(crate) fields: &'a [Header<'a>],
    pub(crate) framing: Framing,
    /// Whether the client means to send more after it.
    pub(crate) keep_alive: bool,
    /// What it would go over to (RFC 9110 section 7.8).
    pub(crate) upgrade: Option<&'a [u8]>,
    /// How often it has come by.
    pub(crate) hops: u8,
    /// Whether it takes fields after the body of the response (RFC 9110 section 10.1.4).
    pub(crate) takes_trailers: bool,
    /// Names that Connection has beside those that the router knows.
    listed: Vec<&'a [u8]>,
}

/// Why a request is refused before anybody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRequest {
    Malformed(&'static str),
    Connect,
    Version,
    Expectation,
    Coding,
    TooLarge,
}

impl BadRequest {
    /// Returns the status code, and what is wrong.
    pub(crate) fn answer(self) -> (u16, &'static str) {
        match self {
            Self::Malformed(text) => (400, text),
            Self::Connect => (405, "CONNECT is for forward proxies, which this is not"),
            Self::Version => (505, "HTTP/1.0 and HTTP/1.1 are spoken here"),
            Self::Expectation => (417, "no other expectation than 100-continue is known"),
            Self::Coding => (501, "no other transfer coding than chunked is known"),
            Self::TooLarge => (431, "the header fields are too large"),
        }
    }
}

/// Reads the head that `bytes` are, and hands it to `then`.
pub(crate) fn read<T>(bytes: &[u8], then: impl FnOnce(&Request<'_>) -> T) -> Result<T, BadRequest> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(count)) if count == bytes.len() => {}
        Ok(_) => return Err(BadRequest::Malformed("the head of the request ends too early")),
        Err(httparse::Error::TooManyHeaders) => return Err(BadRequest::TooLarge),
        Err(httparse::Error::Version) => return Err(BadRequest::Version),
        Err(_) => return Err(BadRequest::Malformed("this is no request of HTTP/1.1")),
    }
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(BadRequest::Malformed("this is no request of HTTP/1.1"));
    };
    then_with(method, target, version == 0, parsed.headers).map(|request| then(&request))
}

fn then_with<'a>(
    method: &'a str,
    target: &'a str,
    is_http10: bool,
    fields: &'a [Header<'a>],
) -> Result<Request<'a>, BadRequest> {
    let mut host = None;
    let mut length = None;
    let mut is_chunked = false;
    let mut upgrade = None;
    let (mut asks_upgrade, mut close, mut stay) = (false, false, false);
    let mut hops = 0;
    let mut takes_trailers = false;
    let mut listed = Vec::new();
    for field in fields {
        match Field::of(field.name.as_bytes()) {
            Field::Host if host.is_some() => return Err(BadRequest::Malformed("two fields Host")),
            Field::Host => host = Some(text(field.value)?),
            Field::ContentLength if length.is_some() => {
                return Err(BadRequest::Malformed("two fields Content-Length"));
            }
            // Of the name with an underscore nobody knows what it means.
            Field::ContentLength | Field::TransferEncoding if field.name.contains('_') => {
                return Err(BadRequest::Malformed("an underscore in the name of a field of framing"));
            }
            Field::ContentLength => length = Some(number(field.value)?),
            Field::TransferEncoding if is_http10 => {
                return Err(BadRequest::Malformed("HTTP/1.0 knows no Transfer-Encoding"));
            }
            Field::TransferEncoding if is_chunked => {
                return Err(BadRequest::Malformed("two fields Transfer-Encoding"));
            }
            Field::TransferEncoding if field.value.eq_ignore_ascii_case(b"chunked") => is_chunked = true,
            Field::TransferEncoding => return Err(BadRequest::Coding),
            Field::Expect if !field.value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(BadRequest::Expectation);
            }
            Field::Te => {
                takes_trailers |= names(field.value).any(|name| name.eq_ignore_ascii_case(b"trailers"))
            }
            Field::Upgrade => upgrade = Some(field.value),
            Field::Hops => hops = count(field.value),
            Field::Connection => {
                for name in names(field.value) {
                    match () {
                        () if name.eq_ignore_ascii_case(b"close") => close = true,
                        () if name.eq_ignore_ascii_case(b"keep-alive") => stay = true,
                        () if name.eq_ignore_ascii_case(b"upgrade") => asks_upgrade = true,
                        () => listed.push(name),
                    }
                }
            }
            _ => {}
        }
    }
    if is_chunked && length.is_some() {
        return Err(BadRequest::Malformed("both Content-Length and Transfer-Encoding"));
    }
    let framing = if is_chunked { Framing::chunked() } else { Framing::Length(length.unwrap_or(0)) };
    let (authority, target) = place(method, target, host)?;
    // What comes after a body, or from an older client, is no upgrade; and one to HTTP/2 is no more (RFC 9113 section 3.1).
    let may_upgrade = asks_upgrade && !is_http10 && framing.is_done();
    let upgrade = upgrade.filter(|to| may_upgrade && !names(to).any(|to| to.starts_with(b"h2")));
    let keep_alive = !close && (!is_http10 || stay);
    Ok(Request {
        method,
        authority,
        target,
        is_http10,
        fields,
        framing,
        keep_alive,
        upgrade,
        hops,
        takes_trailers,
        listed,
    })
}

/// Returns the authority and the target of a request, RFC 9112 section 3.2.
fn place<'a>(method: &str, target: &'a str, host: Option<&'a str>) -> Result<(&'a str, &'a str), BadRequest> {
    if method == "CONNECT" {
        return Err(BadRequest::Connect);
    }
    let host = host.ok_or(BadRequest::Malformed("the field Host is missing"));
    if target.starts_with('/') {
        return Ok((host?, target));
    }
    if target == "*" && method == "OPTIONS" {
        return Ok((host?, target));
    }
    let start = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = start else {
        return Err(BadRequest::Malformed("the target of the request is neither a path nor a URL"));
    };
    host?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match path {
        "" => Ok((authority, "/")),
        path if path.starts_with('/') => Ok((authority, path)),
        _ => Err(BadRequest::Malformed("the URL of the request has no path")),
    }
}

impl Request<'_> {
    /// Returns whether asking twice does no more than asking once.
    pub(crate) fn is_idempotent(&self) -> bool {
        is_idempotent(self.method)
    }

    /// Writes it for an upstream of HTTP/1.1, with `target` as its target.
    pub(crate) fn write(&self, out: &mut Vec<u8>, target: &str, origin: &Origin) {
        for part in [self.method, " ", target, " HTTP/1.1\r\nhost: ", self.authority, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        for field in self.passed() {
            write_field(out, field.name, field.value);
        }
        if matches!(self.framing, Framing::Chunked(_)) {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        if let Some(upgrade) = self.upgrade {
            write_field(out, "connection", b"upgrade");
            write_field(out, "upgrade", upgrade);
        }
        write_end(out, origin, self.authority, self.hops);
    }

    /// Returns the fields that go on as they are.
    pub(crate) fn passed(&self) -> impl Iterator<Item = &Header<'_>> {
        self.fields.iter().filter(|field| match Field::of(field.name.as_bytes()) {
            Field::Other => !self.listed.iter().any(|name| name.eq_ignore_ascii_case(field.name.as_bytes())),
            Field::ContentLength | Field::Expect => true,
            _ => false,
        })
    }
}

/// Writes what the router adds to every request, and the empty line.
pub(crate) fn write_end(out: &mut Vec<u8>, origin: &Origin, authority: &str, hops: u8) {
    forwarded(origin, authority, hops + 1, |name, value| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        value.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        out.extend_from_slice(b"\r\n");
    });
    out.extend_from_slice(b"\r\n");
}

/// Returns whether asking twice with this method does no more than asking once; RFC 9110 section 9.2.2.
pub(crate) fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

pub(crate) fn write_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn text(value: &[u8]) -> Result<&str, BadRequest> {
    std::str::from_utf8(value).map_err(|_| BadRequest::Malformed("the field Host is no host name"))
}

/// Reads a length: digits and nothing else.
pub(crate) fn digits(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.len() < 20 && value.iter().all(u8::is_ascii_digit);
    let text = is_number.then(|| std::str::from_utf8(value).ok())??;
    text.parse().ok()
}

fn number(value: &[u8]) -> Result<u64, BadRequest> {
    digits(value).ok_or(BadRequest::Malformed("the field Content-Length is no number"))
}

/// Reads a count of passages; what is none has come by too often.
pub(crate) fn count(value: &[u8]) -> u8 {
    digits(value).and_then(|count| u8::try_from(count).ok()).filter(|count| *count < 99).unwrap_or(98)
}

/// Fields of a head at most.
pub(crate) const FIELDS: usize = 512;

#[cfg(test)]
mod tests;
