//! The client's side of HTTP/1.1 (RFC 9112) on a Unix socket, as much of it as an engine's answer or wharf's own daemon
//! needs.
//!
//! Lengths by `Content-Length`, by chunks, or by the end of the connection; no redirects, no compression,
//! no second request on a connection. Everything read is bounded, and so is the time. Not here: what is asked, and what
//! a status means.

use std::io::{self, BufRead, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code, 100 to 999.
    pub status: u16,
    /// Header fields, names in lower case.
    headers: Vec<(String, String)>,
    /// The body, decoded from its chunks.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// What was read is no answer.
    #[error("{0}")]
    Malformed(&'static str),
    /// The connection failed, or took too long (`TimedOut`, `WouldBlock`).
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Response {
    /// Returns the first field called `name`, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }
}

/// Returns the request of `method` for `target` with further header `fields`, and a `body` of JSON unless it is empty.
#[must_use]
pub fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wharf\r\nAccept: application/json\r\n"
    );
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        text.push_str("Connection: close\r\n");
    }
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut request = text.into_bytes();
    request.extend_from_slice(body);
    request
}

/// Reads one response.
///
/// # Errors
/// Any [`HttpError`].
pub fn read_response(reader: &mut impl BufRead) -> Result<Response, HttpError> {
    let mut head_left = HEAD_LIMIT;
    let first = line(reader, &mut head_left)?;
    if !first.starts_with("HTTP/1.") {
        return Err(HttpError::Malformed("its answer is not HTTP"));
    }
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.filter(|status| (100..1000).contains(status)).ok_or(BROKEN)?;
    let mut headers = Vec::new();
    loop {
        let field = line(reader, &mut head_left)?;
        if field.is_empty() {
            break;
        }
        if let Some((name, value)) = field.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    // One that says there is none has none, also on a connection that stays (RFC 9112 section 6.3).
    let body = if status == NO_CONTENT { Vec::new() } else { read_body(reader, &headers)? };
    Ok(Response { status, headers, body })
}

fn read_body(reader: &mut impl BufRead, headers: &[(String, String)]) -> Result<Vec<u8>, HttpError> {
    let chunked =
        field(headers, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let mut body = Vec::new();
    if chunked {
        // The limit bounds the lines between the chunks, too: a million empty extensions are no answer.
        let mut lines_left = BODY_LIMIT;
        loop {
            let size = line(reader, &mut lines_left)?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| BROKEN)?;
            if size == 0 {
                return Ok(body);
            }
            extend(&mut body, reader, size)?;
            if !line(reader, &mut lines_left)?.is_empty() {
                return Err(BROKEN);
            }
        }
    }
    match field(headers, "content-length") {
        Some(length) => extend(&mut body, reader, length.parse().map_err(|_| BROKEN)?)?,
        None => {
            reader.take(BODY_LIMIT as u64 + 1).read_to_end(&mut body)?;
            if body.len() > BODY_LIMIT {
                return Err(TOO_LONG);
            }
        }
    }
    Ok(body)
}

/// Reads exactly `size` bytes more. Memory grows with what arrives, not with what was promised.
fn extend(body: &mut Vec<u8>, reader: &mut impl BufRead, size: usize) -> Result<(), HttpError> {
    if size > BODY_LIMIT - body.len() {
        return Err(TOO_LONG);
    }
    let read = reader.take(size as u64).read_to_end(body)?;
    if read == size { Ok(()) } else { Err(BROKEN) }
}

/// Reads a line without its end, and takes its length from `budget`.
fn line(reader: &mut impl BufRead, budget: &mut usize) -> Result<String, HttpError> {
    let mut bytes = Vec::new();
    let read = reader.take(*budget as u64).read_until(b'\n', &mut bytes)?;
    *budget -= read;
    if bytes.pop() != Some(b'\n') {
        return Err(if *budget == 0 { TOO_LONG } else { BROKEN });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A stream whose reads end at one deadline, however many there are.
#[derive(Debug)]
pub struct Timed {
    /// The stream.
    pub stream: UnixStream,
    /// Until when it is read.
    pub deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

/// Returns the time until `deadline`, which is never zero: a zero time-out would mean none.
///
/// # Errors
/// `TimedOut` if it has passed.
pub fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

const BROKEN: HttpError = HttpError::Malformed("its answer breaks off or breaks the rules of HTTP");
const TOO_LONG: HttpError = HttpError::Malformed("its answer is longer than 16 MiB");

/// A status without a body.
const NO_CONTENT: u16 = 204;

/// Most bytes of a status line and headers.
const HEAD_LIMIT: usize = 64 * 1024;

/// Most bytes of a body: the list of some ten thousand containers.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
