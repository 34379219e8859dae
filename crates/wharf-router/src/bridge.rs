//! One request and its response between two sides of which one at least speaks HTTP/2: piece by piece, both directions at
//! once, neither faster than the other side takes it.
//!
//! Not here: what is HTTP/1.1 on both sides ([`crate::exchange`]), how the head of a request is written for an upstream
//! ([`crate::http2`]), and which upstream it is.

pub(crate) mod asker;
mod frames;
mod piece;
pub(crate) mod replier;
mod wire;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use asker::Asker;
use bytes::Bytes;
pub(crate) use frames::Frames;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue};
use piece::Piece;
use replier::Replier;
pub(crate) use wire::{Coding, Wire};

use crate::buffer::Spare;
use crate::exchange::Trouble;
use crate::fault::Fault;
use crate::flow::Broken;
use crate::hall::Hall;
use crate::ledger::Draft;
use crate::page::Answer;

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
    /// Whether a body follows.
    pub(crate) has_body: bool,
    /// Whether what follows is a protocol of its own, for which the client has asked.
    pub(crate) is_tunnel: bool,
}

/// What follows a bridge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossed {
    /// Whether all of the request has been read.
    pub(crate) is_read: bool,
    /// Whether the client was told that it is the last on its connection.
    pub(crate) is_last: bool,
    /// Whether the upstream may be asked for more on the same connection, as far as the request goes.
    pub(crate) is_taken: bool,
}

/// A side that a body comes from.
trait Source {
    fn poll_piece(&mut self, context: &mut Context<'_>, spare: &Spare) -> Poll<Result<Piece, Broken>>;
}

/// A side that a body goes to.
trait Sink {
    /// Takes a piece, as far as it can now; is ready once all of it has been taken. Without one, it lets what it took before
    /// be seen.
    fn poll_put(&mut self, context: &mut Context<'_>, piece: &mut Option<Piece>) -> Poll<Result<(), Broken>>;
}

/// One direction.
#[derive(Debug)]
struct Pump {
    piece: Option<Piece>,
    /// Whether that is the last one.
    is_ending: bool,
    is_over: bool,
    /// Whether the side that it goes to takes no more.
    is_refused: bool,
    moved: u64,
}

impl Pump {
    fn new(has_body: bool) -> Self {
        Self { piece: None, is_ending: false, is_over: !has_body, is_refused: false, moved: 0 }
    }

    /// Moves what can be moved now; is ready once all of it has been.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut impl Source,
        to: &mut impl Sink,
        spare: &Spare,
    ) -> Poll<Result<(), Broken>> {
        while !self.is_over {
            if self.piece.is_none() {
                let Poll::Ready(piece) = from.poll_piece(context, spare) else {
                    // Whatever is there is to be seen, and not only once more follows.
                    if let Poll::Ready(Err(broken)) = to.poll_put(context, &mut None) {
                        return Poll::Ready(Err(broken));
                    }
                    return Poll::Pending;
                };
                let piece = piece?;
                self.is_ending = piece.is_last;
                self.piece = Some(piece);
            }
            let before = self.waiting();
            let outcome = to.poll_put(context, &mut self.piece);
            self.moved += before.saturating_sub(self.waiting());
            ready!(outcome)?;
            self.is_over = self.is_ending;
        }
        to.poll_put(context, &mut None)
    }

    fn waiting(&self) -> u64 {
        self.piece.as_ref().map_or(0, |piece| piece.data.len() as u64)
    }

    /// Returns whether all has gone to where it goes.
    fn is_taken(&self) -> bool {
        self.is_over && !self.is_refused
    }
}

/// Sends a request, whose head both sides know already, and passes its response on. `has_body` tells whether a body comes
/// with it.
///
/// # Errors
/// [`Trouble::Unheard`] comes with no head.
pub(crate) async fn cross(
    hall: &Hall,
    asker: &mut Asker<'_, '_>,
    replier: &mut Replier,
    has_body: bool,
    draft: &mut Draft,
) -> Result<Crossed, Trouble> {
    let mut up = Pump::new(has_body);
    let mut is_any = false;
    let head = loop {
        let next = poll_fn(|context| {
            send(hall, context, asker, replier, &mut up)?;
            let head = replier.poll_head(hall, context);
            if head.is_pending() {
                if let Poll::Ready(Err(_)) = asker.poll_put(context, &mut None) {
                    return Poll::Ready(Err(Trouble::Gone));
                }
                asker.watch(hall, context, up.is_taken())?;
            }
            head.map_err(Trouble::Fault)
        });
        match next.await {
            Ok(head) if head.status < 200 && !head.is_tunnel => {
                is_any = true;
                asker.hint(&head);
            }
            Ok(head) => break head,
            Err(Trouble::Fault(Fault::Hung)) if !has_body && !is_any => {
                return Err(Trouble::Unheard(Vec::new()));
            }
            Err(trouble) => return Err(trouble),
        }
    };
    draft.answers(head.status);
    let is_last = asker.answer(hall, &head, up.is_taken()).map_err(|()| Trouble::Gone)?;
    if head.is_tunnel {
        up = Pump::new(true);
        asker.opens_tunnel();
        replier.opens_tunnel();
    }
    let mut down = Pump::new(head.has_body || head.is_tunnel);
    let outcome = poll_fn(|context| {
        let sent = send(hall, context, asker, replier, &mut up);
        match down.poll(context, replier, asker, &hall.spare) {
            Poll::Ready(Ok(())) if !head.is_tunnel || up.is_over => return Poll::Ready(Ok(())),
            Poll::Ready(Err(Broken::To)) => return Poll::Ready(Err(Trouble::Gone)),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Trouble::Broken)),
            _ => sent.map_err(Trouble::within_answer)?,
        }
        asker.watch(hall, context, up.is_taken() && !head.is_tunnel)?;
        Poll::Pending
    })
    .await;
    draft.bytes = down.moved;
    match outcome {
        // That is how one who needs it no more leaves a tunnel in HTTP/2.
        Err(Trouble::Gone) if head.is_tunnel => {}
        outcome => outcome?,
    }
    Ok(Crossed { is_read: up.is_over, is_last, is_taken: up.is_taken() })
}

/// Sends what can be sent of the request now.
fn send(
    hall: &Hall,
    context: &mut Context<'_>,
    asker: &mut Asker<'_, '_>,
    replier: &mut Replier,
    up: &mut Pump,
) -> Result<(), Trouble> {
    if up.is_over {
        return Ok(());
    }
    let before = up.moved;
    match up.poll(context, asker, replier, &hall.spare) {
        Poll::Ready(Ok(())) => asker.has_sent(),
        // What it has answered before it closed is still to be read.
        Poll::Ready(Err(Broken::To)) => (up.is_over, up.is_refused) = (true, true),
        Poll::Ready(Err(Broken::From)) => return Err(Trouble::Gone),
        Poll::Ready(Err(Broken::Coding)) => {
            let text = "its chunks are not framed as they should be";
            return Err(Trouble::Fault(Fault::BadRequest(400, text)));
        }
        Poll::Pending => asker.keep_time(hall, context, up.moved > before)?,
    }
    Ok(())
}

/// Gives an answer of the router's own.
pub(crate) async fn say(hall: &Hall, asker: &mut Asker<'_, '_>, answer: &Answer, is_head: bool) {
    let mut fields = HeaderMap::with_capacity(answer.fields.len() + 1);
    for (name, value) in &answer.fields {
        if let Ok(value) = HeaderValue::from_str(value) {
            fields.insert(HeaderName::from_static(name), value);
        }
    }
    fields.insert(CONTENT_LENGTH, answer.body.len().into());
    let head = Head { status: answer.status, fields, has_body: !is_head, is_tunnel: false };
    if asker.answer(hall, &head, true).is_err() || is_head {
        return;
    }
    let data = Bytes::copy_from_slice(answer.body.as_bytes());
    let mut piece = Some(Piece { data, trailers: None, is_last: true });
    poll_fn(|context| {
        let said = asker.poll_put(context, &mut piece);
        if asker.watch(hall, context, false).is_err() { Poll::Ready(()) } else { said.map(|_| ()) }
    })
    .await;
}
