//! The server behind WebSocket and raw TCP routes: one thread that says back what it hears, or, asked by a `d`, sends
//! [`BULK`] bytes.
//!
//! Just as much of WebSocket (RFC 6455) as [`super::pingpong`] needs: its key is always the same, and its masks are zero.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::Result;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::retry_on_intr;

/// Bytes of one download.
pub(super) const BULK: u64 = 2 << 30;
/// The example of RFC 6455 section 1.3: a client's key, and the server's answer to it.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const BUFFER: usize = 256 << 10;
const LISTENER: u64 = 0;

/// Starts it on a port of loopback, 0 for any; it ends with this process. Returns where it listens.
pub(super) fn start(port: u16) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let at = listener.local_addr()?;
    thread::spawn(move || {
        let Err(error) = serve(&listener);
        eprintln!("the server for WebSocket and TCP ended: {error:#}");
    });
    Ok(at)
}

fn serve(listener: &TcpListener) -> Result<Infallible> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut connections: HashMap<u64, Connection> = HashMap::new();
    let mut buffer = vec![0; BUFFER];
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
    let mut next = LISTENER + 1;
    loop {
        let count = retry_on_intr(|| epoll::wait(&epoll, &mut events, None))?;
        for event in &events[..count] {
            let id = event.data.u64();
            if id == LISTENER {
                let stream = listener.accept()?.0;
                stream.set_nodelay(true)?;
                epoll::add(&epoll, &stream, EventData::new_u64(next), EventFlags::IN)?;
                connections.insert(next, Connection { stream, speaks: None, heard: Vec::new() });
                next += 1;
            } else if let Some(connection) = connections.get_mut(&id) {
                // A client that goes away is its own business.
                if !connection.answer(&mut buffer).unwrap_or(false) {
                    connections.remove(&id);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Speaks {
    Raw,
    WebSocket,
}

struct Connection {
    stream: TcpStream,
    speaks: Option<Speaks>,
    /// What of a handshake or a frame has come.
    heard: Vec<u8>,
}

impl Connection {
    /// Reads once and answers; false at the end.
    fn answer(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let count = self.stream.read(buffer)?;
        let bytes = &buffer[..count];
        match (self.speaks, bytes.first()) {
            (_, None) => return Ok(false),
            (Some(Speaks::Raw), _) => self.stream.write_all(bytes)?,
            (Some(Speaks::WebSocket), _) => {
                self.heard.extend_from_slice(bytes);
                self.answer_frames()?;
            }
            (None, Some(b'd')) => {
                for _ in 0..BULK / buffer.len() as u64 {
                    self.stream.write_all(buffer)?;
                }
                return Ok(false);
            }
            (None, Some(_)) if bytes.starts_with(b"GET ") || !self.heard.is_empty() => {
                self.heard.extend_from_slice(bytes);
                self.shake_hands()?;
            }
            (None, Some(_)) => {
                self.speaks = Some(Speaks::Raw);
                self.stream.write_all(bytes)?;
            }
        }
        Ok(true)
    }

    fn shake_hands(&mut self) -> Result<()> {
        if !self.heard.ends_with(b"\r\n\r\n") {
            return Ok(());
        }
        self.heard.clear();
        self.speaks = Some(Speaks::WebSocket);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPTED}\r\n\r\n"
        );
        Ok(self.stream.write_all(answer.as_bytes())?)
    }

    fn answer_frames(&mut self) -> Result<()> {
        while let Some((head, size)) = frame(&self.heard) {
            let whole = head + 4 + size;
            if self.heard.len() < whole {
                break;
            }
            let mut answer = self.heard[..head].to_vec();
            // From a server nothing is masked.
            answer[1] &= 0x7f;
            answer.extend_from_slice(&self.heard[head + 4..whole]);
            self.stream.write_all(&answer)?;
            self.heard.drain(..whole);
        }
        Ok(())
    }
}

/// Returns the length of a frame's head without its mask, and of what is in it; RFC 6455 section 5.2, up to 64 KiB.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(bytes.get(1)? & 0x7f);
    if short < 126 {
        return Some((2, short));
    }
    Some((4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))))
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn frames_have_lengths() {
        assert_eq!(frame(&[0x82]), None);
        assert_eq!(frame(&[0x82, 0x80 | 64]), Some((2, 64)));
        assert_eq!(frame(&[0x82, 0x80 | 126, 0x40]), None);
        assert_eq!(frame(&[0x82, 0x80 | 126, 0x40, 0]), Some((4, 16 << 10)));
    }
}
