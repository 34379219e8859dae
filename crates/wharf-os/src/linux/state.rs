//! Where wharf keeps what outlives it: `$XDG_STATE_HOME/wharf`, else `~/.local/state/wharf`; and what does not outlive
//! the login: `$XDG_RUNTIME_DIR/wharf`. Both are for their user alone.
//!
//! Source: XDG Base Directory Specification 0.8. Not here: what is kept.

use std::env;
use std::fs;
use std::io::{self, BufWriter, Write};
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

/// Returns where the directory is or would be, and makes nothing; `None` without a home.
#[must_use]
pub fn place() -> Option<PathBuf> {
    Some(base()?.join("wharf"))
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

/// Returns the file that says what its user has chosen, whether it is there or not: `wharf/config.toml` in
/// `$XDG_CONFIG_HOME`, else in `~/.config`.
///
/// # Errors
/// `NotFound` without a home.
pub fn configuration() -> io::Result<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let no_home = || io::Error::new(io::ErrorKind::NotFound, "neither XDG_CONFIG_HOME nor HOME is set");
    Ok(base.ok_or_else(no_home)?.join("wharf/config.toml"))
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
/// What open(2), write(2) or rename(2) said; the file is as it was then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_private_by(path, |writer| writer.write_all(bytes)).map(drop)
}

/// Puts what `write` writes into the file (mode 0600) at once, as [`write_private`] does. Returns its length in bytes.
///
/// # Errors
/// As [`write_private`], and what `write` said.
pub fn write_private_by(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&draft).and_then(|file| {
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        writer.flush()?;
        let length = writer.get_ref().metadata()?.len();
        fs::rename(&draft, path)?;
        Ok(length)
    });
    if written.is_err() {
        // Half of it would only take up room, which is what there may be too little of.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Puts `bytes` behind the first `length` bytes of the file, all of them or, on an error, none. Returns false, and does
/// nothing, if the file does not have that length.
///
/// # Errors
/// What open(2), fstat(2) or write(2) said.
pub fn append_private(path: &Path, length: u64, bytes: &[u8]) -> io::Result<bool> {
    let mut file = match fs::OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    if file.metadata()?.len() != length {
        return Ok(false);
    }
    file.write_all(bytes).inspect_err(|_| {
        // If that fails, too, the file has another length, and is written anew next time.
        let _ = file.set_len(length);
    })?;
    Ok(true)
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
