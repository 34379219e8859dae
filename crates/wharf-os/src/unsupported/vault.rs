//! A folder of secrets, on an operating system that wharf does not know yet.

use std::io;
use std::path::Path;

use crate::turn::{self, Turn};

/// Why a secret is not handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The folder, or the file in it, is not there.
    #[error("{0} is not there")]
    Absent(String),
    /// Others may look at it or change it.
    #[error("{0}")]
    Loose(String),
    /// It cannot be read.
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

/// Whom the content of a file is kept from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nobody but its user may read it.
    Secret,
    /// Nobody but its user may change it.
    Own,
}

/// Returns the content of the file `name` in `folder`.
///
/// # Errors
/// Always: not known here.
pub fn read(folder: &Path, _name: &str, _guard: Guard) -> Result<Vec<u8>, VaultError> {
    Err(VaultError::Io(folder.display().to_string(), io::ErrorKind::Unsupported.into()))
}

/// Returns what tells that a file is another than before: nothing does here.
#[must_use]
pub fn stamp(_path: &Path) -> Option<(u64, i64, i64)> {
    None
}

/// Waits until nobody else makes or replaces `folder`.
///
/// # Errors
/// Always: not known here.
pub fn alone(folder: &Path) -> io::Result<Turn> {
    turn::take(folder, std::time::Duration::ZERO)
}

/// Puts a folder with these files in the place of `folder`.
///
/// # Errors
/// Always: not known here.
pub fn replace(_folder: &Path, _files: &[(&str, &[u8])]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Puts `bytes` into the file `name` of the folder at once.
///
/// # Errors
/// Always: not known here.
pub fn write(_folder: &Path, _name: &str, _bytes: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
