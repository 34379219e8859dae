//! Lines of a pipe, read on a thread of their own so that waiting for one can have a deadline.
//!
//! Not here: what the lines mean.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How long a test waits for anything that ought to happen at once, even on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The lines that come out of a pipe.
#[derive(Debug)]
pub struct Lines {
    lines: Receiver<String>,
}

impl Lines {
    /// Reads `pipe` until its end.
    pub fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                if sender.send(text).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Self { lines }
    }

    /// Returns the next line, or `None` at the end of the pipe.
    ///
    /// # Panics
    /// If none comes within [`PATIENCE`].
    pub fn next(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no line within {PATIENCE:?}"),
        }
    }

    /// Returns all that is still to come, until the end of the pipe.
    ///
    /// # Panics
    /// As [`Lines::next`].
    pub fn rest(&self) -> String {
        let mut text = String::new();
        while let Some(line) = self.next() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}
