//! A folder of secrets: its user's alone (0700), its files too (0600), and all of it there or none, however many processes
//! make it at once.
//!
//! Not here: what the secrets are.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

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
/// Any [`VaultError`]; of one that is looser than `guard` the command that mends it is told.
pub fn read(folder: &Path, name: &str, guard: Guard) -> Result<Vec<u8>, VaultError> {
    check(folder, &fs::symlink_metadata(folder).map_err(|error| fault(folder, error))?, Guard::Secret)?;
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    // What is opened is what is looked at, and no link leads elsewhere.
    options.read(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    let file = options.open(&path).map_err(|error| fault(&path, error))?;
    check(&path, &file.metadata().map_err(|error| fault(&path, error))?, guard)?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes).map_err(|error| fault(&path, error))?;
    Ok(bytes)
}

/// Returns what tells that a file is another than before; `None` without it.
#[must_use]
pub fn stamp(path: &Path) -> Option<(u64, i64, i64)> {
    fs::metadata(path).ok().map(|found| (found.ino(), found.mtime(), found.mtime_nsec()))
}

/// Waits until nobody else makes or replaces `folder`.
///
/// # Errors
/// As [`turn::take`].
pub fn alone(folder: &Path) -> io::Result<Turn> {
    turn::take(&folder.with_extension("lock"), PATIENCE)
}

/// Puts a folder with these files, and no others, in the place of `folder`. To be called by one at a time ([`alone`]).
///
/// # Errors
/// What mkdir(2), open(2), write(2) or rename(2) said.
pub fn replace(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    let draft = folder.with_extension("draft");
    remove(&draft)?;
    DirBuilder::new().mode(0o700).create(&draft)?;
    for (name, bytes) in files {
        let mut file = create(&draft.join(name))?;
        file.write_all(bytes)?;
        // A power failure leaves the whole of it, or what was there before.
        file.sync_all()?;
    }
    File::open(&draft)?.sync_all()?;
    if !folder.try_exists()? {
        return fs::rename(&draft, folder);
    }
    // A look at any instant finds one of both. Not every file system can do it: then there is a moment without.
    if renameat_with(CWD, &draft, CWD, folder, RenameFlags::EXCHANGE).is_err() {
        let old = folder.with_extension("old");
        remove(&old)?;
        fs::rename(folder, &old)?;
        fs::rename(&draft, folder)?;
        return remove(&old);
    }
    remove(&draft)
}

/// Puts `bytes` into the file `name` (mode 0600) of the folder at once.
///
/// # Errors
/// What open(2), write(2) or rename(2) said.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    // Two that write at once each have a draft of their own.
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let written = create(&draft).and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| fs::rename(&draft, folder.join(name))).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn remove(folder: &PathBuf) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn check(path: &Path, found: &fs::Metadata, guard: Guard) -> Result<(), VaultError> {
    let loose = |text: String| Err(VaultError::Loose(format!("{} {text}", path.display())));
    let mask = if guard == Guard::Secret { 0o077 } else { 0o022 };
    let own = rustix::process::geteuid().as_raw();
    if found.file_type().is_symlink() || !(found.is_dir() || found.is_file()) {
        return loose("is a link or a special file: move it away".to_owned());
    }
    if found.uid() != own {
        return loose(format!(
            "belongs to user {}, not to user {own}, who wants it: move it away",
            found.uid()
        ));
    }
    if found.mode() & mask != 0 {
        let way = if guard == Guard::Secret { "go-rwx" } else { "go-w" };
        let text = format!("is open to others (mode {:04o}): chmod {way} it", found.mode() & 0o7777);
        return loose(format!("{text}, or remove the folder if they may have read it"));
    }
    Ok(())
}

fn fault(path: &Path, error: io::Error) -> VaultError {
    let name = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => VaultError::Absent(name),
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            VaultError::Loose(format!("{name} is a link: move it away"))
        }
        _ => VaultError::Io(name, error),
    }
}

/// Bytes of a secret at most.
const LIMIT: u64 = 1 << 20;
/// How long another may take to make one.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{Guard, VaultError, alone, read, replace, write};

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let vault = home.path().join("vault");
        let secret = || read(&vault, "key", Guard::Secret);
        assert!(matches!(secret(), Err(VaultError::Absent(_))));
        replace(&vault, &[("key", b"1"), ("open", b"2")]).unwrap();
        assert_eq!(secret().unwrap(), b"1");
        let found = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((found(&vault), found(&vault.join("key"))), (0o700, 0o600));
        for (path, loose, tight) in [
            (vault.clone(), 0o710, 0o700),
            (vault.clone(), 0o701, 0o700),
            (vault.join("key"), 0o640, 0o600),
            (vault.join("key"), 0o604, 0o600),
        ] {
            mode(&path, loose);
            let error = secret().unwrap_err();
            assert!(matches!(error, VaultError::Loose(_)));
            assert!(error.to_string().contains("chmod go-rwx"), "{error}");
            mode(&path, tight);
        }
        mode(&vault.join("open"), 0o644);
        assert_eq!(read(&vault, "open", Guard::Own).unwrap(), b"2");
        mode(&vault.join("open"), 0o664);
        assert!(matches!(read(&vault, "open", Guard::Own), Err(VaultError::Loose(_))));
        symlink("key", vault.join("link")).unwrap();
        assert!(matches!(read(&vault, "link", Guard::Secret), Err(VaultError::Loose(_))));
        symlink(&vault, home.path().join("elsewhere")).unwrap();
        assert!(matches!(
            read(&home.path().join("elsewhere"), "key", Guard::Secret),
            Err(VaultError::Loose(_))
        ));
    }

    #[test]
    fn a_folder_is_replaced_whole() {
        let home = tempfile::tempdir().unwrap();
        let vault = home.path().join("vault");
        let _turn = alone(&vault).unwrap();
        // What one that was killed had begun is no hindrance.
        fs::create_dir_all(home.path().join("vault.draft/rest")).unwrap();
        replace(&vault, &[("a", b"1"), ("b", b"1")]).unwrap();
        replace(&vault, &[("a", b"2")]).unwrap();
        write(&vault, "c", b"3").unwrap();
        let mut names: Vec<_> = fs::read_dir(&vault).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(fs::read(vault.join("a")).unwrap(), b"2");
        let left = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, 2, "the vault and its lock");
    }
}
