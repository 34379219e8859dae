//! Why a program cannot be looked into, in words: the kernel says EPERM to all of it; ptrace(2), "Ptrace access mode
//! checking". Not here: what becomes of its calls then.

use std::io;

use wharf_sys::linux::proc_dir::ProcDir;

/// Returns `error`, which came of a look into thread `tid`, with its reason if that can be told.
pub(crate) fn explain(tid: u32, error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error;
    }
    let Ok(proc) = ProcDir::open() else { return error };
    let mut text = Vec::new();
    let mut read = |path: &str| {
        proc.read(path, &mut text).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    };
    let reason = if read("sys/kernel/yama/ptrace_scope").is_some_and(|scope| may_not_trace(&scope)) {
        "kernel.yama.ptrace_scope is 2 or more"
    } else if read(&format!("{tid}/status")).is_some_and(|status| is_of_another(&status)) {
        "it runs as another user"
    } else {
        "it hides its memory, PR_SET_DUMPABLE, or its file may be executed and not read"
    };
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}

/// Scope 1 lets an ancestor trace, which a supervisor is.
fn may_not_trace(scope: &str) -> bool {
    scope.trim().parse().is_ok_and(|scope: u32| scope >= 2)
}

/// Looks at the user ids of a process, all of which must be the tracer's.
fn is_of_another(status: &str) -> bool {
    let own = rustix::process::getuid().as_raw().to_string();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    ids.split_ascii_whitespace().take(3).any(|id| id != own)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{explain, is_of_another, may_not_trace};

    #[test]
    fn a_reason_is_told_where_there_is_one() {
        let gone = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(explain(1, gone).kind(), io::ErrorKind::NotFound);
        let denied = || io::Error::from_raw_os_error(rustix::io::Errno::PERM.raw_os_error());
        assert_eq!(explain(u32::MAX, denied()).kind(), io::ErrorKind::PermissionDenied);
        let text = explain(std::process::id(), denied()).to_string();
        assert!(text.contains("PR_SET_DUMPABLE") || text.contains("ptrace_scope"), "{text}");
        let own = rustix::process::getuid().as_raw();
        assert!(!is_of_another(&format!("Name:\tx\nUid:\t{own}\t{own}\t{own}\t{own}\n")));
        assert!(is_of_another(&format!("Name:\tx\nUid:\t{own}\t{}\t{own}\t{own}\n", own + 1)));
        assert!(!may_not_trace("1\n") && may_not_trace("2\n") && !may_not_trace(""));
    }
}
