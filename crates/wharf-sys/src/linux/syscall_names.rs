//! Numbers of system calls by their names: those that a process waits in; syscalls(2).

/// Returns the name of system call `number` of this machine's own numbering; `None` for one that nobody waits in, and for
/// those of a program of another word size.
#[must_use]
pub fn name(number: i64) -> Option<&'static str> {
    COMMON.iter().chain(OLD).find(|(known, _)| *known == number).map(|(_, name)| *name)
}

macro_rules! names {
    // Without the prefix `SYS_`.
    ($($name:ident),* $(,)?) => { &[$((libc::$name, stringify!($name).split_at(4).1)),*] };
}

/// The few that only older numberings have.
#[cfg(target_arch = "x86_64")]
const OLD: &[(i64, &str)] =
    names![SYS_poll, SYS_select, SYS_epoll_wait, SYS_pause, SYS_fork, SYS_vfork, SYS_open];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[(i64, &str)] = &[];

const COMMON: &[(i64, &str)] = names![
    SYS_accept,
    SYS_accept4,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_io_uring_enter,
    SYS_futex,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_wait4,
    SYS_waitid,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_recvmmsg,
    SYS_write,
    SYS_writev,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendfile,
    SYS_connect,
    SYS_flock,
    SYS_fcntl,
    SYS_openat,
    SYS_fsync,
    SYS_fdatasync,
    SYS_clone,
    SYS_clone3,
    SYS_semtimedop,
    SYS_semop,
    SYS_msgrcv,
    SYS_newfstatat,
    SYS_statx,
    SYS_getdents64,
    SYS_close,
];

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_are_those_of_the_manual() {
        assert_eq!(name(libc::SYS_accept4), Some("accept4"));
        assert_eq!(name(libc::SYS_futex), Some("futex"));
        assert_eq!(name(-1), None);
    }
}
