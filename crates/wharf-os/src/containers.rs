//! Container engines, asked over their API's Unix sockets: Docker, Podman, and what speaks like them.
//!
//! Fixed questions, a bounded answer, one time limit for all engines together. Never over TCP, and never over a socket
//! that belongs to somebody else than root or ourselves: whoever owns the socket would tell us what our ports are.
//! The list is here (`GET /containers/json`), what is asked of one container in `one`. Not here: which endpoint belongs to
//! which container (`wharf-catalog`).

use std::env;
use std::fs;
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::snapshot::Warning;

use crate::facts::{ContainerFacts, OsError, Partial};
use crate::http::{self, HttpError, Response, Timed};
use crate::traits::Containers;

mod listing;
mod one;

/// The API sockets of container engines on this machine.
#[derive(Debug)]
pub struct EngineSockets {
    candidates: Vec<Candidate>,
    own_uid: u32,
    time_limit: Duration,
}

impl EngineSockets {
    /// Returns the sockets at the places where engines put them, for a wharf that runs as `own_uid`:
    /// `DOCKER_HOST` if it names a Unix socket, `/var/run/docker.sock`, and those of rootless Docker,
    /// Docker Desktop and Podman.
    #[must_use]
    pub fn from_environment(own_uid: u32) -> Self {
        Self::at(places(|name| env::var_os(name).map(PathBuf::from)), own_uid)
    }

    /// Returns the sockets at `paths`, for a wharf that runs as `own_uid`. A path may hold nothing now and an
    /// engine later: each question looks anew.
    #[must_use]
    pub fn at(paths: Vec<PathBuf>, own_uid: u32) -> Self {
        let candidates = paths.into_iter().map(|path| Candidate { path, busy: Arc::default() }).collect();
        Self { candidates, own_uid, time_limit: TIME_LIMIT }
    }

    /// Returns the same with another time limit for one question to all engines. It is 400 ms else.
    #[must_use]
    pub fn within(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Returns the sockets that exist and may be trusted, each once, and warnings on those that may not.
    fn trusted(&self) -> Partial<Vec<&Candidate>> {
        let mut seen = Vec::new();
        let mut partial: Partial<Vec<&Candidate>> = Partial::default();
        for candidate in &self.candidates {
            // A socket that may not even be looked at (its directory is closed to us) may as well not exist.
            let Ok(metadata) = fs::metadata(&candidate.path) else { continue };
            let identity = (metadata.dev(), metadata.ino());
            if !metadata.file_type().is_socket() || seen.contains(&identity) {
                continue;
            }
            seen.push(identity);
            if metadata.uid() == 0 || metadata.uid() == self.own_uid {
                partial.value.push(candidate);
            } else {
                partial.warnings.push(untrusted(&candidate.path, metadata.uid()));
            }
        }
        partial
    }
}

impl Containers for EngineSockets {
    fn list(&self) -> Partial<Vec<ContainerFacts>> {
        let Partial { value: trusted, mut warnings } = self.trusted();
        let mut containers = Vec::new();
        for (path, answered) in ask_all(&trusted, self.time_limit, list_one, |_| false) {
            match answered {
                Ok(found) => containers.extend(found),
                Err(failure) => warnings.extend(failure.warning(&path)),
            }
        }
        containers.sort_by(|a: &ContainerFacts, b| (&a.engine, &a.id).cmp(&(&b.engine, &b.id)));
        containers.dedup_by(|a, b| a.engine == b.engine && a.id == b.id);
        Partial { value: containers, warnings }
    }

    fn stop(&self, engine: &str, id: &str, grace: Duration, limit: Duration) -> Result<(), OsError> {
        self.stop_one(engine, id, grace, limit)
    }

    fn restart_policy(&self, engine: &str, id: &str) -> Option<String> {
        self.restart_policy_of(engine, id)
    }
}

/// A place where an engine's socket may be.
#[derive(Debug)]
struct Candidate {
    path: PathBuf,
    /// True while a thread waits for this engine, beyond the time limit if need be: connect(2) to a Unix
    /// socket whose backlog is full has no time limit, and a hung engine must not collect threads.
    busy: Arc<AtomicBool>,
}

impl Candidate {
    /// Asks this engine in a thread of its own, unless the last question still waits.
    fn ask<T: Send + 'static>(
        &self,
        deadline: Instant,
        question: impl FnOnce(&Path, Instant) -> Result<T, Failure> + Send + 'static,
        answer: mpsc::Sender<(PathBuf, Result<T, Failure>)>,
    ) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (path, busy) = (self.path.clone(), Arc::clone(&self.busy));
        let spawned = thread::Builder::new().name("container-engine".to_owned()).spawn(move || {
            let answered = question(&path, deadline);
            busy.store(false, Ordering::Release);
            // Nobody hears an answer that comes too late, and nobody needs it.
            let _ = answer.send((path, answered));
        });
        if spawned.is_err() {
            self.busy.store(false, Ordering::Release);
        }
    }
}

/// Asks all `engines` at once, until each has answered, the limit has passed, or an answer is `enough`. Those that have not
/// answered by the limit are [`Failure::TimedOut`].
fn ask_all<T: Send + 'static>(
    engines: &[&Candidate],
    limit: Duration,
    question: impl FnOnce(&Path, Instant) -> Result<T, Failure> + Clone + Send + 'static,
    enough: impl Fn(&T) -> bool,
) -> Vec<(PathBuf, Result<T, Failure>)> {
    let deadline = Instant::now() + limit;
    let (answer, answers) = mpsc::channel();
    let mut waiting: Vec<&Path> = Vec::new();
    for engine in engines {
        waiting.push(&engine.path);
        engine.ask(deadline, question.clone(), answer.clone());
    }
    drop(answer);
    let mut heard = Vec::new();
    while !waiting.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok((path, answered)) = answers.recv_timeout(left) else { break };
        waiting.retain(|other| *other != path);
        let done = answered.as_ref().is_ok_and(&enough);
        heard.push((path, answered));
        if done {
            return heard;
        }
    }
    heard.extend(waiting.into_iter().map(|path| (path.to_owned(), Err(Failure::TimedOut))));
    heard
}

fn list_one(path: &Path, deadline: Instant) -> Result<Vec<ContainerFacts>, Failure> {
    let response = ask(path, "GET", "/containers/json", deadline)?;
    match response.status {
        200 => {}
        401 | 403 => return Err(Failure::Denied),
        _ => return Err(Failure::Malformed("it answered with an error")),
    }
    listing::parse(&response.body, engine_of(&response))
        .ok_or(Failure::Malformed("its list of containers is not understood"))
}

/// Sends the server at `socket` a request of `method` for `target`, and reads the answer, until `deadline`.
fn ask(socket: &Path, method: &str, target: &str, deadline: Instant) -> Result<Response, HttpError> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(http::left(deadline)?))?;
    stream.write_all(&http::request(method, target, &[], &[]))?;
    http::read_response(&mut BufReader::new(Timed { stream, deadline }))
}

/// Returns which engine gave this answer, wherever its socket lies: Podman may stand in for Docker.
fn engine_of(response: &Response) -> &'static str {
    let podman = response.header("libpod-api-version").is_some()
        || response.header("server").is_some_and(|server| server.starts_with("Libpod"));
    if podman { "podman" } else { "docker" }
}

/// Why an engine did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failure {
    /// It may not be asked by us.
    Denied,
    /// It did not answer within the time limit.
    TimedOut,
    /// Nobody listens on its socket: the file outlived the engine.
    NotRunning,
    /// It said something else than an answer.
    Malformed(&'static str),
    /// Anything else the kernel said.
    Io(String),
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Malformed(what) => Failure::Malformed(what),
            HttpError::Io(error) => error.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::Denied,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut,
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Failure::NotRunning,
            _ => Failure::Io(error.to_string()),
        }
    }
}

impl Failure {
    /// Returns the warning that this failure is worth; none if there is no engine to be missed.
    fn warning(&self, path: &Path) -> Option<Warning> {
        let socket = path.display();
        let (code, reason) = match self {
            Failure::NotRunning => return None,
            Failure::Denied => ("container-api-denied", who_may(path).to_owned()),
            Failure::TimedOut => ("container-api-timeout", "it did not answer in time".to_owned()),
            Failure::Malformed(what) => ("container-api-failed", (*what).to_owned()),
            Failure::Io(what) => ("container-api-failed", what.clone()),
        };
        let text = format!("names and images of containers of the engine at {socket} are missing: {reason}");
        Some(Warning { code: code.to_owned(), text })
    }
}

fn who_may(path: &Path) -> &'static str {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("docker.sock") => "only root and the group docker may ask it",
        _ => "only root and the user who runs it may ask it",
    }
}

fn untrusted(path: &Path, uid: u32) -> Warning {
    let socket = path.display();
    let text = format!("the container engine at {socket} was not asked: its socket belongs to user id {uid}");
    Warning { code: "container-api-untrusted".to_owned(), text }
}

/// Returns the places to look at, in the order of trust in what they say.
fn places(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let docker_host = variable("DOCKER_HOST").and_then(|host| {
        let path = host.to_str()?.strip_prefix("unix://")?;
        path.starts_with('/').then(|| PathBuf::from(path))
    });
    let runtime = variable("XDG_RUNTIME_DIR").filter(|directory| directory.is_absolute());
    let home = variable("HOME").filter(|directory| directory.is_absolute());
    let below = |base: &Option<PathBuf>, path: &str| base.as_ref().map(|base| base.join(path));
    [
        docker_host,
        Some(PathBuf::from("/var/run/docker.sock")),
        below(&runtime, "docker.sock"),
        below(&home, ".docker/run/docker.sock"),
        below(&runtime, "podman/podman.sock"),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Time that all engines together have for an answer.
const TIME_LIMIT: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests;
