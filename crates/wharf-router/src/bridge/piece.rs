//! A piece of a body between two versions of HTTP, and the trailers behind it.
//!
//! Not here: how either version writes it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::fields::Field;
use crate::http1::request::write_field;

/// A piece of a body.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) data: Bytes,
    /// Fields after the body; of the last piece alone.
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) is_last: bool,
}

impl Piece {
    /// Returns the end of a body.
    pub(crate) fn end() -> Self {
        Self { data: Bytes::new(), trailers: None, is_last: true }
    }
}

/// Reads the lines of trailers, with the empty one at their end; `None` if they are none.
pub(super) fn trailers_of(lines: &[u8]) -> Option<Option<HeaderMap>> {
    if lines.is_empty() || lines == b"\r\n" {
        return Some(None);
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST];
    let httparse::Status::Complete((_, fields)) = httparse::parse_headers(lines, &mut fields).ok()? else {
        return None;
    };
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(field.value).ok()?);
    }
    Some(passed(map))
}

/// Returns those of trailers that go on: what says how a message is framed or routed has no place there (RFC 9110 section
/// 6.5.1).
pub(super) fn passed(trailers: HeaderMap) -> Option<HeaderMap> {
    let mut all = trailers;
    let refused: Vec<HeaderName> =
        all.keys().filter(|name| Field::of(name.as_str().as_bytes()) != Field::Other).cloned().collect();
    for name in refused {
        all.remove(name);
    }
    (!all.is_empty()).then_some(all)
}

/// Writes trailers as lines, without the empty one.
pub(super) fn write_trailers(out: &mut Vec<u8>, trailers: &HeaderMap) {
    for (name, value) in trailers {
        write_field(out, name.as_str(), value.as_bytes());
    }
}

/// Trailers at most.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::{trailers_of, write_trailers};

    #[test]
    fn trailers_go_on_but_for_those_that_frame() {
        let read = |lines: &str| trailers_of(lines.as_bytes());
        assert_eq!(read("\r\n"), Some(None));
        assert_eq!(read("no line\r\n\r\n"), None);
        assert_eq!(read("Content-Length: 5\r\nHost: a\r\n\r\n"), Some(None));
        let trailers =
            read("Grpc-Status: 0\r\nTransfer-Encoding: x\r\nA: b\r\nA: c\r\n\r\n").unwrap().unwrap();
        let mut out = Vec::new();
        write_trailers(&mut out, &trailers);
        assert_eq!(String::from_utf8(out).unwrap(), "grpc-status: 0\r\na: b\r\na: c\r\n");
    }
}
