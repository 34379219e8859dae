//! The memory of another process; process_vm_readv(2), process_vm_writev(2). Where a
//! container's seccomp profile denies these, /proc/PID/mem does the same; proc_pid_mem(5). Not here: what the bytes mean.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

/// Copies memory of process (or thread) `pid` from `address` on into `buffer` and returns how many bytes were
/// there to read: fewer than asked for if what follows is not mapped.
///
/// # Errors
/// EFAULT if nothing at `address` can be read; EPERM without the right to trace the process (ptrace(2),
/// PTRACE_MODE_ATTACH_REALCREDS); ESRCH if it is gone.
pub fn read(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    match read_by_call(pid, address, buffer) {
        Err(error) if may_be_denied(&error) => {
            through_file(error, File::open(format!("/proc/{pid}/mem")), |file| file.read_at(buffer, address))
        }
        outcome => outcome,
    }
}

fn read_by_call(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
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
    match write_by_call(pid, address, bytes) {
        Err(error) if may_be_denied(&error) => {
            let file = OpenOptions::new().write(true).open(format!("/proc/{pid}/mem"));
            through_file(error, file, |file| file.write_at(bytes, address))
        }
        outcome => outcome,
    }
}

/// The caller has made sure that `pid` is of another process.
fn write_by_call(pid: u32, address: u64, bytes: &[u8]) -> io::Result<usize> {
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

/// Returns whether the call itself may be denied, and not what was asked of it.
fn may_be_denied(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS))
}

/// Returns what `access` does on the memory as a file, or the error that led there if that cannot be opened either.
fn through_file(
    denied: io::Error,
    file: io::Result<File>,
    access: impl FnOnce(&File) -> io::Result<usize>,
) -> io::Result<usize> {
    let Ok(file) = file else { return Err(denied) };
    // What is not mapped is EIO there.
    access(&file).map_err(|error| match error.raw_os_error() {
        Some(libc::EIO) => io::Error::from_raw_os_error(libc::EFAULT),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use super::{read, through_file, write};

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
        assert_eq!((written.unwrap(), said.as_str()), (5, "cargo"));
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
        assert_eq!(read(own, secret.as_ptr().addr() as u64, &mut copy).unwrap(), 9);
        assert_eq!(copy, secret);
        // The first page is never mapped.
        assert_eq!(read(own, 8, &mut copy).unwrap_err().raw_os_error(), Some(libc::EFAULT));
        assert_eq!(read(own, u64::MAX - 4, &mut copy).unwrap_err().raw_os_error(), Some(libc::EFAULT));
    }

    #[test]
    fn memory_is_read_as_a_file_too() {
        let secret = *b"a harbour";
        let (place, mut copy) = (secret.as_ptr().addr() as u64, [0; 9]);
        let denied = || std::io::Error::from_raw_os_error(libc::EPERM);
        let own = || File::open("/proc/self/mem");
        assert_eq!(through_file(denied(), own(), |file| file.read_at(&mut copy, place)).unwrap(), 9);
        assert_eq!(copy, secret);
        let unmapped = through_file(denied(), own(), |file| file.read_at(&mut copy, 8)).unwrap_err();
        assert_eq!(unmapped.raw_os_error(), Some(libc::EFAULT));
        let none = through_file(denied(), File::open("/proc/self/none"), |_| Ok(1)).unwrap_err();
        assert_eq!(none.raw_os_error(), Some(libc::EPERM));
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
