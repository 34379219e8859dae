//! `wharf run --detach`: the part of the one who asks for it, and waits until the program listens.
//!
//! Not here: the part of the process in the background, which is a `wharf run` like any other (`run`).

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{ChildStderr, ExitCode};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::run::{RUNS_SCHEMA, RunState, Runs};
use wharf_os::launch::Launch;
use wharf_os::{Os, background};
use wharf_run::registry::Registry;
use wharf_views::json;
use wharf_views::style::Style;
use wharf_views::text::run::{write_note, write_warning};

use super::story::say;
use crate::cli::Run;
use crate::failure::{FAILED, Failure};
use crate::keeping::OWN_PROGRAM;
use crate::terminal;

/// Answers `wharf run --detach`.
pub(super) fn start(os: &Os, asked: &Run, style: &Style) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| Failure::Run(format!("nothing could be started: {error}"), FAILED);
    let registry = Registry::open(os).map_err(failed)?;
    let launch = Launch {
        program: OWN_PROGRAM.into(),
        arguments: arguments(asked, style.colour),
        environment: Vec::new(),
    };
    background::hand_nothing_on().map_err(failed)?;
    let started = background::start(&launch).map_err(failed)?;
    let mut child = started.child;
    let is_silent = echo(&lines(started.said), style);
    let entered = registry.runs().into_iter().find(|run| run.wharf.pid == child.id());
    let Some(run) = entered.filter(|run| !is_silent || run.state != RunState::Starting) else {
        // It said why.
        let code = child.wait().map_err(failed)?.code().and_then(|code| u8::try_from(code).ok());
        return Ok(ExitCode::from(code.unwrap_or(FAILED)));
    };
    if run.state == RunState::Starting {
        let text = format!("it does not listen yet, and goes on: wharf logs -f {}", run.name);
        say(|err| write_warning(err, &text, style));
    } else {
        let text = format!("it goes on in the background: wharf logs {0}, wharf stop {0}", run.name);
        say(|err| write_note(err, &text, style));
    }
    if asked.json {
        let mut out = io::stdout().lock();
        let document = Runs { schema: RUNS_SCHEMA.to_owned(), runs: vec![run] };
        json::write_document(&mut out, &document, terminal::layout())?;
        out.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the arguments of the `wharf run` in the background that does what was `asked`.
fn arguments(asked: &Run, colour: bool) -> Vec<OsString> {
    let colour = if colour { "--color=always" } else { "--color=never" };
    let mut arguments: Vec<OsString> = vec!["run".into(), "--background".into(), colour.into()];
    if let Some(name) = &asked.name {
        arguments.push(format!("--name={name}").into());
    }
    if let Some(port) = asked.port {
        arguments.push(format!("--port={port}").into());
    }
    let flags = [
        (asked.host_visible, "--host-visible"),
        (asked.no_rewrite, "--no-rewrite"),
        (asked.strict, "--strict"),
        (asked.isolate, "--isolate"),
        (asked.udp, "--udp"),
        (asked.link, "--link"),
    ];
    arguments.extend(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| OsString::from(flag)));
    arguments.push("--".into());
    arguments.extend(asked.command.iter().cloned());
    arguments
}

/// Returns the lines of what is `said`, until its end.
fn lines(said: ChildStderr) -> Receiver<Vec<u8>> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        // Nobody hears it any more once the wait is over.
        BufReader::new(said).split(b'\n').map_while(Result::ok).try_for_each(|line| send.send(line))
    });
    lines
}

/// Says again what is said in the background, until it ends there, which is returned, or has taken too long.
fn echo(lines: &Receiver<Vec<u8>>, style: &Style) -> bool {
    let begin = Instant::now();
    let mut patience = if io::stderr().is_terminal() { SHORT } else { LONG };
    loop {
        match lines.recv_timeout(patience.saturating_sub(begin.elapsed())) {
            Ok(line) => say(|err| err.write_all(&line).and_then(|()| err.write_all(b"\n"))),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) if patience == SHORT => {
                patience = LONG;
                say(|err| write_note(err, "waiting for it to listen", style));
            }
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// How long somebody at a terminal waits without a word.
const SHORT: Duration = Duration::from_millis(500);
/// How long a program may take to listen before it is not waited for any more.
const LONG: Duration = Duration::from_secs(10);
