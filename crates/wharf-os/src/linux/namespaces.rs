//! Network namespaces other than wharf's own, found by the processes that live in them and by `/run/netns`.
//!
//! Which namespace another user's process lives in may not be read from its `ns/net`; the inode of its
//! `net/tcp` may, and is as unique: each namespace has a /proc/net of its own, whose entries take their
//! numbers from the same pool.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wharf_model::snapshot::Warning;
use wharf_sys::linux::netns;
use wharf_sys::linux::proc_dir::ProcDir;

use crate::facts::{Namespace, Partial};

/// Returns every network namespace but wharf's own.
pub(crate) fn others() -> Partial<Vec<Namespace>> {
    let Ok(proc) = ProcDir::open() else { return no_proc() };
    let Ok(pids) = proc.pids() else { return no_proc() };
    let own = identity(&proc, "thread-self");
    let mut found: BTreeMap<u64, Namespace> = BTreeMap::new();
    // The number of net/tcp stands for the namespace until a process tells both.
    let mut aliases: HashMap<u64, u64> = HashMap::new();
    for pid in pids {
        let (inode, table) = identity(&proc, &pid.to_string());
        let Some(key) = inode.or_else(|| table.map(|table| aliases.get(&table).copied().unwrap_or(table)))
        else {
            continue;
        };
        if Some(key) == own.0 || (inode.is_none() && table == own.1) {
            continue;
        }
        let namespace = found.entry(key).or_insert_with(|| {
            if inode.is_some()
                && let Ok(table) = proc.inode(&format!("{pid}/net/tcp"))
            {
                aliases.insert(table, key);
            }
            Namespace { key, inode, name: None, pids: Vec::new() }
        });
        namespace.pids.push(pid);
    }
    merge_aliases(&mut found, &aliases);
    for (inode, name) in named() {
        if Some(inode) != own.0 {
            let fresh = Namespace { key: inode, inode: Some(inode), name: None, pids: Vec::new() };
            found.entry(inode).or_insert(fresh).name = Some(name);
        }
    }
    found.into_values().collect::<Vec<_>>().into()
}

/// Returns the other processes in wharf's own network namespace, as far as they may be looked into.
pub(crate) fn neighbours() -> Vec<u32> {
    let Ok(proc) = ProcDir::open() else { return Vec::new() };
    let own = identity(&proc, "thread-self");
    let is_here = |pid: &u32| {
        let (inode, table) = identity(&proc, &pid.to_string());
        *pid != std::process::id()
            && ((inode.is_some() && inode == own.0) || (table.is_some() && table == own.1))
    };
    proc.pids().unwrap_or_default().into_iter().filter(is_here).collect()
}

/// Opens the namespace, by a process in it or by its name.
///
/// # Errors
/// `PermissionDenied` if no process in it may be traced and it has no name; `NotFound` if all ended.
pub(crate) fn open(namespace: &Namespace) -> io::Result<OwnedFd> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    if let Some(name) = &namespace.name {
        match netns::open_named(&Path::new(NAMED).join(name)) {
            Ok(opened) => return Ok(opened),
            Err(error) => last = error,
        }
    }
    let proc = ProcDir::open()?;
    for &pid in &namespace.pids {
        match proc.process(pid).and_then(|process| process.open("ns/net")) {
            Ok(opened) => return Ok(opened),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The inode of `ns/net`, and that of `net/tcp`.
type Identity = (Option<u64>, Option<u64>);

/// Returns the inode of `ns/net` where it may be read; else the inode of `net/tcp`. (For wharf itself: both.)
fn identity(proc: &ProcDir, who: &str) -> Identity {
    let inode = proc.link(&format!("{who}/ns/net")).ok().and_then(|target| namespace_inode(&target));
    let table = if inode.is_none() || who == "thread-self" {
        proc.inode(&format!("{who}/net/tcp")).ok()
    } else {
        None
    };
    (inode, table)
}

/// Returns N for a link target `net:[N]`.
fn namespace_inode(target: &[u8]) -> Option<u64> {
    std::str::from_utf8(target).ok()?.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

/// Joins what was found by `net/tcp` alone to the namespace of which a later process told both numbers.
fn merge_aliases(found: &mut BTreeMap<u64, Namespace>, aliases: &HashMap<u64, u64>) {
    for (table, key) in aliases {
        if let Some(part) = found.remove(table)
            && let Some(whole) = found.get_mut(key)
        {
            whole.pids.extend(part.pids);
            whole.pids.sort_unstable();
        }
    }
}

/// Returns the namespaces that ip-netns(8) has named: inode and name.
fn named() -> Vec<(u64, String)> {
    let Ok(entries) = fs::read_dir(NAMED) else { return Vec::new() };
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        Some((fs::metadata(&path).ok()?.ino(), name))
    };
    entries.flatten().filter_map(|entry| named(entry.path())).collect()
}

fn no_proc() -> Partial<Vec<Namespace>> {
    let text = "other network namespaces cannot be found without /proc".to_owned();
    Partial { value: Vec::new(), warnings: vec![Warning { code: "namespaces-unknown".to_owned(), text }] }
}

const NAMED: &str = "/run/netns";
#[cfg(test)]
mod tests {
    use super::{identity, namespace_inode};
    use wharf_sys::linux::proc_dir::ProcDir;

    #[test]
    fn only_a_net_link_has_an_inode() {
        assert_eq!(namespace_inode(b"net:[4026531840]"), Some(4_026_531_840));
        for other in [&b"mnt:[1]"[..], b"net:[]", b"net:[x]", b"", b"\xff"] {
            assert_eq!(namespace_inode(other), None);
        }
    }

    #[test]
    fn a_process_of_ones_own_namespace_has_ones_own_numbers() {
        let proc = ProcDir::open().unwrap();
        let pid = std::process::id().to_string();
        assert_eq!(identity(&proc, "thread-self").0, identity(&proc, &pid).0);
        assert_eq!(proc.inode("self/net/tcp").unwrap(), proc.inode(&format!("{pid}/net/tcp")).unwrap());
    }
}
