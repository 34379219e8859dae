//! Which project a working directory belongs to, found by walking upward from it.
//!
//! The git work tree gives the project's root and name, the nearest manifest its package, and a
//! `wharf.toml` the name that its people want. The rules, where they are not plain:
//! - All work trees of one repository have one name, that of the main one; a submodule has its own.
//! - Without git, the directory of the nearest manifest is the project; with a `wharf.toml` above it,
//!   that directory.
//! - A manifest that says no name (`{"type": "module"}`, a Cargo workspace) lets an outer one speak.
//! - A home directory is never a project, whatever lies in it: a repository of dotfiles or a stray
//!   package.json would swallow every directory below. Only a `wharf.toml` makes it one.
//! - Below a hidden directory of a home (`~/.vscode-server`, `~/.npm/_npx`), only git or a `wharf.toml`
//!   makes a project: manifests there are of programs, not of projects.
//! - `/`, `/usr`, `/tmp` and their like are a project only by git or by a manifest that says a name.
//! - What lies in `node_modules` or `.git` belongs to what lies around it.
//!
//! Not here: reading files (`wharf-os`; paths are those of wharf's own mount namespace, so a process
//! in a container is not to be looked up here), and running git.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use wharf_model::place::Project;
use wharf_os::traits::Files;

use git::Git;
use manifest::Manifest;

mod git;
mod manifest;

/// The projects found so far, each directory read once.
///
/// What was read stays: use one for a snapshot, not for the life of a daemon, for branches change.
#[derive(Debug, Default)]
pub struct Projects {
    directories: HashMap<PathBuf, Directory>,
    found: HashMap<String, Option<Project>>,
    homes: Vec<PathBuf>,
}

impl Projects {
    /// Returns an empty cache that knows homes by their usual places: `/root`, `/home/*`, `/Users/*`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the same with one more directory that is a home.
    #[must_use]
    pub fn with_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.homes.push(home.into());
        self
    }

    /// Returns the project that the directory `cwd` belongs to; `None` if it belongs to none, or is no
    /// absolute path.
    pub fn find(&mut self, files: &dyn Files, cwd: &str) -> Option<Project> {
        if let Some(known) = self.found.get(cwd) {
            return known.clone();
        }
        let project = start_of(cwd).and_then(|start| self.look_upward(files, &start));
        self.found.insert(cwd.to_owned(), project.clone());
        project
    }

    fn look_upward(&mut self, files: &dyn Files, start: &Path) -> Option<Project> {
        let hidden = self.lies_hidden_in_a_home(start);
        let mut seen = Seen::default();
        for path in start.ancestors().take(DEPTH_LIMIT) {
            let home = self.is_home(path);
            let directory = self.directory(files, path);
            if let (None, Some(name)) = (&seen.given, &directory.given_name) {
                seen.given = Some((path.to_owned(), name.clone()));
            }
            if home {
                break;
            }
            if let Some(manifest) = &directory.manifest {
                seen.manifest(path, manifest);
            }
            if let Some(git) = &directory.git {
                return Some(seen.in_git(path, git));
            }
        }
        seen.without_git(!hidden)
    }

    fn directory(&mut self, files: &dyn Files, path: &Path) -> &Directory {
        self.directories.entry(path.to_owned()).or_insert_with(|| Directory::read(files, path))
    }

    fn is_home(&self, path: &Path) -> bool {
        let usual = path.parent().is_some_and(|parent| HOMES.iter().any(|homes| parent == Path::new(homes)));
        usual || path == Path::new("/root") || self.homes.iter().any(|home| path == home)
    }

    fn lies_hidden_in_a_home(&self, path: &Path) -> bool {
        let Some(home) = path.ancestors().find(|above| self.is_home(above)) else { return false };
        let below = path.strip_prefix(home).unwrap_or(path);
        below.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'))
    }
}

/// What one directory says by itself.
#[derive(Debug, Default)]
struct Directory {
    manifest: Option<Manifest>,
    git: Option<Git>,
    /// Name in `wharf.toml`.
    given_name: Option<String>,
}

impl Directory {
    fn read(files: &dyn Files, path: &Path) -> Self {
        let inside = Inside::new(files, path);
        let manifest = if SHARED.iter().any(|shared| path == Path::new(shared)) {
            manifest::read_named(&inside)
        } else {
            manifest::read(&inside)
        };
        Self { manifest, git: git::read(&inside), given_name: manifest::given_name(&inside) }
    }
}

/// The files in one directory. Where the system lists it in one go, only what is there is asked for: some
/// two dozen names are looked for, and most directories have none of them.
struct Inside<'a> {
    files: &'a dyn Files,
    path: &'a Path,
    names: Option<HashSet<OsString>>,
}

impl<'a> Inside<'a> {
    fn new(files: &'a dyn Files, path: &'a Path) -> Self {
        let names = files.list(path, LISTING_LIMIT).map(|names| names.into_iter().collect());
        Self { files, path, names }
    }

    /// Returns false only if the directory is known not to have `name`.
    fn may_have(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(OsStr::new(name)))
    }

    fn has(&self, name: &str) -> bool {
        match &self.names {
            Some(names) => names.contains(OsStr::new(name)),
            None => self.files.exists(&self.path.join(name)),
        }
    }

    fn read(&self, name: &str, limit: usize) -> Option<Vec<u8>> {
        if self.may_have(name) { self.files.read(&self.path.join(name), limit) } else { None }
    }
}

/// What was met on the way up, each the nearest of its kind.
#[derive(Default)]
struct Seen {
    given: Option<(PathBuf, String)>,
    named: Option<(PathBuf, String, String)>,
    unnamed: Option<PathBuf>,
}

impl Seen {
    fn manifest(&mut self, path: &Path, manifest: &Manifest) {
        match &manifest.package {
            Some(package) if self.named.is_none() => {
                let file = path.join(&manifest.file).to_string_lossy().into_owned();
                self.named = Some((path.to_owned(), package.clone(), file));
            }
            None if self.unnamed.is_none() => self.unnamed = Some(path.to_owned()),
            _ => {}
        }
    }

    fn in_git(self, root: &Path, git: &Git) -> Project {
        let name = self.given.map_or_else(|| git.name.clone(), |(_, name)| name);
        let (package, manifest) = self.named.map(|(_, package, file)| (package, file)).unzip();
        Project {
            name,
            root: root.to_string_lossy().into_owned(),
            package,
            manifest,
            branch: git.branch.clone(),
            detached_at: git.detached_at.clone(),
            worktree: git.worktree.clone(),
        }
    }

    fn without_git(mut self, manifests_count: bool) -> Option<Project> {
        if !manifests_count {
            (self.named, self.unnamed) = (None, None);
        }
        let (base, package, manifest) = match (self.named, self.unnamed, &self.given) {
            (Some((path, package, file)), ..) => (path, Some(package), Some(file)),
            (None, Some(path), _) => (path, None, None),
            (None, None, Some((path, _))) => (path.clone(), None, None),
            (None, None, None) => return None,
        };
        let (root, name) = match self.given {
            Some((above, name)) if base.starts_with(&above) => (above, name),
            Some((_, name)) => (base, name),
            // The root directory has no name of its own, only what the manifest in it says.
            None => match base.file_name() {
                Some(name) => (base.clone(), name.to_string_lossy().into_owned()),
                None => (base, package.clone()?),
            },
        };
        let root = root.to_string_lossy().into_owned();
        Some(Project { name, root, package, manifest, branch: None, detached_at: None, worktree: None })
    }
}

/// Returns the directory at which the walk begins: `cwd`, or what lies around a `node_modules` or `.git` in it.
fn start_of(cwd: &str) -> Option<PathBuf> {
    let path = Path::new(cwd.strip_suffix(" (deleted)").unwrap_or(cwd));
    if !path.has_root() || cwd.contains('\0') {
        return None;
    }
    let mut start = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => return None,
            Component::Normal(name) if name == "node_modules" || name == ".git" => break,
            part => start.push(part),
        }
    }
    Some(start)
}

fn directory_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Returns `text` as a name, if it makes one: not empty, not endless, no control characters.
fn as_name(text: &str) -> Option<String> {
    let name = text.trim();
    let sound = !name.is_empty() && name.len() <= NAME_LIMIT && !name.chars().any(char::is_control);
    sound.then(|| name.to_owned())
}

/// Directories above a process that are looked at, most.
const DEPTH_LIMIT: usize = 64;

/// Entries of a directory up to which it is listed; in a greater one each name is asked for.
const LISTING_LIMIT: usize = 512;

/// Longest name that is taken, bytes: that of a file.
const NAME_LIMIT: usize = 255;

/// Where homes are.
const HOMES: &[&str] = &["/home", "/Users", "/var/home", "/usr/home", "/export/home"];

/// Directories that everybody shares: only git, or a manifest that says a name, makes a project of one.
const SHARED: &[&str] = &[
    "/",
    "/bin",
    "/boot",
    "/data",
    "/dev",
    "/dev/shm",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/nix",
    "/nix/store",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/snap",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/run",
    "/var/tmp",
    "/var/www",
    "/Applications",
    "/Library",
    "/System",
    "/Users",
    "/Volumes",
    "/private",
    "/private/tmp",
    "/private/var",
];

#[cfg(test)]
mod tests;
