//! Supervisors that have a client of their own: the command that has one stop a service so that it stays stopped, and the
//! command that starts it again. supervisord, circus, runit, s6, daemontools, monit.
//!
//! The table is pure; what it has to know of a running supervisor, its client tells (`client`). A client is only run from
//! the system's own folders, or with the rights of the very user whose supervisor it is: root runs nobody's programs. Not
//! here: pm2 ([`crate::pm2`]), units of systemd, and whether a service should be stopped.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::facts::ProcessFacts;

#[path = "keepers/client.rs"]
mod client;

/// How a supervisor is told to stop one of its services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The supervisor: `supervisord`, `runit` …
    pub keeper: &'static str,
    /// What it calls the service; a folder for runit, s6 and daemontools. Text may hold anything: views escape it.
    pub service: String,
    /// The command that stops it. It stays stopped until it is started again, or the supervisor is.
    pub stop: Vec<String>,
    /// The command that starts it again.
    pub start: Vec<String>,
    /// Where these commands are run.
    pub folder: PathBuf,
}

/// Returns how `process` is told to stop its service with the process `child`, its direct child (of monit: whom it looks
/// after). `None` if it is no supervisor that has a client.
///
/// # Errors
/// Why there is no such command, in a sentence: the client is not installed, is not to be trusted, or does not know `child`.
pub fn order(process: &ProcessFacts, child: u32) -> Result<Option<Order>, String> {
    let Some(keeper) = KEEPERS.iter().find(|keeper| is(process, keeper.daemon)) else { return Ok(None) };
    let folder = process.cwd.as_deref().filter(|folder| Path::new(folder).is_dir()).unwrap_or("/");
    if client::is_elsewhere(process.pid, folder) {
        return Err(format!(
            "{} runs in a mount namespace of its own, where its client is to be asked",
            keeper.name
        ));
    }
    let ask = |command: &[String]| client::output(command, Path::new(folder), ANSWER_LIMIT);
    let program = client::program(process, keeper.daemon, keeper.client)?;
    let service = (keeper.service)(&Seen { process, child, program, ask: &ask, read: &read })?;
    Ok(Some(Order {
        keeper: keeper.name,
        service: service.name,
        stop: service.stop,
        start: service.start,
        folder: folder.into(),
    }))
}

/// Runs the command that stops the service, for `limit` at most.
///
/// # Errors
/// What the client said, on one line.
pub fn stop(order: &Order, limit: Duration) -> Result<(), String> {
    client::run(&order.stop, &order.folder, limit)
}

/// One row: a supervisor and its client.
struct Keeper {
    name: &'static str,
    daemon: &'static str,
    client: &'static str,
    service: fn(&Seen<'_>) -> Result<Service, String>,
}

/// A supervisor that runs, and how to learn more of it.
struct Seen<'a> {
    process: &'a ProcessFacts,
    child: u32,
    /// Its client.
    program: String,
    /// Returns what a command prints, however it ends.
    ask: &'a dyn Fn(&[String]) -> Result<String, String>,
    /// Returns the text of a small file.
    read: &'a dyn Fn(&Path) -> Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Service {
    name: String,
    stop: Vec<String>,
    start: Vec<String>,
}

const KEEPERS: &[Keeper] = &[
    Keeper { name: "supervisord", daemon: "supervisord", client: "supervisorctl", service: supervisord },
    Keeper { name: "circus", daemon: "circusd", client: "circusctl", service: circus },
    Keeper { name: "runit", daemon: "runsv", client: "sv", service: runit },
    Keeper { name: "s6", daemon: "s6-supervise", client: "s6-svc", service: s6 },
    Keeper { name: "daemontools", daemon: "supervise", client: "svc", service: s6 },
    Keeper { name: "monit", daemon: "monit", client: "monit", service: monit },
];

impl Seen<'_> {
    /// Returns the client's command with `words`.
    fn command(&self, before: &[String], words: &[&str]) -> Vec<String> {
        let words = words.iter().map(|&word| word.to_owned());
        std::iter::once(self.program.clone()).chain(before.iter().cloned()).chain(words).collect()
    }

    /// Returns the stop and start of service `name`, which are words of the client.
    fn service(&self, before: &[String], name: String) -> Result<Service, String> {
        // It would be read as an option.
        if name.starts_with('-') || name.is_empty() {
            return Err(format!("its service {name:?} has a name that its client does not take"));
        }
        let stop = self.command(before, &["stop", &name]);
        let start = self.command(before, &["start", &name]);
        Ok(Service { name, stop, start })
    }

    /// Returns a file that the supervisor was told of, as seen from where it runs.
    fn file(&self, path: &str) -> String {
        Path::new(self.process.cwd.as_deref().unwrap_or("/")).join(path).display().to_string()
    }

    fn unknown(&self, keeper: &str) -> String {
        format!("{keeper} does not say which of its services has process {}", self.child)
    }
}

/// `supervisorctl status` has a line a process: `group:name  RUNNING  pid 12, uptime 0:00:02`.
fn supervisord(seen: &Seen<'_>) -> Result<Service, String> {
    let told = option(&seen.process.command, "supervisord", &["-c", "--configuration"]);
    // Without one it looks where supervisord has looked.
    let before = told.map_or_else(Vec::new, |file| vec!["-c".to_owned(), seen.file(file)]);
    let text = (seen.ask)(&seen.command(&before, &["status"]))?;
    let pid = format!("pid {},", seen.child);
    let mut rows = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let (state, rest) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
        Some((name, state, rest.trim_start()))
    });
    let is_it = |(_, state, rest): &(&str, &str, &str)| *state == "RUNNING" && rest.starts_with(&pid);
    let name = rows.clone().find(is_it).map(|(name, ..)| name);
    // What was started a moment ago has no pid there yet, but where it is asked for by its name.
    let has_it = |name: &str| {
        let answer = (seen.ask)(&seen.command(&before, &["pid", name]));
        answer.is_ok_and(|answer| answer.trim() == seen.child.to_string())
    };
    let mut starting =
        || rows.find(|(name, state, _)| *state == "STARTING" && !name.starts_with('-') && has_it(name));
    let name = name.or_else(|| starting().map(|(name, ..)| name));
    seen.service(&before, name.ok_or_else(|| said(&text, seen.unknown("supervisord")))?.to_owned())
}

/// `circusctl --json stats` has each watcher with its processes by pid.
fn circus(seen: &Seen<'_>) -> Result<Service, String> {
    let file = arguments(&seen.process.command, "circusd").iter().rfind(|word| !word.starts_with('-'));
    let text = file.and_then(|file| (seen.read)(Path::new(&seen.file(file))));
    let endpoint = text.as_deref().and_then(circus_endpoint);
    let before: Vec<String> =
        endpoint.map_or_else(Vec::new, |endpoint| vec!["--endpoint".to_owned(), endpoint.to_owned()]);
    let text = (seen.ask)(&seen.command(&[&["--json".to_owned()], &before[..]].concat(), &["stats"]))?;
    let answer: Value = serde_json::from_str(text.trim()).unwrap_or_default();
    let pid = seen.child.to_string();
    let watchers = answer.get("infos").and_then(Value::as_object);
    let watcher =
        watchers.and_then(|watchers| watchers.iter().find(|(_, processes)| processes.get(&pid).is_some()));
    let (name, _) = watcher.ok_or_else(|| said(&text, seen.unknown("circus")))?;
    seen.service(&before, name.clone())
}

/// The folder of a runsv is where it runs; its second process is the service's log, a service of its own in `log`.
fn runit(seen: &Seen<'_>) -> Result<Service, String> {
    let folder = seen.process.cwd.as_deref().ok_or("the folder of runit's service is not to be seen")?;
    let is_log = (seen.read)(&Path::new(folder).join("log/supervise/pid"))
        .is_some_and(|pid| pid.trim() == seen.child.to_string());
    let name = if is_log { format!("{folder}/log") } else { folder.to_owned() };
    seen.service(&[], name)
}

/// The folder of an s6-supervise, or of a supervise of daemontools, is where it runs.
fn s6(seen: &Seen<'_>) -> Result<Service, String> {
    let name = seen.process.cwd.clone().ok_or("the folder of the service is not to be seen")?;
    let (stop, start) = (seen.command(&[], &["-d", &name]), seen.command(&[], &["-u", &name]));
    Ok(Service { name, stop, start })
}

/// `monit status` has a block a service: `Process 'web'`, and in it `pid  12`. Of what it has started itself it knows the pid
/// only from its next cycle on.
fn monit(seen: &Seen<'_>) -> Result<Service, String> {
    let told = option(&seen.process.command, "monit", &["-c"]);
    let before = told.map_or_else(Vec::new, |file| vec!["-c".to_owned(), seen.file(file)]);
    let text = (seen.ask)(&seen.command(&before, &["-B", "status"]))?;
    let mut name = None;
    for line in text.lines() {
        if let Some(quoted) = line.strip_prefix("Process '") {
            name = quoted.strip_suffix('\'');
        }
        let mut words = line.split_whitespace();
        if (words.next(), words.next()) == (Some("pid"), Some(seen.child.to_string().as_str())) {
            break;
        }
        if line.is_empty() {
            name = None;
        }
    }
    seen.service(&before, name.ok_or_else(|| said(&text, seen.unknown("monit")))?.to_owned())
}

/// Returns the endpoint in circus' configuration: the first in its section `[circus]`.
fn circus_endpoint(text: &str) -> Option<&str> {
    let section = text.lines().skip_while(|line| line.trim() != "[circus]").skip(1);
    let mut section = section.take_while(|line| !line.trim_start().starts_with('['));
    section.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "endpoint").then(|| value.trim()).filter(|value| !value.is_empty())
    })
}

/// Returns the reason, and with it what a client printed instead, if that is one line.
fn said(text: &str, reason: String) -> String {
    let line = client::plain(text);
    if text.trim().lines().count() == 1 { format!("{reason}: {line}") } else { reason }
}

/// Returns whether `process` runs `program`, itself or as a script or module of Python's.
fn is(process: &ProcessFacts, program: &str) -> bool {
    let [first, rest @ ..] = process.command.as_slice() else { return false };
    let by_python =
        Path::new(first).file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let script = match rest {
        [option, module, ..] if option == "-m" => Some(module),
        [script, ..] => Some(script),
        [] => None,
    };
    is_name(first, program) || by_python && script.is_some_and(|script| is_name(script, program))
}

/// Returns whether `word` is a path of `program`, or a module of Python that is called so (`supervisor.supervisord`).
fn is_name(word: &str, program: &str) -> bool {
    let file = Path::new(word).file_name().is_some_and(|name| name == program);
    file || !word.contains('/') && word.rsplit_once('.').is_some_and(|(_, module)| module == program)
}

/// Returns what follows `program` on a command line.
fn arguments<'a>(command: &'a [String], program: &str) -> &'a [String] {
    let at = command.iter().position(|word| is_name(word, program));
    at.and_then(|at| command.get(at + 1..)).unwrap_or_default()
}

/// Returns the value of an option that may be written in several ways: `-c FILE`, `-cFILE`, `--configuration=FILE`.
fn option<'a>(command: &'a [String], program: &str, names: &[&str]) -> Option<&'a str> {
    let mut words = arguments(command, program).iter();
    while let Some(word) = words.next() {
        for name in names {
            match word.strip_prefix(name) {
                Some("") => return words.next().map(String::as_str),
                Some(value) if !name.starts_with("--") => return Some(value),
                Some(value) if value.starts_with('=') => return Some(&value[1..]),
                _ => {}
            }
        }
    }
    None
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    // Opened without waiting for a writer, and only if it is no pipe.
    let file =
        fs::metadata(path).ok().filter(fs::Metadata::is_file).and_then(|_| fs::File::open(path).ok())?;
    file.take(FILE_LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Most bytes of a configuration.
const FILE_LIMIT: u64 = 256 * 1024;

/// What a client has for an answer: some are started in Python.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
#[path = "keepers/tests.rs"]
mod tests;
