//! The daemon: keeps leased ports between runs, and answers the API.
//!
//! Nothing depends on it: leases are in a file that every wharf reads and writes by itself, and runs look after their
//! own ports. What it adds is that a port is held while nobody runs, and the router. [`keeper`] has the ports,
//! [`doorway`] the router, whose routes are told by [`routing`] and kept by [`added`], [`house`] all that there is once, [`gate`] lets callers in, [`answers`] answers them, [`watch`] hears what others change, and [`succession`]
//! hands everything to the next program. Not here: what can be asked (`wharf-api`), and who starts a daemon (the
//! binary).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open ports"))]

mod added;
mod addresses;
mod answers;
mod door_answers;
mod doorway;
mod explain;
mod fault;
mod gate;
mod house;
mod keeper;
mod lines;
mod raw;
mod routing;
mod succession;
mod watch;

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;
use wharf_api::{LOCK, SOCKET};
use wharf_lease::store::StoreError;
use wharf_os::local::{self, Lock};
use wharf_os::{Os, background, signals, state};

use crate::gate::Callers;
use crate::house::House;
use crate::succession::Legacy;

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// There is one already.
    #[error("a daemon runs already (wharf daemon status)")]
    AlreadyRuns,
    /// Leases cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It did not get what every daemon needs.
    #[error("the daemon cannot run: {0}")]
    Io(#[from] io::Error),
}

/// What the daemon is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// End.
    End,
    /// Go on as this program; its own if none.
    Program(Option<String>),
}

/// Runs the daemon until it is stopped; `ready` is called once it can be reached. With `inherited`, the number of a
/// descriptor, it goes on where the program before it in this process left off.
///
/// # Errors
/// Any [`DaemonError`].
pub fn run(inherited: Option<i32>, ready: impl FnOnce()) -> Result<(), DaemonError> {
    background::allow_many_descriptors();
    let runtime = state::runtime_directory()?;
    let mut legacy = match inherited {
        Some(number) => Legacy::receive(number)?,
        None => {
            let lock = Lock::take(&runtime.join(LOCK))?.ok_or(DaemonError::AlreadyRuns)?;
            let listener = match succession::activated() {
                Some(listener) => listener,
                None => local::listen(&runtime.join(SOCKET))?,
            };
            Legacy { listener, lock, ports: Vec::new(), entrances: Vec::new() }
        }
    };
    // It outlives whatever is mounted where it was started.
    std::env::set_current_dir("/")?;
    let (next, mut asked) = mpsc::unbounded_channel();
    end_by_signal(next.clone())?;
    let (ports, entrances) = (std::mem::take(&mut legacy.ports), std::mem::take(&mut legacy.entrances));
    let house = Arc::new(House::open(Os::native(), ports, entrances, next)?);
    watch::hear(&house)?;
    // What changed while nobody heard it.
    house.sync()?;
    if let Some(doorway) = house.doorway() {
        doorway.open_doors();
    }
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    ready();
    background::rest();
    loop {
        let next = tokio.block_on(serve(&house, &legacy, &mut asked))?;
        match next {
            Next::End => break,
            Next::Program(program) => {
                // If that fails it goes on as it is: whoever asked sees the old version.
                let Err(_failed) = succession::become_next(&house, &legacy, program);
                if let Some(doorway) = house.doorway() {
                    doorway.open_doors();
                }
            }
        }
    }
    // Whoever connects from now on starts a new one.
    let _ = std::fs::remove_file(runtime.join(SOCKET));
    Ok(())
}

/// Serves until something else is to be done.
async fn serve(
    house: &Arc<House>,
    legacy: &Legacy,
    asked: &mut mpsc::UnboundedReceiver<Next>,
) -> io::Result<Next> {
    let callers = Callers::of(&legacy.listener)?;
    let (tell, told) = tokio::sync::oneshot::channel();
    let serving = axum::serve(callers, answers::router(Arc::clone(house)))
        .with_graceful_shutdown(async move { told.await.unwrap_or_default() });
    let serving = tokio::spawn(serving.into_future());
    let next = asked.recv().await.unwrap_or(Next::End);
    // Requests that are being answered are answered; idle connections are closed.
    let _ = tell.send(());
    let _ = tokio::time::timeout(PATIENCE, serving).await;
    if let Some(doorway) = house.doorway() {
        doorway.router.close(LAST_ROUND).await;
    }
    Ok(next)
}

fn end_by_signal(next: mpsc::UnboundedSender<Next>) -> io::Result<()> {
    let signals = signals::receive()?;
    std::thread::spawn(move || {
        while let Ok(signal) = signals.recv() {
            if signal == signals::Signal::End {
                // It has ended already then.
                let _ = next.send(Next::End);
            }
        }
    });
    Ok(())
}

/// How long those who are connected may take to ask once more, when the router closes.
const LAST_ROUND: std::time::Duration = std::time::Duration::from_secs(1);
/// How long an answer may take once the daemon is to end.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
