//! A program that may not bind TCP sockets itself, nor may anything that it starts; landlock(7), `linux/landlock.h`.
//!
//! This holds for every way into the kernel, io_uring too, which seccomp does not see. A socket that another process
//! binds for it (`socket_control` on a duplicate) is none of its business. Not here: files, which stay as they are, and
//! sockets that are no plain TCP.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes `command`, once it is started, one that bind(2) fails for with EACCES on TCP sockets.
///
/// The child sets PR_SET_NO_NEW_PRIVS only if the kernel demands it, which is without CAP_SYS_ADMIN.
///
/// # Errors
/// `Unsupported` where the kernel cannot (Landlock with ABI 4, Linux 6.7), or is started without it.
pub fn deny_tcp_bind(command: &mut Command) -> io::Result<()> {
    if abi()? < ABI_WITH_NETWORK {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let ruleset = ruleset()?;
    let restrict = move || match restrict_self(ruleset.as_fd()) {
        // Neither CAP_SYS_ADMIN nor no_new_privs.
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            rustix::thread::set_no_new_privs(true)?;
            restrict_self(ruleset.as_fd())
        }
        result => result,
    };
    // SAFETY: between fork(2) and execve(2) the hook makes system calls on a descriptor that is open since before the
    // fork; it allocates nothing, takes no lock, and its errors are mere numbers.
    unsafe { command.pre_exec(restrict) };
    Ok(())
}

/// Returns the version of Landlock that the kernel has (LANDLOCK_CREATE_RULESET_VERSION).
fn abi() -> io::Result<u32> {
    let nothing = std::ptr::null::<u64>();
    // SAFETY: with this flag the kernel follows no pointer, and takes the null one alone.
    let result = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0_usize, VERSION) };
    match u32::try_from(result) {
        Ok(version) => Ok(version),
        // EOPNOTSUPP where it is built in and not switched on; EPERM where a container's profile denies it.
        Err(_) => Err(io::Error::new(io::ErrorKind::Unsupported, io::Error::last_os_error())),
    }
}

/// Makes a set of rules that knows of bind(2) on TCP sockets and allows none.
fn ruleset() -> io::Result<OwnedFd> {
    // `struct landlock_ruleset_attr` of ABI 4: handled_access_fs, handled_access_net.
    let attributes: [u64; 2] = [0, ACCESS_NET_BIND_TCP];
    let (pointer, flags): (_, libc::c_uint) = (attributes.as_ptr(), 0);
    // SAFETY: the kernel reads as many bytes at `pointer` as `attributes` has, which outlives the call.
    let result =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, pointer, size_of_val(&attributes), flags) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the result is a new descriptor (close-on-exec), which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(result as RawFd) })
}

/// Puts this thread, and what it starts, under `ruleset` for good.
fn restrict_self(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    let flags: libc::c_uint = 0;
    // SAFETY: landlock_restrict_self(2) takes no pointer; the descriptor is borrowed, so it is open.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// LANDLOCK_CREATE_RULESET_VERSION.
const VERSION: libc::c_uint = 1;
/// LANDLOCK_ACCESS_NET_BIND_TCP, and the version since which it is known.
const ACCESS_NET_BIND_TCP: u64 = 1;
const ABI_WITH_NETWORK: u32 = 4;

#[cfg(test)]
mod tests {
    use std::io;
    use std::process::{Command, Output};

    use super::deny_tcp_bind;

    fn python(script: &str) -> io::Result<Output> {
        let mut command = Command::new("python3");
        command.args(["-c", script]);
        deny_tcp_bind(&mut command)?;
        command.output()
    }

    #[test]
    fn tcp_is_not_bound_and_everything_else_is() {
        let script = "import socket, subprocess, sys
def bind(kind, address, family=socket.AF_INET):
    try: socket.socket(family, kind).bind(address)
    except OSError as error: return error.errno
print(bind(socket.SOCK_STREAM, ('127.0.0.1', 0)), bind(socket.SOCK_DGRAM, ('127.0.0.1', 0)))
print(bind(socket.SOCK_STREAM, '', socket.AF_UNIX), bind(socket.SOCK_STREAM, ('::1', 0), socket.AF_INET6))";
        let output = match python(script) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return,
            output => output.unwrap(),
        };
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, "13 None\nNone 13\n", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
