//! The memory of another process; process_vm_readv(2), process_vm_writev(2). Not here: what the bytes mean.

use std::io;

/// Copies memory of process (or thread) `pid` from `address` on into `buffer` and returns how many bytes were
/// there to read: fewer than asked for if what follows is not mapped.
///
/// # Errors
/// EFAULT if nothing at `address` can be read; EPERM without the right to trace the process (ptrace(2),
/// PTRACE_MODE_ATTACH_REALCREDS); ESRCH if it is gone.
pub fn read(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let start = usize::try_from(address).map_err(|_| io::Error::from_raw_os_error(libc::EFAULT))?;
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(start), iov_len: buffer.len() };
    // SAFETY: the kernel writes to `local` alone, which is `buffer` and as long, borrowed for the whole call;
    // `remote` is an address of the other process and is never followed here.
    let result = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Copies `bytes` into the memory of another process (or thread) `pid`, from `address` on, and returns how many there
/// was room for: fewer if what follows is not mapped, or not to be written to.
///
/// # Errors
/// As [`read`], EFAULT if nothing at `address` can be written to; EINVAL if `pid` is of this process.
pub fn write(pid: u32, address: u64, bytes: &[u8]) -> io::Result<usize> {
    // What the compiler knows of its own memory must stay true.
    if rustix::fs::stat(format!("/proc/self/task/{pid}")).is_ok() {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let start = usize::try_from(address).map_err(|_| io::Error::from_raw_os_error(libc::EFAULT))?;
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: std::ptr::without_provenance_mut(start), iov_len: bytes.len() };
    // SAFETY: the kernel reads `local` alone, which is `bytes` and as long, borrowed for the whole call; `remote` is an
    // address of another process and is never followed here. That `pid` is not of this process was just seen; that the
    // number went to a new thread of this one meanwhile takes a full round of pids within two system calls.
    let result = unsafe { libc::process_vm_writev(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    use super::{read, write};

    #[test]
    fn what_is_written_is_there_for_the_other() {
        let script = "import ctypes, sys
room = ctypes.create_string_buffer(b'empty')
print(ctypes.addressof(room), flush=True)
sys.stdin.readline()
print(room.value.decode())";
        let mut command = Command::new("python3");
        let mut child =
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap().parse().unwrap();
        let written = write(child.id(), address, b"cargo");
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let said = lines.next().unwrap().unwrap();
        let nowhere = write(child.id(), 8, b"cargo").unwrap_err();
        child.wait().unwrap();
        // A container's seccomp profile may deny process_vm_writev(2).
        match written {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => return,
            written => assert_eq!((written.unwrap(), said.as_str()), (5, "cargo")),
        }
        assert!(matches!(nowhere.raw_os_error(), Some(libc::EFAULT | libc::ESRCH)), "{nowhere}");
        assert!(write(u32::MAX, address, b"cargo").is_err());
        let own = write(std::process::id(), address, b"cargo").unwrap_err();
        assert_eq!(own.raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn memory_is_copied_and_what_is_not_mapped_is_an_error() {
        let secret = *b"a harbour";
        let own = std::process::id();
        let mut copy = [0; 9];
        // A container's seccomp profile may deny process_vm_readv(2).
        match read(own, secret.as_ptr().addr() as u64, &mut copy) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => return,
            result => assert_eq!(result.unwrap(), 9),
        }
        assert_eq!(copy, secret);
        // The first page is never mapped.
        assert_eq!(read(own, 8, &mut copy).unwrap_err().raw_os_error(), Some(libc::EFAULT));
        assert_eq!(read(own, u64::MAX - 4, &mut copy).unwrap_err().raw_os_error(), Some(libc::EFAULT));
    }

    #[test]
    fn a_process_that_is_gone_has_no_memory() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let error = read(child.id(), 4096, &mut [0; 4]).unwrap_err();
        assert!(matches!(error.raw_os_error(), Some(libc::ESRCH | libc::EPERM)), "{error}");
        assert!(read(u32::MAX, 4096, &mut [0; 4]).is_err());
    }
}
