//! Taking an HTTP response apart, whole or cut off. Source: RFC 9112.

use std::borrow::Cow;

/// A response as far as it came.
#[derive(Debug)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    headers: Vec<(&'a str, &'a str)>,
    body: Cow<'a, [u8]>,
}

impl<'a> Response<'a> {
    /// Returns nothing if `answer` does not begin like HTTP/1.
    pub(super) fn parse(answer: &'a [u8]) -> Option<Self> {
        if !answer.starts_with(b"HTTP/1.") {
            return None;
        }
        let (head, body) = split_head(answer).unwrap_or((answer, &[]));
        // Headers are ASCII by the standard; what is not is left out.
        let mut lines = head.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        let status = lines.next()?.split(' ').nth(1)?.trim().parse().ok()?;
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let mut response = Self { status, headers, body: Cow::Borrowed(body) };
        if response.is_chunked() {
            response.body = Cow::Owned(joined(body));
        }
        Some(response)
    }

    /// Returns the first header of that name, which is written in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(said, _)| said.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }

    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }
}

/// Returns whether `answer` is an HTTP/1 response with its whole body, or with as much as is of use.
pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    let Some(response) = Response::parse(answer) else { return false };
    let Some((_, body)) = split_head(answer) else { return false };
    if matches!(response.status, 204 | 304) || answer.len() > ENOUGH {
        return true;
    }
    match response.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => response.is_chunked() && body.ends_with(b"0\r\n\r\n"),
    }
}

fn split_head(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((&answer[..at], &answer[at + 4..]))
}

/// Joins the chunks that came; the last may be cut off.
fn joined(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok().and_then(|line| line.split(';').next());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) else { break };
        let rest = &body[end + 2..];
        if size == 0 || size >= rest.len() {
            whole.extend_from_slice(&rest[..size.min(rest.len())]);
            break;
        }
        whole.extend_from_slice(&rest[..size]);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// Bytes of a page after which more would tell nothing new.
const ENOUGH: usize = 24 * 1024;
