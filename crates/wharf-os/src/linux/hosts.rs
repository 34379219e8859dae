//! Writing /etc/hosts, hosts(5): a new file in the place of the old at once, by rename(2), so that whoever reads it sees all
//! of the one or all of the other. Nothing that somebody else writes meanwhile is lost: the two files change places
//! (RENAME_EXCHANGE), and if what comes back is not what was read, it is done over on top of that.
//!
//! Where no file can take its place (a file that is mounted itself, as containers have it, or a directory that is
//! read-only) it is written in place: only from the first byte that differs, with space reserved before, and a file that
//! gets shorter is filled with empty lines before it is cut. A reader may then see a part of what is new for an instant;
//! the lines before it never. Not here: the lines themselves ([`block`]).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, FallocateFlags, Gid, Mode, OFlags, RenameFlags, Uid, XattrFlags};
use rustix::io::Errno;

use crate::turn;

#[path = "hosts/block.rs"]
pub mod block;

/// The file of this machine.
pub const FILE: &str = "/etc/hosts";
/// Taken by whoever writes it: a place that is root's alone.
pub const LOCK: &str = "/run/wharf-names.lock";

/// How a file was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Not at all: it was as wanted.
    Unchanged,
    /// By another in its place.
    Replaced,
    /// In place, as no other could take it, for this reason.
    InPlace(String),
}

/// Reads the file; empty if there is none.
///
/// # Errors
/// What open(2) or read(2) said; `FileTooLarge` over 16 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    match File::open(path) {
        Ok(file) => content(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Puts what `change` makes of the file's content into its place, one process after the other by `lock`.
///
/// # Errors
/// What the kernel said, on which path; the file is as it was then. `TimedOut` if another does not give up the lock.
pub fn write(path: &Path, lock: &Path, change: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<Way> {
    let of =
        |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let _turn = turn::take(lock, PATIENCE).map_err(|error| of(lock, error))?;
    let target = target(path).map_err(|error| of(path, error))?;
    write_target(&target, change).map_err(|error| of(&target, error))
}

fn write_target(target: &Path, change: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<Way> {
    let file = match File::open(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(target, &change(b"")),
        other => other?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
    }
    let before = content(&file)?;
    let after = change(&before);
    if after == before {
        return Ok(Way::Unchanged);
    }
    let outcome = replace(target, &file, before, change);
    if outcome.is_err() {
        for draft in [DRAFT, NEXT_DRAFT] {
            let _ = fs::remove_file(target.with_file_name(draft));
        }
    }
    match outcome {
        Ok(()) => Ok(Way::Replaced),
        Err(Replacing::Failed(error)) => Err(error),
        Err(Replacing::Cannot(error)) => {
            write_in_place(target, &after, &file)?;
            Ok(Way::InPlace(why_not(&error)))
        }
    }
}

/// Why a file is not in the place of another.
enum Replacing {
    /// None can be, here.
    Cannot(io::Error),
    /// It failed.
    Failed(io::Error),
}

impl From<io::Error> for Replacing {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Puts what `change` makes of `expected`, the content of `file`, into the place of `file`.
fn replace(
    target: &Path,
    file: &File,
    mut expected: Vec<u8>,
    change: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<(), Replacing> {
    let (draft, next) = (target.with_file_name(DRAFT), target.with_file_name(NEXT_DRAFT));
    let mut written = change(&expected);
    write_draft(&draft, file, &written)?;
    for _ in 0..TRIES {
        exchange(&draft, target)?;
        // What was there until now, whoever has written it.
        let replaced = File::open(&draft)?;
        let found = content(&replaced)?;
        if found == expected {
            fs::remove_file(&draft)?;
            return Ok(sync_folder(target)?);
        }
        expected = std::mem::replace(&mut written, change(&found));
        if let Err(Replacing::Cannot(error) | Replacing::Failed(error)) =
            write_draft(&next, &replaced, &written)
        {
            // Without wharf's lines, then, and with those of the other.
            exchange(&draft, target)?;
            return Err(Replacing::Failed(error));
        }
        fs::rename(&next, &draft)?;
    }
    exchange(&draft, target)?;
    Err(Replacing::Failed(io::Error::other("somebody else goes on writing it: try again")))
}

/// Makes the two change places. Where the file system cannot, `draft` takes that of `target`, and what was there is
/// left under the name of `draft`, as far as the kernel lets.
fn exchange(draft: &Path, target: &Path) -> Result<(), Replacing> {
    match rustix::fs::renameat_with(CWD, draft, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let old = draft.with_extension("old");
            let _ = fs::remove_file(&old);
            // A second name for what is there, which it keeps when it loses the first.
            rustix::fs::linkat(CWD, target, CWD, &old, AtFlags::empty()).map_err(cannot)?;
            fs::rename(draft, target).map_err(Replacing::Cannot)?;
            Ok(fs::rename(&old, draft)?)
        }
        Err(errno) => Err(cannot(errno)),
    }
}

fn cannot(errno: Errno) -> Replacing {
    match errno {
        // A mount point; a directory that is read-only; a file that is immutable.
        Errno::BUSY | Errno::ROFS | Errno::XDEV | Errno::ACCESS | Errno::PERM => {
            Replacing::Cannot(errno.into())
        }
        other => Replacing::Failed(other.into()),
    }
}

/// Writes a file that is like `model` in all but its content.
fn write_draft(draft: &Path, model: &File, bytes: &[u8]) -> Result<(), Replacing> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Replacing::Cannot(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let mut file = options.open(draft).map_err(|error| match Errno::from_io_error(&error) {
        Some(errno) => cannot(errno),
        None => Replacing::Failed(error),
    })?;
    file.write_all(bytes)?;
    // One that others would read otherwise, or not at all, is none to take its place.
    resemble(&file, model).map_err(Replacing::Cannot)?;
    Ok(file.sync_all()?)
}

/// Gives `file` the owner, mode and extended attributes (labels, access lists) of `model`.
fn resemble(file: &File, model: &File) -> io::Result<()> {
    let (wanted, own) = (model.metadata()?, file.metadata()?);
    if (wanted.uid(), wanted.gid()) != (own.uid(), own.gid()) {
        let (uid, gid) = (Uid::from_raw(wanted.uid()), Gid::from_raw(wanted.gid()));
        rustix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    let mut list = vec![0; ATTRIBUTES];
    let length = match rustix::fs::flistxattr(model, &mut list[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => 0,
        Err(errno) => return Err(errno.into()),
    };
    for name in list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let (mut value, mut present) = (vec![0; ATTRIBUTES], vec![0; ATTRIBUTES]);
        let value_length = rustix::fs::fgetxattr(model, name, &mut value[..])?;
        let value = &value[..value_length];
        // The kernel may have given it the label already.
        let has = rustix::fs::fgetxattr(file, name, &mut present[..]);
        if !has.is_ok_and(|length| &present[..length] == value) {
            rustix::fs::fsetxattr(file, name, value, XattrFlags::empty())?;
        }
    }
    // Last: an access list would change it.
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(wanted.mode() & 0o7777))?)
}

/// Makes a file where there is none.
fn make(target: &Path, bytes: &[u8]) -> io::Result<Way> {
    if bytes.is_empty() {
        return Ok(Way::Unchanged);
    }
    let draft = target.with_file_name(DRAFT);
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft)?;
    file.write_all(bytes)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
    file.sync_all()?;
    // Not in the place of one that somebody has made meanwhile.
    let made = rustix::fs::renameat_with(CWD, &draft, CWD, target, RenameFlags::NOREPLACE);
    if let Err(errno) = made {
        let _ = fs::remove_file(&draft);
        return Err(errno.into());
    }
    sync_folder(target)?;
    Ok(Way::Replaced)
}

fn write_in_place(target: &Path, after: &[u8], model: &File) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(target)?;
    let before = content(&file)?;
    if before != content(model)? {
        return Err(io::Error::other("somebody else writes it just now: try again"));
    }
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    if after.len() > before.len() {
        let more = (after.len() - before.len()) as u64;
        match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, before.len() as u64, more) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    // Empty lines where there is nothing new, so that no reader sees the end of a line that was there.
    let mut tail = after[same..].to_vec();
    tail.resize(tail.len().max(before.len() - same), b'\n');
    let written = file.write_all_at(&tail, same as u64).and_then(|()| file.set_len(after.len() as u64));
    if let Err(error) = written {
        // As it was, as far as that can be.
        let _ = file.write_all_at(&before[same..], same as u64);
        let _ = file.set_len(before.len() as u64);
        return Err(error);
    }
    file.sync_all()
}

/// Returns the file that `path` is, or is a symbolic link to.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Err(io::Error::new(error.kind(), "a symbolic link to what is not there")),
            Err(_) => Ok(path.to_owned()),
        },
        other => other,
    }
}

fn content(file: &File) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut file = file;
    file.seek(SeekFrom::Start(0))?;
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    match content.len() as u64 {
        0..=LARGEST => Ok(content),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    File::open(folder)?.sync_all()
}

fn why_not(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::BUSY) => {
            "it is mounted by itself, as in a container: it is lost when that is made anew".to_owned()
        }
        Some(Errno::ROFS) => "its directory is read-only".to_owned(),
        _ => format!("no other file can take its place ({error})"),
    }
}

/// Beside the file, while it is written.
const DRAFT: &str = ".hosts.wharf-draft";
const NEXT_DRAFT: &str = ".hosts.wharf-next";
/// How often it is done over because somebody else has written it meanwhile.
const TRIES: usize = 16;
/// Bytes of all names of attributes, or of one value: what the kernel lets there be (XATTR_SIZE_MAX).
const ATTRIBUTES: usize = 65_536;
/// Bytes that are read; lists against advertisements have 5 MB.
const LARGEST: u64 = 16 << 20;
/// How long another may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
#[path = "hosts/tests.rs"]
mod tests;
