//! From one program to the next in the same process: the socket, the lock and the kept ports stay open across execve(2),
//! so that no caller is refused and no port is free meanwhile. And the socket that systemd has opened;
//! sd_listen_fds(3).
//!
//! Not here: when it is time for it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use wharf_model::run::RunProcess;
use wharf_os::launch::{Launch, LaunchError};
use wharf_os::local::{self, Lock, inherited, leave_open};
use wharf_os::ports::Held;
use wharf_os::supervisor::become_program;

use crate::house::House;
use crate::keeper::Kept;

/// What a program leaves to the next.
pub(crate) struct Legacy {
    pub(crate) listener: UnixListener,
    pub(crate) lock: Lock,
    pub(crate) ports: Vec<Kept>,
}

impl Legacy {
    /// Takes over what the program before this one has sent to descriptor `number`.
    pub(crate) fn receive(number: i32) -> io::Result<Self> {
        let sent = inherited(number)?;
        let mut message = vec![0; MESSAGE];
        let mut first = Vec::new();
        local::receive(sent.as_fd(), &mut message, &mut first)?;
        let [listener, lock] =
            <[OwnedFd; 2]>::try_from(first).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut ports = Vec::new();
        loop {
            let mut sockets = Vec::new();
            let count = local::receive(sent.as_fd(), &mut message, &mut sockets)?;
            if count == 0 {
                return Ok(Self { listener: listener.into(), lock: lock.into(), ports });
            }
            let runs: Vec<Option<RunProcess>> = serde_json::from_slice(&message[..count])?;
            // A port that cannot be taken over is held anew.
            let held = sockets.into_iter().map(|socket| Held::adopt(socket).ok()).zip(runs);
            ports.extend(held.filter_map(|(held, run)| Some(Kept { held: held?, run })));
        }
    }
}

/// Becomes `program`, or this one anew, and leaves everything to it. Returns only if that cannot be.
pub(crate) fn become_next(
    house: &House,
    legacy: &Legacy,
    program: Option<String>,
) -> Result<std::convert::Infallible, LaunchError> {
    let (will, heir) = local::pair()?;
    let sent = |text: &[u8], descriptors: &[BorrowedFd<'_>]| local::send(will.as_fd(), text, descriptors);
    sent(b"[]", &[legacy.listener.as_fd(), legacy.lock.as_fd()])?;
    {
        let keeper = house.keeper();
        let kept: Vec<&Kept> = keeper.kept().collect();
        for some in kept.chunks(local::DESCRIPTORS) {
            let runs: Vec<Option<RunProcess>> = some.iter().map(|kept| kept.run).collect();
            let sockets: Vec<BorrowedFd<'_>> = some.iter().map(|kept| kept.held.as_fd()).collect();
            let text = serde_json::to_vec(&runs).map_err(io::Error::from)?;
            if sent(&text, &sockets).is_err() {
                // More than the kernel lets lie in between; they are held anew in a moment.
                break;
            }
        }
    }
    leave_open(heir.as_fd())?;
    let number = heir.as_raw_fd().to_string();
    let program = program.map_or_else(|| house.executable.clone().into(), OsString::from);
    let arguments = ["daemon", "run", "--inherited", &number].map(OsString::from).to_vec();
    Err(become_program(&Launch { program, arguments, environment: Vec::new() }))
}

/// Returns the socket that systemd listens on for this process, if it does.
pub(crate) fn activated() -> Option<UnixListener> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_for_us = number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS") >= Some(1);
    let socket = UnixListener::from(is_for_us.then(|| inherited(FIRST)).and_then(Result::ok)?);
    // Whatever else it is, it is not what is wanted.
    socket.local_addr().is_ok().then_some(socket)
}

/// SD_LISTEN_FDS_START, sd_listen_fds(3).
const FIRST: i32 = 3;
/// Bytes of a message: more than as many runs take as it may have descriptors.
const MESSAGE: usize = 64 * 1024;
