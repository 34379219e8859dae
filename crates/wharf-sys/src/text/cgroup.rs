//! /proc/pid/cgroup and the cgroup mounts of /proc/self/mountinfo; cgroups(7), proc_pid_mountinfo(5).

use std::path::PathBuf;

/// One line of /proc/pid/cgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership<'a> {
    /// Hierarchy id; 0 is cgroup v2.
    pub hierarchy: u32,
    /// Controllers of a v1 hierarchy (`freezer`, `name=systemd`); empty for v2.
    pub controllers: &'a str,
    /// Path from the root of the hierarchy, as seen from the reader's cgroup namespace.
    pub path: &'a str,
}

/// Parses /proc/pid/cgroup; lines that are not of its form are passed over.
pub fn memberships(text: &str) -> impl Iterator<Item = Membership<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let hierarchy = fields.next()?.parse().ok()?;
        Some(Membership { hierarchy, controllers: fields.next()?, path: fields.next()? })
    })
}

/// Returns the path that tells most of a process: of cgroup v2 unless that is the root, else of the systemd
/// hierarchy, else the longest of the others.
#[must_use]
pub fn telling_path(text: &str) -> Option<&str> {
    let rank = |member: &Membership<'_>| match (member.hierarchy, member.controllers) {
        (_, _) if member.path == "/" => 0,
        (0, _) => 3,
        (_, "name=systemd") => 2,
        _ => 1,
    };
    memberships(text).max_by_key(|member| (rank(member), member.path.len())).map(|member| member.path)
}

/// A mounted cgroup hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// Path inside the hierarchy that is mounted there.
    pub root: String,
    /// True for cgroup v2.
    pub unified: bool,
    /// Controllers of a v1 hierarchy, as its super block options name them.
    pub controllers: String,
}

/// Parses the cgroup mounts out of /proc/self/mountinfo.
#[must_use]
pub fn mounts(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut right = right.split(' ');
    let unified = match right.next()? {
        "cgroup2" => true,
        "cgroup" => false,
        _ => return None,
    };
    let mut left = left.split(' ');
    let root = unescape(left.nth(3)?);
    let point = PathBuf::from(unescape(left.next()?));
    Some(Mount { point, root, unified, controllers: right.nth(1).unwrap_or_default().to_owned() })
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::{mounts, telling_path};

    #[test]
    fn the_unified_path_tells_unless_it_is_the_root() {
        let hybrid = "12:freezer:/docker/ab\n1:name=systemd:/system.slice/nginx.service\n0::/\n";
        assert_eq!(telling_path(hybrid), Some("/system.slice/nginx.service"));
        assert_eq!(telling_path("0::/user.slice/session-3.scope\n"), Some("/user.slice/session-3.scope"));
        assert_eq!(telling_path("4:memory:/docker/ab\n3:cpu:/\n0::/\n"), Some("/docker/ab"));
        assert_eq!(telling_path("0::/\n"), Some("/"));
        assert_eq!(telling_path(""), None);
    }

    #[test]
    fn only_cgroup_mounts_are_taken_from_mountinfo() {
        let text = "25 1 0:22 / /proc rw - proc proc rw\n\
            31 26 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n\
            32 26 0:29 /x /mnt/a\\040b rw - cgroup cgroup rw,freezer\n";
        let found = mounts(text);
        assert_eq!(found.len(), 2);
        assert!(found[0].unified && found[0].point.ends_with("unified"));
        assert_eq!(found[1].point.to_str(), Some("/mnt/a b"));
        assert_eq!((found[1].root.as_str(), found[1].controllers.as_str()), ("/x", "rw,freezer"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = (mounts(&text), telling_path(&text));
        }
    }
}
