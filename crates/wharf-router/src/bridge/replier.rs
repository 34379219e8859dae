//! The upstream's side of a bridge.
//!
//! Not here: how it is connected to.

use std::task::{Context, Poll, ready};

use h2::Reason;
use h2::client::ResponseFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};

use super::piece::Piece;
use super::{Coding, Frames, Head, Sink, Source, Wire};
use crate::buffer::Spare;
use crate::fault::Fault;
use crate::fields::Field;
use crate::flow::{Broken, Side};
use crate::hall::Hall;
use crate::http1::framing::Framing;
use crate::http1::lines::{HeadEnd, LONGEST};
use crate::http1::response::{self, Asked};
use crate::http2::sender::Sender;
use crate::http2::websocket::Key;
use crate::stream::Stream;

/// An upstream.
pub(crate) enum Replier {
    /// One of HTTP/1.1.
    One {
        side: Side,
        wire: Wire,
        asked: Asked,
        end: HeadEnd,
        /// Whether it takes another request.
        stays: bool,
        /// What a WebSocket that it opens is to be proven with.
        key: Option<Key>,
    },
    /// A stream of one of HTTP/2.
    Two {
        frames: Frames,
        response: ResponseFuture,
        is_head: bool,
        /// Held while it is on its way.
        _sender: Sender,
    },
}

impl Source for Replier {
    fn poll_piece(&mut self, context: &mut Context<'_>, spare: &Spare) -> Poll<Result<Piece, Broken>> {
        match self {
            Self::One { side, wire, .. } => wire.poll_piece(context, side, spare),
            Self::Two { frames, .. } => frames.poll_piece(context),
        }
    }
}

impl Sink for Replier {
    fn poll_put(&mut self, context: &mut Context<'_>, piece: &mut Option<Piece>) -> Poll<Result<(), Broken>> {
        match self {
            Self::One { side, wire, .. } => wire.poll_put(context, side, piece),
            Self::Two { frames, .. } => frames.poll_put(context, piece),
        }
    }
}

impl Replier {
    /// Returns one of HTTP/1.1 that is told `head`, and then a body in this coding.
    pub(crate) fn one(side: Side, head: Vec<u8>, coding: Coding, asked: Asked, key: Option<Key>) -> Self {
        let wire = Wire::new(Framing::none(), head, coding);
        Self::One { side, wire, asked, end: HeadEnd::lenient(), stays: false, key }
    }

    /// Returns one of HTTP/2 that is sent `request`; none if its connection has ended.
    pub(crate) fn two(
        mut sender: Sender,
        request: Request<()>,
        has_body: bool,
        is_head: bool,
    ) -> Option<Self> {
        let (response, stream) = sender.send(request, has_body)?;
        let mut frames = Frames::default();
        frames.sends(stream);
        Some(Self::Two { frames, response, is_head, _sender: sender })
    }

    /// Returns its connection if another request may follow on it. `is_taken` tells whether all of this one has gone there.
    pub(crate) fn into_reusable(self, is_taken: bool) -> Option<Stream> {
        match self {
            Self::One { side, wire, stays, .. } => {
                (stays && is_taken && wire.is_read() && side.buffer.is_empty()).then_some(side.stream)
            }
            Self::Two { .. } => None,
        }
    }

    /// Lets it see that nobody waits for its answer any more.
    pub(crate) fn give_up(&mut self) {
        match self {
            Self::One { side, .. } => side.stream.reset_on_close(),
            Self::Two { frames, .. } => frames.reset(Reason::CANCEL),
        }
    }

    /// Returns with what it has broken a stream off.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::One { .. } => None,
            Self::Two { frames, .. } => frames.reason,
        }
    }

    /// Reads the head of what it answers next.
    pub(super) fn poll_head(&mut self, hall: &Hall, context: &mut Context<'_>) -> Poll<Result<Head, Fault>> {
        match self {
            Self::One { side, wire, asked, end, stays, key } => {
                // If it takes no more, it may have said why.
                let _ = wire.poll_flush(context, side);
                let length = ready!(poll_length(hall, context, side, end))?;
                *end = HeadEnd::lenient();
                let read = response::read(&side.buffer.waiting()[..length], *asked, |response| {
                    let has_body = !response.framing.is_done();
                    let is_tunnel = response.status == 101;
                    if !has_body || response.status >= 200 {
                        (*stays, _) = (response.keep_alive, wire.reads(response.framing));
                    }
                    Ok(Head { status: response.status, fields: fields(response)?, has_body, is_tunnel })
                });
                let mut head = read.map_err(|bad| bad.0).and_then(|head| head).map_err(Fault::Garbage)?;
                side.buffer.used(length);
                if let Some(key) = key {
                    match head.status {
                        101 => key.check(&mut head.fields).map_err(Fault::Garbage)?,
                        // In HTTP/2 that would mean a WebSocket has begun.
                        200..300 => return Poll::Ready(Err(Fault::Garbage("it begins no WebSocket"))),
                        _ => {}
                    }
                }
                Poll::Ready(Ok(head))
            }
            Self::Two { frames, response, is_head, .. } => {
                if let Poll::Ready(Some(Ok(hint))) = response.poll_informational(context) {
                    return Poll::Ready(Ok(head_of(hint)));
                }
                let (parts, body) = ready!(std::pin::Pin::new(response).poll(context))
                    .map_err(|error| broken_off(&error))?
                    .into_parts();
                let mut head = head_of(Response::from_parts(parts, ()));
                head.has_body = !body.is_end_stream() && !*is_head;
                frames.receives(body);
                Poll::Ready(Ok(head))
            }
        }
    }

    /// Passes what follows as it is.
    pub(super) fn opens_tunnel(&mut self) {
        if let Self::One { wire, .. } = self {
            wire.reads(Framing::UntilEnd);
            wire.writes(&[], Coding::Tunnel);
        }
    }
}

/// Reads up to the end of a head.
fn poll_length(
    hall: &Hall,
    context: &mut Context<'_>,
    side: &mut Side,
    end: &mut HeadEnd,
) -> Poll<Result<usize, Fault>> {
    loop {
        match end.find(side.buffer.waiting()) {
            Ok(Some(length)) => return Poll::Ready(Ok(length)),
            Ok(None) => {}
            Err(_) => return Poll::Ready(Err(Fault::Garbage("its header fields are too long"))),
        }
        match ready!(side.buffer.poll_more(context, &mut side.stream, &hall.spare, LONGEST)) {
            Ok(1..) => {}
            _ if side.buffer.is_empty() => return Poll::Ready(Err(Fault::Hung)),
            _ => {
                let text = "what it sends ends within its header fields";
                return Poll::Ready(Err(Fault::Garbage(text)));
            }
        }
    }
}

/// Returns the fields of a response that go on.
fn fields(response: &response::Response<'_>) -> Result<HeaderMap, &'static str> {
    let bad = "it has a header field that HTTP/2 cannot have";
    let mut fields = HeaderMap::with_capacity(16);
    for (name, value) in response.passed() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad)?;
        fields.append(name, HeaderValue::from_bytes(&value).map_err(|_| bad)?);
    }
    Ok(fields)
}

/// Returns the head that an upstream of HTTP/2 has sent, with the fields that go on.
fn head_of(response: Response<()>) -> Head {
    let (parts, ()) = response.into_parts();
    let mut fields = parts.headers;
    for name in ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"] {
        debug_assert!(Field::of(name.as_bytes()) != Field::Other, "{name} is of a hop");
        fields.remove(name);
    }
    Head { status: parts.status.as_u16(), fields, has_body: false, is_tunnel: false }
}

/// Says what it means that an upstream of HTTP/2 has ended a stream or its connection.
fn broken_off(error: &h2::Error) -> Fault {
    if error.is_library() {
        return Fault::Garbage("what it sends is not HTTP/2");
    }
    let is_unheard = error.is_io()
        || error.is_go_away()
        || matches!(error.reason(), Some(Reason::REFUSED_STREAM | Reason::NO_ERROR));
    if is_unheard { Fault::Hung } else { Fault::Garbage("it has broken the stream off") }
}
