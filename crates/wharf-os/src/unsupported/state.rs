//! Where wharf keeps what outlives it, on an operating system that it does not know yet.

use std::io;
use std::path::{Path, PathBuf};

/// Returns the directory.
///
/// # Errors
/// Always: not known here.
pub fn directory() -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns where the directory is or would be: none is known here.
#[must_use]
pub fn place() -> Option<PathBuf> {
    None
}

/// Returns the path of `name` in the directory: none is known here.
#[must_use]
pub fn existing(_name: &str) -> Option<PathBuf> {
    None
}

/// Makes the file for its user alone.
///
/// # Errors
/// Always: not known here.
pub fn private_file(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the directory `name` in it.
///
/// # Errors
/// Always: not known here.
pub fn subdirectory(_name: &str) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts `bytes` into the file at once.
///
/// # Errors
/// Always: not known here.
pub fn write_private(_path: &Path, _bytes: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts what `write` writes into the file at once.
///
/// # Errors
/// Always: not known here.
pub fn write_private_by(
    _path: &Path,
    _write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts `bytes` behind what is in the file.
///
/// # Errors
/// Always: not known here.
pub fn append_private(_path: &Path, _length: u64, _bytes: &[u8]) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}
