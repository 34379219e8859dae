//! The signals that a long-running command obeys: an end asked for, and a window of another size; signal(7).

use std::io;
use std::sync::mpsc::{self, Receiver};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To end: SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is closed).
    End,
    /// To look at the terminal's size again: SIGWINCH.
    Resize,
}

/// Returns where the signals of this process arrive from now on.
///
/// # Errors
/// What sigaction(2) or pipe(2) said.
pub fn receive() -> io::Result<Receiver<Signal>> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGWINCH])?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let signal = if signal == SIGWINCH { Signal::Resize } else { Signal::End };
            if send.send(signal).is_err() {
                break;
            }
        }
    });
    Ok(receive)
}
