//! One after the other, on an operating system that wharf does not know yet.

use std::io;
use std::path::Path;
use std::time::Duration;

/// A turn.
#[derive(Debug)]
pub struct Turn {}

/// Waits for a turn on the file at `path`.
///
/// # Errors
/// Always: not known here.
pub fn take(_path: &Path, _limit: Duration) -> io::Result<Turn> {
    Err(io::ErrorKind::Unsupported.into())
}
