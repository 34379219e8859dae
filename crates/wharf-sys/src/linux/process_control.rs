//! What is done to processes: a handle that no reuse of its number can turn to another, a signal by it, and the
//! adoption of orphans; pidfd_open(2), pidfd_send_signal(2), prctl(2). Not here: whom to end, and how gently.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::process::{PidfdFlags, Signal};

use crate::linux::descriptor::pid;

/// Makes this process the parent of all its descendants whose own parent ends (PR_SET_CHILD_SUBREAPER). It must
/// wait for them then; fork(2) does not hand it on, execve(2) keeps it.
///
/// # Errors
/// What prctl(2) said.
pub fn set_child_subreaper() -> io::Result<()> {
    // Any number but zero sets it.
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Opens process `number`. The descriptor is readable once it has ended.
///
/// # Errors
/// ESRCH if there is none; EINVAL or `NotFound` if the number is that of a thread, or cannot be one.
pub fn pidfd_open(number: u32) -> io::Result<OwnedFd> {
    Ok(rustix::process::pidfd_open(pid(number)?, PidfdFlags::empty())?)
}

/// Sends `signal`, a number of signal(7) below the real-time ones, to the process that `pidfd` is.
///
/// # Errors
/// EINVAL for another number; ESRCH if it has ended; EPERM without the right (kill(2)).
pub fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    let signal = Signal::from_named_raw(signal).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    Ok(rustix::process::pidfd_send_signal(pidfd, signal)?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::{pidfd_open, send_signal, set_child_subreaper};

    #[test]
    fn a_signal_reaches_the_process_and_nobody_after_it() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let pidfd = pidfd_open(child.id()).unwrap();
        assert_eq!(send_signal(pidfd.as_fd(), 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(send_signal(pidfd.as_fd(), 4711).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        send_signal(pidfd.as_fd(), libc::SIGTERM).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
        let error = send_signal(pidfd.as_fd(), libc::SIGTERM).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
        assert!(pidfd_open(child.id()).is_err());
        assert!(pidfd_open(0).is_err());
    }

    #[test]
    fn an_orphan_becomes_a_child() {
        set_child_subreaper().unwrap();
        // The shell ends at once; its sleep is an orphan that holds the pipe no longer than it lives.
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 30 >/dev/null & echo $!"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        shell.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        shell.wait().unwrap();
        let orphan: u32 = text.trim().parse().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{orphan}/stat")).unwrap();
        let parent = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap();
        send_signal(pidfd_open(orphan).unwrap().as_fd(), libc::SIGKILL).unwrap();
        assert_eq!(parent, std::process::id().to_string());
        let orphan = rustix::process::Pid::from_raw(orphan.cast_signed());
        rustix::process::waitpid(orphan, rustix::process::WaitOptions::empty()).unwrap();
    }
}
