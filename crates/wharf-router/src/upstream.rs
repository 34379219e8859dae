//! A connection to an upstream, and whether it is the one that was meant.
//!
//! What listens must be of the user whose router this is, or of root, or of the user that the route names: nobody else gets
//! a request because he took a port that was free. Not here: what is said there.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use wharf_model::route::{Target, UpstreamProtocol};

use crate::fault::Fault;
use crate::hall::Hall;
use crate::http2::{self, sender::Sender};
use crate::pool::Idle;
use crate::stream::Stream;
use crate::table::Place;

/// A connection to an upstream.
#[derive(Debug)]
pub(crate) enum Connected {
    /// Of HTTP/1.1.
    One(Idle),
    /// Of HTTP/2, and whether it was used before.
    Two(Sender, bool),
}

/// Connects to the upstream of a place; with `is_upgrade` by HTTP/1.1, on which alone the protocol can be changed.
pub(crate) async fn connect(hall: &Hall, place: &Place, is_upgrade: bool) -> Result<Connected, Fault> {
    let upstream = &place.route.upstream;
    let stream = match &upstream.target {
        Target::Unix(path) => Stream::Unix(connect_unix(hall, place, path).await?),
        target => {
            let tcp = connect_tcp(hall, place, target).await?;
            match upstream.protocol {
                UpstreamProtocol::Https => secured(hall, tcp, is_upgrade).await?,
                _ => Stream::Tcp(tcp),
            }
        }
    };
    let is_two = match upstream.protocol {
        UpstreamProtocol::H2c => !is_upgrade,
        UpstreamProtocol::Https => stream.has_agreed_on(b"h2"),
        UpstreamProtocol::Http | UpstreamProtocol::Tcp => false,
    };
    if !is_two {
        return Ok(Connected::One(Idle::new(stream)));
    }
    let sender = http2::sender::begin(stream).await?;
    hall.pool.keep(place.id, sender.clone());
    Ok(Connected::Two(sender, false))
}

/// Speaks TLS with an upstream, which is known by its socket and not by its certificate.
async fn secured(hall: &Hall, tcp: TcpStream, is_upgrade: bool) -> Result<Stream, Fault> {
    let unreachable = |why: &str| Fault::Unreachable(why.to_owned());
    let config = hall.client(is_upgrade).ok_or_else(|| unreachable("TLS cannot be spoken"))?;
    let name = ServerName::try_from("localhost").map_err(|_| unreachable("TLS cannot be spoken"))?;
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, tcp);
    let stream =
        limited(connecting).await.map_err(|error| unreachable(&format!("no TLS with it: {error}")))?;
    Ok(Stream::Tls(Box::new(stream.into())))
}

/// Connects to an upstream by TCP.
pub(crate) async fn connect_tcp(hall: &Hall, place: &Place, target: &Target) -> Result<TcpStream, Fault> {
    let (places, count) = match target {
        Target::Port(port) => ([(Ipv4Addr::LOCALHOST, *port).into(), (Ipv6Addr::LOCALHOST, *port).into()], 2),
        Target::Address(at) => ([*at, *at], 1),
        Target::Unix(_) => return Err(Fault::Unreachable("it is a Unix socket".to_owned())),
    };
    let mut fault = Fault::NothingListens;
    for at in &places[..count] {
        let at: &SocketAddr = at;
        match limited(TcpStream::connect(*at)).await {
            Ok(stream) => {
                if !check(hall, place, &stream)? {
                    return Box::pin(connect_tcp(hall, place, target)).await;
                }
                // It is there all the same.
                let _ = stream.set_nodelay(true);
                if at.ip().to_canonical().is_loopback() {
                    wharf_os::entrance::ease(&stream);
                }
                return Ok(stream);
            }
            Err(error) => fault = found(&error, fault),
        }
    }
    Err(fault)
}

async fn connect_unix(hall: &Hall, place: &Place, path: &str) -> Result<UnixStream, Fault> {
    let stream = limited(UnixStream::connect(path)).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Fault::NothingListens,
        _ => Fault::Unreachable(error.to_string()),
    })?;
    match stream.peer_cred() {
        Ok(peer) => judge(hall, place, Some(peer.uid()))?,
        Err(error) => return Err(Fault::Unreachable(error.to_string())),
    }
    Ok(stream)
}

/// Looks whose the server is that has been connected to. Returns false if that cannot be told from this connection, but can
/// be from another.
fn check(hall: &Hall, place: &Place, stream: &TcpStream) -> Result<bool, Fault> {
    let ends = stream.local_addr().and_then(|local| Ok((local, stream.peer_addr()?)));
    let (local, remote) = ends.map_err(|error| Fault::Unreachable(error.to_string()))?;
    if !remote.ip().to_canonical().is_loopback() {
        // Of another machine or container nothing can be seen, and the user has named its address.
        return Ok(true);
    }
    let server = hall.ends.server(local, remote);
    let server =
        server.map_err(|error| Fault::Unreachable(format!("whose it is cannot be seen: {error}")))?;
    let Some((uid, inode)) = server.listener else {
        return judge(hall, place, server.accepted).map(|()| true);
    };
    let known = place.listener.swap(inode, Ordering::Relaxed);
    match judge(hall, place, server.accepted) {
        Ok(()) if server.accepted.is_some() => Ok(true),
        Ok(()) => judge(hall, place, Some(uid)).map(|()| true),
        // Who has opened the port may have handed it down to a user with less rights. That it was there all the time from one
        // connection to the next shows that this one has come to it, and to nobody who was there before.
        Err(stranger) => {
            judge(hall, place, Some(uid)).map_err(|_| stranger)?;
            Ok(known == inode)
        }
    }
}

fn judge(hall: &Hall, place: &Place, uid: Option<u32>) -> Result<(), Fault> {
    match uid {
        // It has closed the connection already.
        None => Ok(()),
        Some(uid) if uid == hall.own_uid || uid == 0 || place.route.uid == Some(uid) => Ok(()),
        Some(uid) => Err(Fault::Stranger(uid)),
    }
}

async fn limited<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(outcome) => outcome,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Returns what an error says beside that of the address before.
fn found(error: &io::Error, before: Fault) -> Fault {
    match error.kind() {
        // Of a machine without IPv6 the other is the one that counts.
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::NetworkUnreachable => before,
        io::ErrorKind::TimedOut => Fault::Unreachable("it does not take connections".to_owned()),
        _ => Fault::Unreachable(error.to_string()),
    }
}

/// How long a connection within this machine may take.
const PATIENCE: Duration = Duration::from_secs(5);
