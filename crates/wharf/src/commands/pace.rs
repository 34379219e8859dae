//! When a watch looks again: soon after a listener opened or closed, now and then for everything else, at once
//! when the window changed, and never again after Ctrl-C or when nobody reads any more.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use wharf_catalog::watch::fingerprint;
use wharf_os::Os;
use wharf_os::signals::{Signal, receive};

/// Why the watch woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Something is different, or may be.
    Look,
    /// The terminal has another size.
    Redraw,
    /// The user, or the reader, is done.
    End,
}

/// The pace of a watch.
pub(crate) struct Pace {
    signals: Receiver<Signal>,
    last: Option<u64>,
    looked: Instant,
}

impl Pace {
    /// Starts to listen for signals.
    ///
    /// # Errors
    /// What sigaction(2) said.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { signals: receive()?, last: None, looked: Instant::now() })
    }

    /// Waits until it is time to do something.
    pub(crate) fn wait(&mut self, os: &Os) -> Tick {
        loop {
            match self.signals.recv_timeout(GLANCE) {
                Ok(Signal::End) => return Tick::End,
                Ok(Signal::Resize) => return Tick::Redraw,
                Err(RecvTimeoutError::Timeout) => {}
                // Without signals there is still time.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(GLANCE),
            }
            if wharf_os::stdout::nobody_reads() {
                return Tick::End;
            }
            let now = fingerprint(os);
            if now != self.last || self.looked.elapsed() >= LOOK {
                self.last = now;
                self.looked = Instant::now();
                return Tick::Look;
            }
        }
    }
}

/// Between two glances at the list of sockets, which cost 0.1 ms each.
const GLANCE: Duration = Duration::from_millis(250);
/// Between two whole looks when nothing opened or closed: owners stop, queues fill, other namespaces change.
const LOOK: Duration = Duration::from_secs(2);
