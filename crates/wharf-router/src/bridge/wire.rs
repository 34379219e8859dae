//! A body of HTTP/1.1, taken apart and put together: the side of a bridge that has no frames.
//!
//! Not here: bodies that stay HTTP/1.1 all the way, which are passed as they are ([`crate::flow`]).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::piece::{Piece, trailers_of, write_trailers};
use crate::buffer::{SIZE, Spare};
use crate::flow::{Broken, Side};
use crate::http1::chunked::Piece as Coded;
use crate::http1::framing::Framing;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is: its length is known, or it ends with the connection.
    Plain,
    /// In chunks.
    Chunked,
    /// As it is; that it ends is said by closing this direction.
    Tunnel,
}

/// Both directions of a connection of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Wire {
    framing: Framing,
    trailers: Vec<u8>,
    /// Memory for what is read without a buffer between.
    room: Vec<u8>,
    coding: Coding,
    out: Vec<u8>,
    written: usize,
    is_unflushed: bool,
    /// Whether the last piece has been taken.
    is_ending: bool,
}

impl Wire {
    /// Returns one that reads a body framed so, and writes `head` first.
    pub(crate) fn new(framing: Framing, head: Vec<u8>, coding: Coding) -> Self {
        Self {
            framing,
            trailers: Vec::new(),
            room: Vec::new(),
            coding,
            out: head,
            written: 0,
            is_unflushed: false,
            is_ending: false,
        }
    }

    /// Reads a body framed so from now on.
    pub(crate) fn reads(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Writes `head`, and then a body in this coding.
    pub(crate) fn writes(&mut self, head: &[u8], coding: Coding) {
        self.out.extend_from_slice(head);
        self.coding = coding;
    }

    /// Returns whether all of the body has been read.
    pub(crate) fn is_read(&self) -> bool {
        self.framing.is_done()
    }

    /// Reads the next piece of the body.
    pub(crate) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
        side: &mut Side,
        spare: &Spare,
    ) -> Poll<Result<Piece, Broken>> {
        loop {
            self.pass_coding(side)?;
            if self.framing.is_done() {
                let trailers = trailers_of(&self.trailers).ok_or(Broken::Coding)?;
                side.buffer.rest(spare);
                return Poll::Ready(Ok(Piece { data: Bytes::new(), trailers, is_last: true }));
            }
            if !side.buffer.is_empty() {
                let next = self.framing.next(side.buffer.waiting()).map_err(|_| Broken::Coding)?;
                let Some(Coded::Data(count)) = next else { continue };
                let data = Bytes::copy_from_slice(&side.buffer.waiting()[..count]);
                side.buffer.used(count);
                return Poll::Ready(self.piece(data, side));
            }
            if self.is_long() {
                return self.poll_straight(context, side);
            }
            match ready!(side.buffer.poll_more(context, &mut side.stream, spare, SIZE)) {
                Ok(0) if matches!(self.framing, Framing::UntilEnd) => return Poll::Ready(Ok(Piece::end())),
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::From)),
                Ok(_) => {}
            }
        }
    }

    /// Returns whether what comes next is data alone, and enough of it.
    fn is_long(&self) -> bool {
        match self.framing {
            Framing::Length(left) => left >= SIZE as u64,
            Framing::Chunked(_) => false,
            Framing::UntilEnd => self.coding != Coding::Tunnel,
        }
    }

    /// Reads data into memory that goes on as it is.
    fn poll_straight(&mut self, context: &mut Context<'_>, side: &mut Side) -> Poll<Result<Piece, Broken>> {
        let size = match self.framing {
            Framing::Length(left) => usize::try_from(left).unwrap_or(STRAIGHT).min(STRAIGHT),
            _ => STRAIGHT,
        };
        if self.room.len() < size {
            self.room = vec![0; size];
        }
        let count =
            ready!(side.stream.poll_fill(context, &mut self.room[..size])).map_err(|_| Broken::From)?;
        if count == 0 {
            let is_end = matches!(self.framing, Framing::UntilEnd);
            return Poll::Ready(if is_end { Ok(Piece::end()) } else { Err(Broken::From) });
        }
        let data = if count > SIZE / 2 {
            let mut room = std::mem::take(&mut self.room);
            room.truncate(count);
            Bytes::from(room)
        } else {
            Bytes::copy_from_slice(&self.room[..count])
        };
        self.framing.next(&data).map_err(|_| Broken::Coding)?;
        Poll::Ready(self.piece(data, side))
    }

    /// Returns `data` as a piece, which is the last if what has come says so.
    fn piece(&mut self, data: Bytes, side: &mut Side) -> Result<Piece, Broken> {
        self.pass_coding(side)?;
        let is_last = self.framing.is_done();
        let trailers = if is_last { trailers_of(&self.trailers).ok_or(Broken::Coding)? } else { None };
        Ok(Piece { data, trailers, is_last })
    }

    /// Passes over what waits of the coding.
    fn pass_coding(&mut self, side: &mut Side) -> Result<(), Broken> {
        while !side.buffer.is_empty() && !self.framing.is_done() && !self.framing.is_at_data() {
            let waiting = side.buffer.waiting();
            let Some(next) = self.framing.next(waiting).map_err(|_| Broken::Coding)? else { break };
            if let Coded::Trailers(count) = next {
                self.trailers.extend_from_slice(&waiting[..count]);
            }
            side.buffer.used(next.len());
        }
        Ok(())
    }

    /// Writes what waits to be written, and then a piece; is ready once all of both has been taken. After the last one, or
    /// without any, also once it may be seen.
    pub(crate) fn poll_put(
        &mut self,
        context: &mut Context<'_>,
        side: &mut Side,
        piece: &mut Option<Piece>,
    ) -> Poll<Result<(), Broken>> {
        if piece.is_none() && !self.is_ending {
            return self.poll_flush(context, side);
        }
        if let Some(piece) = piece {
            self.is_ending |= piece.is_last;
            self.encode(piece);
        }
        ready!(self.poll_out(context, side)).map_err(|_| Broken::To)?;
        if let Some(piece) = piece {
            while !piece.data.is_empty() {
                let count = ready!(side.stream.poll_put(context, &piece.data)).map_err(|_| Broken::To)?;
                piece.data.advance(count);
                self.is_unflushed = true;
            }
        }
        if self.is_ending {
            ready!(self.poll_flush(context, side))?;
            if self.coding == Coding::Tunnel {
                ready!(Pin::new(&mut side.stream).poll_shutdown(context)).map_err(|_| Broken::To)?;
            }
        }
        *piece = None;
        Poll::Ready(Ok(()))
    }

    /// Moves a piece to what waits to be written, but for long ones that need no coding.
    fn encode(&mut self, piece: &mut Piece) {
        match self.coding {
            Coding::Plain | Coding::Tunnel => {
                if self.written < self.out.len() && piece.data.len() <= SMALL {
                    self.out.extend_from_slice(&std::mem::take(&mut piece.data));
                }
            }
            Coding::Chunked => {
                let data = std::mem::take(&mut piece.data);
                if !data.is_empty() {
                    self.out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                    self.out.extend_from_slice(&data);
                    self.out.extend_from_slice(b"\r\n");
                }
                if std::mem::take(&mut piece.is_last) {
                    self.out.extend_from_slice(b"0\r\n");
                    write_trailers(&mut self.out, &piece.trailers.take().unwrap_or_default());
                    self.out.extend_from_slice(b"\r\n");
                }
            }
        }
    }

    fn poll_out(&mut self, context: &mut Context<'_>, side: &mut Side) -> Poll<std::io::Result<()>> {
        while self.written < self.out.len() {
            let count = ready!(side.stream.poll_put(context, &self.out[self.written..]))?;
            self.written += count;
            self.is_unflushed = true;
        }
        self.out.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Lets all that was written be seen.
    pub(crate) fn poll_flush(
        &mut self,
        context: &mut Context<'_>,
        side: &mut Side,
    ) -> Poll<Result<(), Broken>> {
        ready!(self.poll_out(context, side)).map_err(|_| Broken::To)?;
        if self.is_unflushed {
            ready!(Pin::new(&mut side.stream).poll_flush(context)).map_err(|_| Broken::To)?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Bytes that are read at once of a long body.
const STRAIGHT: usize = 64 * 1024;
/// Bytes of a body that are written in one with its head.
const SMALL: usize = 8 * 1024;
