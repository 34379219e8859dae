//! From one program to the next in the same process: the socket, the lock and the kept ports stay open across execve(2),
//! so that no caller is refused and no port is free meanwhile. And the socket that systemd has opened;
//! sd_listen_fds(3).
//!
//! Not here: when it is time for it.

use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use serde::{Deserialize, Serialize};
use wharf_model::run::RunProcess;
use wharf_os::entrance;
use wharf_os::launch::{Launch, LaunchError};
use wharf_os::local::{self, Lock, inherited, leave_open};
use wharf_os::ports::Held;
use wharf_os::supervisor::become_program;

use crate::doorway::Doorway;
use crate::house::House;
use crate::keeper::Kept;

/// What a program leaves to the next.
pub(crate) struct Legacy {
    pub(crate) listener: UnixListener,
    pub(crate) lock: Lock,
    pub(crate) ports: Vec<Kept>,
    /// Sockets at which the router listens.
    pub(crate) entrances: Vec<TcpListener>,
}

/// What goes with the descriptors of one message.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Text {
    /// Each holds a port, which the wharf process has whose run that is.
    Ports(Vec<Option<RunProcess>>),
    /// Something else.
    Other { are: String },
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
        let (mut ports, mut entrances) = (Vec::new(), Vec::new());
        loop {
            let mut sockets = Vec::new();
            let count = local::receive(sent.as_fd(), &mut message, &mut sockets)?;
            if count == 0 {
                return Ok(Self { listener: listener.into(), lock: lock.into(), ports, entrances });
            }
            let runs = match serde_json::from_slice(&message[..count])? {
                Text::Ports(runs) => runs,
                Text::Other { are } => {
                    let sockets = sockets.into_iter().filter(|_| are == ENTRANCES);
                    entrances.extend(sockets.filter_map(|socket| entrance::adopt(socket).ok()));
                    continue;
                }
            };
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
    let entrances = house.doorway().map(Doorway::twins).unwrap_or_default();
    for some in entrances.chunks(local::DESCRIPTORS) {
        let text = serde_json::to_vec(&Text::Other { are: ENTRANCES.to_owned() }).map_err(io::Error::from)?;
        let sockets: Vec<BorrowedFd<'_>> = some.iter().map(OwnedFd::as_fd).collect();
        sent(&text, &sockets)?;
    }
    {
        let keeper = house.keeper();
        let kept: Vec<&Kept> = keeper.kept().collect();
        for some in kept.chunks(local::DESCRIPTORS) {
            let runs: Vec<Option<RunProcess>> = some.iter().map(|kept| kept.run).collect();
            let sockets: Vec<BorrowedFd<'_>> = some.iter().map(|kept| kept.held.as_fd()).collect();
            let text = serde_json::to_vec(&Text::Ports(runs)).map_err(io::Error::from)?;
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
    // The numbers that systemd has left open were this program's.
    let environment = vec![("LISTEN_PID".into(), OsString::new())];
    Err(become_program(&Launch { program, arguments, environment }))
}

/// Returns the socket that systemd listens on for this process, if it does.
pub(crate) fn activated() -> Option<UnixListener> {
    let sockets = entrance::handed().into_iter().map(|(_, socket)| UnixListener::from(socket));
    // Whatever else there is, is for others: the router's are of TCP.
    sockets.into_iter().find(|socket| socket.local_addr().is_ok())
}

/// What the router's sockets are called.
const ENTRANCES: &str = "entrances";
/// Bytes of a message: more than as many runs take as it may have descriptors.
const MESSAGE: usize = 64 * 1024;
