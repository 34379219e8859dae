//! Talking to a port for a moment: connect, say a few bytes, hear a few bytes, hang up.
//!
//! Plain std, the same on every OS. Not here: what to say and what an answer means
//! (`wharf-catalog::probe`).

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Opens short conversations with local ports.
pub trait Dialer: Send + Sync {
    /// Connects to `address`, sends `opening` (nothing if empty), and returns what the server says until
    /// `enough` is satisfied, it closes, 64 KiB were read, or `wait` is over. Silence is an empty answer.
    ///
    /// # Errors
    /// What connect(2) or send(2) said, `TimedOut` if not even the connection was made within `wait`.
    fn converse(
        &self,
        address: SocketAddr,
        opening: &[u8],
        wait: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>>;

    /// Does the same, but listens for `patience` first and keeps its `opening` to itself if the server speaks
    /// meanwhile: a protocol whose server speaks first is never told a word.
    ///
    /// `wait` counts from the start and includes `patience`.
    ///
    /// # Errors
    /// As [`Dialer::converse`].
    fn listen_then_converse(
        &self,
        address: SocketAddr,
        patience: Duration,
        opening: &[u8],
        wait: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        let heard = self.converse(address, &[], patience, enough)?;
        match heard.is_empty() {
            true => self.converse(address, opening, wait.saturating_sub(patience), enough),
            false => Ok(heard),
        }
    }
}

/// The dialer of the standard library.
#[derive(Debug, Default)]
pub struct TcpDialer;

impl Dialer for TcpDialer {
    fn converse(
        &self,
        address: SocketAddr,
        opening: &[u8],
        wait: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        self.listen_then_converse(address, Duration::ZERO, opening, wait, enough)
    }

    /// Speaks on the very connection that it listened to.
    fn listen_then_converse(
        &self,
        address: SocketAddr,
        patience: Duration,
        opening: &[u8],
        wait: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        let start = Instant::now();
        let mut stream = TcpStream::connect_timeout(&address, wait)?;
        let mut answer = Vec::new();
        let mut open =
            hear(&mut stream, &mut answer, start + patience.min(wait), &|heard| !heard.is_empty())?;
        if open && answer.is_empty() && !opening.is_empty() {
            stream.set_write_timeout(Some(wait))?;
            stream.write_all(opening)?;
        }
        if open && !enough(&answer) {
            open = hear(&mut stream, &mut answer, start + wait, enough)?;
        }
        if open {
            // The server may be gone already; that is no error of the conversation.
            let _ = stream.shutdown(Shutdown::Both);
        }
        Ok(answer)
    }
}

/// Reads into `answer` until `enough`, the `deadline`, the limit or the end; returns whether more may come.
fn hear(
    stream: &mut TcpStream,
    answer: &mut Vec<u8>,
    deadline: Instant,
    enough: &dyn Fn(&[u8]) -> bool,
) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    while answer.len() < ANSWER_LIMIT && !enough(answer) {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {}
                // A reset ends the answer; what was heard before it still counts.
                _ => return Ok(false),
            },
        }
    }
    Ok(true)
}

const ANSWER_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(5);
    const SHORT: Duration = Duration::from_millis(50);

    /// Serves one connection, and returns what the server heard until the client hung up.
    fn with_server(
        greeting: &'static [u8],
        reply: &'static [u8],
        talk: impl FnOnce(SocketAddr) -> Vec<u8>,
    ) -> (Vec<u8>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(greeting).unwrap();
            let mut heard = Vec::new();
            let mut buffer = [0; 64];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                heard.extend_from_slice(&buffer[..count]);
                stream.write_all(reply).unwrap();
            }
            heard
        });
        let answer = talk(address);
        (answer, server.join().unwrap())
    }

    #[test]
    fn a_server_that_speaks_first_is_told_nothing() {
        let (answer, heard) = with_server(b"SSH-2.0-x\r\n", b"", |address| {
            TcpDialer
                .listen_then_converse(address, LONG, b"PING", LONG, &|answer| answer.ends_with(b"\n"))
                .unwrap()
        });
        assert_eq!((&answer[..], &heard[..]), (&b"SSH-2.0-x\r\n"[..], &b""[..]));
    }

    #[test]
    fn a_silent_server_is_told_the_opening_on_the_same_connection() {
        let (answer, heard) = with_server(b"", b"PONG", |address| {
            TcpDialer
                .listen_then_converse(address, SHORT, b"PING", LONG, &|answer| answer.len() >= 4)
                .unwrap()
        });
        assert_eq!((&answer[..], &heard[..]), (&b"PONG"[..], &b"PING"[..]));
    }

    #[test]
    fn silence_is_an_empty_answer_in_time() {
        let start = Instant::now();
        let (answer, _) =
            with_server(b"", b"", |address| TcpDialer.converse(address, b"x", SHORT, &|_| false).unwrap());
        assert!(answer.is_empty());
        assert!(start.elapsed() >= SHORT && start.elapsed() < LONG);
    }

    #[test]
    fn a_closed_port_is_an_error() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = TcpDialer.converse(address, b"", LONG, &|_| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
