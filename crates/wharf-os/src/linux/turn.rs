//! One after the other: a lock on a file, for which processes wait asleep and in the order in which they came; flock(2).
//!
//! Not here: what they then do, nor a promise that nobody does it without.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// A turn that lasts until this is dropped, or the process ends.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

/// Waits for a turn on the file at `path`, which is made (mode 0600) if it is not there.
///
/// # Errors
/// `TimedOut` after `limit`: who has the turn may be stopped. What open(2) or flock(2) said.
pub fn take(path: &Path, limit: Duration) -> io::Result<Turn> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(Turn { _file: file }),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(errno.into()),
    }
    let (send, receive) = mpsc::channel();
    // flock(2) itself knows no limit. A turn that comes too late finds nobody, and is given back.
    thread::Builder::new().spawn(move || {
        let outcome = loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        let _ = send.send(outcome.map(|()| Turn { _file: file }));
    })?;
    match receive.recv_timeout(limit) {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use super::take;

    #[test]
    fn one_has_the_turn_and_the_next_waits_for_it_or_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turn");
        let first = take(&path, Duration::ZERO).unwrap();
        assert_eq!(take(&path, Duration::from_millis(10)).unwrap_err().kind(), ErrorKind::TimedOut);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| take(&path, Duration::from_secs(20)));
            drop(first);
            drop(second.join().unwrap().unwrap());
        });
        // Nor has the one that gave up kept it.
        take(&path, Duration::from_secs(20)).unwrap();
    }
}
