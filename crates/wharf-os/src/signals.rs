//! The signals that a long-running command obeys: an end asked for, and a window of another size; signal(7).

use std::io;
use std::sync::mpsc::{self, Receiver};

use signal_hook::consts::{SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGWINCH};
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

/// Returns where the signals arrive that are for a program which wharf runs: SIGINT, SIGTERM, SIGHUP, SIGQUIT.
///
/// # Errors
/// What sigaction(2) or pipe(2) said.
pub fn to_forward() -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || signals.forever().try_for_each(|signal| send.send(signal)));
    Ok(receive)
}

/// Returns whether a terminal sends `signal` for a key (Ctrl-C, Ctrl-\\).
#[must_use]
pub fn is_of_the_keyboard(signal: i32) -> bool {
    matches!(signal, SIGINT | SIGQUIT)
}

/// The signal that nobody can refuse.
pub const KILL: i32 = SIGKILL;
/// The signal that asks a process to end.
pub const TERM: i32 = SIGTERM;
/// The signal that says that a terminal is closed.
pub const HUP: i32 = SIGHUP;
