//! Privilege that a program has by its file, and loses under supervision: without CAP_SYS_ADMIN a filter takes
//! PR_SET_NO_NEW_PRIVS, under which execve(2) gives none; capabilities(7), seccomp(2).
//!
//! Only of the program that is started, not of those that it starts in turn: sudo says by itself why it refuses. Not
//! here: whether a program can do without.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};

/// What a program would have by its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Another user's rights (set-user-ID).
    User,
    /// Another group's rights (set-group-ID).
    Group,
    /// Capabilities.
    Capabilities,
}

/// Returns what `program`, a name to be looked up in PATH or a path, loses if this process supervises it.
#[must_use]
pub fn lost_by(program: &OsStr) -> Option<Privilege> {
    let privilege = of_file(&found(program)?)?;
    (!keeps_privilege()).then_some(privilege)
}

/// Returns whether this process supervises without taking privilege away, or has no right to give any itself.
fn keeps_privilege() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map_or("", str::trim).to_owned()
    };
    let capabilities = u64::from_str_radix(&field("CapEff"), 16).unwrap_or_default();
    capabilities & CAP_SYS_ADMIN != 0 || field("NoNewPrivs") == "1"
}

fn of_file(file: &Path) -> Option<Privilege> {
    let metadata = std::fs::metadata(file).ok()?;
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let mode = metadata.permissions().mode();
    let privilege = if mode & SET_USER != 0 && metadata.uid() != user {
        Privilege::User
    } else if mode & SET_GROUP == SET_GROUP && metadata.gid() != group {
        Privilege::Group
    } else if user != 0 && has_capabilities(file) {
        Privilege::Capabilities
    } else {
        return None;
    };
    // Most programs are none of this, and are asked no further.
    let is_ignored = rustix::fs::statvfs(file).is_ok_and(|it| it.f_flag.contains(StatVfsMountFlags::NOSUID));
    (!is_ignored && !is_script(file)).then_some(privilege)
}

fn has_capabilities(file: &Path) -> bool {
    // Of either version, `linux/capability.h`.
    let mut value = [0; 64];
    rustix::fs::getxattr(file, "security.capability", &mut value[..]).is_ok_and(|length| length > 0)
}

/// Only the interpreter of a script can have privilege, execve(2).
fn is_script(file: &Path) -> bool {
    let mut start = [0; 2];
    File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// Returns the file that execvp(3) would execute.
fn found(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(program.into());
    }
    let folders = std::env::var_os("PATH")?;
    let may_run = |file: &PathBuf| file.is_file() && rustix::fs::access(file, Access::EXEC_OK).is_ok();
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(may_run)
}

/// Number 21 of `linux/capability.h`.
const CAP_SYS_ADMIN: u64 = 1 << 21;
/// S_ISUID, inode(7).
const SET_USER: u32 = 0o4000;
/// S_ISGID, which means something else without S_IXGRP, inode(7).
const SET_GROUP: u32 = 0o2010;

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{found, of_file};

    #[test]
    fn a_file_of_ones_own_gives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own");
        fs::write(&file, "text").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o6755)).unwrap();
        assert_eq!(of_file(&file), None);
        assert_eq!(of_file(&folder.path().join("none")), None);
    }

    #[test]
    fn a_program_is_found_as_execvp_finds_it() {
        assert_eq!(found(OsStr::new("./here")).as_deref(), Some(Path::new("./here")));
        assert!(found(OsStr::new("sh")).unwrap().ends_with("sh"));
        assert_eq!(found(OsStr::new("no-such-command")), None);
    }
}
