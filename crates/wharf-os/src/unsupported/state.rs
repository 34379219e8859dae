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

/// Makes the file for its user alone.
///
/// # Errors
/// Always: not known here.
pub fn private_file(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
