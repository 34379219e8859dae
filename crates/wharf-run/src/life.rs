//! The life of a run: start, supervision, signals, end, and the end of all that it started.
//!
//! Not here: where sockets go ([`crate::berth`]), and what is said about it (the caller's [`Event`] receiver).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::run::RunProcess;
use wharf_os::guard::{Guard, Post};
use wharf_os::isolation::Isolation;
use wharf_os::launch::{Ending, Harbour, Launch, LaunchError, Supervision};
use wharf_os::terminal::{self, Reader};
use wharf_os::{background, family, identity, signals, supervisor};

use crate::berth::Event;
use crate::log::Log;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub launch: Launch,
    /// What of it is supervised.
    pub supervision: Supervision,
    /// A command that calls [`wharf_os::guard::stand`].
    pub guard: Launch,
    /// The network namespace that it runs in, if it has one of its own.
    pub isolation: Option<Arc<Isolation>>,
    /// Where the output goes of a program that has a terminal of its own; otherwise it has wharf's standard streams.
    pub log: Option<PathBuf>,
}

/// What the owner of a run hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The program has started.
    Started {
        /// Its process; none if it has ended already.
        program: Option<RunProcess>,
    },
    /// A process takes over from now on if this one is killed.
    Guarded(RunProcess),
    /// Something happened to its sockets.
    Socket(Event),
}

/// What reaches the thread that looks after a run.
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

/// Runs `plan` with `harbour` for its sockets and returns when all of it has ended; `hear` is told what happens.
///
/// # Errors
/// Any [`RunError`]; nothing of the run is left then.
pub fn run(
    plan: &Plan,
    harbour: impl Harbour + 'static,
    events: Receiver<Event>,
    mut hear: impl FnMut(Heard),
) -> Result<Outcome, RunError> {
    family::adopt()?;
    let (send, news) = mpsc::channel();
    pass_on(signals::to_forward()?, &send, News::Signal);
    let output = plan.log.as_ref().map(|log| Output::open(log.clone())).transpose()?;
    let (output, program_end) = output.unzip();
    let isolation = plan.isolation.as_deref();
    let started = supervisor::start(&plan.launch, plan.supervision, program_end, isolation)?;
    let mut calls = started.calls;
    pass_on(events, &send, News::Socket);
    let pid = started.child.id();
    let reader = output.as_ref().map(|output| output.reader.try_clone()).transpose()?;
    let post = calls.as_mut().and_then(|calls| calls.post().ok());
    let mut care = Care {
        spared: isolation.map(Isolation::pids).unwrap_or_default(),
        guard: None,
        post: post.map(|post| (post, reader)),
        due: Instant::now() + SOON,
    };
    if isolation.is_some() {
        // Each connection takes two, and the program has what it was started with.
        background::allow_many_descriptors();
    }
    let recording = output.map(Output::record);
    hear(Heard::Started { program: identity::of(pid) });
    thread::spawn(move || {
        let (mut harbour, Some(calls)) = (harbour, &mut calls) else { return };
        // Its end is that of all processes that could call it.
        if let Err(error) = calls.serve(&mut harbour) {
            harbour.passed(&error);
        }
    });
    thread::spawn(move || {
        // The receiver is gone only when nobody wants to know.
        let _ = send.send(News::Ended(family::wait_for(pid)));
    });
    let ending = until_end(&news, &mut hear, &mut care, &plan.guard);
    let killed = family::end_all(GRACE, &care.spared);
    if let Some(guard) = care.guard {
        guard.dismiss();
    }
    if let Some(isolation) = isolation {
        isolation.dismiss();
    }
    if let Some(recording) = recording {
        // All that had the other end of the terminal have ended, so it ends, too.
        let _ = recording.join();
    }
    // What was said before the end is said, too.
    news.try_iter().for_each(|news| {
        if let News::Socket(event) = news {
            hear(Heard::Socket(event));
        }
    });
    Ok(Outcome { ending: ending?, killed })
}

/// The terminal of a program in the background, and the log of what comes out of it.
struct Output {
    reader: Reader,
    log: Log,
}

impl Output {
    /// Returns it with the end that the program gets.
    fn open(log: PathBuf) -> io::Result<(Self, std::os::fd::OwnedFd)> {
        let log = Log::open(&log)?;
        let terminal = terminal::open()?;
        Ok((Self { reader: terminal.reader, log }, terminal.program_end))
    }

    fn record(mut self) -> thread::JoinHandle<()> {
        thread::spawn(move || self.log.record(self.reader))
    }
}

/// Who looks after the run beside this process.
struct Care {
    /// The processes that are below this one and are no part of the run.
    spared: Vec<u32>,
    guard: Option<Guard>,
    /// What the guard is to take over, until it does.
    post: Option<(Post, Option<Reader>)>,
    /// When it does: most commands that end soon need none.
    due: Instant,
}

impl Care {
    /// Starts the guard if it is due. Without one, the program cannot open ports once wharf is killed; it is no reason not to
    /// run it.
    fn start_guard(&mut self, launch: &Launch) -> Option<RunProcess> {
        let (post, reader) = self.post.take_if(|_| Instant::now() >= self.due)?;
        let guard = Guard::start(launch, reader.as_ref(), post).ok()?;
        let pid = guard.pid();
        self.spared.push(pid);
        self.guard = Some(guard);
        identity::of(pid)
    }
}

fn until_end(
    news: &Receiver<News>,
    hear: &mut dyn FnMut(Heard),
    care: &mut Care,
    guard: &Launch,
) -> Result<Ending, RunError> {
    // When a signal follows if the program has not ended by then, and which.
    let mut next: Option<(Instant, i32)> = None;
    let (mut asked, mut has_listened) = (false, false);
    loop {
        if let Some(guard) = care.start_guard(guard) {
            hear(Heard::Guarded(guard));
            // It is going to take longer.
            background::rest();
        }
        let spared = &care.spared;
        let due = care.post.as_ref().map(|_| care.due);
        let until = next.map(|(when, _)| when).into_iter().chain(due).min();
        let left = until.map_or(FOREVER, |when| when.saturating_duration_since(Instant::now()));
        match news.recv_timeout(left) {
            Ok(News::Ended(ending)) => return Ok(ending?),
            Ok(News::Socket(event)) => {
                let listens = matches!(event, Event::Listens { .. });
                hear(Heard::Socket(event));
                if listens && !std::mem::replace(&mut has_listened, true) {
                    // Most do so once, and then there is little to do.
                    background::rest();
                }
            }
            // The terminal has told the whole process group already.
            Ok(News::Signal(signal)) if signals::is_of_the_keyboard(signal) && family::is_in_foreground() => {
            }
            // To many servers it only means that they are to read their configuration again.
            Ok(News::Signal(signals::HUP)) if next.is_none() => {
                family::signal_all(signals::HUP, spared);
                next = Some((Instant::now() + HANGUP, signals::TERM));
            }
            // The end of a terminal is told by its shell, by the kernel and by a session's keeper, often all at once.
            Ok(News::Signal(signals::HUP)) => {}
            Ok(News::Signal(signal)) => {
                // Who asks again means it.
                family::signal_all(if asked { signals::KILL } else { signal }, spared);
                if !std::mem::replace(&mut asked, true) {
                    next = Some((Instant::now() + GRACE, signals::KILL));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let Some((when, signal)) = next.filter(|(when, _)| Instant::now() >= *when) else { continue };
                family::signal_all(signal, spared);
                next = (signal != signals::KILL).then_some((when + GRACE, signals::KILL));
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
    thread::spawn(move || from.into_iter().try_for_each(|item| to.send(wrap(item))));
}

/// When a guard is started.
const SOON: Duration = Duration::from_millis(20);
/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long a program may take to end after it was told that its terminal is closed, before it is asked to.
const HANGUP: Duration = Duration::from_secs(1);
/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);
