//! `wharf daemon` and `wharf api`: the process that keeps leased ports between runs, and what can be asked of it.

use std::ffi::OsString;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use wharf_api::client::{Client, ClientError};
use wharf_api::openapi;
use wharf_daemon::DaemonError;
use wharf_os::launch::Launch;
use wharf_os::{Os, background};
use wharf_views::json::{self, Layout};
use wharf_views::text::daemon::write_daemon;

use super::adopt::adopt_ports;
use crate::cli::{Colour, Daemon, DaemonCommand};
use crate::failure::Failure;
use crate::keeping::OWN_PROGRAM;
use crate::terminal;

/// Answers `wharf daemon`.
pub(crate) fn daemon(daemon: &Daemon, colour: Colour) -> Result<ExitCode, Failure> {
    match &daemon.command {
        None => run(None, false)?,
        Some(DaemonCommand::Run { inherited, settle }) => run(*inherited, *settle)?,
        Some(DaemonCommand::Start { no_wait }) => start(*no_wait)?,
        Some(DaemonCommand::Status { json }) => status(*json, colour)?,
        Some(DaemonCommand::Stop) => stop()?,
        Some(DaemonCommand::Restart) => restart()?,
        Some(DaemonCommand::AdoptPorts) => adopt_ports()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers `wharf api`.
pub(crate) fn api() -> Result<ExitCode, Failure> {
    json::write_document(&mut io::stdout().lock(), &openapi::document(), Layout::Indented)?;
    Ok(ExitCode::SUCCESS)
}

fn run(inherited: Option<i32>, settle: bool) -> Result<(), Failure> {
    if settle {
        background::settle()?;
    }
    let ready = || {
        if settle {
            // Whoever waits has heard enough.
            let _ = background::fall_silent();
        }
    };
    match wharf_daemon::run(inherited, ready) {
        // Several were started at once, and one is enough.
        Err(DaemonError::AlreadyRuns) if settle => Ok(()),
        other => other.map_err(|error| Failure::Other(error.to_string())),
    }
}

pub(super) fn start(no_wait: bool) -> Result<(), Failure> {
    let arguments = ["daemon", "run", "--settle"].map(OsString::from).to_vec();
    let launch = Launch { program: OWN_PROGRAM.into(), arguments, environment: Vec::new() };
    background::hand_nothing_on()?;
    if no_wait {
        background::start_unheard(&launch)?;
        return Ok(());
    }
    if client()?.is_there() {
        return Ok(());
    }
    let mut started = background::start(&launch)?;
    let mut said = Vec::new();
    started.said.read_to_end(&mut said)?;
    let client = client()?;
    if client.is_there() {
        return Ok(());
    }
    let status = started.child.wait()?;
    if status.success() {
        return until("the daemon did not start", || client.is_there());
    }
    io::stderr().lock().write_all(&said)?;
    Err(Failure::Other(format!("the daemon did not start ({status})")))
}

fn status(as_json: bool, colour: Colour) -> Result<(), Failure> {
    let daemon = client()?.daemon()?;
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        json::write_document(&mut out, &daemon, terminal::layout())?;
    } else {
        write_daemon(&mut out, &daemon, &terminal::style(&Os::native(), colour, false))?;
    }
    Ok(out.flush()?)
}

fn stop() -> Result<(), Failure> {
    let client = client()?;
    client.stop()?;
    until("the daemon did not end", || !client.is_there())
}

fn restart() -> Result<(), Failure> {
    let client = client()?;
    let before = client.daemon()?.started_at;
    let own = std::fs::read_link(OWN_PROGRAM).ok().filter(|path| path.is_file());
    client.restart(own.map(|path| path.to_string_lossy().into_owned()))?;
    until("the daemon did not start anew", || client.daemon().is_ok_and(|now| now.started_at != before))
}

/// Ends the daemon, if there is one.
pub(super) fn end_if_there() -> Result<(), Failure> {
    if client()?.is_there() { stop() } else { Ok(()) }
}

pub(super) fn client() -> Result<Client, Failure> {
    Client::new().map_err(|error| Failure::Other(format!("the runtime directory: {error}")))
}

fn until(otherwise: &str, holds: impl Fn() -> bool) -> Result<(), Failure> {
    let begin = Instant::now();
    while !holds() {
        if begin.elapsed() > PATIENCE {
            return Err(Failure::Other(otherwise.to_owned()));
        }
        thread::sleep(STEP);
    }
    Ok(())
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Other(error.to_string())
    }
}

const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(10);
