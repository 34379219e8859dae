//! A Unix socket: what lies at its path, who listens, and what connect(2) says.

use wharf_os::examine::unix;
use wharf_os::facts::{Effort, HolderSearch};

use super::Context;
use crate::facts::{Facts, UnixSocket};
use crate::target::Place;

/// Looks at the path, and connects once.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(Place::Unix(path)) = facts.target().map(|target| target.place.clone()) else { return };
    let text = path.display().to_string();
    let is_abstract = text.starts_with('@');
    let mut seen = UnixSocket { path: text, ..UnixSocket::default() };
    if !is_abstract {
        seen.node = unix::node(&path).ok();
        let parent = unix::innermost(&path);
        seen.innermost = unix::node(&parent).ok().map(|node| (parent.display().to_string(), node));
    }
    // The kernel lists what a socket was bound by, which is the path with links resolved, most often.
    let real = path.canonicalize().unwrap_or_else(|_| path.clone());
    seen.bound = unix::bound_to(&path);
    if seen.bound.is_empty() && real != path {
        seen.bound = unix::bound_to(&real);
    }
    seen.error = unix::connect(&path).err();
    let inodes: Vec<u64> = seen.bound.iter().map(|bound| bound.inode).collect();
    if !inodes.is_empty() {
        let search = HolderSearch { inodes, effort: Effort::Enough, ..HolderSearch::default() };
        let holders = context.os.processes.holders(&search);
        seen.holder = holders.processes.values().next().map(|process| match &process.cwd {
            Some(cwd) => format!("{} (pid {}, {cwd})", process.name, process.pid),
            None => format!("{} (pid {})", process.name, process.pid),
        });
    }
    facts.unix = Some(seen);
}
