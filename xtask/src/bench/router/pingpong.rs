//! Clients of [`super::echo`], through a proxy: messages there and back on many connections by one thread, and a download.
//!
//! Not here: clients of HTTP ([`super::tools`]).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::retry_on_intr;

use super::echo::{BULK, KEY};
use super::place::ECHO_HOST;

const PATIENCE: Duration = Duration::from_secs(10);

/// What is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    /// Bytes.
    Raw(usize),
    /// Bytes in a frame of WebSocket, after its handshake.
    WebSocket(u16),
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the answer that have not come yet.
    missing: usize,
}

/// Sends on each connection, and sends anew when all is back, for a while; returns how often all was back.
pub(super) fn run(at: SocketAddr, message: Message, connections: usize, time: Duration) -> Result<u64> {
    let question = message.question();
    let answer = message.answer_len();
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut all = Vec::with_capacity(connections);
    for index in 0..connections as u64 {
        let stream = message.connect(at)?;
        epoll::add(&epoll, &stream, EventData::new_u64(index), EventFlags::IN)?;
        all.push(Connection { stream, missing: answer });
    }
    let begin = Instant::now();
    all.iter_mut().try_for_each(|connection| connection.stream.write_all(&question))?;
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 64];
    let mut buffer = vec![0; 64 << 10];
    let mut count = 0;
    while begin.elapsed() < time {
        let limit = rustix::event::Timespec::try_from(PATIENCE)?;
        let ready = retry_on_intr(|| epoll::wait(&epoll, &mut events, Some(&limit)))?;
        ensure!(ready > 0, "no answer within {PATIENCE:?}");
        for event in &events[..ready] {
            let index = usize::try_from(event.data.u64())?;
            let connection = all.get_mut(index).context("a connection of ours")?;
            let read = connection.stream.read(&mut buffer)?;
            ensure!(read > 0, "hung up in the middle");
            connection.missing =
                connection.missing.checked_sub(read).context("more came back than was sent")?;
            if connection.missing == 0 {
                count += 1;
                connection.missing = answer;
                connection.stream.write_all(&question)?;
            }
        }
    }
    Ok(count)
}

/// Downloads [`BULK`] bytes.
pub(super) fn download(at: SocketAddr) -> Result<()> {
    let mut stream = connect(at)?;
    let mut buffer = vec![0; 256 << 10];
    stream.write_all(b"d")?;
    let mut left = BULK;
    while left > 0 {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "hung up with {left} bytes to come");
        left -= count as u64;
    }
    Ok(())
}

fn connect(at: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(at).with_context(|| format!("connect to {at}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl Message {
    fn connect(self, at: SocketAddr) -> Result<TcpStream> {
        let mut stream = connect(at)?;
        if let Self::WebSocket(_) = self {
            let text = format!(
                "GET / HTTP/1.1\r\nHost: {ECHO_HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
            );
            stream.write_all(text.as_bytes())?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).context("the handshake of WebSocket")?;
                head.extend(byte);
            }
            let head = String::from_utf8_lossy(&head);
            ensure!(head.starts_with("HTTP/1.1 101"), "no WebSocket: {}", head.lines().next().unwrap_or(""));
        }
        Ok(stream)
    }

    fn question(self) -> Vec<u8> {
        match self {
            Self::Raw(size) => vec![b'e'; size],
            Self::WebSocket(size) => {
                let mut frame = frame_head(size, 0x80);
                frame.extend_from_slice(&[0; 4]);
                frame.extend(std::iter::repeat_n(b'e', usize::from(size)));
                frame
            }
        }
    }

    fn answer_len(self) -> usize {
        match self {
            Self::Raw(size) => size,
            Self::WebSocket(size) => frame_head(size, 0).len() + usize::from(size),
        }
    }
}

/// Returns the head of a binary frame, without its mask; RFC 6455 section 5.2.
fn frame_head(size: u16, mask: u8) -> Vec<u8> {
    let [high, low] = size.to_be_bytes();
    if size < 126 { vec![0x82, mask | low] } else { vec![0x82, mask | 126, high, low] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::router::echo;

    #[test]
    fn what_is_said_comes_back() {
        let at = echo::start(0).unwrap();
        for message in [Message::Raw(64), Message::WebSocket(64), Message::WebSocket(16 << 10)] {
            assert!(run(at, message, 2, Duration::from_millis(20)).unwrap() > 0, "{message:?}");
        }
    }
}
