//! Control groups: the path of one by the id that sockets carry, and whether one is frozen.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use wharf_sys::text::cgroup::{Mount, memberships, mounts};

/// The control groups of this machine, read when they are first asked for.
#[derive(Debug, Default)]
pub(crate) struct Cgroups {
    mounts: OnceLock<Vec<Mount>>,
    by_id: OnceLock<HashMap<u64, PathBuf>>,
    frozen: Mutex<HashMap<PathBuf, bool>>,
}

impl Cgroups {
    /// Returns the path of the cgroup v2 group whose kernel id is `id`: the inode of its directory.
    pub(crate) fn by_id(&self, id: u64) -> Option<String> {
        let mount = self.mounts().iter().find(|mount| mount.unified)?;
        let directories = self.by_id.get_or_init(|| directories(&mount.point));
        let directory = directories.get(&id)?;
        let below = directory.strip_prefix(&mount.point).ok()?;
        Some(format!("/{}", below.to_string_lossy()))
    }

    /// Returns whether a process with this /proc/pid/cgroup is frozen, in cgroup v2 or the v1 freezer.
    pub(crate) fn is_frozen(&self, text: &str) -> bool {
        memberships(text).any(|member| {
            let freezer = member.controllers.split(',').any(|controller| controller == "freezer");
            // The root of a hierarchy cannot be frozen.
            if member.path == "/" || !(member.hierarchy == 0 || freezer) {
                return false;
            }
            self.directory(member.hierarchy == 0, member.path)
                .is_some_and(|directory| self.freezes(directory))
        })
    }

    fn freezes(&self, directory: PathBuf) -> bool {
        let mut known = self.frozen.lock().expect("no holder of this lock panics");
        *known.entry(directory).or_insert_with_key(|directory| {
            let is = |file: &str, says: fn(&str) -> bool| {
                fs::read_to_string(directory.join(file)).is_ok_and(|text| says(&text))
            };
            is("cgroup.events", |text| text.lines().any(|line| line == "frozen 1"))
                || is("freezer.state", |text| matches!(text.trim(), "FROZEN" | "FREEZING"))
        })
    }

    /// Returns the directory of the group `path` of the unified hierarchy, or of the freezer's.
    fn directory(&self, unified: bool, path: &str) -> Option<PathBuf> {
        let mount = self.mounts().iter().find(|mount| {
            mount.unified == unified
                && (unified || mount.controllers.split(',').any(|name| name == "freezer"))
        })?;
        // In a container only a part of the hierarchy is mounted, and paths are told from that part's root.
        let below = path.strip_prefix(mount.root.trim_end_matches('/')).unwrap_or(path);
        Some(mount.point.join(below.trim_start_matches('/')))
    }

    fn mounts(&self) -> &[Mount] {
        self.mounts.get_or_init(|| {
            let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
            mounts(&String::from_utf8_lossy(&text))
        })
    }
}

/// Returns every directory below `root` by its inode.
fn directories(root: &Path) -> HashMap<u64, PathBuf> {
    let mut found = HashMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        if found.len() >= DIRECTORIES_AT_MOST {
            break;
        }
        if let Ok(metadata) = fs::metadata(&directory) {
            found.insert(metadata.ino(), directory.clone());
        }
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        let directories = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        open.extend(directories.map(|entry| entry.path()));
    }
    found
}

/// More groups than any machine for development has; a bound against a hierarchy made to be endless.
const DIRECTORIES_AT_MOST: usize = 50_000;
