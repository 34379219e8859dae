//! The guard of a run: a process that takes over its supervision when wharf is killed, and lets every call through, so
//! that the program goes on.
//!
//! Not here: supervision as long as wharf lives ([`crate::supervisor`]).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::PipeFlags;
use wharf_sys::linux::descriptor;
use wharf_sys::linux::seccomp::{Answer, Notifications};

use crate::launch::Launch;
use crate::supervisor::{NONE, unseen};
use crate::terminal::Reader;

/// A process that takes over when this one is killed: it lets every call through, so that the program goes on.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    /// Closed by the kernel when this process ends, however it does.
    _lifeline: OwnedFd,
}

/// What a guard takes over.
#[derive(Debug)]
pub struct Post {
    /// The calls.
    pub(crate) listener: OwnedFd,
    /// Where the call that is being answered is written down.
    pub(crate) in_hand: File,
    /// Held while a call is answered.
    pub(crate) busy: Arc<Mutex<()>>,
}

impl Guard {
    /// Starts `launch`, which is to call [`stand`], in a process group of its own, to watch over `post`. The number of a
    /// descriptor of `terminal` is added to its arguments.
    ///
    /// # Errors
    /// What pipe(2) or the start said; there is no guard then.
    pub fn start(launch: &Launch, terminal: Option<&Reader>, post: Post) -> io::Result<Self> {
        let mut launch = launch.clone();
        // Open for the guard alone: the program has been started already.
        let terminal = terminal.map(Reader::try_clone).transpose()?;
        if let Some(terminal) = &terminal {
            descriptor::set_close_on_exec(terminal.as_fd(), false)?;
            launch.arguments.push(terminal.as_fd().as_raw_fd().to_string().into());
        }
        let (theirs, ours) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let command = &mut launch.command();
        // Until it is executed it has everything open that this process has: also the duplicate of a socket that the program
        // closes just then.
        let busy = Arc::clone(&post.busy);
        let _quiet = busy.lock().unwrap_or_else(PoisonError::into_inner);
        let child =
            command.stdin(post.listener).stdout(theirs).stderr(post.in_hand).process_group(0).spawn()?;
        Ok(Self { child, _lifeline: ours })
    }

    /// Returns its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it.
    pub fn dismiss(mut self) {
        // It may have ended by itself, with the last process that it watched over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the process that has the other end of stdout's pipe has ended, and then lets through every call that
/// comes from stdin's listener, and before them the one whose id stands in the file that is stderr. What the program
/// writes to `terminal`, the number of a descriptor, is read by `record` from then on: nobody else does, and a program
/// whose terminal is full waits. In a `strict` run nothing listens from then on.
///
/// # Errors
/// What poll(2) or ioctl(2) said.
pub fn stand(
    terminal: Option<i32>,
    strict: bool,
    record: impl FnOnce(Reader) + Send + 'static,
) -> io::Result<()> {
    let terminal = terminal.map(descriptor::inherited).transpose()?.map(Reader::of);
    let (listener, lifeline, in_hand) = (io::stdin(), io::stdout(), io::stderr());
    let lifeline = lifeline.as_fd().try_clone_to_owned()?;
    let in_hand = File::from(in_hand.as_fd().try_clone_to_owned()?);
    let notifications = Notifications::of(listener.as_fd().try_clone_to_owned()?)?;
    // Both hang up in the end: the one when the supervisor ends, the other when the last of its processes does.
    let has_ended = |of: &dyn AsFd, wanted: PollFlags| -> io::Result<bool> {
        let mut watched = [PollFd::from_borrowed_fd(of.as_fd(), wanted)];
        loop {
            match poll(&mut watched, None) {
                Ok(_) => return Ok(!watched[0].revents().contains(PollFlags::IN)),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    };
    has_ended(&lifeline, PollFlags::empty())?;
    let recording = terminal.map(|terminal| std::thread::spawn(move || record(terminal)));
    let mut id = [0; 8];
    if in_hand.read_exact_at(&mut id, 0).is_ok() && id != NONE.to_ne_bytes() {
        let answer = match strict {
            // What it asks is not written down: it may be listen(2).
            true => Answer::Errno(rustix::io::Errno::ACCESS.raw_os_error()),
            false => Answer::Continue,
        };
        // Answered just before the end, it is no longer known.
        let _ = notifications.answer(u64::from_ne_bytes(id), answer);
    }
    while !has_ended(&notifications, PollFlags::IN)? {
        if let Some(call) = notifications.receive()? {
            notifications.answer(call.id, unseen(&call.call, strict))?;
        }
    }
    if let Some(recording) = recording {
        // What is left in the terminal; it ends, because nobody has the other end any more.
        let _ = recording.join();
    }
    Ok(())
}
