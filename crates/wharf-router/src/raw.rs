//! Raw TCP: a connection that goes to the upstream of a route as it is.
//!
//! It ends as its sides end: who sends no more may still receive, and a side that breaks off breaks the other. Not here: how
//! bytes are moved ([`crate::flow`]), and which listener has which address (the daemon).

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::buffer::Buffer;
use crate::exchange::relay;
use crate::fault::Fault;
use crate::flow::{Flow, Side};
use crate::hall::{Hall, Wish};
use crate::http1::framing::Framing;
use crate::ledger::Draft;
use crate::sni::{Found, SSL_REQUEST};
use crate::stream::Stream;
use crate::table::Place;
use crate::upstream::Connected;

/// Passes on what comes in at an address that a route has.
pub(crate) async fn at(hall: &Hall, client: TcpStream, local: SocketAddr) {
    let place = hall.table().at(local).cloned();
    match place {
        Some(place) => pass(hall, client, place, local.port(), false).await,
        // Its route has just been removed.
        None => Stream::Tcp(client).reset_on_close(),
    }
}

/// Passes on what has found its place by name.
pub(crate) async fn found(hall: &Hall, client: TcpStream, found: Found, port: u16) {
    pass(hall, client, found.place, port, found.has_asked).await;
}

/// Passes a connection on to the upstream of `place`, and writes it down; with `has_asked` once that speaks TLS, too.
async fn pass(hall: &Hall, client: TcpStream, mut place: Arc<Place>, port: u16, has_asked: bool) {
    let host = place.route.host.clone();
    let mut draft = Draft::new("TCP", ["tcp://", &host, &format!(":{port}")]);
    let mut client = Side { stream: Stream::Tcp(client), buffer: Buffer::default() };
    let wish = Wish { fresh: true, is_upgrade: true };
    match hall.open(&mut place, &host, "/", wish).await {
        Ok(Connected::One(idle)) => {
            let mut upstream = Side { stream: idle.stream, buffer: idle.buffer };
            if has_asked && !speaks_tls(&mut upstream.stream).await {
                client.stream.reset_on_close();
                draft.fault = Some("no-tls".into());
            } else {
                draft.bytes = both_ways(hall, &mut client, &mut upstream, &mut draft.fault).await;
            }
        }
        // Its route is another since.
        Ok(Connected::Two(..)) => refuse(&mut draft, &client, &Fault::NothingListens),
        Err(fault) => refuse(&mut draft, &client, &fault),
    }
    draft.place = Some(place);
    hall.log(draft);
}

/// Passes bytes both ways until both sides have ended; returns how many went to the client.
async fn both_ways(hall: &Hall, client: &mut Side, upstream: &mut Side, fault: &mut Option<Box<str>>) -> u64 {
    let mut up = Flow::new(Vec::new(), Framing::UntilEnd);
    let mut down = Flow::new(Vec::new(), Framing::UntilEnd);
    if !relay(hall, client, upstream, &mut up, &mut down).await {
        // Whoever is left sees that it did not end by itself.
        client.stream.reset_on_close();
        upstream.stream.reset_on_close();
        *fault = Some("broken-off".into());
    }
    down.moved
}

/// Asks a server of PostgreSQL whether it speaks TLS.
async fn speaks_tls(upstream: &mut Stream) -> bool {
    let asking = async {
        // A new connection takes them all.
        let written = poll_fn(|context| upstream.poll_put(context, &SSL_REQUEST)).await?;
        let mut answer = [0];
        // No more than the one: what follows is for the client.
        let read = poll_fn(|context| upstream.poll_fill(context, &mut answer)).await?;
        Ok::<_, io::Error>(written == SSL_REQUEST.len() && read == 1 && answer == *b"S")
    };
    matches!(tokio::time::timeout(PATIENCE, asking).await, Ok(Ok(true)))
}

/// Lets a client see a connection that failed: there is no other way to tell it.
fn refuse(draft: &mut Draft, client: &Side, fault: &Fault) {
    client.stream.reset_on_close();
    draft.fault = Some(fault.to_string().into());
}

/// How long a server may take to say whether it speaks TLS.
const PATIENCE: Duration = Duration::from_secs(10);
