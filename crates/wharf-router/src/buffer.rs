//! Bytes that have come and wait to be used, in memory that is lent while there are any.
//!
//! Not here: where they come from.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use crate::bulk::Pipes;
use crate::stream::Stream;

/// Bytes that wait.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Empty, or at least [`SIZE`] long.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// Memory that nobody uses at the moment, and pipes.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    bytes: Mutex<Vec<Vec<u8>>>,
    pub(crate) pipes: Pipes,
}

impl Spare {
    fn lend(&self) -> Vec<u8> {
        let spare = self.bytes.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| vec![0; SIZE])
    }

    fn take_back(&self, bytes: Vec<u8>) {
        let mut all = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() == SIZE && all.len() < MOST_SPARE {
            all.push(bytes);
        }
    }
}

impl Buffer {
    /// Returns what waits.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Returns whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the first `count` bytes as used.
    pub(crate) fn used(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Returns the memory if nothing waits.
    pub(crate) fn rest(&mut self, spare: &Spare) {
        if self.is_empty() && !self.bytes.is_empty() {
            spare.take_back(std::mem::take(&mut self.bytes));
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads more, behind what waits: 0 at the end. It takes `limit` bytes at most, all told.
    ///
    /// # Errors
    /// What read(2) said; `OutOfMemory` if `limit` bytes wait already.
    pub(crate) fn poll_more(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut Stream,
        spare: &Spare,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        if self.bytes.is_empty() {
            self.bytes = spare.lend();
        }
        if self.end == self.bytes.len() {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.bytes.len() < limit {
                let longer = (self.bytes.len() * 4).min(limit.max(SIZE));
                self.bytes.resize(longer, 0);
            } else {
                return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
            }
        }
        let outcome = stream.poll_fill(context, &mut self.bytes[self.end..]);
        if outcome.is_pending() {
            // Who waits without anything needs no memory.
            self.rest(spare);
        }
        let count = ready!(outcome)?;
        self.end += count;
        Poll::Ready(Ok(count))
    }

    /// Has longer memory for a stream of many bytes.
    pub(crate) fn widen(&mut self) {
        if self.is_empty() && self.bytes.len() < WIDE {
            self.bytes = vec![0; WIDE];
            (self.start, self.end) = (0, 0);
        }
    }

    /// Returns whether the last read has filled all that was there.
    pub(crate) fn is_full(&self) -> bool {
        self.end == self.bytes.len() && self.end > 0
    }
}

/// Bytes of what is lent: most requests and responses fit.
pub(crate) const SIZE: usize = 16 * 1024;
/// Bytes for streams of many.
const WIDE: usize = 128 * 1024;
/// Buffers that are kept for the next.
const MOST_SPARE: usize = 32;
