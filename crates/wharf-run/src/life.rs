//! The life of a run: start, supervision, signals, end, and the end of all that it started.
//!
//! Not here: where sockets go ([`crate::berth`]), and what is said about it (the caller's [`Event`] receiver).

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use wharf_os::launch::{Ending, Launch, LaunchError};
use wharf_os::supervisor::Guard;
use wharf_os::{family, signals, supervisor};

use crate::berth::{Berths, Event};

/// What a run's owner hears.
#[derive(Debug)]
enum News {
    Signal(i32),
    Ended(io::Result<Ending>),
    Socket(Event),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How the command itself ended.
    pub ending: Ending,
    /// How many of what it started had to be killed.
    pub killed: usize,
}

/// Why a run failed by wharf's own fault, or never began.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The command did not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// Something that every run needs was refused.
    #[error("the run could not be watched over: {0}")]
    Watch(#[from] io::Error),
}

/// Starts `launch` with `berths` for its sockets and returns when all of it has ended; `hear` is told what happens
/// to its sockets. `guard` is a command that calls [`supervisor::stand_guard`].
///
/// # Errors
/// Any [`RunError`]; nothing of the run is left then.
pub fn run(
    launch: &Launch,
    guard: &Launch,
    berths: Berths,
    events: Receiver<Event>,
    mut hear: impl FnMut(Event),
) -> Result<Outcome, RunError> {
    family::adopt()?;
    let (send, news) = mpsc::channel();
    pass_on(signals::to_forward()?, &send, News::Signal);
    let mut started = supervisor::start(launch)?;
    pass_on(events, &send, News::Socket);
    let pid = started.child.id();
    // Without one, the program cannot open ports once wharf is killed; it is no reason not to run it.
    let guard = started.calls.guard(guard).ok();
    let guard_pid = guard.as_ref().map(Guard::pid);
    std::thread::spawn(move || {
        let mut berths = berths;
        // Its end is that of all processes that could call it.
        if let Err(error) = started.calls.serve(&mut berths) {
            berths.lost(&error);
        }
    });
    std::thread::spawn(move || {
        // The receiver is gone only when nobody wants to know.
        let _ = send.send(News::Ended(family::wait_for(pid)));
    });
    let ending = until_end(&news, &mut hear, guard_pid);
    let killed = family::end_all(GRACE, guard_pid);
    if let Some(guard) = guard {
        guard.dismiss();
    }
    // What was said before the end is said, too.
    news.try_iter().for_each(|news| {
        if let News::Socket(event) = news {
            hear(event);
        }
    });
    Ok(Outcome { ending: ending?, killed })
}

fn until_end(
    news: &Receiver<News>,
    hear: &mut dyn FnMut(Event),
    guard: Option<u32>,
) -> Result<Ending, RunError> {
    let mut deadline: Option<Instant> = None;
    loop {
        let left = deadline.map_or(FOREVER, |deadline| deadline.saturating_duration_since(Instant::now()));
        match news.recv_timeout(left) {
            Ok(News::Ended(ending)) => return Ok(ending?),
            Ok(News::Socket(event)) => hear(event),
            // The terminal has told the whole process group already.
            Ok(News::Signal(signal)) if signals::is_of_the_keyboard(signal) && family::is_in_foreground() => {
            }
            Ok(News::Signal(signal)) => {
                // Who asks again means it.
                let signal = if deadline.is_some() { signals::KILL } else { signal };
                family::signal_all(signal, guard);
                deadline.get_or_insert_with(|| Instant::now() + GRACE);
            }
            Err(RecvTimeoutError::Timeout) => {
                family::signal_all(signals::KILL, guard);
                deadline = None;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(RunError::Watch(io::Error::other("nobody waits for the command any more")));
            }
        }
    }
}

/// Sends on what comes from `from`, until either end is gone.
fn pass_on<T: Send + 'static>(from: Receiver<T>, to: &Sender<News>, wrap: fn(T) -> News) {
    let to = to.clone();
    std::thread::spawn(move || from.into_iter().try_for_each(|item| to.send(wrap(item))));
}

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);
