//! Pipes between sockets, on an operating system that has no splice(2).

use std::io;

/// A pipe; there is none.
#[derive(Debug)]
pub struct Pipe {}

impl Pipe {
    /// Opens none.
    ///
    /// # Errors
    /// Always: not known here.
    pub fn open(_size: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns 0.
    #[must_use]
    pub fn held(&self) -> usize {
        0
    }

    /// Moves nothing.
    ///
    /// # Errors
    /// Always: not known here.
    pub fn fill<T>(&mut self, _from: T, _limit: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Moves nothing.
    ///
    /// # Errors
    /// Always: not known here.
    pub fn drain<T>(&mut self, _to: T) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
