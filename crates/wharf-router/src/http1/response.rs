//! The head of a response: read from an upstream, and written for a client.
//!
//! Servers under development are taken as they are where nobody can be misled: folded lines become spaces. Not here: what is
//! answered when there is no response ([`crate::page`]).

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use super::framing::Framing;
use super::request::{FIELDS, digits, write_field};
use crate::fields::{Field, names};

/// The head of a response.
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    reason: &'a str,
    fields: &'a [Header<'a>],
    pub(crate) framing: Framing,
    /// Whether the upstream takes another request afterwards.
    pub(crate) keep_alive: bool,
    /// Names that Connection has beside those that the router knows.
    listed: Vec<&'a [u8]>,
    /// Whether its length is said in a field that goes on.
    has_length: bool,
    upgrade: Option<&'a [u8]>,
}

/// What was asked for, as far as it says how the response is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) is_head: bool,
    pub(crate) is_upgrade: bool,
}

/// Why there is no response that could go on: what the upstream sends is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadResponse(pub(crate) &'static str);

/// Reads the head that `bytes` are, and hands it to `then`.
pub(crate) fn read<T>(
    bytes: &[u8],
    asked: Asked,
    then: impl FnOnce(&Response<'_>) -> T,
) -> Result<T, BadResponse> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let mut config = ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true);
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.allow_multiple_spaces_in_response_status_delimiters(true);
    match config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields) {
        Ok(Status::Complete(count)) if count == bytes.len() => {}
        Ok(_) => return Err(BadResponse("the head of the response ends too early")),
        Err(httparse::Error::TooManyHeaders) => return Err(BadResponse("the response has too many fields")),
        Err(_) => return Err(BadResponse("what it sends is no response of HTTP/1.1")),
    }
    let (Some(status), Some(version)) = (parsed.code, parsed.version) else {
        return Err(BadResponse("what it sends is no response of HTTP/1.1"));
    };
    let reason = parsed.reason.unwrap_or_default();
    judge(status, reason, version == 0, parsed.headers, asked).map(|response| then(&response))
}

fn judge<'a>(
    status: u16,
    reason: &'a str,
    is_http10: bool,
    fields: &'a [Header<'a>],
    asked: Asked,
) -> Result<Response<'a>, BadResponse> {
    let mut length = None;
    let mut is_chunked = false;
    let mut codings = 0;
    let (mut close, mut stay) = (false, false);
    let mut upgrade = None;
    let mut listed = Vec::new();
    for field in fields {
        match Field::of(field.name.as_bytes()) {
            Field::ContentLength if !field.name.contains('_') => {
                let said = digits(field.value.trim_ascii());
                let said = said.ok_or(BadResponse("its Content-Length is no number"))?;
                if length.is_some_and(|length| length != said) {
                    return Err(BadResponse("it has two lengths"));
                }
                length = Some(said);
            }
            Field::TransferEncoding if !field.name.contains('_') => {
                codings += 1;
                is_chunked = field.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            }
            Field::Connection => {
                for name in names(field.value) {
                    match () {
                        () if name.eq_ignore_ascii_case(b"close") => close = true,
                        () if name.eq_ignore_ascii_case(b"keep-alive") => stay = true,
                        () if name.eq_ignore_ascii_case(b"upgrade") => {}
                        () => listed.push(name),
                    }
                }
            }
            Field::Upgrade => upgrade = Some(field.value),
            _ => {}
        }
    }
    if status < 100 {
        return Err(BadResponse("its status code is none"));
    }
    if codings > 1 || codings == 1 && !is_chunked {
        return Err(BadResponse("its transfer coding is not known"));
    }
    if status == 101 && !asked.is_upgrade {
        return Err(BadResponse("it changes the protocol, for which nobody asked"));
    }
    let has_none = asked.is_head || status < 200 || status == 204 || status == 304;
    let framing = match length {
        _ if has_none => Framing::none(),
        _ if is_chunked => Framing::chunked(),
        Some(length) => Framing::Length(length),
        None => Framing::UntilEnd,
    };
    // Of two that contradict each other the coding holds, and whoever sends both is not trusted with another request.
    let is_odd = is_chunked && length.is_some();
    let keep_alive = !close && !is_odd && (!is_http10 || stay) && !matches!(framing, Framing::UntilEnd);
    let has_length = length.is_some() && !is_chunked && status >= 200 && status != 204;
    Ok(Response { status, reason, fields, framing, keep_alive, listed, has_length, upgrade })
}

impl Response<'_> {
    /// Writes it for a client of HTTP/1.1 or, with `is_http10`, of HTTP/1.0.
    pub(crate) fn write(&self, out: &mut Vec<u8>, is_http10: bool, close: bool) {
        let mut digits = *b"HTTP/1.1 000 ";
        for (place, by) in [(9, 100), (10, 10), (11, 1)] {
            digits[place] = b'0' + u8::try_from(self.status / by % 10).unwrap_or_default();
        }
        out.extend_from_slice(&digits);
        out.extend_from_slice(self.reason.as_bytes());
        out.extend_from_slice(b"\r\n");
        for (name, value) in self.passed() {
            write_field(out, name, &value);
        }
        if matches!(self.framing, Framing::Chunked(_)) && !is_http10 {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        match self.upgrade.filter(|_| self.status == 101) {
            Some(upgrade) => {
                write_field(out, "connection", b"upgrade");
                write_field(out, "upgrade", upgrade);
            }
            None if close && self.status >= 200 => out.extend_from_slice(b"connection: close\r\n"),
            None => {}
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Returns the fields that go on.
    pub(crate) fn passed(&self) -> impl Iterator<Item = (&str, Cow<'_, [u8]>)> {
        let mut has_said_length = false;
        self.fields.iter().filter_map(move |field| {
            let goes_on = match Field::of(field.name.as_bytes()) {
                Field::Connection | Field::TransferEncoding | Field::Upgrade | Field::Te | Field::Hops => {
                    false
                }
                // Of the name with an underscore nobody knows whether it is one.
                Field::ContentLength if field.name.contains('_') => false,
                Field::ContentLength => self.has_length && !std::mem::replace(&mut has_said_length, true),
                Field::Dropped => !is_hop(field.name),
                _ => !self.listed.iter().any(|name| name.eq_ignore_ascii_case(field.name.as_bytes())),
            };
            goes_on.then(|| (field.name, unfolded(field.value)))
        })
    }
}

/// Returns whether a field is about the connection to the upstream alone. What else is dropped from a request may be in a
/// response.
fn is_hop(name: &str) -> bool {
    name.eq_ignore_ascii_case("keep-alive") || name.eq_ignore_ascii_case("proxy-connection")
}

/// Returns a value in one line; RFC 9112 section 5.2.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Asked, BadResponse, Framing, read};

    const ASKED: Asked = Asked { is_head: false, is_upgrade: false };

    fn left(framing: Framing) -> Option<u64> {
        if let Framing::Length(left) = framing { Some(left) } else { None }
    }

    /// Returns the head as a client gets it, what follows it, and whether the connection lasts.
    fn passed(text: &str, asked: Asked) -> Result<(String, Option<u64>, bool), BadResponse> {
        let mut out = Vec::new();
        let (left, lasts) = read(text.as_bytes(), asked, |response| {
            response.write(&mut out, false, false);
            (left(response.framing), response.keep_alive)
        })?;
        Ok((String::from_utf8_lossy(&out).replace("\r\n", "|"), left, lasts))
    }

    #[test]
    fn a_response_goes_on_without_what_is_this_hops_alone() {
        let text = "HTTP/1.1 200 Fine\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\
            Content-Length: 5\r\n\r\n";
        let expected = "HTTP/1.1 200 Fine|Set-Cookie: a|Set-Cookie: b|Content-Length: 5||";
        assert_eq!(passed(text, ASKED).unwrap(), (expected.to_owned(), Some(5), true));
    }

    #[test]
    fn a_body_ends_where_it_should() {
        let with = |head: &str, asked| passed(&format!("HTTP/1.1 {head}\r\n\r\n"), asked).unwrap();
        assert_eq!(with("200 OK\r\nContent-Length: 5", Asked { is_head: true, ..ASKED }).1, Some(0));
        assert!(
            with("200 OK\r\nContent-Length: 5", Asked { is_head: true, ..ASKED })
                .0
                .contains("Content-Length: 5")
        );
        assert_eq!(with("204 No Content\r\nContent-Length: 5", ASKED).1, Some(0));
        assert!(!with("204 No Content\r\nContent-Length: 5", ASKED).0.contains("Length"));
        assert_eq!(with("304 Not Modified\r\nContent-Length: 5", ASKED).1, Some(0));
        assert_eq!(with("200 OK", ASKED).1, None);
        assert!(!with("200 OK", ASKED).2, "it ends with the connection");
        let both = with("200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", ASKED);
        assert_eq!((both.1, both.2), (None, false));
        assert!(!both.0.contains("Length") && both.0.contains("chunked"));
        let odd = with("200 OK\r\nContent_Length: 7\r\nContent-Length: 5", ASKED);
        assert!(odd.0.contains("|Content-Length: 5|") && !odd.0.contains('7'), "{odd:?}");
        assert!(
            with("200 OK\r\nContent-Length: 5\r\nContent-Length: 5", ASKED).0.matches("Length").count() == 1
        );
    }

    #[test]
    fn what_nobody_can_read_alike_is_refused() {
        for head in [
            "200 OK\r\nContent-Length: 5\r\nContent-Length: 6",
            "200 OK\r\nContent-Length: x",
            "200 OK\r\nTransfer-Encoding: gzip",
            "200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "101 Switching Protocols\r\nUpgrade: x",
            "2000 OK",
            "099 OK",
            "200 OK\r\nX\0: a",
        ] {
            assert!(passed(&format!("HTTP/1.1 {head}\r\n\r\n"), ASKED).is_err(), "{head}");
        }
    }

    #[test]
    fn lines_of_old_servers_are_made_one() {
        let text = "HTTP/1.0 200 OK\r\nX: a\r\n b\r\n\r\n";
        let (head, left, lasts) = passed(text, ASKED).unwrap();
        assert_eq!((head.as_str(), left, lasts), ("HTTP/1.1 200 OK|X: a   b||", None, false));
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_fault_of_ours(bytes in proptest::collection::vec(any::<u8>(), 0..300), is_upgrade: bool) {
            let _ = read(&bytes, Asked { is_upgrade, ..ASKED }, |response| {
                let done = matches!(response.framing, Framing::Length(0));
                response.write(&mut Vec::new(), done, done);
            });
        }
    }
}
