//! The chunked coding, RFC 9112 section 7.1, as it is passed through or taken apart.
//!
//! Stricter than the RFC where programs differ: lines end with CR LF, sizes are hexadecimal digits and nothing else, and
//! extensions are visible text. Not here: who reads and writes.

/// Why bytes are no chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadChunk;

/// Follows a body in the chunked coding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks {
    state: State,
    /// Bytes of the present line, or of all trailers.
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a size, of which so many digits are read.
    Size {
        value: u64,
        digits: u8,
    },
    Extension {
        value: u64,
    },
    SizeLf {
        value: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// At the begin of a line after the last chunk.
    TrailerStart,
    TrailerName,
    Trailer,
    TrailerLf,
    EndLf,
    End,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many bytes of the coding itself.
    Coding(usize),
    /// So many bytes of the body.
    Data(usize),
    /// So many bytes of trailers, with their line ends.
    Trailers(usize),
}

impl Piece {
    /// Returns how many bytes it takes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Coding(count) | Self::Data(count) | Self::Trailers(count) => count,
        }
    }
}

impl Default for Chunks {
    fn default() -> Self {
        Self { state: State::Size { value: 0, digits: 0 }, line: 0 }
    }
}

impl Chunks {
    /// Returns whether all of the body has been seen.
    pub(crate) fn is_done(&self) -> bool {
        self.state == State::End
    }

    /// Returns whether it is within a chunk.
    pub(crate) fn is_at_data(&self) -> bool {
        matches!(self.state, State::Data { .. })
    }

    /// Returns whether the last chunk has been seen, and trailers may come.
    pub(crate) fn is_in_trailers(&self) -> bool {
        matches!(
            self.state,
            State::TrailerStart
                | State::TrailerName
                | State::Trailer
                | State::TrailerLf
                | State::EndLf
                | State::End
        )
    }

    /// Returns what the first of `bytes` are; `None` if there are none, or the body is done.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Option<Piece>, BadChunk> {
        if bytes.is_empty() || self.is_done() {
            return Ok(None);
        }
        if let State::Data { left } = self.state {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            let left = left - count as u64;
            self.state = if left == 0 { State::DataCr } else { State::Data { left } };
            return Ok(Some(Piece::Data(count)));
        }
        let is_trailers = self.is_in_trailers();
        let mut count = 0;
        for byte in bytes {
            if matches!(self.state, State::Data { .. } | State::End) || self.is_in_trailers() != is_trailers {
                break;
            }
            self.step(*byte)?;
            count += 1;
        }
        Ok(Some(if is_trailers { Piece::Trailers(count) } else { Piece::Coding(count) }))
    }

    fn step(&mut self, byte: u8) -> Result<(), BadChunk> {
        self.line += 1;
        let limit = if self.is_in_trailers() { TRAILERS } else { LINE };
        if self.line > limit {
            return Err(BadChunk);
        }
        self.state = match (self.state, byte) {
            (State::Size { value, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < DIGITS => {
                let digit = (byte as char).to_digit(16).ok_or(BadChunk)?;
                State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
            }
            (State::Size { value, digits: 1.. }, b'\r') => State::SizeLf { value },
            (State::Size { value, digits: 1.. }, b';') => State::Extension { value },
            (State::Extension { value }, b'\r') => State::SizeLf { value },
            (State::Extension { value }, b'\t' | b' '..=b'~' | 0x80..) => State::Extension { value },
            (State::SizeLf { value: 0 }, b'\n') => State::TrailerStart,
            (State::SizeLf { value }, b'\n') => State::Data { left: value },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::default(),
            (State::TrailerStart, b'\r') => State::EndLf,
            // No folded line, and no field without a name; fields all the same, for who refuses them would refuse the request.
            (State::TrailerStart | State::TrailerName, byte) if is_token(byte) => State::TrailerName,
            (State::TrailerName, b':') | (State::Trailer, b'\t' | b' '..=b'~' | 0x80..) => State::Trailer,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::EndLf, b'\n') => State::End,
            _ => return Err(BadChunk),
        };
        if matches!(self.state, State::Size { digits: 0, .. } | State::Data { .. }) {
            self.line = 0;
        }
        Ok(())
    }
}

/// Returns whether a byte may be in the name of a field; RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Default for State {
    fn default() -> Self {
        Self::Size { value: 0, digits: 0 }
    }
}

/// Digits of a size at most, so that it is no more than 60 bits.
const DIGITS: u8 = 15;
/// Bytes of the line of a size at most.
const LINE: usize = 4 * 1024;
/// Bytes of all trailers at most.
const TRAILERS: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BadChunk, Chunks, Piece};

    /// Returns the body, the trailers and what is left of `bytes` when they come in pieces of `step`.
    fn taken_apart(bytes: &[u8], step: usize) -> Result<(Vec<u8>, Vec<u8>, usize), BadChunk> {
        let (mut chunks, mut data, mut trailers, mut at) = (Chunks::default(), Vec::new(), Vec::new(), 0);
        while at < bytes.len() && !chunks.is_done() {
            let end = (at + step).min(bytes.len());
            let Some(piece) = chunks.next(&bytes[at..end])? else { break };
            match piece {
                Piece::Data(count) => data.extend_from_slice(&bytes[at..at + count]),
                Piece::Trailers(count) => trailers.extend_from_slice(&bytes[at..at + count]),
                Piece::Coding(_) => {}
            }
            at += piece.len();
        }
        if chunks.is_done() { Ok((data, trailers, bytes.len() - at)) } else { Err(BadChunk) }
    }

    #[test]
    fn chunks_are_taken_apart_however_they_come() {
        let bytes = b"5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET";
        for step in 1..bytes.len() {
            let (data, trailers, left) = taken_apart(bytes, step).unwrap();
            assert_eq!((data.as_slice(), left), (&b"hello world"[..], 3), "{step}");
            assert_eq!(trailers, b"X-Sum: 1\r\n\r\n");
        }
    }

    #[test]
    fn what_others_may_read_otherwise_is_refused() {
        for bytes in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5 \r\nhello\r\n0\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"\r\nhello\r\n0\r\n\r\n",
            b";a\r\n\r\n",
            b"5;a\nb\r\nhello\r\n0\r\n\r\n",
            b"5;a\0\r\nhello\r\n0\r\n\r\n",
            b"0\r\n X: folded\r\n\r\n",
            b"0\r\n: x\r\n\r\n",
            b"0\r\nX: a\n\r\n",
            b"1000000000000000\r\n",
        ] {
            assert_eq!(taken_apart(bytes, 7), Err(BadChunk), "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_chunks_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200), step in 1..20_usize) {
            prop_assert_eq!(taken_apart(&bytes, step), taken_apart(&bytes, 200));
        }

        #[test]
        fn what_is_chunked_comes_back(parts in proptest::collection::vec("[a-z\r\n]{1,20}", 0..5), step in 1..20_usize) {
            let mut bytes = Vec::new();
            for part in &parts {
                bytes.extend_from_slice(format!("{:X}\r\n{part}\r\n", part.len()).as_bytes());
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(taken_apart(&bytes, step).unwrap().0, parts.concat().into_bytes());
        }
    }
}
