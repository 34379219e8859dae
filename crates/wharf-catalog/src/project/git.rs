//! A git work tree, read from its files: whose it is, and what is checked out. git itself is not run.
//!
//! Source: gitrepository-layout(5), git-worktree(1) "Details". A repository with reftable names no
//! branch in HEAD, and then none is known.

use std::path::{Component, Path, PathBuf};

use wharf_os::traits::Files;

use super::{Inside, as_name, directory_name};

/// What the root of a work tree tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Git {
    /// Name of the main repository.
    pub(super) name: String,
    /// Branch that is checked out.
    pub(super) branch: Option<String>,
    /// First 12 digits of the commit, on a detached head.
    pub(super) detached_at: Option<String>,
    /// Name of a linked work tree.
    pub(super) worktree: Option<String>,
}

/// Reads the work tree whose root a directory is; `None` if it is the root of none.
pub(super) fn read(inside: &Inside<'_>) -> Option<Git> {
    if !inside.may_have(".git") {
        return None;
    }
    let (files, path) = (inside.files, inside.path);
    let dot_git = path.join(".git");
    if files.is_dir(&dot_git) {
        // An empty `.git` is a placeholder, not a repository.
        return files.exists(&dot_git.join("HEAD")).then(|| work_tree(files, path, &dot_git));
    }
    let pointer = line(files, &dot_git)?;
    let git_dir = pointer.strip_prefix("gitdir:")?.trim();
    // A relative path is relative to the work tree; join() takes an absolute one as it is.
    (!git_dir.is_empty()).then(|| work_tree(files, path, &path.join(git_dir)))
}

fn work_tree(files: &dyn Files, path: &Path, git_dir: &Path) -> Git {
    let (branch, detached_at) =
        line(files, &git_dir.join("HEAD")).map_or((None, None), |head| checked_out(&head));
    // Only the git directory of a linked work tree says where the rest of its repository is.
    let common = line(files, &git_dir.join("commondir")).map(|common| normal(&git_dir.join(common)));
    let worktree = common.as_ref().and_then(|_| directory_name(&normal(git_dir)));
    let main = common.as_deref().and_then(repository_name);
    let name = main.or_else(|| directory_name(path)).unwrap_or_else(|| "/".to_owned());
    Git { name, branch, detached_at, worktree }
}

/// Returns branch and commit of a HEAD: `ref: refs/heads/main`, or an object id.
fn checked_out(head: &str) -> (Option<String>, Option<String>) {
    if let Some(reference) = head.strip_prefix("ref:") {
        let reference = reference.trim();
        let branch = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/"));
        // `.invalid` stands there for readers that do not know reftable.
        return (branch.filter(|branch| *branch != ".invalid").and_then(as_name), None);
    }
    let object = head.len() >= 40 && head.bytes().all(|byte| byte.is_ascii_hexdigit());
    (None, object.then(|| head[..12].to_owned()))
}

/// Returns the name of the repository whose common directory is `common`: that of its main work tree, or
/// of a bare repository without `.git`.
fn repository_name(common: &Path) -> Option<String> {
    let name = directory_name(common)?;
    if [".git", ".bare", ".repo"].contains(&name.as_str()) {
        return common.parent().and_then(directory_name);
    }
    Some(name.strip_suffix(".git").unwrap_or(&name).to_owned())
}

/// Returns `path` without `.` and `..`, by the letters alone.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// Returns the first line of a small file.
fn line(files: &dyn Files, path: &Path) -> Option<String> {
    let content = files.read(path, LINE_LIMIT)?;
    let text = std::str::from_utf8(&content).ok()?;
    text.lines()
        .next()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty() && !line.contains('\0'))
}

/// Longest file that holds one line, bytes: a path and more.
const LINE_LIMIT: usize = 16 * 1024;
