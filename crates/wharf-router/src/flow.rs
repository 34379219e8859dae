//! Bytes on their way from one side to the other: a head that was written anew, and the body that follows it as it comes.
//!
//! What is read is looked at, so that a body ends where it should, and written as it is. Not here: heads, and the other
//! direction ([`crate::exchange`]).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use crate::buffer::{Buffer, SIZE, Spare};
use crate::bulk::{Bulk, Failed, Moved};
use crate::http1::chunked::Piece;
use crate::http1::framing::Framing;
use crate::stream::Stream;

/// A connection, and what came by it that is not used yet.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) stream: Stream,
    pub(crate) buffer: Buffer,
}

/// One direction of an exchange.
#[derive(Debug)]
pub(crate) struct Flow {
    head: Vec<u8>,
    written: usize,
    framing: Framing,
    /// How many of the bytes that wait belong to the body.
    ready: usize,
    /// Whether the body goes on without its coding: who gets it knows none.
    strips: bool,
    /// Bytes of the body that were written.
    pub(crate) moved: u64,
    /// How many of these are in the head.
    joined: u64,
    /// Whether it may lie in the memory of TLS.
    is_unflushed: bool,
    /// Reads that filled all the memory there was.
    full: u8,
    bulk: Bulk,
    is_over: bool,
}

/// Why one direction has ended before its end.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The side that it comes from: it ended or failed.
    From,
    /// What comes is not framed as it should be.
    Coding,
    /// The side that it goes to.
    To,
}

impl Flow {
    pub(crate) fn new(head: Vec<u8>, framing: Framing) -> Self {
        Self {
            head,
            written: 0,
            framing,
            ready: 0,
            strips: false,
            moved: 0,
            joined: 0,
            is_unflushed: false,
            full: 0,
            bulk: Bulk::default(),
            is_over: false,
        }
    }

    /// Leaves the coding of the body out.
    pub(crate) fn stripping(mut self) -> Self {
        self.strips = true;
        self
    }

    /// Takes what has come of the body already into the head, so that both are written at once.
    pub(crate) fn join(&mut self, buffer: &mut Buffer) -> Result<(), Broken> {
        if self.strips || buffer.is_empty() || self.framing.is_done() {
            return Ok(());
        }
        let count = self.framing.pass(buffer.waiting()).map_err(|_| Broken::Coding)?;
        self.head.extend_from_slice(&buffer.waiting()[..count]);
        buffer.used(count);
        self.moved += count as u64;
        self.joined += count as u64;
        Ok(())
    }

    /// Returns whether all that is to be said is in the head: it can be said again then.
    pub(crate) fn is_whole(&self) -> bool {
        self.framing.is_done() && self.moved == self.joined
    }

    /// Returns the head, to be said again.
    pub(crate) fn into_head(self) -> Vec<u8> {
        self.head
    }

    /// Moves what can be moved now; is ready once all of it has been.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Side,
        to: &mut Stream,
        spare: &Spare,
    ) -> Poll<Result<(), Broken>> {
        let begin = self.moved;
        loop {
            if self.moved - begin > TURN {
                // Others have waited for long enough.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            while self.written < self.head.len() {
                let count =
                    ready!(to.poll_put(context, &self.head[self.written..])).map_err(|_| Broken::To)?;
                self.written += count;
                self.is_unflushed = true;
            }
            if self.ready > 0 {
                let bytes = &from.buffer.waiting()[..self.ready];
                let count = ready!(to.poll_put(context, bytes)).map_err(|_| Broken::To)?;
                from.buffer.used(count);
                self.ready -= count;
                self.moved += count as u64;
                self.is_unflushed = true;
                continue;
            }
            if self.bulk.held() == 0 && (self.is_over || self.framing.is_done()) {
                ready!(self.poll_flush(context, to))?;
                from.buffer.rest(spare);
                self.bulk.rest();
                return Poll::Ready(Ok(()));
            }
            if !from.buffer.is_empty() {
                self.look(&mut from.buffer)?;
                continue;
            }
            if self.full > 1
                && let Some(limit) = self.framing.unseen().filter(|_| !self.strips)
                && self.bulk.is_for(self.moved, &from.stream, to)
            {
                from.buffer.rest(spare);
                let moved = ready!(self.bulk.poll(context, &from.stream, to, limit, &spare.pipes));
                self.count(moved)?;
                continue;
            }
            // Whatever is there is to be seen, and not only once more follows.
            let _later = self.poll_flush(context, to)?;
            if self.full > 1 {
                from.buffer.widen();
            }
            match ready!(from.buffer.poll_more(context, &mut from.stream, spare, SIZE)) {
                Ok(0) if matches!(self.framing, Framing::UntilEnd) => self.is_over = true,
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::From)),
                Ok(_) if from.buffer.is_full() => self.full = self.full.saturating_add(1),
                Ok(_) => {}
            }
        }
    }

    /// Counts what has gone by unseen.
    fn count(&mut self, moved: Result<Moved, Failed>) -> Result<(), Broken> {
        match moved {
            Ok(Moved::In(count)) => self.framing.skip(count),
            Ok(Moved::Out(count)) => self.moved += count,
            Ok(Moved::End) if matches!(self.framing, Framing::UntilEnd) => self.is_over = true,
            Ok(Moved::Copy) => self.full = 0,
            Ok(Moved::End) | Err(Failed::From) => return Err(Broken::From),
            Err(Failed::To) => return Err(Broken::To),
        }
        Ok(())
    }

    /// Finds out what of the bytes that wait is to be written.
    fn look(&mut self, buffer: &mut Buffer) -> Result<(), Broken> {
        if !self.strips {
            self.ready = self.framing.pass(buffer.waiting()).map_err(|_| Broken::Coding)?;
            return Ok(());
        }
        match self.framing.next(buffer.waiting()).map_err(|_| Broken::Coding)? {
            Some(Piece::Data(count)) => self.ready = count,
            Some(other) => buffer.used(other.len()),
            None => {}
        }
        Ok(())
    }

    fn poll_flush(&mut self, context: &mut Context<'_>, to: &mut Stream) -> Poll<Result<(), Broken>> {
        if self.is_unflushed {
            ready!(Pin::new(to).poll_flush(context)).map_err(|_| Broken::To)?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Bytes after which others have their turn.
const TURN: u64 = 4 * 1024 * 1024;
