//! Processes: what /proc/pid tells of one.

use std::sync::OnceLock;

use rustix::time::{ClockId, clock_gettime};
use wharf_model::process::ProcessState;
use wharf_model::timestamp::Timestamp;
use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::text::{cgroup, stat};

use super::cgroups::Cgroups;
use super::{holders, host};
use crate::facts::{HolderSearch, Holders, ProcessFacts, below};
use crate::traits::Processes;

/// The processes of Linux.
#[derive(Debug, Default)]
pub(crate) struct LinuxProcesses {
    cgroups: Cgroups,
    boot_ms: OnceLock<Option<i64>>,
}

impl Processes for LinuxProcesses {
    fn holders(&self, search: &HolderSearch) -> Holders {
        holders::search(search, &|process, pid| self.one(process, pid, &mut Vec::with_capacity(4096)))
    }

    fn read(&self, pids: &[u32]) -> Vec<ProcessFacts> {
        let Ok(proc) = ProcDir::open() else { return Vec::new() };
        let read = |pids: &[u32]| -> Vec<ProcessFacts> {
            let mut buffer = Vec::with_capacity(4096);
            pids.iter().filter_map(|&pid| self.one(&proc.process(pid).ok()?, pid, &mut buffer)).collect()
        };
        if pids.len() < SHARED_FROM {
            return read(pids);
        }
        let (left, right) = pids.split_at(pids.len() / 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| read(right));
            let mut all = read(left);
            all.extend(other.join().unwrap_or_default());
            all
        })
    }

    fn descendants(&self, pids: &[u32]) -> Vec<u32> {
        let Ok(proc) = ProcDir::open() else { return Vec::new() };
        let mut text = Vec::new();
        let mut parent = |pid: u32| {
            proc.process(pid).ok()?.read("stat", &mut text).ok()?;
            stat::parse(&text).map(|stat| (pid, stat.ppid))
        };
        let all: Vec<(u32, u32)> =
            proc.pids().unwrap_or_default().into_iter().filter_map(&mut parent).collect();
        below(pids, &all)
    }

    fn are_many(&self) -> bool {
        // Threads of the whole machine: one question without a file, and good enough.
        rustix::system::sysinfo().procs >= MANY
    }

    fn environment(&self, pid: u32, name: &str) -> Option<String> {
        let mut text = Vec::new();
        ProcDir::open().ok()?.process(pid).ok()?.read("environ", &mut text).ok()?;
        let value = text
            .split(|&byte| byte == 0)
            .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        Some(lossy(value))
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        self.cgroups.by_id(id)
    }
}

impl LinuxProcesses {
    /// Reads one process. Every read goes through its directory, so that all of it is of one process even if the
    /// pid is reused.
    fn one(&self, process: &ProcessDir, pid: u32, buffer: &mut Vec<u8>) -> Option<ProcessFacts> {
        process.read("stat", buffer).ok()?;
        let stat = stat::parse(buffer)?;
        let command = command(process, buffer);
        let (exe, exe_deleted) = executable(process);
        let memberships = process.read("cgroup", buffer).ok().map(|()| lossy(buffer));
        let state = match memberships.as_deref() {
            Some(text) if self.cgroups.is_frozen(text) => ProcessState::Frozen,
            _ => state(stat.state),
        };
        Some(ProcessFacts {
            pid,
            ppid: stat.ppid,
            start_ticks: stat.start_ticks,
            started_at: self.instant(stat.start_ticks),
            name: lossy(&stat.name),
            state,
            uid: process.uid().ok(),
            command,
            exe,
            exe_deleted,
            cwd: process.link("cwd").ok().map(|path| lossy(&path)),
            cgroup: memberships.as_deref().and_then(cgroup::telling_path).map(str::to_owned),
            tty: stat::terminal_name(stat.terminal),
            session: stat.session,
        })
    }

    /// Returns the instant of a tick count since boot.
    fn instant(&self, ticks: u64) -> Option<Timestamp> {
        let boot_ms = (*self.boot_ms.get_or_init(boot_ms))?;
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let ms = i64::try_from(ticks.checked_mul(1000)? / per_second).ok()?;
        Timestamp::from_unix_ms(boot_ms.checked_add(ms)?)
    }
}

/// Returns when the machine booted, in milliseconds since 1970: now, less the time since boot.
fn boot_ms() -> Option<i64> {
    let up = clock_gettime(ClockId::Boottime);
    Some(host::now_ms()? - up.tv_sec * 1000 - up.tv_nsec / 1_000_000)
}

fn command(process: &ProcessDir, buffer: &mut Vec<u8>) -> Vec<String> {
    if process.read("cmdline", buffer).is_err() || buffer.is_empty() {
        return Vec::new();
    }
    // A process that rewrites its title leaves one string, often padded with NULs.
    let text = buffer.strip_suffix(b"\0").unwrap_or(buffer);
    let mut words: Vec<String> = text.split(|&byte| byte == 0).map(lossy).collect();
    while words.len() > 1 && words.last().is_some_and(String::is_empty) {
        words.pop();
    }
    words
}

fn executable(process: &ProcessDir) -> (Option<String>, bool) {
    let Ok(target) = process.link("exe") else { return (None, false) };
    match target.strip_suffix(b" (deleted)") {
        Some(path) => (Some(lossy(path)), true),
        None => (Some(lossy(&target)), false),
    }
}

fn state(letter: u8) -> ProcessState {
    match letter {
        b'R' => ProcessState::Running,
        b'S' | b'I' => ProcessState::Sleeping,
        b'D' => ProcessState::Uninterruptible,
        b'T' => ProcessState::Stopped,
        b't' => ProcessState::Traced,
        b'Z' | b'X' => ProcessState::Zombie,
        _ => ProcessState::Unknown,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// From how many processes on a second thread pays.
const SHARED_FROM: usize = 24;
/// Threads of a machine that is busier than a quiet desktop.
const MANY: u16 = 256;

#[cfg(test)]
mod tests {
    use super::LinuxProcesses;
    use crate::traits::Processes;

    #[test]
    fn its_own_process_is_told_as_the_standard_library_tells_it() {
        let own = std::process::id();
        let [process] = &LinuxProcesses::default().read(&[own])[..] else { panic!("one process") };
        assert_eq!(process.pid, own);
        assert_eq!(process.command, std::env::args().collect::<Vec<_>>());
        assert_eq!(process.exe.as_deref(), std::env::current_exe().unwrap().to_str());
        assert_eq!(process.cwd.as_deref(), std::env::current_dir().unwrap().to_str());
        assert_eq!(process.uid, Some(rustix::process::geteuid().as_raw()));
        assert_eq!(process.ppid, std::os::unix::process::parent_id());
        let age = std::time::SystemTime::now()
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_millis() as i64
            - process.started_at.unwrap().unix_ms();
        assert!((-1000..600_000).contains(&age), "{age} ms old");
    }

    #[test]
    fn processes_that_are_gone_are_left_out_in_any_number() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = child.id();
        child.wait().unwrap();
        let own = std::process::id();
        let processes = LinuxProcesses::default();
        assert_eq!(processes.read(&[gone, own]).len(), 1);
        let many: Vec<u32> = std::iter::repeat_n(own, 60).chain([gone]).collect();
        assert_eq!(processes.read(&many).len(), 60);
    }

    #[test]
    fn a_variable_of_the_environment_is_found_by_its_whole_name() {
        let child = std::process::Command::new("sleep")
            .arg("30")
            .env_clear()
            .env("XPORT", "1")
            .env("PORT", "3000")
            .spawn()
            .unwrap();
        let processes = LinuxProcesses::default();
        assert_eq!(processes.environment(child.id(), "PORT").as_deref(), Some("3000"));
        assert_eq!(processes.environment(child.id(), "POR"), None);
        let mut child = child;
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
