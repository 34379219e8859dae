//! A connection to an upstream of HTTP/2, on which many requests go at once.
//!
//! Not here: the socket ([`crate::upstream`]), and where connections wait ([`crate::pool`]).

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::SendStream;
use h2::client::{Builder, ResponseFuture, SendRequest};
use http::Request;

use super::{CONNECTION_WINDOW, FIELDS, RESETS, SEND_BUFFER, STREAM_WINDOW};
use crate::fault::Fault;
use crate::stream::Stream;

/// Where requests are put in, held for as long as one is on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    requests: SendRequest<Bytes>,
    /// One for each that is held, and one for that which is kept.
    holders: Arc<()>,
}

/// Begins HTTP/2 on a connection.
pub(crate) async fn begin(stream: Stream) -> Result<Sender, Fault> {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(FIELDS)
        .max_send_buffer_size(SEND_BUFFER)
        .max_concurrent_reset_streams(RESETS)
        .max_pending_accept_reset_streams(RESETS);
    let (requests, connection) = builder.handshake(stream).await.map_err(|_| Fault::Hung)?;
    tokio::spawn(async move {
        // What it says of its end, its streams are told as well.
        let _ = connection.await;
    });
    Ok(Sender { requests, holders: Arc::new(()) })
}

impl Sender {
    /// Puts a request in; none if the connection has ended.
    pub(crate) fn send(
        &mut self,
        request: Request<()>,
        has_body: bool,
    ) -> Option<(ResponseFuture, SendStream<Bytes>)> {
        self.requests.send_request(request, !has_body).ok()
    }

    /// Returns whether another request can be put in; none if the connection has ended.
    pub(crate) fn has_room(&mut self) -> Option<bool> {
        let mut context = Context::from_waker(Waker::noop());
        match self.requests.poll_ready(&mut context) {
            Poll::Ready(Ok(())) => Some(self.count() < self.requests.current_max_send_streams()),
            Poll::Ready(Err(_)) => None,
            Poll::Pending => Some(false),
        }
    }

    /// Returns how many requests are on their way.
    pub(crate) fn count(&self) -> usize {
        Arc::strong_count(&self.holders) - 1
    }
}
