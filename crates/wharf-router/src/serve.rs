//! A connection of a client of HTTP/1.1: request after request, each to the upstream that its host leads to.
//!
//! Not here: one request and its response ([`crate::exchange`]), HTTP/2, and how connections come ([`crate::entrance`]).

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWrite;

use crate::bridge::asker::Asker;
use crate::bridge::replier::Replier;
use crate::bridge::{Coding, Wire, cross};
use crate::buffer::SIZE;
use crate::deadline::Deadline;
use crate::exchange::{Client, Done, Trouble, exchange};
use crate::fault::Fault;
use crate::flow::{Flow, Side};
use crate::hall::{Hall, Wish};
use crate::http1::framing::Framing;
use crate::http1::lines::{BadLines, HeadEnd, LONGEST, empty_lines};
use crate::http1::request::{self, BadRequest, Request};
use crate::http1::response::Asked;
use crate::http2::front::{self, PREFACE};
use crate::http2::request::of_one;
use crate::http2::sender::Sender;
use crate::ledger::Draft;
use crate::origin::Origin;
use crate::page::{Answer, Taste};
use crate::reception::{Call, Manner, Refusal, bad_request, receive, refusal};
use crate::stream::Stream;
use crate::table::{self, Place};
use crate::upstream::Connected;
use wharf_model::route::UpstreamProtocol;

/// Serves a connection until one side has had enough.
pub(crate) async fn serve(hall: Arc<Hall>, mut side: Side, origin: Origin, manner: Manner) {
    let deadline = hall.sweeper.deadline();
    let mut is_first = true;
    loop {
        let next = match next_head(&hall, &mut side, &deadline).await {
            Ok(Some(_)) if std::mem::take(&mut is_first) && side.buffer.waiting().starts_with(PREFACE) => {
                drop(deadline);
                return front::serve(hall, side, origin, manner).await;
            }
            Ok(Some(length)) => {
                asked(&hall, &side.buffer.waiting()[..length], &origin, manner).map(|asked| (length, asked))
            }
            Ok(None) => return close(&hall, side, &deadline, false).await,
            Err(fault) => Err(refusal(&hall, &fault)),
        };
        let (length, asked) = match next {
            Ok(next) => next,
            Err(refusal) => {
                refuse(&hall, &mut side, *refusal).await;
                return close(&hall, side, &deadline, true).await;
            }
        };
        side.buffer.used(length);
        match pass(&hall, &mut side, &origin, &deadline, asked).await {
            Next::Another => {}
            Next::Close { is_read } => return close(&hall, side, &deadline, !is_read).await,
            Next::Reset => return side.stream.reset_on_close(),
        }
    }
}

/// A request that is to be passed on.
struct Asking {
    place: Arc<Place>,
    authority: String,
    target: String,
    head: Vec<u8>,
    /// The same as HTTP/2 has it, if the upstream may speak that.
    two: Option<Box<http::Request<()>>>,
    framing: Framing,
    asked: Asked,
    keep_alive: bool,
    is_http10: bool,
    is_idempotent: bool,
    taste: Taste,
    draft: Draft,
}

/// What comes after a request.
enum Next {
    Another,
    Close { is_read: bool },
    Reset,
}

/// Reads the next head; none if the client has no more, or asks for nothing for too long. Also while the router is closing:
/// who is kept may be about to ask, and hears with the answer that it is the last.
async fn next_head(hall: &Arc<Hall>, side: &mut Side, deadline: &Deadline) -> Result<Option<usize>, Fault> {
    let mut end = HeadEnd::default();
    hall.sweeper.set(deadline, IDLE);
    let mut has_begun = false;
    let outcome = poll_fn(|context| {
        loop {
            if !side.buffer.is_empty() {
                if !has_begun {
                    let count = empty_lines(side.buffer.waiting());
                    side.buffer.used(count);
                    has_begun = true;
                    hall.sweeper.set(deadline, HEAD);
                }
                match end.find(side.buffer.waiting()) {
                    Ok(Some(length)) => return Poll::Ready(Ok(Some(length))),
                    Ok(None) => {}
                    Err(BadLines::TooLong) => return Poll::Ready(Err(BadRequest::TooLarge)),
                    Err(BadLines::BareLf) => {
                        return Poll::Ready(Err(BadRequest::Malformed("a line that ends with LF alone")));
                    }
                }
            }
            match side.buffer.poll_more(context, &mut side.stream, &hall.spare, LONGEST + SIZE) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) => return Poll::Ready(Ok(None)),
                Poll::Pending => break,
            }
        }
        match deadline.poll(&hall.sweeper, context) {
            // Who has not begun has nothing to be told.
            Poll::Ready(()) if !has_begun => Poll::Ready(Ok(None)),
            Poll::Ready(()) => Poll::Ready(Err(BadRequest::Malformed(SLOW))),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    deadline.clear();
    outcome.map_err(|bad| match bad {
        BadRequest::Malformed(SLOW) => Fault::Slow,
        bad => bad_request(bad),
    })
}

/// Finds out what is asked, and of whom.
fn asked(hall: &Hall, head: &[u8], origin: &Origin, manner: Manner) -> Result<Asking, Box<Refusal>> {
    let read = request::read(head, |request| decide(hall, request, origin, manner));
    read.unwrap_or_else(|bad| Err(refusal(hall, &bad_request(bad))))
}

fn decide(
    hall: &Hall,
    request: &Request<'_>,
    origin: &Origin,
    manner: Manner,
) -> Result<Asking, Box<Refusal>> {
    let taste = taste(request);
    let Request { method, authority, target, hops, .. } = *request;
    let (place, draft) = receive(hall, origin, manner, Call { method, authority, target, hops, taste })?;
    let told: Cow<'_, str> = table::target(&place.route, target);
    let mut out = Vec::with_capacity(head_size(request));
    request.write(&mut out, &told, origin);
    let two = match place.route.upstream.protocol {
        UpstreamProtocol::H2c | UpstreamProtocol::Https if request.upgrade.is_none() => {
            of_one(request, &told, origin, place.is_tls()).map(Box::new)
        }
        _ => None,
    };
    Ok(Asking {
        place,
        authority: authority.to_owned(),
        target: target.to_owned(),
        head: out,
        two,
        framing: request.framing,
        asked: Asked { is_head: method == "HEAD", is_upgrade: request.upgrade.is_some() },
        keep_alive: request.keep_alive,
        is_http10: request.is_http10,
        is_idempotent: request.is_idempotent(),
        taste,
        draft,
    })
}

fn taste(request: &Request<'_>) -> Taste {
    let value = |name: &str| {
        request.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    };
    Taste::of(value("accept"), value("user-agent"))
}

/// About what a head takes.
fn head_size(request: &Request<'_>) -> usize {
    let fields: usize = request.fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum();
    fields + request.target.len() + 2 * request.authority.len() + 256
}

/// Passes a request on, and its response back.
async fn pass(
    hall: &Arc<Hall>,
    side: &mut Side,
    origin: &Origin,
    deadline: &Arc<Deadline>,
    asking: Asking,
) -> Next {
    let Asking {
        mut place,
        authority,
        target,
        head,
        two,
        framing,
        asked,
        keep_alive,
        is_http10,
        is_idempotent,
        taste,
        mut draft,
    } = asking;
    let mut flow = Flow::new(head, framing);
    let mut fault = match &two {
        None => flow.join(&mut side.buffer).err().map(|_| Fault::BadRequest(400, BAD_CHUNKS)),
        // Its body may have to be taken apart.
        Some(_) => None,
    };
    let mut client = Client { side, origin, deadline, is_http10, keep_alive, is_half_closed: false };
    let mut fresh = false;
    let mut is_read = flow.is_whole();
    let next = loop {
        if let Some(fault) = fault {
            draft.fault = Some(fault.to_string().into());
            let answer = hall.answer_of(&fault, &authority, &place, taste).await;
            draft.status = Some(answer.status);
            let close = !is_read || !keep_alive || is_http10 || hall.is_closing();
            let written = say(client.side, &answer, asked.is_head, close).await;
            break if written && !close { Next::Another } else { Next::Close { is_read } };
        }
        let wish = Wish { fresh, is_upgrade: two.is_none() };
        let (outcome, is_used, stream) = match hall.open(&mut place, &authority, &target, wish).await {
            Ok(Connected::One(idle)) if !is_idempotent && idle.is_stale() => {
                drop(idle);
                fresh = true;
                continue;
            }
            Ok(Connected::One(mut idle)) => {
                let is_used = idle.since.is_some();
                let mut upstream = Side { stream: idle.stream, buffer: std::mem::take(&mut idle.buffer) };
                let outcome = exchange(hall, &mut client, &mut upstream, flow, asked, &mut draft).await;
                upstream.buffer.rest(&hall.spare);
                (outcome, is_used, Some(upstream.stream))
            }
            Ok(Connected::Two(sender, is_used)) => {
                let request = two.as_deref().cloned().unwrap_or_default();
                let outcome = over(hall, &mut client, sender, request, framing, asked, &mut draft).await;
                (outcome, is_used, None)
            }
            Err(why) => {
                fault = Some(why);
                continue;
            }
        };
        match outcome {
            Ok(Done { client: stays, upstream: is_reusable, is_read }) => {
                if let Some(stream) = stream.filter(|_| is_reusable) {
                    hall.pool.put(place.id, stream);
                }
                break if stays { Next::Another } else { Next::Close { is_read } };
            }
            Err(Trouble::Unheard(head)) if is_used && is_idempotent && !fresh => {
                (flow, fresh) = (Flow::new(head, Framing::none()), true);
            }
            Err(Trouble::Unheard(_)) => {
                (fault, is_read, flow) = (Some(Fault::Hung), true, Flow::new(Vec::new(), Framing::none()));
            }
            Err(Trouble::Fault(why)) => {
                (fault, flow) = (Some(why), Flow::new(Vec::new(), Framing::none()));
                is_read = is_read && !client.is_half_closed;
            }
            Err(Trouble::Gone) => {
                draft.fault = Some("client-gone".into());
                // Whoever answers hears of it, too.
                stream.iter().for_each(Stream::reset_on_close);
                break Next::Reset;
            }
            Err(Trouble::Broken) => {
                draft.fault = Some("broken-off".into());
                break Next::Reset;
            }
        }
    };
    draft.place = Some(place);
    hall.log(draft);
    next
}

/// Passes a request over to an upstream of HTTP/2.
async fn over(
    hall: &Hall,
    client: &mut Client<'_>,
    sender: Sender,
    request: http::Request<()>,
    framing: Framing,
    asked: Asked,
    draft: &mut Draft,
) -> Result<Done, Trouble> {
    let has_body = !framing.is_done();
    let replier = Replier::two(sender, request, has_body, asked.is_head);
    let mut replier = replier.ok_or(Trouble::Unheard(Vec::new()))?;
    let wire = Wire::new(framing, Vec::new(), Coding::Plain);
    let mut asker = Asker::One { client, wire, is_head: asked.is_head };
    let crossed = cross(hall, &mut asker, &mut replier, has_body, draft).await?;
    let stays = !crossed.is_last && crossed.is_taken;
    Ok(Done { client: stays, upstream: false, is_read: crossed.is_read })
}

/// Says what is said instead of passing a request on.
async fn refuse(hall: &Hall, side: &mut Side, refusal: Refusal) {
    let Refusal { answer, is_head, draft } = refusal;
    say(side, &answer, is_head, true).await;
    if let Some(mut draft) = draft {
        draft.status = Some(answer.status);
        hall.log(draft);
    }
}

/// Writes an answer of the router's own. Returns whether that could be.
async fn say(side: &mut Side, answer: &Answer, is_head: bool, close: bool) -> bool {
    let mut out = Vec::new();
    answer.write(&mut out, is_head, close);
    let mut written = 0;
    poll_fn(|context| {
        while written < out.len() {
            match side.stream.poll_put(context, &out[written..]) {
                Poll::Ready(Ok(count)) => written += count,
                Poll::Ready(Err(_)) => return Poll::Ready(false),
                Poll::Pending => return Poll::Pending,
            }
        }
        Pin::new(&mut side.stream).poll_flush(context).map(|flushed| flushed.is_ok())
    })
    .await
}

/// Closes a connection; with `linger` it reads for a moment what the client still sends, which would else lose the answer
/// to a reset.
async fn close(hall: &Arc<Hall>, mut side: Side, deadline: &Deadline, linger: bool) {
    hall.sweeper.set(deadline, if linger { LINGER } else { Duration::ZERO });
    let mut left = LINGER_BYTES;
    let mut is_shut = false;
    poll_fn(|context| {
        if !is_shut {
            match Pin::new(&mut side.stream).poll_shutdown(context) {
                Poll::Ready(Ok(())) => is_shut = true,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return deadline.poll(&hall.sweeper, context),
            }
        }
        while linger && left > 0 {
            let waiting = side.buffer.waiting().len();
            side.buffer.used(waiting);
            match side.buffer.poll_more(context, &mut side.stream, &hall.spare, SIZE) {
                Poll::Ready(Ok(count @ 1..)) => left = left.saturating_sub(count),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return deadline.poll(&hall.sweeper, context),
            }
        }
        Poll::Ready(())
    })
    .await;
}

const SLOW: &str = "slow";
const BAD_CHUNKS: &str = "its chunks are not framed as they should be";
/// How long a client may wait with its next request.
const IDLE: Duration = Duration::from_secs(75);
/// How long it may take for a head, once it has begun.
const HEAD: Duration = Duration::from_secs(30);
/// How long what it still sends is read, once it has its answer.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it.
const LINGER_BYTES: usize = 16 * 1024 * 1024;
