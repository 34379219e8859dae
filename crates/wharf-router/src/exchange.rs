//! One request on its way to an upstream of HTTP/1.1, and the response on its way back.
//!
//! Both directions move at once: a server may answer before it has read, ask for the body first (100 Continue), or send
//! hints before the answer. Not here: which upstream it is ([`crate::serve`]).

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use wharf_os::other_end::OtherEnd;

use crate::buffer::SIZE;
use crate::deadline::Deadline;
use crate::fault::Fault;
use crate::flow::{Broken, Flow, Side};
use crate::hall::Hall;
use crate::http1::framing::Framing;
use crate::http1::lines::{BadLines, HeadEnd, LONGEST};
use crate::http1::response::{self, Asked};
use crate::ledger::Draft;
use crate::origin::Origin;

/// A client, as far as an exchange knows it.
pub(crate) struct Client<'a> {
    pub(crate) side: &'a mut Side,
    pub(crate) origin: &'a Origin,
    pub(crate) deadline: &'a Arc<Deadline>,
    pub(crate) is_http10: bool,
    /// Whether it means to send more afterwards.
    pub(crate) keep_alive: bool,
    /// Whether it has said that it sends no more.
    pub(crate) is_half_closed: bool,
}

/// Why an exchange has no end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nothing came back on a connection that had waited: the request, with all of its body, may be sent again.
    Unheard(Vec<u8>),
    /// Nothing of a response has gone to the client yet.
    Fault(Fault),
    /// The client is gone.
    Gone,
    /// The response has begun, and has no end.
    Broken,
}

impl Trouble {
    /// Returns what it is once the answer has begun: what is wrong with the request cannot be said any more.
    pub(crate) fn within_answer(self) -> Self {
        match self {
            Self::Fault(_) | Self::Unheard(_) => Self::Broken,
            other => other,
        }
    }
}

/// What follows an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// Whether the client may ask for more on the same connection.
    pub(crate) client: bool,
    /// Whether the upstream may be asked for more.
    pub(crate) upstream: bool,
    /// Whether all of the request has been read.
    pub(crate) is_read: bool,
}

/// Which directions are still open.
struct Sending {
    flow: Flow,
    is_done: bool,
    /// Whether the upstream takes no more of it.
    is_refused: bool,
}

/// Sends a request, and passes its response on.
pub(crate) async fn exchange(
    hall: &Hall,
    client: &mut Client<'_>,
    upstream: &mut Side,
    request: Flow,
    asked: Asked,
    draft: &mut Draft,
) -> Result<Done, Trouble> {
    let mut sending = Sending { flow: request, is_done: false, is_refused: false };
    let mut interim = Interim::default();
    loop {
        let length = match head(hall, client, upstream, &mut sending, &mut interim).await {
            Ok(length) => length,
            Err(Trouble::Fault(Fault::Hung))
                if sending.flow.is_whole() && upstream.buffer.is_empty() && !interim.is_any =>
            {
                return Err(Trouble::Unheard(sending.flow.into_head()));
            }
            Err(trouble) => return Err(trouble),
        };
        let mut out = Vec::with_capacity(512);
        let is_last = hall.is_closing() || !client.keep_alive || client.is_half_closed;
        let is_read = sending.is_done && !sending.is_refused;
        let read = response::read(&upstream.buffer.waiting()[..length], asked, |response| {
            let close =
                is_last || !is_read || client.is_http10 || matches!(response.framing, Framing::UntilEnd);
            if response.status >= 200 || response.status == 101 || !client.is_http10 {
                response.write(&mut out, client.is_http10, close);
            }
            (response.status, response.framing, response.keep_alive, close)
        });
        let (status, framing, stays, close) = read.map_err(|bad| Trouble::Fault(Fault::Garbage(bad.0)))?;
        upstream.buffer.used(length);
        if status < 200 && status != 101 {
            interim.add(&out);
            continue;
        }
        draft.answers(status);
        interim.add(&out);
        let head = interim.take();
        if status == 101 {
            let down = Flow::new(head, Framing::UntilEnd);
            draft.bytes = tunnel(hall, client, upstream, sending, down).await;
            return Ok(Done { client: false, upstream: false, is_read: true });
        }
        let mut down = Flow::new(head, framing);
        if client.is_http10 && matches!(framing, Framing::Chunked(_)) {
            down = down.stripping();
        }
        let outcome = body(hall, client, upstream, &mut sending, &mut down).await;
        draft.bytes = down.moved;
        outcome?;
        let is_read = sending.is_done && !sending.is_refused;
        let is_clean = is_read && upstream.buffer.is_empty();
        return Ok(Done { client: !close && is_read, upstream: stays && is_clean, is_read: sending.is_done });
    }
}

/// What goes to the client before the answer: responses of 1xx.
#[derive(Default)]
struct Interim {
    bytes: Vec<u8>,
    written: usize,
    is_any: bool,
}

impl Interim {
    fn add(&mut self, head: &[u8]) {
        self.bytes.extend_from_slice(head);
        self.is_any = true;
    }

    /// Returns what is not written yet.
    fn take(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.drain(..std::mem::take(&mut self.written));
        bytes
    }

    fn poll(&mut self, context: &mut Context<'_>, side: &mut Side) -> Result<(), Trouble> {
        while self.written < self.bytes.len() {
            match side.stream.poll_put(context, &self.bytes[self.written..]) {
                Poll::Ready(Ok(count)) => self.written += count,
                Poll::Ready(Err(_)) => return Err(Trouble::Gone),
                Poll::Pending => return Ok(()),
            }
        }
        let flushed = std::pin::Pin::new(&mut side.stream);
        match tokio::io::AsyncWrite::poll_flush(flushed, context) {
            Poll::Ready(Err(_)) => Err(Trouble::Gone),
            _ => Ok(()),
        }
    }
}

/// Reads up to the end of the next head of the upstream, and returns its length.
async fn head(
    hall: &Hall,
    client: &mut Client<'_>,
    upstream: &mut Side,
    sending: &mut Sending,
    interim: &mut Interim,
) -> Result<usize, Trouble> {
    let mut end = HeadEnd::lenient();
    poll_fn(|context| {
        sending.poll(hall, context, client, upstream)?;
        if interim.written < interim.bytes.len() {
            interim.poll(context, client.side)?;
        }
        loop {
            match end.find(upstream.buffer.waiting()) {
                Ok(Some(length)) => return Poll::Ready(Ok(length)),
                Ok(None) => {}
                Err(BadLines::TooLong | BadLines::BareLf) => {
                    return Poll::Ready(Err(Trouble::Fault(Fault::Garbage(
                        "its header fields are too long",
                    ))));
                }
            }
            match upstream.buffer.poll_more(context, &mut upstream.stream, &hall.spare, LONGEST) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(Trouble::Fault(ended(upstream)))),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => break,
            }
        }
        if sending.is_done && !sending.is_refused {
            client.watch(hall, context)?;
        }
        Poll::Pending
    })
    .await
}

/// Says what it means that an upstream has ended.
fn ended(upstream: &Side) -> Fault {
    if upstream.buffer.is_empty() {
        Fault::Hung
    } else {
        Fault::Garbage("what it sends ends within its header fields")
    }
}

/// Passes a response on, once its head is read.
async fn body(
    hall: &Hall,
    client: &mut Client<'_>,
    upstream: &mut Side,
    sending: &mut Sending,
    down: &mut Flow,
) -> Result<(), Trouble> {
    down.join(&mut upstream.buffer).map_err(|_| Trouble::Broken)?;
    poll_fn(|context| {
        sending.poll(hall, context, client, upstream).map_err(Trouble::within_answer)?;
        match down.poll(context, upstream, &mut client.side.stream, &hall.spare) {
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
            Poll::Ready(Err(Broken::To)) => return Poll::Ready(Err(Trouble::Gone)),
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Trouble::Broken)),
            Poll::Pending => {}
        }
        if sending.is_done && !sending.is_refused {
            client.watch(hall, context)?;
        }
        Poll::Pending
    })
    .await
}

/// Passes bytes both ways until both sides have ended. Returns how many went to the client.
async fn tunnel(
    hall: &Hall,
    client: &mut Client<'_>,
    upstream: &mut Side,
    sending: Sending,
    mut down: Flow,
) -> u64 {
    drop(sending);
    client.deadline.clear();
    let mut up = Flow::new(Vec::new(), Framing::UntilEnd);
    relay(hall, client.side, upstream, &mut up, &mut down).await;
    down.moved
}

/// Passes bytes both ways until both sides have ended, or one has failed. Returns whether none has.
pub(crate) async fn relay(
    hall: &Hall,
    client: &mut Side,
    upstream: &mut Side,
    up: &mut Flow,
    down: &mut Flow,
) -> bool {
    let (mut up_over, mut down_over) = (Half::Open, Half::Open);
    poll_fn(|context| {
        let first = up_over.poll(context, client, upstream, up, hall);
        let second = down_over.poll(context, upstream, client, down, hall);
        match (first, second) {
            (Err(()), _) | (_, Err(())) => Poll::Ready(false),
            (Ok(true), Ok(true)) => Poll::Ready(true),
            _ => Poll::Pending,
        }
    })
    .await
}

/// How far one direction of a tunnel is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Open,
    Closing,
    Closed,
}

impl Half {
    /// Moves on; returns whether it is over, and an error if that broke.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut Side,
        to: &mut Side,
        flow: &mut Flow,
        hall: &Hall,
    ) -> Result<bool, ()> {
        if *self == Self::Open {
            match flow.poll(context, from, &mut to.stream, &hall.spare) {
                Poll::Ready(Ok(())) => *self = Self::Closing,
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => return Ok(false),
            }
        }
        if *self == Self::Closing {
            let stream = std::pin::Pin::new(&mut to.stream);
            match tokio::io::AsyncWrite::poll_shutdown(stream, context) {
                Poll::Ready(Ok(())) => *self = Self::Closed,
                Poll::Ready(Err(_)) => return Err(()),
                Poll::Pending => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Sending {
    /// Sends what can be sent of the request now.
    fn poll(
        &mut self,
        hall: &Hall,
        context: &mut Context<'_>,
        client: &mut Client<'_>,
        upstream: &mut Side,
    ) -> Result<(), Trouble> {
        if self.is_done {
            return Ok(());
        }
        let before = self.flow.moved;
        match self.flow.poll(context, client.side, &mut upstream.stream, &hall.spare) {
            Poll::Ready(Ok(())) => {
                self.is_done = true;
                client.deadline.clear();
            }
            // What it has answered before it closed is still to be read.
            Poll::Ready(Err(Broken::To)) => (self.is_done, self.is_refused) = (true, true),
            Poll::Ready(Err(Broken::From)) => return Err(Trouble::Gone),
            Poll::Ready(Err(Broken::Coding)) => {
                return Err(Trouble::Fault(Fault::BadRequest(
                    400,
                    "its chunks are not framed as they should be",
                )));
            }
            Poll::Pending => {
                if self.flow.moved > before || !client.deadline.is_set() {
                    hall.sweeper.set(client.deadline, BODY);
                }
                if client.deadline.poll(&hall.sweeper, context).is_ready() {
                    return Err(Trouble::Fault(Fault::Slow));
                }
            }
        }
        Ok(())
    }
}

impl Client<'_> {
    /// Notices if it goes away while nothing is heard of the upstream, which has all of its request.
    pub(crate) fn watch(&mut self, hall: &Hall, context: &mut Context<'_>) -> Result<(), Trouble> {
        if self.is_half_closed {
            if self.deadline.poll(&hall.sweeper, context).is_pending() {
                return Ok(());
            }
            return self.judge(hall, context);
        }
        // The next request may be there already; what follows that is not seen.
        if !self.side.buffer.is_empty() {
            return Ok(());
        }
        match self.side.buffer.poll_more(context, &mut self.side.stream, &hall.spare, SIZE) {
            Poll::Ready(Ok(0)) => self.judge(hall, context),
            Poll::Ready(Err(_)) => Err(Trouble::Gone),
            _ => Ok(()),
        }
    }

    /// Tells one that sends no more from one that is gone; TCP shows both alike.
    fn judge(&mut self, hall: &Hall, context: &mut Context<'_>) -> Result<(), Trouble> {
        let [peer, local] = self.origin.ends;
        if self.origin.is_tls || hall.ends.state(local, peer) != OtherEnd::Open {
            return Err(Trouble::Gone);
        }
        self.is_half_closed = true;
        hall.sweeper.set(self.deadline, AGAIN);
        let _ = self.deadline.poll(&hall.sweeper, context);
        Ok(())
    }
}

/// How long a client may pause within the body of a request.
pub(crate) const BODY: Duration = Duration::from_secs(120);
/// After which one that sends no more is looked at again.
const AGAIN: Duration = Duration::from_secs(3);
