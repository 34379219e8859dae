//! Where a body ends; RFC 9112 section 6.
//!
//! Not here: which of these a head asks for ([`super::request`], [`super::response`]).

use super::chunked::{BadChunk, Chunks, Piece};

/// Where a body ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    /// After so many bytes; 0 without a body.
    Length(u64),
    /// With its last chunk.
    Chunked(Chunks),
    /// With the connection.
    UntilEnd,
}

impl Framing {
    /// Returns that of a message without a body.
    pub(crate) fn none() -> Self {
        Self::Length(0)
    }

    /// Returns that of a body in chunks.
    pub(crate) fn chunked() -> Self {
        Self::Chunked(Chunks::default())
    }

    /// Returns whether all of the body has been seen. One that ends with the connection is never.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
            Self::UntilEnd => false,
        }
    }

    /// Returns whether what comes next is the body itself, and not its coding.
    pub(crate) fn is_at_data(&self) -> bool {
        match self {
            Self::Length(left) => *left > 0,
            Self::Chunked(chunks) => chunks.is_at_data(),
            Self::UntilEnd => true,
        }
    }

    /// Returns how many bytes belong to the body whatever they are; none in chunks, which are to be looked at.
    pub(crate) fn unseen(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) => None,
            Self::UntilEnd => Some(u64::MAX),
        }
    }

    /// Takes `count` of those as seen.
    pub(crate) fn skip(&mut self, count: u64) {
        if let Self::Length(left) = self {
            *left = left.saturating_sub(count);
        }
    }

    /// Returns what the first of `bytes` are; `None` if there are none, or the body is done.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Option<Piece>, BadChunk> {
        match self {
            Self::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= count as u64;
                Ok((count > 0).then_some(Piece::Data(count)))
            }
            Self::Chunked(chunks) => chunks.next(bytes),
            Self::UntilEnd => Ok((!bytes.is_empty()).then_some(Piece::Data(bytes.len()))),
        }
    }

    /// Returns how many of `bytes` belong to the body, coding and trailers included.
    pub(crate) fn pass(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut count = 0;
        while let Some(piece) = self.next(&bytes[count..])? {
            count += piece.len();
        }
        Ok(count)
    }
}
