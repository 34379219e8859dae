//! A stream of HTTP/2, as the side of a bridge that has frames.
//!
//! Not here: how streams begin ([`crate::http2`]).

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};

use super::piece::{Piece, passed};
use crate::flow::Broken;

/// Both directions of a stream.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    receive: Option<RecvStream>,
    send: Option<SendStream<Bytes>>,
    /// Bytes that were handed out, and for which the other end has not yet been told to send more.
    held: usize,
    /// With what the other end has broken it off.
    pub(crate) reason: Option<Reason>,
}

impl Frames {
    /// Reads the body from here.
    pub(crate) fn receives(&mut self, stream: RecvStream) {
        self.receive = Some(stream);
    }

    /// Writes the body to here.
    pub(crate) fn sends(&mut self, stream: SendStream<Bytes>) {
        self.send = Some(stream);
    }

    /// Returns whether nothing is written yet.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.send.is_none()
    }

    /// Reads the next piece of the body.
    pub(crate) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, Broken>> {
        let Some(stream) = &mut self.receive else { return Poll::Ready(Ok(Piece::end())) };
        if self.held > 0 {
            // What was handed out before has been passed on: only now more may come.
            let _ = stream.flow_control().release_capacity(std::mem::take(&mut self.held));
        }
        match ready!(stream.poll_data(context)) {
            Some(Ok(data)) => {
                self.held = data.len();
                let is_last = stream.is_end_stream();
                Poll::Ready(Ok(Piece { data, trailers: None, is_last }))
            }
            Some(Err(error)) => self.broken(&error),
            None => match ready!(stream.poll_trailers(context)) {
                Ok(trailers) => {
                    let trailers = trailers.and_then(passed);
                    Poll::Ready(Ok(Piece { data: Bytes::new(), trailers, is_last: true }))
                }
                Err(error) => self.broken(&error),
            },
        }
    }

    fn broken(&mut self, error: &h2::Error) -> Poll<Result<Piece, Broken>> {
        self.reason = error.reason();
        Poll::Ready(Err(Broken::From))
    }

    /// Writes a piece, as far as the other end takes it; is ready once all of it has been taken.
    pub(crate) fn poll_put(
        &mut self,
        context: &mut Context<'_>,
        piece: &mut Option<Piece>,
    ) -> Poll<Result<(), Broken>> {
        let (Some(stream), Some(part)) = (&mut self.send, piece.as_mut()) else { return Poll::Ready(Ok(())) };
        while !part.data.is_empty() {
            stream.reserve_capacity(part.data.len());
            let mut capacity = stream.capacity();
            if capacity == 0 {
                capacity = match ready!(stream.poll_capacity(context)) {
                    Some(Ok(capacity)) => capacity,
                    _ => return Poll::Ready(Err(Broken::To)),
                };
            }
            let data = part.data.split_to(capacity.min(part.data.len()));
            let is_end = part.is_last && part.data.is_empty() && part.trailers.is_none();
            stream.send_data(data, is_end).map_err(|_| Broken::To)?;
            if is_end {
                *piece = None;
                return Poll::Ready(Ok(()));
            }
        }
        if part.is_last {
            match part.trailers.take() {
                Some(trailers) => stream.send_trailers(trailers),
                None => stream.send_data(Bytes::new(), true),
            }
            .map_err(|_| Broken::To)?;
        }
        *piece = None;
        Poll::Ready(Ok(()))
    }

    /// Is ready once the other end wants no more.
    pub(crate) fn poll_reset(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.send {
            Some(stream) => stream.poll_reset(context).map(|_| ()),
            None => Poll::Pending,
        }
    }

    /// Breaks it off.
    pub(crate) fn reset(&mut self, reason: Reason) {
        if let Some(stream) = &mut self.send {
            stream.send_reset(reason);
        }
    }
}
