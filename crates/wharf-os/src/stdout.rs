//! Standard output, as far as a long-running command must know of it.

/// Returns whether nobody will read what is written: the other end of the pipe or socket is closed.
///
/// Linux only; elsewhere the next write tells.
#[cfg(target_os = "linux")]
#[must_use]
pub fn nobody_reads() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut watched, Some(&at_once)).is_ok_and(|count| {
        count > 0 && watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
    })
}

/// Returns whether nobody will read what is written; not known here, so the next write tells.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn nobody_reads() -> bool {
    false
}
