//! What the control groups of a process hold it back by: frozen, throttled, short of memory; cgroups(7), both versions.
//!
//! What a group may not do nothing below it may either, so each is looked at up to the root. Not here: what follows.

use std::fs;
use std::path::{Path, PathBuf};

use wharf_sys::text::cgroup::{Membership, Mount, memberships, mounts};

/// What holds a process back, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The nearest group that is frozen.
    pub frozen: Option<Frozen>,
    /// Groups that have a limit of CPU time.
    pub throttles: Vec<Throttle>,
    /// Groups that have a limit of memory that makes processes wait.
    pub memory: Vec<Memory>,
}

/// A frozen group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// Its path in its hierarchy.
    pub group: String,
    /// The file that tells, and what it says.
    pub seen: (String, String),
    /// What thaws it, for that file.
    pub thaw: &'static str,
}

/// A limit of CPU time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Path of the group.
    pub group: String,
    /// The file that has the limit.
    pub file: String,
    /// The limit, in percent of one CPU.
    pub percent: u64,
    /// How often it was reached.
    pub times: u64,
    /// How long the group's threads were kept off the CPUs, in microseconds.
    pub micros: u64,
}

/// A limit of memory that makes processes wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Path of the group.
    pub group: String,
    /// The file that has the limit.
    pub file: String,
    /// The limit, in bytes.
    pub limit: u64,
    /// How much is used, in bytes.
    pub used: u64,
    /// How often processes were made to wait for it (version 2).
    pub times: u64,
    /// Whether processes wait now, because the killer is switched off (version 1).
    pub waits: bool,
}

/// Looks at the groups of process `pid`; nothing of what cannot be read.
#[must_use]
pub fn of(pid: u32) -> Groups {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else { return Groups::default() };
    let mounts = mounts(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
    let mut groups = Groups::default();
    for member in memberships(&text) {
        for (directory, path) in upward(&member, &mounts) {
            look(&mut groups, &member, &directory, path);
        }
    }
    groups
}

/// Returns the frozen group at or above `path` of version 2, as sockets carry it: from the root of what is mounted.
#[must_use]
pub fn frozen_at(path: &str) -> Option<Frozen> {
    let mounts = mounts(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
    let mount = mounts.iter().find(|mount| mount.unified)?;
    let directory = mount.point.join(path.trim_start_matches('/'));
    let mut steps = directory.ancestors().take(LEVELS_AT_MOST).take_while(|step| *step != mount.point);
    steps.find_map(|step| {
        let below = step.strip_prefix(&mount.point).ok()?;
        frozen2(step, format!("/{}", below.display()))
    })
}

/// Returns the directories from the group of `member` up to the root of its hierarchy, which has no limits.
fn upward(member: &Membership<'_>, mounts: &[Mount]) -> Vec<(PathBuf, String)> {
    let unified = member.hierarchy == 0;
    let is_it = |mount: &&Mount| {
        mount.unified == unified
            && (unified
                || member
                    .controllers
                    .split(',')
                    .any(|own| mount.controllers.split(',').any(|controller| controller == own)))
    };
    let Some(mount) = mounts.iter().find(is_it) else { return Vec::new() };
    let root = mount.root.trim_end_matches('/');
    let Some(below) = member.path.strip_prefix(root) else { return Vec::new() };
    let mut found = Vec::new();
    let mut path = below.trim_end_matches('/');
    while !path.is_empty() && found.len() < LEVELS_AT_MOST {
        found.push((mount.point.join(path.trim_start_matches('/')), path.to_owned()));
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    found
}

fn look(groups: &mut Groups, member: &Membership<'_>, directory: &Path, path: String) {
    let has = |name: &str| member.hierarchy == 0 || member.controllers.split(',').any(|own| own == name);
    if groups.frozen.is_none() && has("freezer") {
        groups.frozen = if member.hierarchy == 0 {
            frozen2(directory, path.clone())
        } else {
            frozen1(directory, path.clone())
        };
    }
    if has("cpu") {
        groups.throttles.extend(throttle(directory, &path));
    }
    if has("memory") {
        groups.memory.extend(memory(directory, path));
    }
}

fn frozen2(directory: &Path, group: String) -> Option<Frozen> {
    let events = read(directory, "cgroup.events")?;
    if number(&events, "frozen") != Some(1) || read(directory, "cgroup.freeze")?.trim() != "1" {
        return None;
    }
    let seen = (name(directory, "cgroup.freeze"), "1".to_owned());
    Some(Frozen { group, seen, thaw: "0" })
}

fn frozen1(directory: &Path, group: String) -> Option<Frozen> {
    if read(directory, "freezer.self_freezing")?.trim() != "1" {
        return None;
    }
    let state = read(directory, "freezer.state")?.trim().to_owned();
    Some(Frozen { group, seen: (name(directory, "freezer.state"), state), thaw: "THAWED" })
}

fn throttle(directory: &Path, group: &str) -> Option<Throttle> {
    let stat = read(directory, "cpu.stat")?;
    let (file, quota, period) = match read(directory, "cpu.max") {
        Some(max) => {
            let (quota, period) = max.trim().split_once(' ')?;
            ("cpu.max", quota.parse::<u64>().ok()?, period.parse::<u64>().ok()?)
        }
        None => {
            let quota = read(directory, "cpu.cfs_quota_us")?.trim().parse().ok()?;
            ("cpu.cfs_quota_us", quota, read(directory, "cpu.cfs_period_us")?.trim().parse().ok()?)
        }
    };
    let micros =
        number(&stat, "throttled_usec").or(number(&stat, "throttled_time").map(|nanos| nanos / 1000));
    Some(Throttle {
        group: group.to_owned(),
        file: name(directory, file),
        percent: quota.saturating_mul(100) / period.max(1),
        times: number(&stat, "nr_throttled")?,
        micros: micros?,
    })
}

fn memory(directory: &Path, group: String) -> Option<Memory> {
    let count = |file: &str| read(directory, file)?.trim().parse::<u64>().ok();
    if let Some(limit) = count("memory.high") {
        let times = number(&read(directory, "memory.events")?, "high")?;
        let file = name(directory, "memory.high");
        return Some(Memory { group, file, limit, used: count("memory.current")?, times, waits: false });
    }
    let control = read(directory, "memory.oom_control")?;
    let waits = number(&control, "oom_kill_disable") == Some(1) && number(&control, "under_oom") == Some(1);
    let limit = count("memory.limit_in_bytes")?;
    let file = name(directory, "memory.limit_in_bytes");
    waits.then(|| Memory {
        group,
        file,
        limit,
        used: count("memory.usage_in_bytes").unwrap_or(0),
        times: 0,
        waits,
    })
}

/// Returns the number of the line `KEY NUMBER`.
fn number(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

fn read(directory: &Path, file: &str) -> Option<String> {
    fs::read_to_string(directory.join(file)).ok()
}

fn name(directory: &Path, file: &str) -> String {
    directory.join(file).display().to_string()
}

/// A bound against a hierarchy made to be endless.
const LEVELS_AT_MOST: usize = 64;

#[cfg(test)]
mod tests {
    use wharf_sys::text::cgroup::{memberships, mounts};

    use super::{number, of, throttle, upward};

    #[test]
    fn a_process_without_limits_is_held_back_by_nothing() {
        let own = of(std::process::id());
        assert_eq!(own.frozen, None);
        assert!(own.memory.iter().all(|memory| !memory.waits));
    }

    #[test]
    fn each_group_up_to_the_root_is_looked_at_in_the_hierarchy_that_is_its_own() {
        let mounts = mounts(
            "31 26 0:28 / /u rw - cgroup2 cgroup2 rw\n32 26 0:29 /docker /f rw - cgroup cgroup rw,freezer\n",
        );
        let text = "0::/a/b\n6:freezer:/docker/c\n7:cpu:/elsewhere\n";
        let found: Vec<String> = memberships(text)
            .flat_map(|member| upward(&member, &mounts))
            .map(|(directory, path)| format!("{} {path}", directory.display()))
            .collect();
        assert_eq!(found, ["/u/a/b /a/b", "/u/a /a", "/f/c /c"]);
    }

    #[test]
    fn a_limit_of_both_versions_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("cpu.stat", "nr_periods 9\nnr_throttled 7\nthrottled_time 5000000\n");
        assert_eq!(throttle(folder.path(), "/x"), None);
        write("cpu.cfs_period_us", "100000\n");
        write("cpu.cfs_quota_us", "1000\n");
        let limit = throttle(folder.path(), "/x").unwrap();
        assert_eq!((limit.percent, limit.times, limit.micros), (1, 7, 5000));
        write("cpu.max", "max 100000\n");
        assert_eq!(throttle(folder.path(), "/x"), None);
        write("cpu.max", "50000 100000\n");
        write("cpu.stat", "nr_throttled 2\nthrottled_usec 40\n");
        let limit = throttle(folder.path(), "/x").unwrap();
        assert_eq!((limit.percent, limit.times, limit.micros), (50, 2, 40));
        assert_eq!(number("high 3\nhighest 4\n", "high"), Some(3));
    }
}
