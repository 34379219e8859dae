//! What the kernel said, as an [`OsError`].

use std::io;

use crate::facts::OsError;

/// Returns the error of a question about `what`.
pub(crate) fn about(what: impl Into<String>, error: &io::Error) -> OsError {
    let what = what.into();
    match error.kind() {
        io::ErrorKind::PermissionDenied => OsError::Denied { what },
        io::ErrorKind::NotFound => OsError::Gone { what },
        _ if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => OsError::Gone { what },
        _ => OsError::Failed { what, reason: error.to_string() },
    }
}

/// Returns the name of the errno, as errno(3) writes it, for those that bind(2) and connect(2) give.
pub(crate) fn errno_name(error: &io::Error) -> String {
    use rustix::io::Errno;
    let Some(raw) = error.raw_os_error() else { return error.to_string() };
    let name = match Errno::from_raw_os_error(raw) {
        Errno::ADDRINUSE => "EADDRINUSE",
        Errno::ACCESS => "EACCES",
        Errno::PERM => "EPERM",
        Errno::ADDRNOTAVAIL => "EADDRNOTAVAIL",
        Errno::AFNOSUPPORT => "EAFNOSUPPORT",
        Errno::INVAL => "EINVAL",
        Errno::MFILE => "EMFILE",
        Errno::NFILE => "ENFILE",
        Errno::NOBUFS => "ENOBUFS",
        Errno::NOMEM => "ENOMEM",
        Errno::NODEV => "ENODEV",
        _ => return format!("errno {raw}"),
    };
    name.to_owned()
}
