//! A program in a network namespace of its own, and others beside it there; unshare(2), setns(2),
//! user_namespaces(7), network_namespaces(7).
//!
//! Without privilege the network namespace belongs to a user namespace of its own, in which the user is who they are
//! outside. Not here: what is done inside, and whether it may be had (the error number tells).

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces, unshare_unsafe};

/// Makes `command`, once it is started, one in a new network namespace whose `lo` is up. Any port may be bound there
/// without privilege, and the kernel chooses ports from [`CHOSEN_BY_KERNEL`] on, where /proc/sys can be written.
///
/// Starting it fails with EPERM or EACCES where user namespaces are denied, ENOSPC where there may be no more of them,
/// EINVAL where the kernel has none.
pub fn isolate(command: &mut Command) {
    let user = format!("{0} {0} 1", rustix::process::geteuid().as_raw());
    let group = format!("{0} {0} 1", rustix::process::getegid().as_raw());
    let range = format!("{CHOSEN_BY_KERNEL} {}", u16::MAX);
    let enter = move || {
        if let Err(error) = unshare(UnshareFlags::NEWNET) {
            if error.raw_os_error() != Some(libc::EPERM) {
                return Err(error);
            }
            unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
            // Without privilege a group can be mapped only once setgroups(2) is denied.
            write(c"/proc/self/setgroups", b"deny")?;
            write(c"/proc/self/uid_map", user.as_bytes())?;
            write(c"/proc/self/gid_map", group.as_bytes())?;
        }
        // In a container /proc/sys may be read-only: then it is as in every new namespace.
        let _ = write(c"/proc/sys/net/ipv4/ip_unprivileged_port_start", b"0");
        let _ = write(c"/proc/sys/net/ipv4/ip_local_port_range", range.as_bytes());
        bring_up_loopback()
    };
    // SAFETY: between fork(2) and execve(2) the hook makes system calls on text that it owns since before the fork
    // and on its stack; it allocates nothing, takes no lock, and its errors are mere numbers.
    unsafe { command.pre_exec(enter) };
}

/// Makes `command`, once it is started, one in the network namespace of the process that `pidfd` is, and in its user
/// namespace if `with_user`: one's own cannot be entered (EINVAL).
pub fn enter(command: &mut Command, pidfd: OwnedFd, with_user: bool) {
    let user = if with_user { ThreadNameSpaceType::USER } else { ThreadNameSpaceType::empty() };
    let enter = move || Ok(move_into_thread_name_spaces(pidfd.as_fd(), user | ThreadNameSpaceType::NETWORK)?);
    // SAFETY: as above; the descriptor is open since before the fork.
    unsafe { command.pre_exec(enter) };
}

/// Least port that the kernel chooses in such a namespace: above what it chooses elsewhere (32768 to 60999).
pub const CHOSEN_BY_KERNEL: u16 = 61_000;

fn unshare(what: UnshareFlags) -> io::Result<()> {
    // SAFETY: only CLONE_FILES would take descriptors away from other threads, and it is never among the flags.
    Ok(unsafe { unshare_unsafe(what) }?)
}

fn write(path: &CStr, text: &[u8]) -> io::Result<()> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text)?;
    Ok(())
}

/// SIOCSIFFLAGS of netdevice(7).
fn bring_up_loopback() -> io::Result<()> {
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: a `struct ifreq` of zeros is one: an empty name and numbers.
    let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = from.cast_signed() as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request reads one `struct ifreq`, which outlives the call; the descriptor is open.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::{enter, isolate};
    use crate::linux::process_control::pidfd_open;

    #[test]
    fn two_programs_share_a_namespace_that_is_nobody_elses() {
        let script = "import os, socket, sys
s = socket.create_server(('127.0.0.1', 80))
print(os.readlink('/proc/self/ns/net'), os.getuid(), flush=True)
socket.create_connection(('127.0.0.1', 80)).close()
sys.stdin.read()";
        let mut first = Command::new("python3");
        first.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        isolate(&mut first);
        // Where user namespaces are denied there is nothing to test.
        let Ok(mut first) = first.spawn() else { return };
        let mut said = String::new();
        BufReader::new(first.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        let own = fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
        let user = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/user")).unwrap();
        let with_user = user("self") != user(&first.id().to_string());
        let mut second = Command::new("python3");
        let connect = "import os, socket
socket.create_connection(('127.0.0.1', 80))
print(os.readlink('/proc/self/ns/net'), os.getuid())";
        second.args(["-c", connect]);
        enter(&mut second, pidfd_open(first.id()).unwrap(), with_user);
        let second = second.output().unwrap();
        drop(first.stdin.take());
        first.wait().unwrap();
        assert_eq!(String::from_utf8_lossy(&second.stdout), said, "{second:?}");
        assert!(said.trim().ends_with(&format!(" {}", rustix::process::getuid().as_raw())), "{said}");
        assert!(!said.starts_with(&own), "{said}");
    }
}
