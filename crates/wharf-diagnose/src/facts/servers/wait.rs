//! What a thread waits for, by its state, system call or place in the kernel. Pure: by the tables below.

use wharf_os::examine::process::Thread;

/// What a thread waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// SIGCONT.
    Stopped,
    /// Its tracer.
    Traced,
    /// Nothing any more.
    Dead,
    /// The kernel, uninterruptibly.
    Uninterruptible,
    /// Nothing: it runs, or is ready to.
    Cpu,
    /// A connection, in accept(2).
    Accept,
    /// Events, in epoll, poll, select or io_uring; with whether it is known that the listener is among them.
    Events(Option<bool>),
    /// A lock, or another thread (futex(2)).
    Lock,
    /// The end of a child.
    Child,
    /// A signal.
    Signal,
    /// A time.
    Sleep,
    /// Bytes to come, from the socket of this inode if it is one.
    Read(Option<u64>),
    /// Bytes to go.
    Write,
    /// An answer to a connection of its own.
    Connect,
    /// A lock of a file.
    FileLock,
    /// A child to start another program, or to end (vfork(2)).
    Vfork,
    /// Something else, or what may not be seen.
    #[default]
    Unknown,
}

impl Wait {
    /// Returns what `thread` waits for, as far as its state, system call and wchan tell.
    #[must_use]
    pub fn of(thread: &Thread) -> Self {
        match thread.state {
            'T' => return Self::Stopped,
            't' => return Self::Traced,
            'Z' | 'X' => return Self::Dead,
            'R' => return Self::Cpu,
            _ => {}
        }
        let call = thread.call.and_then(|call| call.name);
        let wchan = thread.wchan.as_deref().unwrap_or_default();
        if thread.state == 'D' {
            let forks = matches!(call, Some("clone" | "clone3" | "vfork")) || wchan.contains("vfork");
            return if forks { Self::Vfork } else { Self::Uninterruptible };
        }
        let by_call = call.and_then(|name| CALLS.iter().find(|(known, _)| *known == name));
        let by_wchan = || PLACES.iter().find(|(start, _)| wchan.starts_with(start));
        by_call.or_else(by_wchan).map_or(Self::Unknown, |(_, wait)| *wait)
    }

    /// Returns whether a thread in this state cannot do anything before somebody else acts.
    #[must_use]
    pub fn is_halted(self) -> bool {
        matches!(self, Self::Stopped | Self::Traced | Self::Dead)
    }

    /// Returns whether a thread that waits so may accept a connection as soon as one is there.
    #[must_use]
    pub fn may_accept(self) -> bool {
        matches!(self, Self::Accept | Self::Events(None | Some(true)))
    }

    /// Returns what it waits for, after "waits": `for a lock`.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Stopped => "to be continued",
            Self::Traced => "for its debugger",
            Self::Dead => "to be taken leave of",
            Self::Uninterruptible => "for the kernel (a disk, a network file system)",
            Self::Cpu => "for nothing: it computes",
            Self::Accept => "for a connection",
            Self::Events(Some(false)) => "for events of other sockets than this listener",
            Self::Events(Some(true)) => "for events, and does not heed this one",
            Self::Events(None) => "for events",
            Self::Lock => "for a lock or another thread",
            Self::Child => "for a child to end",
            Self::Signal => "for a signal",
            Self::Sleep => "for a time to pass (sleep)",
            Self::Read(Some(_)) => "for bytes from a socket",
            Self::Read(None) => "for bytes to read",
            Self::Write => "for somebody to take what it writes",
            Self::Connect => "for its own connection to somewhere else",
            Self::FileLock => "for a lock of a file",
            Self::Vfork => "for a child that it has forked and that does not start its program",
            Self::Unknown => "for something that is not seen",
        }
    }
}

/// Returns the state of a thread as it is read: `state S (futex_do_wait)`.
#[must_use]
pub fn state_text(thread: &Thread) -> String {
    let place = thread.wchan.as_deref().or(thread.call.and_then(|call| call.name));
    match place {
        Some(place) => format!("state {} ({place})", thread.state),
        None => format!("state {}", thread.state),
    }
}

/// By system call.
const CALLS: &[(&str, Wait)] = &[
    ("accept", Wait::Accept),
    ("accept4", Wait::Accept),
    ("poll", Wait::Events(None)),
    ("ppoll", Wait::Events(None)),
    ("select", Wait::Events(None)),
    ("pselect6", Wait::Events(None)),
    ("epoll_wait", Wait::Events(None)),
    ("epoll_pwait", Wait::Events(None)),
    ("epoll_pwait2", Wait::Events(None)),
    ("io_uring_enter", Wait::Events(None)),
    ("futex", Wait::Lock),
    ("semop", Wait::Lock),
    ("semtimedop", Wait::Lock),
    ("wait4", Wait::Child),
    ("waitid", Wait::Child),
    ("pause", Wait::Signal),
    ("rt_sigsuspend", Wait::Signal),
    ("rt_sigtimedwait", Wait::Signal),
    ("nanosleep", Wait::Sleep),
    ("clock_nanosleep", Wait::Sleep),
    ("read", Wait::Read(None)),
    ("readv", Wait::Read(None)),
    ("recvfrom", Wait::Read(None)),
    ("recvmsg", Wait::Read(None)),
    ("recvmmsg", Wait::Read(None)),
    ("msgrcv", Wait::Read(None)),
    ("write", Wait::Write),
    ("writev", Wait::Write),
    ("sendto", Wait::Write),
    ("sendmsg", Wait::Write),
    ("sendfile", Wait::Write),
    ("connect", Wait::Connect),
    ("flock", Wait::FileLock),
    ("fcntl", Wait::FileLock),
];

/// By the beginning of the kernel's function, where system calls may not be read (`kernel.yama.ptrace_scope`).
const PLACES: &[(&str, Wait)] = &[
    ("inet_csk_accept", Wait::Accept),
    ("ep_poll", Wait::Events(None)),
    ("do_epoll_wait", Wait::Events(None)),
    ("poll_schedule_timeout", Wait::Events(None)),
    ("do_poll", Wait::Events(None)),
    ("do_select", Wait::Events(None)),
    ("io_cqring_wait", Wait::Events(None)),
    ("futex_", Wait::Lock),
    ("do_wait", Wait::Child),
    ("__do_sys_pause", Wait::Signal),
    ("sigsuspend", Wait::Signal),
    ("do_sigtimedwait", Wait::Signal),
    ("hrtimer_nanosleep", Wait::Sleep),
    ("do_nanosleep", Wait::Sleep),
    ("wait_woken", Wait::Read(None)),
    ("sk_wait_data", Wait::Read(None)),
    ("unix_stream_read_generic", Wait::Read(None)),
    ("anon_pipe_read", Wait::Read(None)),
    ("pipe_read", Wait::Read(None)),
    ("n_tty_read", Wait::Read(None)),
    ("anon_pipe_write", Wait::Write),
    ("pipe_write", Wait::Write),
    ("sk_stream_wait_memory", Wait::Write),
    ("inet_stream_connect", Wait::Connect),
    ("flock_lock_inode_wait", Wait::FileLock),
];

#[cfg(test)]
mod tests {
    use wharf_os::examine::process::{Call, Thread};

    use super::{Wait, state_text};

    fn thread(state: char, call: Option<&'static str>, wchan: Option<&str>) -> Thread {
        let call = call.map(|name| Call { name: Some(name), arguments: [0; 6] });
        Thread { tid: 7, state, call, wchan: wchan.map(str::to_owned), ..Thread::default() }
    }

    #[test]
    fn a_thread_waits_for_what_its_call_or_else_its_place_says() {
        assert_eq!(Wait::of(&thread('S', Some("futex"), Some("futex_do_wait"))), Wait::Lock);
        assert_eq!(Wait::of(&thread('S', None, Some("futex_wait_queue_me"))), Wait::Lock);
        assert_eq!(
            Wait::of(&thread('S', None, Some("poll_schedule_timeout.constprop.0"))),
            Wait::Events(None)
        );
        assert_eq!(Wait::of(&thread('T', Some("accept4"), Some("do_signal_stop"))), Wait::Stopped);
        assert_eq!(Wait::of(&thread('D', Some("clone"), Some("kernel_clone"))), Wait::Vfork);
        assert_eq!(Wait::of(&thread('D', Some("read"), Some("folio_wait_bit"))), Wait::Uninterruptible);
        assert_eq!(Wait::of(&thread('S', None, None)), Wait::Unknown);
    }

    #[test]
    fn a_state_is_told_as_it_is_read() {
        assert_eq!(state_text(&thread('T', None, Some("do_signal_stop"))), "state T (do_signal_stop)");
        assert_eq!(state_text(&thread('R', None, None)), "state R");
    }
}
