//! Clients of supervisors: which program that is, and running it for a bounded time with a bounded answer.
//!
//! Not here: what it is asked.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::facts::ProcessFacts;
use crate::launch::Launch;
use crate::local::own_uid;

/// Returns the client `name` of the supervisor `daemon` that `process` is: the one beside it, else the system's.
///
/// # Errors
/// That there is none, or none that may be run with our rights.
pub(super) fn program(process: &ProcessFacts, daemon: &str, name: &str) -> Result<String, String> {
    let is_daemon = |word: &&String| Path::new(word).file_name().is_some_and(|file| file == daemon);
    // A module of Python's has its client beside the interpreter.
    let word = process.command.iter().take(2).find(is_daemon).or(process.command.first());
    let word = word.filter(|word| word.contains('/'));
    let beside =
        word.map(|word| Path::new(process.cwd.as_deref().unwrap_or("/")).join(word).with_file_name(name));
    let system = PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file());
    choose(beside.filter(|path| path.is_file()), system, process.uid == Some(own_uid()))
        .map(|path| path.display().to_string())
        .map_err(|other| match other {
            Some(path) => format!(
                "{} is of another user's own installation and is not run with your rights: stop the service as that user",
                path.display()
            ),
            None => format!("{name}, the client of {daemon}, is not installed"),
        })
}

/// Returns which of both is run; else the one that is not.
pub(super) fn choose(
    beside: Option<PathBuf>,
    system: Option<PathBuf>,
    own: bool,
) -> Result<PathBuf, Option<PathBuf>> {
    let is_of_the_system =
        |path: &PathBuf| PLACES.iter().any(|place| path.parent() == Some(Path::new(place)));
    match beside {
        Some(path) if own || is_of_the_system(&path) => Ok(path),
        other => system.ok_or(other),
    }
}

/// Returns whether a process sees other files than we do, mount_namespaces(7), where configurations and sockets are: a unit of
/// systemd may have a namespace of its own and yet see the same. `false` if that may not be seen.
pub(super) fn is_elsewhere(pid: u32, folder: &str) -> bool {
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt"));
    let is_one = match (namespace("self"), namespace(&pid.to_string())) {
        (Ok(own), Ok(its)) => own == its,
        _ => true,
    };
    let identity = |path: String| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    !is_one
        && ["/", "/etc", "/run", "/tmp", "/var", folder]
            .iter()
            .any(|place| identity((*place).to_owned()) != identity(format!("/proc/{pid}/root{place}")))
}

/// Returns what `command` prints, however it ends: clients fail where one of several services does not run.
///
/// # Errors
/// That it cannot be started, or takes too long; what it said if it printed nothing.
pub(super) fn output(command: &[String], folder: &Path, limit: Duration) -> Result<String, String> {
    let done = until(command, folder, limit)?;
    if done.printed.trim().is_empty() && !done.status.success() {
        return Err(failed(command, &done));
    }
    Ok(done.printed)
}

/// Runs `command`.
///
/// # Errors
/// What it said if it failed; as [`output`].
pub(super) fn run(command: &[String], folder: &Path, limit: Duration) -> Result<(), String> {
    let done = until(command, folder, limit)?;
    if done.status.success() { Ok(()) } else { Err(failed(command, &done)) }
}

struct Done {
    status: ExitStatus,
    printed: String,
    errors: String,
}

fn until(command: &[String], folder: &Path, limit: Duration) -> Result<Done, String> {
    let deadline = Instant::now() + limit;
    let name = named(command);
    let (program, arguments) = command.split_first().ok_or("there is no command")?;
    let launch = Launch {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: Vec::new(),
    };
    let mut child = launch.command();
    child.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", PLACES.join(":")).current_dir(folder);
    for variable in ["HOME", "USER", "XDG_RUNTIME_DIR"] {
        child.envs(std::env::var_os(variable).map(|value| (variable, value)));
    }
    child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
    let (printed, errors) = (text_of(child.stdout.take()), text_of(child.stderr.take()));
    let left = || deadline.saturating_duration_since(Instant::now());
    let texts = (printed.recv_timeout(left()), errors.recv_timeout(left()));
    let (Ok(printed), Ok(errors)) = texts else {
        // It may have ended by now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{name} was not done after {limit:?}"));
    };
    // Both are closed: it has ended, or is about to.
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    Ok(Done { status, printed, errors })
}

/// Reads a stream to its end in a thread of its own.
fn text_of(stream: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<String> {
    let (sender, text) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream {
            // What was read before an error is of use, too.
            let _ = stream.take(OUTPUT_AT_MOST).read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    text
}

fn failed(command: &[String], done: &Done) -> String {
    let words = if done.errors.trim().is_empty() { &done.printed } else { &done.errors };
    let words = plain(words);
    let how = done.status;
    let name = named(command);
    if words.is_empty() { format!("{name} failed ({how})") } else { format!("{name} said: {words}") }
}

fn named(command: &[String]) -> String {
    let name = command.first().and_then(|program| Path::new(program).file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns what a program printed on one line, not longer than a person reads.
pub(super) fn plain(text: &str) -> String {
    let letters = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.take(LONGEST_WORDS).collect()
}

/// Where the system has such programs; never where a user may write.
pub(super) const PLACES: [&str; 6] =
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
const OUTPUT_AT_MOST: u64 = 4 * 1024 * 1024;
const LONGEST_WORDS: usize = 300;
