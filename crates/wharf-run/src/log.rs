//! What a program in the background writes: one file of at most 10 MB, and the two before it.
//!
//! Not here: following it as it grows (the command does), and where it lies (the caller says).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A log that is written to.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl Log {
    /// Opens the log at `path` (mode 0600); what is written goes after what is there.
    ///
    /// # Errors
    /// What open(2) said.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, LIMIT)
    }

    fn with_limit(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, limit })
    }

    /// Writes all that `reader` gives, to its end. What cannot be written (a full disk) is dropped: a program must
    /// not wait for it.
    pub fn record(&mut self, mut reader: impl Read) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    let _ = self.write(&buffer[..count]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size > 0 && self.size + bytes.len() as u64 > self.limit {
            self.turn()?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Begins a new file, and lets go of the oldest.
    fn turn(&mut self) -> io::Result<()> {
        let [_, first, second] = files(&self.path);
        if first.exists() {
            fs::rename(&first, second)?;
        }
        fs::rename(&self.path, first)?;
        *self = Self::with_limit(&self.path, self.limit)?;
        Ok(())
    }
}

/// Returns the files of the log at `path`, the newest first.
#[must_use]
pub fn files(path: &Path) -> [PathBuf; 3] {
    let older = |number: u8| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    [path.to_owned(), older(1), older(2)]
}

/// Bytes of one file.
const LIMIT: u64 = 10 * 1000 * 1000;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Log, files};

    #[test]
    fn the_newest_is_kept_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.shop.log");
        let mut log = Log::with_limit(&path, 10).unwrap();
        for word in ["first--", "second-", "third--", "fourth-"] {
            log.record(word.as_bytes());
        }
        let texts = files(&path).map(|file| fs::read_to_string(file).unwrap());
        assert_eq!(texts, ["fourth-", "third--", "second-"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // Longer than a file may be: it is written whole, alone.
        log.record(&b"a line that is longer"[..]);
        // Opened anew, it goes on.
        Log::with_limit(&path, 100).unwrap().record(&b" than that"[..]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a line that is longer than that");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
