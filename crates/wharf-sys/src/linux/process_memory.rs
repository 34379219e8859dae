//! The memory of another process; process_vm_readv(2). Not here: what the bytes mean.

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

#[cfg(test)]
mod tests {
    use super::read;

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
