//! A connection of a client of HTTP/2: its requests, many at once.
//!
//! Not here: what becomes of each ([`super::stream`]), and how connections come ([`crate::entrance`]).

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::crew::Crew;
use super::{CONNECTION_WINDOW, FIELDS, RESETS, SEND_BUFFER, STREAM_WINDOW, STREAMS};
use crate::flow::Side;
use crate::hall::Hall;
use crate::origin::Origin;
use crate::reception::Manner;
use crate::stream::Stream;

/// How a client of HTTP/2 begins (RFC 9113 section 3.4), as far as it looks like the head of a request.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// Serves a connection until it ends.
pub(crate) async fn serve(hall: Arc<Hall>, side: Side, origin: Origin, manner: Manner) {
    let mut builder = Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(FIELDS)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_reset_streams(RESETS)
        .max_pending_accept_reset_streams(RESETS)
        .enable_connect_protocol();
    let handshake = builder.handshake(Rewound(side));
    let Ok(Ok(mut connection)) = tokio::time::timeout(HANDSHAKE, handshake).await else { return };
    let crew = Crew::new(Arc::clone(&hall), origin, manner);
    listen(&hall, &crew, &mut connection).await;
    crew.end();
    // The client hears why it ends.
    let closed = poll_fn(|context| connection.poll_closed(context));
    let _ = tokio::time::timeout(HANDSHAKE, closed).await;
}

/// Has every request answered, until there will be no more.
async fn listen(hall: &Hall, crew: &Arc<Crew>, connection: &mut Connection<Rewound, Bytes>) {
    let deadline = hall.sweeper.deadline();
    hall.sweeper.set(&deadline, IDLE);
    let closing = hall.closing.notified();
    tokio::pin!(closing);
    closing.as_mut().enable();
    let (mut is_going, mut is_used) = (false, false);
    loop {
        let next = poll_fn(|context| {
            while let Poll::Ready(next) = connection.poll_accept(context) {
                let Some(Ok(begun)) = next else { return Poll::Ready(Event::Over) };
                is_used = true;
                crew.take(begun);
            }
            if deadline.poll(&hall.sweeper, context).is_ready() {
                return Poll::Ready(Event::Late);
            }
            let is_closing = hall.is_closing() || closing.as_mut().poll(context).is_ready();
            if is_closing && !is_going { Poll::Ready(Event::Closing) } else { Poll::Pending }
        });
        match next.await {
            Event::Late if connection.has_streams() || std::mem::take(&mut is_used) => {
                crew.rest();
                hall.sweeper.set(&deadline, IDLE);
            }
            Event::Late if is_going => return,
            Event::Late | Event::Closing => {
                (is_going, is_used) = (true, false);
                connection.graceful_shutdown();
                hall.sweeper.set(&deadline, LAST);
            }
            Event::Over => return,
        }
    }
}

/// What comes of a connection beside requests.
enum Event {
    /// For long, nothing.
    Late,
    /// The router closes.
    Closing,
    /// It has ended, or is none.
    Over,
}

/// A connection of which some bytes have been read already.
struct Rewound(Side);

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Side { stream, buffer: before } = &mut self.0;
        if before.is_empty() {
            return Pin::new(stream).poll_read(context, buffer);
        }
        let count = before.waiting().len().min(buffer.remaining());
        buffer.put_slice(&before.waiting()[..count]);
        before.used(count);
        if before.is_empty() {
            *before = crate::buffer::Buffer::default();
        }
        Poll::Ready(Ok(()))
    }
}

impl Rewound {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut Stream> {
        Pin::new(&mut self.get_mut().0.stream)
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

/// How long it may take until HTTP/2 has begun, or has ended.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may wait with its next request: browsers keep a connection for minutes.
const IDLE: Duration = Duration::from_secs(300);
/// How long one may take that was told to go.
const LAST: Duration = Duration::from_secs(5);
