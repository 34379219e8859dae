//! As whom a process opens files and sockets: user, group and further groups, /proc/PID/status, proc_pid_status(5).

use std::fs;

/// User and groups of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User that its files are opened as.
    pub uid: u32,
    /// Group, and further groups.
    pub gids: Vec<u32>,
}

/// Reads them; `None` if there is no such process.
#[must_use]
pub fn of(pid: u32) -> Option<Credentials> {
    parse(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse(text: &str) -> Option<Credentials> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    // Real, effective, saved, of the file system.
    let last = |line: &str| line.split_whitespace().nth(3)?.parse::<u32>().ok();
    let mut gids = vec![last(field("Gid:")?)?];
    gids.extend(field("Groups:")?.split_whitespace().filter_map(|gid| gid.parse::<u32>().ok()));
    Some(Credentials { uid: last(field("Uid:")?)?, gids })
}

#[cfg(test)]
mod tests {
    use super::{Credentials, of, parse};

    #[test]
    fn those_of_the_file_system_count() {
        let text = "Name:\tx\nUid:\t0\t0\t0\t33\nGid:\t0\t0\t0\t33\nGroups:\t4 33 \n";
        assert_eq!(parse(text), Some(Credentials { uid: 33, gids: vec![33, 4, 33] }));
        assert_eq!(parse("Uid:\tx\n"), None);
    }

    #[test]
    fn ones_own_are_read() {
        assert_eq!(of(std::process::id()).unwrap().uid, rustix::process::geteuid().as_raw());
        assert_eq!(of(0), None);
    }
}
