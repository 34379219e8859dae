//! Who is let in: processes of the daemon's own user, and no web page that a browser was made to send.
//!
//! The directory and the mode of the socket keep others away already; this looks again. Descriptors that come with a
//! request, or go with an answer, are caught and sent here. Not here: what is answered ([`crate::answers`]).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;
use wharf_api::{VERSION, VERSION_HEADER};
use wharf_os::local::{self, Peer};

use crate::fault::Fault;

/// Those who call.
pub(crate) struct Callers {
    listener: tokio::net::UnixListener,
    own_uid: u32,
}

/// One who has called, and the descriptors on the way from and to him.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Arc<Line>);

#[derive(Debug)]
struct Line {
    peer: Peer,
    received: Mutex<Vec<OwnedFd>>,
    to_send: Mutex<Option<OwnedFd>>,
}

/// What is said with one who has called.
pub(crate) struct Connection {
    stream: UnixStream,
    caller: Caller,
}

impl Callers {
    pub(crate) fn of(listener: &UnixListener) -> io::Result<Self> {
        let listener = listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let own_uid = local::own_uid();
        Ok(Self { listener: tokio::net::UnixListener::from_std(listener)?, own_uid })
    }
}

impl Listener for Callers {
    type Io = Connection;
    type Addr = Caller;

    async fn accept(&mut self) -> (Connection, Caller) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of descriptors, most likely: some are closed soon.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            // Another user is not even told why.
            if let Ok(peer) = local::peer(stream.as_fd())
                && peer.uid == self.own_uid
            {
                let line = Line { peer, received: Mutex::default(), to_send: Mutex::default() };
                let caller = Caller(Arc::new(line));
                return (Connection { stream, caller: caller.clone() }, caller);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Caller> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, Callers>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Callers>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Caller {
    /// Returns the process that has called.
    pub(crate) fn pid(&self) -> u32 {
        self.0.peer.pid
    }

    /// Returns the descriptor that came with the request, if one came.
    pub(crate) fn descriptor(&self) -> Option<OwnedFd> {
        let mut received = self.0.received.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *received).pop()
    }

    /// Returns all descriptors that came with the request.
    pub(crate) fn descriptors(&self) -> Vec<OwnedFd> {
        std::mem::take(&mut *self.0.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a descriptor with the next answer.
    pub(crate) fn send(&self, descriptor: OwnedFd) {
        *self.0.to_send.lock().unwrap_or_else(PoisonError::into_inner) = Some(descriptor);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.stream.poll_read_ready(context))?;
            let mut received = Vec::new();
            let outcome = this.stream.try_io(Interest::READABLE, || {
                local::receive(this.stream.as_fd(), buffer.initialize_unfilled(), &mut received)
            });
            match outcome {
                Ok(count) => {
                    buffer.advance(count);
                    let mut all = this.caller.0.received.lock().unwrap_or_else(PoisonError::into_inner);
                    all.extend(received);
                    // What nobody has asked for is closed.
                    all.truncate(DESCRIPTORS);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            ready!(this.stream.poll_write_ready(context))?;
            let mut to_send = this.caller.0.to_send.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = this.stream.try_io(Interest::WRITABLE, || {
                local::send(this.stream.as_fd(), bytes, to_send.as_ref().map(AsFd::as_fd).as_slice())
            });
            match outcome {
                Ok(count) => {
                    *to_send = None;
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// Refuses what a web page may have sent, before anything else is looked at, and tells everybody the daemon's version.
pub(crate) async fn look(request: Request, next: Next) -> Response {
    let mut response = match web_page(request.headers()) {
        Some(text) => Fault::new(StatusCode::FORBIDDEN, "web-page", text).into_response(),
        None => next.run(request).await,
    };
    response.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

/// Returns why a request may be that of a web page.
fn web_page(headers: &HeaderMap) -> Option<&'static str> {
    let from_a_page = [header::ORIGIN.as_str(), header::REFERER.as_str(), "sec-fetch-site"];
    if from_a_page.iter().any(|name| headers.contains_key(*name)) {
        return Some("web pages may not ask this");
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host == "localhost" => None,
        _ => Some("the host of this is localhost, and no other"),
    }
}

/// How long is waited before the next is let in, if it could not be now.
const PAUSE: Duration = Duration::from_millis(100);
/// Descriptors that one caller may have on the way.
const DESCRIPTORS: usize = 8;

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::web_page;

    #[test]
    fn no_web_page_is_let_in() {
        let headers = |fields: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            headers
        };
        assert_eq!(web_page(&headers(&[("host", "localhost")])), None);
        for fields in [
            &[][..],
            &[("host", "evil.example")],
            &[("host", "localhost.evil.example")],
            &[("host", "localhost"), ("host", "localhost")],
            &[("host", "localhost"), ("origin", "http://localhost")],
            &[("host", "localhost"), ("origin", "null")],
            &[("host", "localhost"), ("referer", "http://localhost/")],
            &[("host", "localhost"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(web_page(&headers(fields)).is_some(), "{fields:?}");
        }
    }
}
