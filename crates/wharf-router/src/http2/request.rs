//! The head of a request in HTTP/2: read, and written for upstreams of either version.
//!
//! What the `h2` crate refuses before: names in capitals, fields of a connection, pseudo fields that are odd or missing, a
//! body of another length than was said. Not here: whom it is for ([`crate::reception`]).

use http::header::{CONTENT_LENGTH, COOKIE, HOST, HeaderName, TE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, HeaderValue, Method, Request as Http, Version};

use super::websocket::Key;
use crate::fields::{Field, forwarded};
use crate::http1::request::{self as one, BadRequest, count, digits, write_end, write_field};
use crate::origin::Origin;
use crate::page::Taste;

/// What the head of a request in HTTP/2 says.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) authority: &'a str,
    pub(crate) target: &'a str,
    pub(crate) hops: u8,
    /// Length of its body, if that is said.
    length: Option<u64>,
    /// Whether it asks for a WebSocket (RFC 8441).
    pub(crate) is_websocket: bool,
}

/// Reads a head.
pub(crate) fn read(parts: &Parts) -> Result<Request<'_>, BadRequest> {
    let protocol = parts.extensions.get::<h2::ext::Protocol>();
    let is_websocket = protocol.is_some_and(|protocol| protocol.as_str() == "websocket");
    if parts.method == Method::CONNECT && !is_websocket {
        return Err(BadRequest::Connect);
    }
    let mut length = None;
    let mut hops = 0;
    for (name, value) in &parts.headers {
        match Field::of(name.as_str().as_bytes()) {
            Field::ContentLength | Field::TransferEncoding if name.as_str().contains('_') => {
                return Err(BadRequest::Malformed("an underscore in the name of a field of framing"));
            }
            Field::ContentLength if length.is_some() => {
                return Err(BadRequest::Malformed("two fields Content-Length"));
            }
            Field::ContentLength => {
                let bad = BadRequest::Malformed("the field Content-Length is no number");
                length = Some(digits(value.as_bytes()).ok_or(bad)?);
            }
            Field::Expect if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => {
                return Err(BadRequest::Expectation);
            }
            Field::Hops => hops = count(value.as_bytes()),
            _ => {}
        }
    }
    let authority = authority(parts)?;
    let target = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let is_plain = target.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    let is_path = target.starts_with('/') || target == "*" && parts.method == Method::OPTIONS;
    if !is_plain || !is_path {
        return Err(BadRequest::Malformed("the field :path is no path"));
    }
    Ok(Request { parts, authority, target, hops, length, is_websocket })
}

/// Returns the host that a request is for; RFC 9113 section 8.3.1.
fn authority(parts: &Parts) -> Result<&str, BadRequest> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next().map(HeaderValue::to_str).transpose();
    let host = host.map_err(|_| BadRequest::Malformed("the field Host is no host name"))?;
    if hosts.next().is_some() {
        return Err(BadRequest::Malformed("two fields Host"));
    }
    let authority = parts.uri.authority().map(Authority::as_str);
    match (authority, host) {
        (Some(authority), _) if authority.contains('@') => {
            Err(BadRequest::Malformed("the field :authority has more than a host"))
        }
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
            Err(BadRequest::Malformed("the fields :authority and Host differ"))
        }
        (Some(authority), _) => Ok(authority),
        (None, Some(host)) => Ok(host),
        (None, None) => Err(BadRequest::Malformed("the field :authority is missing")),
    }
}

impl Request<'_> {
    /// Returns whether asking twice does no more than asking once.
    pub(crate) fn is_idempotent(&self) -> bool {
        one::is_idempotent(self.parts.method.as_str())
    }

    /// Returns what the client would rather have.
    pub(crate) fn taste(&self) -> Taste {
        let value = |name: HeaderName| self.parts.headers.get(name).map(HeaderValue::as_bytes);
        Taste::of(value(http::header::ACCEPT), value(http::header::USER_AGENT))
    }

    /// Writes it for an upstream of HTTP/1.1. `has_body` tells whether a body follows; `key` is for a WebSocket. Returns
    /// whether that body is to be written in chunks.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        target: &str,
        origin: &Origin,
        has_body: bool,
        key: Option<&Key>,
    ) -> bool {
        let method = if key.is_some() { "GET" } else { self.parts.method.as_str() };
        for part in [method, " ", target, " HTTP/1.1\r\nhost: ", self.authority, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &self.parts.headers {
            let goes_on = match Field::of(name.as_str().as_bytes()) {
                Field::Other => name != COOKIE && !(key.is_some() && name == "sec-websocket-key"),
                Field::ContentLength => key.is_none(),
                Field::Expect => has_body,
                _ => false,
            };
            if goes_on {
                write_field(out, name.as_str(), value.as_bytes());
            }
        }
        self.write_cookie(out);
        let is_chunked = has_body && self.length.is_none() && key.is_none();
        if is_chunked {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        if let Some(key) = key {
            write_field(out, "sec-websocket-key", key.text().as_bytes());
            out.extend_from_slice(b"connection: upgrade\r\nupgrade: websocket\r\n");
        }
        write_end(out, origin, self.authority, self.hops);
        is_chunked
    }

    /// Writes the crumbs of the cookie as one field; RFC 9113 section 8.2.3.
    fn write_cookie(&self, out: &mut Vec<u8>) {
        let mut is_any = false;
        for crumb in self.parts.headers.get_all(COOKIE) {
            out.extend_from_slice(if is_any { b"; " } else { b"cookie: " });
            out.extend_from_slice(crumb.as_bytes());
            is_any = true;
        }
        if is_any {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Returns it for an upstream of HTTP/2.
    pub(crate) fn forward(&self, target: &str, origin: &Origin, is_tls: bool) -> Option<Http<()>> {
        let mut fields = HeaderMap::with_capacity(self.parts.headers.len() + 8);
        for (name, value) in &self.parts.headers {
            match Field::of(name.as_str().as_bytes()) {
                Field::Other | Field::ContentLength | Field::Expect => {}
                Field::Te if value.as_bytes().eq_ignore_ascii_case(b"trailers") => {}
                _ => continue,
            }
            fields.append(name.clone(), value.clone());
        }
        let place = (self.authority, target, is_tls);
        request(self.parts.method.clone(), place, fields, origin, self.hops)
    }
}

/// Returns a request of HTTP/1.1 for an upstream of HTTP/2; `None` if it cannot be one.
pub(crate) fn of_one(
    asked: &one::Request<'_>,
    target: &str,
    origin: &Origin,
    is_tls: bool,
) -> Option<Http<()>> {
    let mut fields = HeaderMap::with_capacity(asked.fields.len() + 8);
    for field in asked.passed() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        fields.append(name, HeaderValue::from_bytes(field.value).ok()?);
    }
    if asked.takes_trailers {
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    if !asked.framing.is_done() && matches!(asked.framing, crate::http1::framing::Framing::Chunked(_)) {
        fields.remove(CONTENT_LENGTH);
    }
    let method = Method::from_bytes(asked.method.as_bytes()).ok()?;
    request(method, (asked.authority, target, is_tls), fields, origin, asked.hops)
}

fn request(
    method: Method,
    (authority, target, is_tls): (&str, &str, bool),
    mut fields: HeaderMap,
    origin: &Origin,
    hops: u8,
) -> Option<Http<()>> {
    let mut is_whole = true;
    forwarded(origin, authority, hops + 1, |name, value| match HeaderValue::try_from(value.concat()) {
        Ok(value) => drop(fields.insert(HeaderName::from_static(name), value)),
        Err(_) => is_whole = false,
    });
    let mut uri = http::uri::Parts::default();
    uri.scheme = Some(if is_tls { Scheme::HTTPS } else { Scheme::HTTP });
    uri.authority = Some(Authority::try_from(authority).ok()?);
    uri.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    let mut request = Http::new(());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_parts(uri).ok()?;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = fields;
    is_whole.then_some(request)
}

#[cfg(test)]
mod tests;
