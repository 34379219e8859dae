//! One GET over a Unix socket: as much of HTTP/1.1 (RFC 9112) as an engine's answer needs.
//!
//! Lengths by `Content-Length`, by chunks, or by the end of the connection; no redirects, no compression,
//! no second request on a connection. Everything read is bounded, and so is the time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Failure;

/// The answer to one request.
#[derive(Debug)]
pub(super) struct Response {
    /// Header fields, names in lower case.
    headers: Vec<(String, String)>,
    /// The body, decoded from its chunks.
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Returns whether Podman gave this answer, wherever its socket lies: it may stand in for Docker's.
    pub(super) fn is_podman(&self) -> bool {
        field(&self.headers, "libpod-api-version").is_some()
            || field(&self.headers, "server").is_some_and(|server| server.starts_with("Libpod"))
    }
}

/// Asks the server at `socket` for `target`, until `deadline`.
pub(super) fn request(socket: &Path, target: &str, deadline: Instant) -> Result<Response, Failure> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: wharf\r\nAccept: application/json\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    read_response(&mut BufReader::new(Timed { stream, deadline }))
}

/// Reads one response whose status is 200.
pub(super) fn read_response(reader: &mut impl BufRead) -> Result<Response, Failure> {
    let mut head_left = HEAD_LIMIT;
    let status = line(reader, &mut head_left)?;
    if !status.starts_with("HTTP/1.") {
        return Err(Failure::Malformed("its answer is not HTTP"));
    }
    match status.split(' ').nth(1) {
        Some("200") => {}
        Some("401" | "403") => return Err(Failure::Denied),
        _ => return Err(Failure::Malformed("it answered with an error")),
    }
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
    let body = read_body(reader, &headers)?;
    Ok(Response { headers, body })
}

fn read_body(reader: &mut impl BufRead, headers: &[(String, String)]) -> Result<Vec<u8>, Failure> {
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
fn extend(body: &mut Vec<u8>, reader: &mut impl BufRead, size: usize) -> Result<(), Failure> {
    if size > BODY_LIMIT - body.len() {
        return Err(TOO_LONG);
    }
    let read = reader.take(size as u64).read_to_end(body)?;
    if read == size { Ok(()) } else { Err(BROKEN) }
}

/// Reads a line without its end, and takes its length from `budget`.
fn line(reader: &mut impl BufRead, budget: &mut usize) -> Result<String, Failure> {
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
struct Timed {
    stream: UnixStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

/// Returns the time until `deadline`, which is never zero: a zero time-out would mean none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::Denied,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Failure::NotRunning,
            _ => Failure::Io(error.to_string()),
        }
    }
}

const BROKEN: Failure = Failure::Malformed("its answer breaks off or breaks the rules of HTTP");
const TOO_LONG: Failure = Failure::Malformed("its answer is longer than 16 MiB");

/// Most bytes of a status line and headers.
const HEAD_LIMIT: usize = 64 * 1024;

/// Most bytes of a body: the list of some ten thousand containers.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
