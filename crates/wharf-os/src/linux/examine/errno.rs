//! Errors of system calls by their names in errno(3).

use std::fmt;

use rustix::io::Errno as Number;

/// An error number of this kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errno(pub i32);

impl Errno {
    /// EPERM.
    pub const PERM: Self = Self(Number::PERM.raw_os_error());
    /// ENOENT.
    pub const NOENT: Self = Self(Number::NOENT.raw_os_error());
    /// EACCES.
    pub const ACCES: Self = Self(Number::ACCESS.raw_os_error());
    /// EINVAL.
    pub const INVAL: Self = Self(Number::INVAL.raw_os_error());
    /// EMFILE.
    pub const MFILE: Self = Self(Number::MFILE.raw_os_error());
    /// ENFILE.
    pub const NFILE: Self = Self(Number::NFILE.raw_os_error());
    /// EAGAIN.
    pub const AGAIN: Self = Self(Number::AGAIN.raw_os_error());
    /// ENOTSOCK.
    pub const NOTSOCK: Self = Self(Number::NOTSOCK.raw_os_error());
    /// EPROTOTYPE.
    pub const PROTOTYPE: Self = Self(Number::PROTOTYPE.raw_os_error());
    /// EAFNOSUPPORT.
    pub const AFNOSUPPORT: Self = Self(Number::AFNOSUPPORT.raw_os_error());
    /// EADDRINUSE.
    pub const ADDRINUSE: Self = Self(Number::ADDRINUSE.raw_os_error());
    /// EADDRNOTAVAIL.
    pub const ADDRNOTAVAIL: Self = Self(Number::ADDRNOTAVAIL.raw_os_error());
    /// ENETUNREACH.
    pub const NETUNREACH: Self = Self(Number::NETUNREACH.raw_os_error());
    /// ECONNRESET.
    pub const CONNRESET: Self = Self(Number::CONNRESET.raw_os_error());
    /// ETIMEDOUT.
    pub const TIMEDOUT: Self = Self(Number::TIMEDOUT.raw_os_error());
    /// ECONNREFUSED.
    pub const CONNREFUSED: Self = Self(Number::CONNREFUSED.raw_os_error());
    /// EHOSTUNREACH.
    pub const HOSTUNREACH: Self = Self(Number::HOSTUNREACH.raw_os_error());

    /// Returns the error number of `error`; `None` if it is not one of a system call.
    #[must_use]
    pub fn of(error: &std::io::Error) -> Option<Self> {
        error.raw_os_error().map(Self)
    }

    /// Returns its name, `E999` for one that is not in the table.
    #[must_use]
    pub fn name(self) -> String {
        match NAMES.iter().find(|(number, _)| *number == self) {
            Some((_, name)) => (*name).to_owned(),
            None => format!("E{}", self.0),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// What socket(2), connect(2) and bind(2) may say.
const NAMES: &[(Errno, &str)] = &[
    (Errno::PERM, "EPERM"),
    (Errno::NOENT, "ENOENT"),
    (Errno(Number::INTR.raw_os_error()), "EINTR"),
    (Errno(Number::IO.raw_os_error()), "EIO"),
    (Errno::AGAIN, "EAGAIN"),
    (Errno(Number::NOMEM.raw_os_error()), "ENOMEM"),
    (Errno::ACCES, "EACCES"),
    (Errno(Number::NOTDIR.raw_os_error()), "ENOTDIR"),
    (Errno::INVAL, "EINVAL"),
    (Errno::NFILE, "ENFILE"),
    (Errno::MFILE, "EMFILE"),
    (Errno(Number::PIPE.raw_os_error()), "EPIPE"),
    (Errno(Number::LOOP.raw_os_error()), "ELOOP"),
    (Errno(Number::NAMETOOLONG.raw_os_error()), "ENAMETOOLONG"),
    (Errno(Number::NOSYS.raw_os_error()), "ENOSYS"),
    (Errno::NOTSOCK, "ENOTSOCK"),
    (Errno::PROTOTYPE, "EPROTOTYPE"),
    (Errno(Number::PROTONOSUPPORT.raw_os_error()), "EPROTONOSUPPORT"),
    (Errno(Number::OPNOTSUPP.raw_os_error()), "EOPNOTSUPP"),
    (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
    (Errno::ADDRINUSE, "EADDRINUSE"),
    (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
    (Errno(Number::NETDOWN.raw_os_error()), "ENETDOWN"),
    (Errno::NETUNREACH, "ENETUNREACH"),
    (Errno(Number::CONNABORTED.raw_os_error()), "ECONNABORTED"),
    (Errno::CONNRESET, "ECONNRESET"),
    (Errno(Number::NOBUFS.raw_os_error()), "ENOBUFS"),
    (Errno(Number::ISCONN.raw_os_error()), "EISCONN"),
    (Errno::TIMEDOUT, "ETIMEDOUT"),
    (Errno::CONNREFUSED, "ECONNREFUSED"),
    (Errno(Number::HOSTDOWN.raw_os_error()), "EHOSTDOWN"),
    (Errno::HOSTUNREACH, "EHOSTUNREACH"),
];

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn errors_have_the_names_of_the_manual() {
        assert_eq!(Errno::CONNREFUSED.name(), "ECONNREFUSED");
        assert_eq!(Errno(-1).name(), "E-1");
        assert_eq!(Errno::of(&std::io::Error::from_raw_os_error(13)), Some(Errno::ACCES));
    }
}
