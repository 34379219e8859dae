//! Where a head ends, and whether its lines do as they should; RFC 9112 section 2.2.
//!
//! Not here: what the lines say.

/// Why a head is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadLines {
    /// A line that ends with LF alone, which others may take for no end.
    BareLf,
    /// More bytes than a head may have.
    TooLong,
}

/// Looks for the end of a head, and goes on where it was when more has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeadEnd {
    seen: usize,
    line: usize,
    /// Whether LF alone ends a line, too.
    takes_lf: bool,
}

impl HeadEnd {
    /// Returns one that takes LF alone for the end of a line, as old servers write it.
    pub(crate) fn lenient() -> Self {
        Self { takes_lf: true, ..Self::default() }
    }

    /// Returns the length of the head with its empty line; `None` if it is not all there.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, BadLines> {
        while let Some(next) =
            bytes.get(self.seen..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        {
            let at = self.seen + next;
            let has_cr = at > self.line && bytes[at - 1] == b'\r';
            if !has_cr && !self.takes_lf {
                return Err(BadLines::BareLf);
            }
            let is_empty = at - usize::from(has_cr) == self.line;
            self.seen = at + 1;
            self.line = self.seen;
            if is_empty {
                return if self.seen > LONGEST { Err(BadLines::TooLong) } else { Ok(Some(self.seen)) };
            }
        }
        self.seen = bytes.len();
        if bytes.len() > LONGEST { Err(BadLines::TooLong) } else { Ok(None) }
    }
}

/// Returns how many bytes of empty lines stand before a request; RFC 9112 section 2.2.
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    let mut count = 0;
    while count < EMPTY_LINES && bytes[count..].starts_with(b"\r\n") {
        count += 2;
    }
    count
}

/// Bytes of a head at most: 64 KiB of fields, and a request line.
pub(crate) const LONGEST: usize = 96 * 1024;
/// Bytes of empty lines before a request that are passed over.
const EMPTY_LINES: usize = 8;

#[cfg(test)]
mod tests {
    use super::{BadLines, HeadEnd, LONGEST, empty_lines};

    #[test]
    fn a_head_ends_with_an_empty_line_however_it_comes() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        assert_eq!(HeadEnd::default().find(text), Ok(Some(27)));
        let mut end = HeadEnd::default();
        for count in 0..27 {
            assert_eq!(end.find(&text[..count]), Ok(None));
        }
        assert_eq!(end.find(&text[..27]), Ok(Some(27)));
    }

    #[test]
    fn an_old_server_may_leave_out_half_of_each_end() {
        assert_eq!(HeadEnd::lenient().find(b"HTTP/1.0 200 OK\nA: b\n\nx"), Ok(Some(22)));
        assert_eq!(HeadEnd::lenient().find(b"HTTP/1.0 200 OK\r\nA: b\r\n\nx"), Ok(Some(24)));
    }

    #[test]
    fn what_others_may_read_otherwise_is_refused() {
        for text in [&b"GET / HTTP/1.1\nHost: a\r\n\r\n"[..], b"\n", b"GET / HTTP/1.1\r\n\nx"] {
            assert_eq!(HeadEnd::default().find(text), Err(BadLines::BareLf));
        }
        let long = vec![b'a'; LONGEST + 1];
        assert_eq!(HeadEnd::default().find(&long), Err(BadLines::TooLong));
        assert_eq!(empty_lines(b"\r\n\r\nGET"), 4);
    }
}
