//! Standard output, as far as a long-running command must know of it; poll(2).

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Returns whether nobody will read what is written: the other end of the pipe or socket is closed.
#[must_use]
pub fn nobody_reads() -> bool {
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut watched, Some(&at_once)).is_ok_and(|count| count > 0 && watched[0].revents().intersects(gone))
}
