//! A pipe as a hold for bytes on their way from one socket to another, which they pass without being copied: splice(2).
//!
//! Not here: when that is worth it (`wharf-router`).

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};

/// A pipe, and how many bytes lie in it.
#[derive(Debug)]
pub struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    size: usize,
    held: usize,
}

impl Pipe {
    /// Opens one that takes about `size` bytes. Beyond what an ordinary user may have in pipes
    /// (`/proc/sys/fs/pipe-user-pages-soft`) the kernel gives less; one that takes less than it always did is none.
    ///
    /// # Errors
    /// What pipe2(2) said; `QuotaExceeded` if the kernel would give only a small one.
    pub fn open(size: usize) -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let size = match fcntl_setpipe_size(&write, size) {
            Ok(size) => size,
            // It is as large as it was.
            Err(_) => fcntl_getpipe_size(&write)?,
        };
        if size < USUAL {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(Self { read, write, size, held: 0 })
    }

    /// Returns how many bytes lie in it.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }

    /// Moves what has come at a socket into the pipe, `limit` bytes at most, and returns how many; 0 at the end of the stream.
    /// Only while the pipe is empty: else it would not be known which of the two is waited for.
    ///
    /// # Errors
    /// `WouldBlock` if nothing has come; `InvalidInput` if something lies in the pipe; what else splice(2) said.
    pub fn fill(&mut self, from: impl AsFd, limit: u64) -> io::Result<usize> {
        if self.held > 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let count = usize::try_from(limit).unwrap_or(usize::MAX).min(self.size);
        let count = splice(from, None, &self.write, None, count, FLAGS)?;
        self.held = count;
        Ok(count)
    }

    /// Moves what lies in the pipe into a socket, as much as that takes, and returns how much that was.
    ///
    /// # Errors
    /// `WouldBlock` if it takes nothing now; `WriteZero` if nothing lies in the pipe; what else splice(2) said.
    pub fn drain(&mut self, to: impl AsFd) -> io::Result<usize> {
        if self.held == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        match splice(&self.read, None, to, None, self.held, FLAGS)? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => {
                self.held = self.held.saturating_sub(count);
                Ok(count)
            }
        }
    }
}

const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);
/// Bytes of a pipe that nobody has changed; pipe(7).
const USUAL: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    use super::Pipe;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    #[test]
    fn bytes_go_through_and_no_more_than_are_wanted() {
        let (mut client, near) = pair();
        let (far, mut server) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let mut pipe = Pipe::open(1 << 20).unwrap();
        assert_eq!(pipe.fill(&near, 10).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(pipe.drain(&far).unwrap_err().kind(), ErrorKind::WriteZero);
        client.write_all(b"hello world").unwrap();
        near.set_nonblocking(false).unwrap();
        let mut seen = [0; 11];
        while near.peek(&mut seen).unwrap() < seen.len() {}
        assert_eq!(pipe.fill(&near, 5).unwrap(), 5);
        assert_eq!(pipe.fill(&near, 5).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!((pipe.drain(&far).unwrap(), pipe.held()), (5, 0));
        let mut five = [0; 5];
        server.read_exact(&mut five).unwrap();
        assert_eq!(&five, b"hello");
        assert_eq!(pipe.fill(&near, 100).unwrap(), 6);
        drop(client);
        assert_eq!((pipe.drain(&far).unwrap(), pipe.fill(&near, 100).unwrap()), (6, 0));
    }

    #[test]
    fn whoever_does_not_read_is_waited_for_and_whoever_is_gone_is_an_error() {
        let (mut client, near) = pair();
        let (far, server) = UnixStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let mut pipe = Pipe::open(1 << 20).unwrap();
        let error = loop {
            client.write_all(&[7; 1 << 16]).unwrap();
            pipe.fill(&near, u64::MAX).unwrap();
            if let Some(error) =
                std::iter::from_fn(|| (pipe.held() > 0).then(|| pipe.drain(&far))).find_map(Result::err)
            {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(pipe.held() > 0, "what the socket did not take lies in the pipe");
        drop(server);
        assert_eq!(pipe.drain(&far).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
