//! Processes by their identity, pid and start time: whether one still lives, an end to one, and those that were started
//! with certain variables; proc_pid_stat(5), proc_pid_environ(5), pidfd_open(2).
//!
//! A signal goes through a descriptor that was opened first and compared then, so that it never reaches a later process of
//! the same number. Not here: the processes that wharf has started itself (`family`).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use wharf_model::run::RunProcess;
use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::process_control;
use wharf_sys::text::stat;

/// A process that is watched until it has ended.
#[derive(Debug)]
pub struct Watched(OwnedFd);

/// Returns the identity of process `pid`; `None` if there is none, or it has ended and nobody has taken leave of it.
#[must_use]
pub fn of(pid: u32) -> Option<RunProcess> {
    living(&ProcDir::open().ok()?, pid)
}

/// Returns the identity of process `pid`, as [`of`].
pub(crate) fn living(proc: &ProcDir, pid: u32) -> Option<RunProcess> {
    let mut text = Vec::new();
    proc.read(&format!("{pid}/stat"), &mut text).ok()?;
    let stat = stat::parse(&text)?;
    // Where only the first thread has ended, the others go on.
    let lives =
        !matches!(stat.state, b'Z' | b'X') || proc.threads(pid).is_ok_and(|threads| threads.len() > 1);
    lives.then_some(RunProcess { pid, start_ticks: stat.start_ticks })
}

/// Returns the identity of this process.
#[must_use]
pub fn own() -> Option<RunProcess> {
    of(std::process::id())
}

/// Returns the pid namespace of this process, without which pids say nothing.
#[must_use]
pub fn pid_namespace() -> Option<u64> {
    rustix::fs::stat("/proc/self/ns/pid").ok().map(|stat| stat.st_ino)
}

/// Opens `process`; `None` if it has ended.
#[must_use]
pub fn watch(process: &RunProcess) -> Option<Watched> {
    let handle = process_control::pidfd_open(process.pid).ok()?;
    // The descriptor stays with what it was opened for: if that is the right one now, it is the right one for good.
    (of(process.pid)? == *process).then_some(Watched(handle))
}

/// Returns the processes of this user whose environment, as they were started, has all of `variables`.
#[must_use]
pub fn bearing(variables: &[(&str, &str)]) -> Vec<RunProcess> {
    let Ok(proc) = ProcDir::open() else { return Vec::new() };
    let wanted: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let own_uid = rustix::process::geteuid().as_raw();
    let mut text = Vec::new();
    let mut bears = |pid: u32| {
        // root may read what others have named as they like.
        let is_ours = proc.process(pid).and_then(|process| process.uid()).is_ok_and(|uid| uid == own_uid);
        let read = is_ours && proc.read(&format!("{pid}/environ"), &mut text).is_ok();
        read && wanted.iter().all(|wanted| text.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes()))
    };
    let pids = proc.pids().unwrap_or_default();
    pids.into_iter().filter(|&pid| bears(pid)).filter_map(of).collect()
}

/// Returns `processes`, all that descend from them or are of `session`, and all that descend from those, as far as they
/// are this user's: also such as have emptied their environment.
#[must_use]
pub fn with_descendants(processes: &[RunProcess], session: Option<u32>) -> Vec<RunProcess> {
    let Ok(proc) = ProcDir::open() else { return processes.to_vec() };
    let own_uid = rustix::process::geteuid().as_raw();
    let mut text = Vec::new();
    let mut others = Vec::new();
    for pid in proc.pids().unwrap_or_default() {
        let is_ours = proc.process(pid).and_then(|process| process.uid()).is_ok_and(|uid| uid == own_uid);
        if is_ours
            && proc.read(&format!("{pid}/stat"), &mut text).is_ok()
            && let Some(stat) = stat::parse(&text)
        {
            others.push(stat);
        }
    }
    let mut found = processes.to_vec();
    loop {
        let before = found.len();
        others.retain(|stat| {
            let belongs = Some(stat.session) == session || found.iter().any(|known| known.pid == stat.ppid);
            let process = RunProcess { pid: stat.pid, start_ticks: stat.start_ticks };
            if belongs && !found.contains(&process) {
                found.push(process);
            }
            !belongs
        });
        if found.len() == before {
            return found;
        }
    }
}

impl Watched {
    /// Sends `signal`, a number of signal(7); one that has ended needs none.
    ///
    /// # Errors
    /// What pidfd_send_signal(2) said: EPERM if it is not ours to end.
    pub fn send(&self, signal: i32) -> io::Result<()> {
        let ended = rustix::io::Errno::SRCH.raw_os_error();
        match process_control::send_signal(self.0.as_fd(), signal) {
            Err(error) if error.raw_os_error() == Some(ended) => Ok(()),
            other => other,
        }
    }

    /// Waits until it has ended, and returns whether it has within `limit`.
    ///
    /// # Errors
    /// What poll(2) said.
    pub fn wait(&self, limit: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&left)) {
                Ok(ready) => return Ok(ready > 0),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl AsFd for Watched {
    /// Readable once the process has ended.
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use wharf_model::run::RunProcess;

    use super::{bearing, of, own, watch, with_descendants};

    #[test]
    fn whoever_descends_from_one_is_found() {
        let mut child = Command::new("sh").args(["-c", "env -i sleep 30 & wait"]).spawn().unwrap();
        let process = of(child.id()).unwrap();
        let born = std::time::Instant::now();
        let found = loop {
            let found = with_descendants(&[process], None);
            if found.len() > 1 {
                break found;
            }
            assert!(born.elapsed() < Duration::from_secs(10));
        };
        assert_eq!((found.len(), found[0]), (2, process));
        assert!(with_descendants(&[], Some(u32::MAX)).is_empty());
        for process in found {
            watch(&process).unwrap().send(9).unwrap();
        }
        child.wait().unwrap();
    }

    #[test]
    fn one_is_watched_to_its_end_and_another_of_its_number_is_not() {
        let mut child = Command::new("sleep").arg("30").env("WHARF_TEST_BEARS", "one").spawn().unwrap();
        let process = of(child.id()).unwrap();
        let earlier = RunProcess { start_ticks: process.start_ticks - 1, ..process };
        assert!(watch(&earlier).is_none());
        // Between fork and execve it has still the environment of its parent.
        let born = std::time::Instant::now();
        while bearing(&[("WHARF_TEST_BEARS", "one")]) != [process] {
            assert!(born.elapsed() < Duration::from_secs(10));
        }
        assert!(bearing(&[("WHARF_TEST_BEARS", "on")]).is_empty());
        let watched = watch(&process).unwrap();
        assert!(!watched.wait(Duration::ZERO).unwrap());
        watched.send(15).unwrap();
        assert!(watched.wait(Duration::from_secs(10)).unwrap());
        assert_eq!(of(child.id()), None, "it has ended, though nobody has taken leave of it");
        child.wait().unwrap();
        assert!(watch(&process).is_none());
        assert_eq!(own().unwrap().pid, std::process::id());
    }
}
