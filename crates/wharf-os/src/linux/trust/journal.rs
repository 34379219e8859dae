//! What was changed for a certificate's sake, so that exactly that is undone: in which databases it is, and which of them were
//! made for it.
//!
//! Not here: the changes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Anchor;
use crate::state;

/// The journal of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    #[serde(default)]
    entries: Vec<Entry>,
    #[serde(default)]
    made: Vec<Made>,
}

/// A certificate that was put into a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    fingerprint: String,
    folder: PathBuf,
}

/// A database that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    folder: PathBuf,
    /// Folders that were not there, the inner first.
    folders: Vec<PathBuf>,
    /// What its files were after our last change: as long as they are, nobody else has used it.
    stamps: Vec<Stamp>,
}

/// Size and time of a change, in seconds and nanoseconds.
type Stamp = (u64, i64, i64);

impl Journal {
    /// Reads the journal of the file; an empty one if there is none.
    ///
    /// # Errors
    /// What read(2) said; `InvalidData` if it is none.
    pub fn read(file: &Path) -> io::Result<Self> {
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes it; of an empty one nothing is left.
    ///
    /// # Errors
    /// As [`state::write_private`].
    pub fn write(&self, file: &Path) -> io::Result<()> {
        if *self != Self::default() {
            return state::write_private(file, &serde_json::to_vec_pretty(self)?);
        }
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the databases that a certificate was put into.
    #[must_use]
    pub fn databases(&self, fingerprint: &str) -> Vec<PathBuf> {
        let entries = self.entries.iter().filter(|entry| entry.fingerprint == fingerprint);
        entries.map(|entry| entry.folder.clone()).collect()
    }

    /// Forgets the certificates of databases that are gone.
    pub fn tidy(&mut self) {
        self.entries.retain(|entry| entry.folder.exists());
        self.made.retain(|made| made.folder.exists());
    }

    pub(super) fn enters(&mut self, anchor: &Anchor, folder: &Path) {
        let entry = Entry { fingerprint: anchor.fingerprint.clone(), folder: folder.to_owned() };
        if !self.entries.contains(&entry) {
            self.entries.push(entry);
        }
    }

    pub(super) fn leaves(&mut self, anchor: &Anchor, folder: &Path) {
        self.entries.retain(|entry| entry.fingerprint != anchor.fingerprint || entry.folder != folder);
    }

    pub(super) fn makes(&mut self, folder: &Path, folders: &[PathBuf]) {
        let made = Made { folder: folder.to_owned(), folders: folders.to_vec(), stamps: Vec::new() };
        self.made.push(made);
    }

    /// Returns whether the database was made for us and nobody else has changed it since.
    pub(super) fn is_untouched(&self, folder: &Path) -> bool {
        self.made.iter().any(|made| made.folder == folder && made.stamps == stamps(folder))
    }

    pub(super) fn has_changed(&mut self, folder: &Path) {
        for made in self.made.iter_mut().filter(|made| made.folder == folder) {
            made.stamps = stamps(folder);
        }
    }

    /// Somebody else uses the database, so it stays.
    pub(super) fn is_anothers(&mut self, folder: &Path) {
        self.made.retain(|made| made.folder != folder);
    }

    /// Removes a database that was made, if nothing of ours is in it any more. Returns whether it did.
    pub(super) fn unmake(&mut self, folder: &Path) -> bool {
        if self.entries.iter().any(|entry| entry.folder == folder) {
            return false;
        }
        let Some(index) = self.made.iter().position(|made| made.folder == folder) else { return false };
        for name in FILES {
            let _ = fs::remove_file(folder.join(name));
        }
        for folder in self.made.swap_remove(index).folders {
            // One that holds something of others stays.
            let _ = fs::remove_dir(folder);
        }
        true
    }
}

fn stamps(folder: &Path) -> Vec<Stamp> {
    let found = FILES.iter().filter_map(|name| fs::metadata(folder.join(name)).ok());
    found.map(|found| (found.size(), found.mtime(), found.mtime_nsec())).collect()
}

/// Files of an NSS database.
const FILES: [&str; 3] = ["cert9.db", "key4.db", "pkcs11.txt"];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Anchor, Journal};

    fn anchor(fingerprint: &str) -> Anchor {
        Anchor { file: "/root.pem".into(), pem: Vec::new(), fingerprint: fingerprint.to_owned() }
    }

    #[test]
    fn what_was_made_is_removed_as_long_as_nobody_else_uses_it() {
        let home = tempfile::tempdir().unwrap();
        let (outer, folder) = (home.path().join(".pki"), home.path().join(".pki/nssdb"));
        let file = home.path().join("trust.json");
        let made = || {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("cert9.db"), "1").unwrap();
            let mut journal = Journal::default();
            journal.makes(&folder, &[folder.clone(), outer.clone()]);
            journal.enters(&anchor("aa"), &folder);
            journal.has_changed(&folder);
            journal.write(&file).unwrap();
            assert_eq!(Journal::read(&file).unwrap(), journal);
            journal
        };
        let mut journal = made();
        assert!(journal.is_untouched(&folder));
        journal.enters(&anchor("bb"), &folder);
        journal.leaves(&anchor("aa"), &folder);
        assert!(!journal.unmake(&folder), "another of ours is in it");
        journal.leaves(&anchor("bb"), &folder);
        assert!(journal.unmake(&folder) && !outer.exists());
        journal.write(&file).unwrap();
        assert!(!file.exists());

        let mut journal = made();
        fs::write(folder.join("cert9.db"), "22").unwrap();
        assert!(!journal.is_untouched(&folder));
        journal.leaves(&anchor("aa"), &folder);
        journal.is_anothers(&folder);
        assert!(!journal.unmake(&folder) && folder.exists());
    }

    #[test]
    fn it_knows_where_a_certificate_is() {
        let home = tempfile::tempdir().unwrap();
        let mut journal = Journal::default();
        journal.enters(&anchor("aa"), home.path());
        journal.enters(&anchor("aa"), home.path());
        journal.enters(&anchor("aa"), Path::new("/no/such/folder"));
        assert_eq!(journal.databases("aa").len(), 2);
        assert!(journal.databases("bb").is_empty());
        journal.tidy();
        assert_eq!(journal.databases("aa"), [home.path()]);
        let file = home.path().join("bad");
        fs::write(&file, "{").unwrap();
        assert!(Journal::read(&file).is_err());
    }
}
