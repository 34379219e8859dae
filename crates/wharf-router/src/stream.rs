//! A connection of any kind: TCP, with or without TLS, or a Unix socket.
//!
//! Not here: who is at its other end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsStream;
use wharf_os::pipe::Pipe;

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

impl Stream {
    /// Lets the other end see a connection that broke, and not one that ended.
    pub(crate) fn reset_on_close(&self) {
        let stream = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Unix(_) => return,
        };
        // It ends without, otherwise.
        let _ = stream.set_zero_linger();
    }

    /// Returns whether this protocol has been agreed on within TLS (RFC 7301).
    pub(crate) fn has_agreed_on(&self, protocol: &[u8]) -> bool {
        match self {
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(protocol),
            Self::Tcp(_) | Self::Unix(_) => false,
        }
    }

    /// Returns whether nothing has come, and the other end has not closed it.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(std::task::Waker::noop());
        Pin::new(self).poll_read(&mut context, &mut buffer).is_pending()
    }

    /// Returns whether bytes go over the wire as they are.
    pub(crate) fn is_plain(&self) -> bool {
        !matches!(self, Self::Tls(_))
    }

    /// Moves what has come into a pipe, `limit` bytes at most; 0 at the end.
    pub(crate) fn poll_fill_pipe(
        &self,
        context: &mut Context<'_>,
        pipe: &mut Pipe,
        limit: u64,
    ) -> Poll<io::Result<usize>> {
        loop {
            let outcome = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_read_ready(context))?;
                    stream.try_io(Interest::READABLE, || pipe.fill(stream, limit))
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_read_ready(context))?;
                    stream.try_io(Interest::READABLE, || pipe.fill(stream, limit))
                }
                Self::Tls(_) => Err(io::ErrorKind::InvalidInput.into()),
            };
            match outcome {
                Err(error) if is_again(&error) => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Moves what lies in a pipe on; how much of it.
    pub(crate) fn poll_drain(&self, context: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        loop {
            let outcome = match self {
                Self::Tcp(stream) => {
                    ready!(stream.poll_write_ready(context))?;
                    stream.try_io(Interest::WRITABLE, || pipe.drain(stream))
                }
                Self::Unix(stream) => {
                    ready!(stream.poll_write_ready(context))?;
                    stream.try_io(Interest::WRITABLE, || pipe.drain(stream))
                }
                Self::Tls(_) => Err(io::ErrorKind::InvalidInput.into()),
            };
            match outcome {
                Err(error) if is_again(&error) => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Reads into `bytes`; 0 at the end.
    pub(crate) fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(bytes);
        Pin::new(self).poll_read(context, &mut buffer).map(|outcome| outcome.map(|()| buffer.filled().len()))
    }

    /// Writes some of `bytes`.
    pub(crate) fn poll_put(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(self).poll_write(context, bytes) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            other => other,
        }
    }
}

/// Returns whether a move is to be tried again, once the socket is ready for it.
fn is_again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            // Whoever closes without a word has closed: lengths are known otherwise.
            Self::Tls(stream) => match Pin::new(stream).poll_read(context, buffer) {
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Poll::Ready(Ok(()))
                }
                other => other,
            },
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
