//! Where connections come in: on each listener one after the other, and what each of them turns out to be.
//!
//! Not here: who listens where (the daemon hands the listeners over).

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::buffer::Buffer;
use crate::flow::Side;
use crate::hall::Hall;
use crate::http2::front;
use crate::origin::Origin;
use crate::raw;
use crate::reception::Manner;
use crate::serve::serve;
use crate::sni::{self, HANDSHAKE_RECORD};
use crate::stream::Stream;

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// HTTP over TLS.
    Https,
    /// HTTP; whoever comes is sent to the port for HTTPS, if there is one.
    Http {
        /// That port.
        https: Option<u16>,
    },
    /// Raw TCP, for the route that has the listener's address.
    Tcp,
}

/// Lets in whoever connects to `listener`, until this is dropped.
pub(crate) async fn let_in(hall: Arc<Hall>, listener: TcpListener, purpose: Purpose) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    wharf_os::entrance::ease(&listener);
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let local = listener.local_addr()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let guest = Guest::of(&hall);
                // It works without.
                let _ = stream.set_nodelay(true);
                tokio::spawn(welcome(guest, stream, peer, local, purpose));
            }
            // Out of descriptors, most likely: some are closed soon.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// A connection, for as long as it is open.
pub(crate) struct Guest(pub(crate) Arc<Hall>);

impl Guest {
    pub(crate) fn of(hall: &Arc<Hall>) -> Self {
        hall.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(hall))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}

async fn welcome(guest: Guest, stream: TcpStream, peer: SocketAddr, local: SocketAddr, purpose: Purpose) {
    let hall = Arc::clone(&guest.0);
    let origin = Origin::new(peer, local);
    match purpose {
        Purpose::Https => secured(hall, stream, origin).await,
        Purpose::Http { https } => {
            let manner = https.map_or(Manner::Pass, Manner::Redirect);
            plain(hall, stream, origin, manner).await;
        }
        Purpose::Tcp => raw::at(&hall, stream, local).await,
    }
    drop(guest);
}

/// Serves one who comes without TLS.
async fn plain(hall: Arc<Hall>, stream: TcpStream, origin: Origin, manner: Manner) {
    let side = Side { stream: Stream::Tcp(stream), buffer: Buffer::default() };
    serve(hall, side, origin, manner).await;
}

/// Serves one who should come with TLS; who does not is sent where he meant to go.
async fn secured(hall: Arc<Hall>, stream: TcpStream, mut origin: Origin) {
    let mut first = [0];
    match tokio::time::timeout(HANDSHAKE, stream.peek(&mut first)).await {
        Ok(Ok(1)) => {}
        _ => return,
    }
    // Without a route for raw TCP nobody pays for the look.
    if hall.table().has_raw() {
        match tokio::time::timeout(HANDSHAKE, sni::find(&hall, &stream, first[0])).await {
            Ok(Ok(Some(found))) => return raw::found(&hall, stream, found, origin.ends[1].port()).await,
            Ok(Ok(None)) => {}
            _ => return,
        }
    }
    if first[0] != HANDSHAKE_RECORD {
        let port = origin.ends[1].port();
        return plain(hall, stream, origin, Manner::Redirect(port)).await;
    }
    let acceptor = TlsAcceptor::from(Arc::clone(&hall.server));
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    origin.is_tls = true;
    let connection = stream.get_ref().1;
    if !hall.has_own_certificate() {
        origin.server_name = connection.server_name().map(|name| name.to_ascii_lowercase().into());
    }
    let side = Side { stream: Stream::Tls(Box::new(stream.into())), buffer: Buffer::default() };
    if side.stream.has_agreed_on(b"h2") {
        front::serve(hall, side, origin, Manner::Pass).await;
    } else {
        serve(hall, side, origin, Manner::Pass).await;
    }
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long is waited before the next is let in, if it could not be now.
const PAUSE: Duration = Duration::from_millis(50);
