//! wharf itself in the background: a process of its own session that outlives the terminal it was asked from, and is
//! heard on its standard error until it falls silent; setsid(2).
//!
//! Not here: what runs there (`wharf-run`), and what the one that waits makes of what it hears.

use std::fs::OpenOptions;
use std::io;
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use wharf_sys::linux::{descriptor, own_memory};

use crate::launch::Launch;

/// A process in the background.
#[derive(Debug)]
pub struct Background {
    /// The process. It goes on when this is dropped.
    pub child: Child,
    /// What it says; ends when it falls silent or ends.
    pub said: ChildStderr,
}

/// Starts `launch`, which is to call [`settle`], without input and output but with its standard error heard.
///
/// # Errors
/// What execve(2) said.
pub fn start(launch: &Launch) -> io::Result<Background> {
    let mut child =
        launch.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let said = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok(Background { child, said })
}

/// Runs a program in the foreground, with this process's own streams, and returns whether it succeeded.
///
/// # Errors
/// What execve(2) said.
pub fn run_here(launch: &Launch) -> io::Result<bool> {
    Ok(launch.command().status()?.success())
}

/// Leaves the session of the one who started this process: no signal of its terminal comes any more.
///
/// # Errors
/// What setsid(2) said: EPERM if this process leads a process group already.
pub fn settle() -> io::Result<()> {
    // It was started by /proc/self/exe, and is called "exe" so far.
    let _ = rustix::thread::set_name(c"wharf");
    Ok(rustix::process::setsid().map(drop)?)
}

/// Says no more: the standard error of this process goes nowhere from now on.
///
/// # Errors
/// What open(2) or dup2(2) said.
pub fn fall_silent() -> io::Result<()> {
    let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stderr(nowhere)?)
}

/// Starts `launch`, which is to call [`settle`], without input, output or anybody who hears it.
///
/// # Errors
/// What execve(2) said.
pub fn start_unheard(launch: &Launch) -> io::Result<Child> {
    launch.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// Hands on nothing but the standard streams to what is started from now on, whatever the caller of this process has left
/// open: a lock, or the end of a pipe that somebody waits for.
///
/// # Errors
/// What close_range(2) said.
pub fn hand_nothing_on() -> io::Result<()> {
    descriptor::close_all_on_exec()
}

/// Has this process be called wharf by whoever lists processes, also where it was started by way of /proc/self/exe
/// (PR_SET_NAME(2const)).
pub fn take_name() {
    // It goes on by another name then.
    let _ = rustix::thread::set_name(c"wharf");
}

/// Gives back the memory of code that only the start has used: this process will mostly wait from now on.
pub fn rest() {
    // It is as large as it was then.
    let _ = own_memory::give_back_code();
}

/// Lets this process have as many descriptors as it may: each port that is held takes one (RLIMIT_NOFILE, getrlimit(2)).
pub fn allow_many_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // As many as before will have to do then.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
