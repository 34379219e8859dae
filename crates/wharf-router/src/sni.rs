//! Which host a client of TLS means, before anything is answered: what comes is looked at and left where it is.
//!
//! So raw TCP finds its way by name, and its TLS is that of the server behind. PostgreSQL's clients ask first whether TLS is
//! spoken (SSLRequest, PostgreSQL's documentation, "Message Formats"); they are answered for the server, which is asked the
//! same once it is known which it is. Not here: how bytes are passed on ([`crate::raw`]).

use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::hall::Hall;
use crate::host;
use crate::table::Place;

/// What a client that means raw TCP has found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) place: Arc<Place>,
    /// Whether it has been told that TLS is spoken, which the server has to hear of, too.
    pub(crate) has_asked: bool,
}

/// Finds out whether a client, whose first byte is `first`, means a route for raw TCP.
///
/// # Errors
/// What recv(2) said; `InvalidData` if what comes is not what it began as.
pub(crate) async fn find(hall: &Hall, stream: &TcpStream, first: u8) -> io::Result<Option<Found>> {
    match first {
        HANDSHAKE_RECORD => Ok(meant(hall, stream).await?.map(|place| Found { place, has_asked: false })),
        0 => {
            while !asks_for_tls(stream).await? {
                // No Kerberos.
                say(stream, b"N").await?;
            }
            say(stream, b"S").await?;
            let place = meant(hall, stream).await?.ok_or(io::ErrorKind::NotFound)?;
            Ok(Some(Found { place, has_asked: true }))
        }
        _ => Ok(None),
    }
}

async fn meant(hall: &Hall, stream: &TcpStream) -> io::Result<Option<Arc<Place>>> {
    let name = look(stream, LONGEST, |bytes| match server_name(bytes) {
        Hello::Incomplete => None,
        Hello::Named(name) => Some(Some(name)),
        Hello::Nameless => Some(None),
    })
    .await?;
    Ok(name.and_then(|name| {
        let host = host::of(&name)?;
        hall.table().find(&host, "/").filter(|place| place.is_raw()).cloned()
    }))
}

/// Takes away the 8 bytes that a client of PostgreSQL begins with; returns whether they ask for TLS, and not for Kerberos.
async fn asks_for_tls(stream: &TcpStream) -> io::Result<bool> {
    let found = look(stream, SSL_REQUEST.len(), |bytes| {
        if bytes == SSL_REQUEST {
            Some(Ok(true))
        } else if bytes == GSS_REQUEST {
            Some(Ok(false))
        } else {
            let is_begun = bytes.len() < SSL_REQUEST.len() && SSL_REQUEST.starts_with(bytes);
            (!is_begun).then(|| Err(io::ErrorKind::InvalidData.into()))
        }
    });
    let found = found.await?;
    // They are there.
    stream.try_read(&mut [0; SSL_REQUEST.len()])?;
    found
}

async fn say(stream: &TcpStream, byte: &[u8; 1]) -> io::Result<()> {
    stream.writable().await?;
    stream.try_write(byte).map(drop)
}

/// Shows `judge` the bytes that have come, up to `limit` of them, as often as there are more, until it knows what they are.
async fn look<T>(
    stream: &TcpStream,
    limit: usize,
    mut judge: impl FnMut(&[u8]) -> Option<T>,
) -> io::Result<T> {
    let mut bytes = vec![0; limit];
    let mut seen = 0;
    loop {
        let ready = stream.ready(Interest::READABLE).await?;
        let count = stream.peek(&mut bytes).await?;
        if count > seen
            && let Some(found) = judge(&bytes[..count])
        {
            return Ok(found);
        }
        if count == limit {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if ready.is_read_closed() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        seen = count;
        // What is there is there still: only what comes from now on is news. Nothing comes in between, as far as this thread
        // knows, which is told of it.
        let _ = stream.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

/// What the first bytes of TLS say.
#[derive(Debug, PartialEq, Eq)]
enum Hello {
    Incomplete,
    Named(String),
    /// It names no host, or rustls knows better what is wrong with it.
    Nameless,
}

fn server_name(mut bytes: &[u8]) -> Hello {
    let mut acceptor = Acceptor::default();
    loop {
        let Ok(count) = acceptor.read_tls(&mut bytes) else { return Hello::Nameless };
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let name = accepted.client_hello().server_name().map(str::to_owned);
                return name.map_or(Hello::Nameless, Hello::Named);
            }
            Ok(None) if count > 0 => {}
            Ok(None) => return Hello::Incomplete,
            Err(_) => return Hello::Nameless,
        }
    }
}

/// The first byte of TLS: a record of the type handshake, RFC 8446 section 5.1.
pub(crate) const HANDSHAKE_RECORD: u8 = 22;
/// Bytes of a ClientHello at most, with those of its records.
const LONGEST: usize = 16 * 1024;
/// Asks whether TLS is spoken: length and code.
pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
/// Asks for Kerberos.
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x30];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::ClientConnection;

    use super::{Hello, server_name};
    use crate::leaves::tls::client_configs;

    fn hello(name: &str) -> Vec<u8> {
        let name = name.to_owned().try_into().unwrap();
        let mut client = ClientConnection::new(Arc::clone(&client_configs().unwrap()[0]), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_name_is_known_once_all_of_the_hello_is_there() {
        let bytes = hello("db.shop.localhost");
        for end in 0..bytes.len() {
            assert_eq!(server_name(&bytes[..end]), Hello::Incomplete, "{end}");
        }
        assert_eq!(server_name(&bytes), Hello::Named("db.shop.localhost".to_owned()));
        assert_eq!(
            server_name(&[&bytes[..], b"more"].concat()),
            Hello::Named("db.shop.localhost".to_owned())
        );
        assert_eq!(server_name(&hello("127.0.0.1")), Hello::Nameless);
        // In several records, as some clients send it.
        let (head, body) = bytes.split_at(5);
        let record = |some: &[u8]| {
            let length = u16::try_from(some.len()).unwrap().to_be_bytes();
            [&head[..3], &length[..], some].concat()
        };
        let parts: Vec<u8> = body.chunks(50).flat_map(record).collect();
        assert_eq!(server_name(&parts), Hello::Named("db.shop.localhost".to_owned()));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..200_usize, byte: u8) {
            let _ = server_name(&bytes);
            bytes.splice(0..0, [22, 3, 1, 0, 200, 1]);
            let _ = server_name(&bytes);
            let mut bytes = hello("db.shop.localhost");
            bytes[at] = byte;
            let _ = server_name(&bytes);
        }
    }
}
