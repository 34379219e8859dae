//! A program that leads a session of its own, with its standard input as the controlling terminal; setsid(2),
//! TIOCSCTTY(2const). Not here: making a terminal (pty(7)), and reading what comes out of it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes `command`, when it is started, the leader of a new session whose terminal is its standard input. It gets that
/// terminal's signals then, and not those of the terminal that it was started from.
///
/// Starting it fails with ENOTTY if its standard input is no terminal, and with EPERM if that is one of another
/// session.
pub fn lead_with_terminal(command: &mut Command) {
    let lead = || {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        Ok::<(), io::Error>(())
    };
    // SAFETY: between fork and execve only functions that are safe in a signal handler may be called
    // (signal-safety(7)): both are bare system calls, and an error is made from its number without memory.
    unsafe { command.pre_exec(lead) };
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read;
    use std::process::{Command, Stdio};

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::lead_with_terminal;

    #[test]
    fn the_program_has_the_terminal_to_itself() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let mut command = Command::new("sh");
        // proc_pid_stat(5): the fourth number after the name is the terminal, the third the session.
        command.args(["-c", "read -r _ _ _ _ _ sid tty _ </proc/$$/stat; echo $$ $sid $tty; tty"]);
        command.stdin(slave).stdout(Stdio::piped());
        lead_with_terminal(&mut command);
        let mut child = command.spawn().unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        let (numbers, path) = text.trim().split_once('\n').unwrap();
        let numbers: Vec<&str> = numbers.split(' ').collect();
        assert_eq!(numbers[0], numbers[1], "it leads its session");
        assert_ne!(numbers[2], "0", "it has a controlling terminal");
        assert_eq!(path, name);
    }

    #[test]
    fn a_file_is_no_terminal() {
        let mut command = Command::new("true");
        command.stdin(Stdio::null());
        lead_with_terminal(&mut command);
        assert_eq!(command.spawn().unwrap_err().raw_os_error(), Some(libc::ENOTTY));
    }
}
