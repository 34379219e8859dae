//! pm2's daemon, asked over its own socket: which processes it keeps, and to stop one so that it stays stopped.
//!
//! `rpc.sock` in pm2's home speaks remote calls of JSON (pm2-axon-rpc) in messages of a few counted parts (`message`). An
//! answer is bounded, and so is the time for it. Not here: which process belongs to which port, and whether to stop it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{http, local};

#[path = "pm2/message.rs"]
mod message;

/// A connection to the daemon of one home.
#[derive(Debug)]
pub struct Pm2 {
    stream: UnixStream,
    limit: Duration,
    calls: u32,
}

/// A process that pm2 keeps, or has kept. Text may hold anything: views escape it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pm2Process {
    /// pm2's number of it; each of a cluster has one.
    pub id: u32,
    /// Name, which all of a cluster share.
    pub name: String,
    /// Process id, while there is one; of a cluster the worker, whose parent is the daemon and whose port the daemon has.
    pub pid: Option<u32>,
    /// Whether pm2 shares a listening socket among several of them (`exec_mode` cluster).
    pub cluster: bool,
    /// `online`, `launching`, `stopping`, `stopped`, `errored`, `waiting restart` …
    pub status: String,
    /// Whether pm2 starts it again when its files change.
    pub watched: bool,
    /// When pm2 starts it again by the clock, also if it was stopped; crontab(5).
    pub cron: Option<String>,
}

/// Returns pm2's home by the title of its daemon: `PM2 v7.0.4: God Daemon (/home/me/.pm2)`. `None` if it is no such title, or
/// was cut off (a title is no longer than the command line that it stands in): then `PM2_HOME` of the daemon's environment tells.
#[must_use]
pub fn home_of(title: &str) -> Option<PathBuf> {
    let (_, home) = title.trim_end().strip_prefix("PM2 v")?.split_once(": God Daemon (")?;
    let home = Path::new(home.strip_suffix(')')?);
    home.is_absolute().then(|| home.to_owned())
}

impl Pm2 {
    /// Connects to the daemon of `home`, which has to be root's or this process's own user's. Each call has `limit`.
    ///
    /// # Errors
    /// `NotFound` or `ConnectionRefused` if no daemon runs there, `PermissionDenied` if it is somebody else's.
    pub fn open(home: &Path, limit: Duration) -> io::Result<Self> {
        Self::open_of(home, local::own_uid(), limit)
    }

    /// Does the same where the daemon is known to be `uid`'s: for root, who acts on what an ordinary user has started. What
    /// that daemon says is that user's word.
    ///
    /// # Errors
    /// As [`Pm2::open`].
    pub fn open_of(home: &Path, uid: u32, limit: Duration) -> io::Result<Self> {
        let path = home.join("rpc.sock");
        let stream = local::connect(&path).map_err(|error| {
            io::Error::new(error.kind(), format!("pm2's daemon at {}: {error}", path.display()))
        })?;
        // Whose the file is says nothing of who listens there.
        let peer = local::peer(stream.as_fd())?.uid;
        if peer != 0 && peer != uid {
            let words =
                format!("pm2's daemon at {} was not asked: it belongs to user id {peer}", path.display());
            return Err(io::Error::new(ErrorKind::PermissionDenied, words));
        }
        Ok(Self { stream, limit, calls: 0 })
    }

    /// Returns all that this daemon keeps, stopped ones too.
    ///
    /// # Errors
    /// What pm2 said; `TimedOut`, `InvalidData`.
    pub fn processes(&mut self) -> io::Result<Vec<Pm2Process>> {
        let list = self.call("getMonitorData", &[json!({})])?;
        processes(&list).ok_or_else(|| garbled("its list of processes is not understood"))
    }

    /// Has the daemon stop the process that it numbers `id`, as `pm2 stop` does, and waits until it has: its tree gets the
    /// signals that its configuration names (SIGINT, and SIGKILL after 1.6 s, unless it says otherwise), and it is not started
    /// again, also not when its files change. Its place in the list stays.
    ///
    /// # Errors
    /// What pm2 said; `TimedOut`, `InvalidData`.
    pub fn stop(&mut self, id: u32) -> io::Result<()> {
        self.call("stopWatch", &[json!("stopProcessId"), json!(id)])?;
        let answer = self.call("stopProcessId", &[json!(id)])?;
        let status = answer.pointer("/pm2_env/status").and_then(Value::as_str);
        if status == Some("stopped") {
            return Ok(());
        }
        let reason = match answer.get("message").and_then(Value::as_str) {
            Some(words) => message::plain(words),
            None => format!("it is {} now", message::plain(status.unwrap_or("in an unknown state"))),
        };
        Err(io::Error::other(format!("pm2 did not stop its process {id}: {reason}")))
    }

    /// Calls a method of the daemon, and returns the first value of its answer.
    fn call(&mut self, method: &str, arguments: &[Value]) -> io::Result<Value> {
        let deadline = Instant::now() + self.limit;
        self.calls += 1;
        let id = format!("wharf:{}", self.calls);
        let question = json!({ "type": "call", "method": method, "args": arguments });
        let parts = [format!("j:{question}"), format!("s:{id}")];
        self.stream.set_write_timeout(Some(http::left(deadline)?)).and_then(|()| {
            self.stream.write_all(&message::encode(&parts.each_ref().map(|part| part.as_bytes())))
        })?;
        let mut timed = Until { stream: &self.stream, deadline };
        loop {
            let parts = message::read(&mut timed).map_err(|error| match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    io::Error::new(ErrorKind::TimedOut, format!("pm2 was not done after {:?}", self.limit))
                }
                ErrorKind::UnexpectedEof => io::Error::new(ErrorKind::UnexpectedEof, "pm2 hung up"),
                _ => error,
            })?;
            // An answer that came too late for an earlier call is passed over.
            if let Some(answer) = message::answer_to(&id, &parts)? {
                return answer.map_err(|words| io::Error::other(format!("pm2 answered: {words}")));
            }
        }
    }
}

/// Reads what `getMonitorData` answers; entries that make no sense are left out.
fn processes(list: &Value) -> Option<Vec<Pm2Process>> {
    let entries = list.as_array()?.iter().filter_map(|entry| Entry::deserialize(entry).ok());
    let process = |entry: Entry| Pm2Process {
        id: entry.pm_id,
        name: entry.name.unwrap_or_default(),
        pid: entry.pid.filter(|pid| *pid != 0),
        cluster: entry.pm2_env.exec_mode.as_deref().is_some_and(|mode| mode.starts_with("cluster")),
        status: entry.pm2_env.status.unwrap_or_default(),
        watched: !matches!(entry.pm2_env.watch, None | Some(Value::Null | Value::Bool(false))),
        // `pm2 reload --cron-restart 0` takes it away again.
        cron: entry
            .pm2_env
            .cron_restart
            .as_ref()
            .and_then(Value::as_str)
            .filter(|cron| *cron != "0")
            .map(str::to_owned),
    };
    Some(entries.map(process).collect())
}

#[derive(Deserialize)]
struct Entry {
    pm_id: u32,
    name: Option<String>,
    pid: Option<u32>,
    pm2_env: Environment,
}

#[derive(Deserialize)]
struct Environment {
    exec_mode: Option<String>,
    status: Option<String>,
    watch: Option<Value>,
    cron_restart: Option<Value>,
}

/// A stream that is read until a deadline, however often.
struct Until<'a> {
    stream: &'a UnixStream,
    deadline: Instant,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(http::left(self.deadline)?))?;
        self.stream.read(buffer)
    }
}

fn garbled(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("pm2's answer makes no sense: {what}"))
}

#[cfg(test)]
#[path = "pm2/tests.rs"]
mod tests;
