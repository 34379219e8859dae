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
        let deadline = Instant::now() + wait;
        let mut stream = TcpStream::connect_timeout(&address, wait)?;
        if !opening.is_empty() {
            stream.set_write_timeout(Some(wait))?;
            stream.write_all(opening)?;
        }
        let answer = hear(&mut stream, deadline, enough)?;
        // The server may be gone already; that is no error of the conversation.
        let _ = stream.shutdown(Shutdown::Both);
        Ok(answer)
    }
}

fn hear(stream: &mut TcpStream, deadline: Instant, enough: &dyn Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while answer.len() < ANSWER_LIMIT && !enough(&answer) {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A time-out or a reset ends the answer; what was heard before it still counts.
            Err(_) => break,
        }
    }
    Ok(answer)
}

const ANSWER_LIMIT: usize = 64 * 1024;
