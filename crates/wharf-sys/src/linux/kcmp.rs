//! Whether two threads share their descriptors; kcmp(2).

use std::io;

/// Returns whether thread `tid` has the same table of descriptors as thread `other`.
///
/// # Errors
/// `PermissionDenied` without the right to trace both; ENOSYS without CONFIG_KCMP; ESRCH if one ended.
pub fn share_files(tid: u32, other: u32) -> io::Result<bool> {
    let zero: libc::c_ulong = 0;
    // SAFETY: kcmp(2) takes numbers alone and touches no memory of ours.
    let result = unsafe { libc::syscall(libc::SYS_kcmp, tid, other, KCMP_FILES, zero, zero) };
    match result {
        0 => Ok(true),
        1..=3 => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `linux/kcmp.h`.
const KCMP_FILES: libc::c_int = 2;

#[cfg(test)]
mod tests {
    use super::share_files;

    #[test]
    fn threads_share_and_another_process_does_not() {
        let own = std::process::id();
        // A container's seccomp profile may deny kcmp(2).
        let Ok(same) = share_files(own, own) else { return };
        assert!(same);
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let other = share_files(own, child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!other.unwrap());
        assert!(share_files(own, child.id()).is_err());
    }
}
