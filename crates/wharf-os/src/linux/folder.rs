//! Folders that are watched for files that are written, made, renamed or removed in them; inotify(7). Nothing wakes up
//! meanwhile.
//!
//! Not here: what is in those files.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

use crate::identity::Watched;

/// Folders that are watched.
#[derive(Debug)]
pub struct Folders(OwnedFd);

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file in one of them was written, made, renamed or removed.
    Files,
    /// The process has ended.
    Ended,
}

impl Folders {
    /// Watches the folders at `paths`, from now on.
    ///
    /// # Errors
    /// What inotify_init(2) or inotify_add_watch(2) said.
    pub fn watch(paths: &[&Path]) -> io::Result<Self> {
        let folders = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let wanted = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE;
        for path in paths {
            inotify::add_watch(&folders, *path, wanted)?;
        }
        Ok(Self(folders))
    }

    /// Waits until something changes in them, or `process` ends.
    ///
    /// # Errors
    /// What poll(2) or read(2) said.
    pub fn wait(&self, process: Option<&Watched>) -> io::Result<Change> {
        let mut watched = vec![PollFd::new(&self.0, PollFlags::IN)];
        watched.extend(process.map(|process| PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)));
        loop {
            match poll(&mut watched, None) {
                Ok(_) if !watched[0].revents().is_empty() => return self.drain().map(|()| Change::Files),
                Ok(_) => return Ok(Change::Ended),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn drain(&self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.0, &mut buffer);
        loop {
            match events.next() {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::{Change, Folders};
    use crate::identity;

    #[test]
    fn it_waits_for_a_file_or_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let process = identity::watch(&identity::of(child.id()).unwrap()).unwrap();
        let watched = Folders::watch(&[folder.path()]).unwrap();
        fs::write(folder.path().join("a"), "one").unwrap();
        assert_eq!(watched.wait(Some(&process)).unwrap(), Change::Files);
        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        assert_eq!(watched.wait(Some(&process)).unwrap(), Change::Files);
        child.kill().unwrap();
        assert_eq!(watched.wait(Some(&process)).unwrap(), Change::Ended);
        child.wait().unwrap();
    }
}
