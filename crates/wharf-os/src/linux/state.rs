//! Where wharf keeps what outlives it: `$XDG_STATE_HOME/wharf`, else `~/.local/state/wharf`; and what does not outlive
//! the login: `$XDG_RUNTIME_DIR/wharf`. Both are for their user alone.
//!
//! Source: XDG Base Directory Specification 0.8. Not here: what is kept.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Returns the directory, making it (mode 0700) if it is not there.
///
/// # Errors
/// `NotFound` without a home; what mkdir(2) said; `PermissionDenied` if others may write to it.
pub fn directory() -> io::Result<PathBuf> {
    let no_home = || io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set");
    let base = base().ok_or_else(no_home)?;
    fs::create_dir_all(&base)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", base.display())))?;
    let directory = base.join("wharf");
    make_private(&directory)?;
    Ok(directory)
}

/// Returns the path of `name` in the directory and makes nothing; `None` if it is not there, or others may write to it.
#[must_use]
pub fn existing(name: &str) -> Option<PathBuf> {
    let directory = base()?.join("wharf");
    let path = directory.join(name);
    let is_private =
        |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o022 == 0);
    (is_private(&path) && is_private(&directory)).then_some(path)
}

fn base() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))
}

/// Makes the file (mode 0600) if it is not there.
///
/// # Errors
/// What open(2) said.
pub fn private_file(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

/// Returns the directory `name` in it, making it (mode 0700) if it is not there.
///
/// # Errors
/// As [`directory`].
pub fn subdirectory(name: &str) -> io::Result<PathBuf> {
    let directory = directory()?.join(name);
    make_private(&directory)?;
    Ok(directory)
}

/// Puts `bytes` into the file (mode 0600) at once: whoever reads it sees all of the old or all of the new.
///
/// # Errors
/// What open(2), write(2) or rename(2) said.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&draft)?.write_all(bytes)?;
    fs::rename(&draft, path)
}

/// Returns the directory for sockets, making it (mode 0700) if it is not there: `wharf` in `$XDG_RUNTIME_DIR` if that is
/// this user's own, else `run` in [`directory`].
///
/// # Errors
/// As [`directory`].
pub fn runtime_directory() -> io::Result<PathBuf> {
    let is_own = |path: &PathBuf| {
        // sudo(8) may leave it as it was: what root put there would lock its owner out.
        fs::metadata(path).is_ok_and(|it| it.is_dir() && it.uid() == rustix::process::geteuid().as_raw())
    };
    let base = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match base.filter(|path| path.is_absolute()).filter(is_own) {
        Some(base) => {
            let directory = base.join("wharf");
            make_private(&directory)?;
            Ok(directory)
        }
        None => subdirectory("run"),
    }
}

fn make_private(directory: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::metadata(directory)?;
    if !found.is_dir() {
        let text = format!("{} is no directory: move it away", directory.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
    }
    if found.permissions().mode() & 0o022 != 0 {
        let text = format!("others may write to {}: chmod go-w it", directory.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(())
}
