//! The processes that a run has started: waiting for them, telling them signals, and ending all of them; wait(2),
//! PR_SET_CHILD_SUBREAPER(2const), pidfd_send_signal(2).
//!
//! As a subreaper wharf becomes the parent of every descendant whose own parent has ended, so that none gets away by
//! forking twice. Not here: what is started, and when it is to end.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, WaitStatus};
use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::process_control;

use crate::identity::living;
use crate::launch::Ending;

/// Makes this process the parent of descendants whose parents end, from now on.
///
/// # Errors
/// What prctl(2) said.
pub fn adopt() -> io::Result<()> {
    process_control::set_child_subreaper()
}

/// Waits until the child `pid` has ended, and takes leave of all others that end meanwhile.
///
/// # Errors
/// What wait(2) said; ECHILD if it is no child of this process.
pub fn wait_for(pid: u32) -> io::Result<Ending> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended.as_raw_nonzero().get().cast_unsigned() == pid => {
                return Ok(ending(status));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Sends `signal` to every descendant but those that are `spared`.
pub fn signal_all(signal: i32, spared: &[u32]) {
    for pid in descendants(spared) {
        send(pid, signal, spared);
    }
}

/// Ends every descendant but those that are `spared`: asks with SIGTERM, and after `grace` with SIGKILL. Returns how many had to be
/// killed.
pub fn end_all(grace: Duration, spared: &[u32]) -> usize {
    let deadline = Instant::now() + grace;
    let mut asked = BTreeSet::new();
    let mut killed = BTreeSet::new();
    loop {
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        let alive = descendants(spared);
        if alive.is_empty() {
            return killed.len();
        }
        for pid in alive {
            if Instant::now() >= deadline {
                killed.insert(pid);
                send(pid, libc_signal::KILL, spared);
            } else if asked.insert(pid) {
                send(pid, libc_signal::TERM, spared);
                // A stopped process obeys only once it goes on.
                send(pid, libc_signal::CONT, spared);
            }
        }
        std::thread::sleep(STEP);
    }
}

/// Returns whether the terminal sends its signals (Ctrl-C) to the process group of this process.
#[must_use]
pub fn is_in_foreground() -> bool {
    let stdin = std::io::stdin();
    rustix::termios::tcgetpgrp(stdin.as_fd()).is_ok_and(|group| group == rustix::process::getpgrp())
}

fn send(pid: u32, signal: i32, spared: &[u32]) {
    let Ok(process) = process_control::pidfd_open(pid) else { return };
    // The number may have been given to another meanwhile; the descriptor stays with what it was opened for.
    if descendants(spared).contains(&pid) {
        // One that has ended needs no signal.
        let _ = process_control::send_signal(process.as_fd(), signal);
    }
}

/// Returns every process below this one that has not ended, but for those that are `spared`.
fn descendants(spared: &[u32]) -> Vec<u32> {
    let Ok(proc) = ProcDir::open() else { return Vec::new() };
    let mut found = Vec::new();
    let mut queue = vec![std::process::id()];
    let mut text = Vec::new();
    while let Some(pid) = queue.pop() {
        for tid in proc.threads(pid).unwrap_or_default() {
            if proc.read(&format!("{pid}/task/{tid}/children"), &mut text).is_err() {
                continue;
            }
            let children = String::from_utf8_lossy(&text);
            queue.extend(children.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
        if pid != std::process::id() && !spared.contains(&pid) && living(&proc, pid).is_some() {
            found.push(pid);
        }
    }
    found
}

fn ending(status: WaitStatus) -> Ending {
    let small = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ending::Code(small(code)),
        (_, Some(signal)) => Ending::Signal(small(signal)),
        _ => Ending::Code(u8::MAX),
    }
}

/// The numbers are the same on every Linux but for old ones that wharf does not run on; signal(7).
mod libc_signal {
    pub(super) const KILL: i32 = 9;
    pub(super) const TERM: i32 = 15;
    pub(super) const CONT: i32 = 18;
}

/// How often it is looked whether all have ended.
const STEP: Duration = Duration::from_millis(5);
