//! `wharf run`: a program on its own port, on loopback only.

use std::env;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_lease::store::{Claim, Store};
use wharf_lease::system::System;
use wharf_model::filter::Filter;
use wharf_model::lease::Lease;
use wharf_os::facts::Effort;
use wharf_os::launch::{Ending, Launch, LaunchError};
use wharf_os::ports::{Held, hold};
use wharf_os::{Os, supervisor};
use wharf_run::berth::{Berths, Event, Options};
use wharf_run::environment::{url, variables};
use wharf_run::life::{self, RunError};
use wharf_run::numbers::LeasedNumbers;
use wharf_views::style::Style;
use wharf_views::text::run::{write_further, write_moved, write_ready, write_warning};

use crate::cli::{Colour, Run};
use crate::failure::Failure;
use crate::leases::{claim, is_known, store};
use crate::terminal;

/// Answers `wharf run`.
pub(crate) fn run(run: &Run, colour: Colour) -> Result<ExitCode, Failure> {
    let [program, arguments @ ..] = run.command.as_slice() else {
        return Err(Failure::Run("what is to run?".to_owned(), FAILED));
    };
    let mut launch =
        Launch { program: program.clone(), arguments: arguments.to_vec(), environment: Vec::new() };
    if env::var_os("WHARF").is_some_and(|value| value == "0") {
        return Err(failed(&supervisor::become_program(&launch).into()));
    }
    let os = Arc::new(Os::native());
    let style = Style { colour: terminal::colours_stderr(colour), ..terminal::style(&os, colour, false) };
    if let Some(outer) = env::var_os("WHARF_NAME")
        && supervisor::is_filtered()
        && is_below_wharf(&os)
    {
        let text = format!("this is part of {}, which looks after its ports", outer.display());
        say(|err| write_warning(err, &text, &style));
        return Err(failed(&supervisor::become_program(&launch).into()));
    }
    let mut store = store().map_err(as_own)?;
    let (lease, told) = prepare(&os, &mut store, run).map_err(as_own)?;
    launch.environment = variables(&lease, told.port(), &store.all().map_err(|e| as_own(e.into()))?);
    if run.host_visible {
        say(|err| {
            write_warning(err, "other machines can reach what this listens on (--host-visible)", &style)
        });
    }
    let (send, events) = mpsc::channel();
    let port = told.port();
    let claim = Claim { name: lease.name.clone(), root: lease.root.clone(), asked_port: None };
    let numbers = LeasedNumbers { os: Arc::clone(&os), store, claim, is_known };
    let options = Options { host_visible: run.host_visible, no_rewrite: run.no_rewrite };
    let berths = Berths::new(told, Box::new(numbers), options, send);
    let mut main = None;
    let guard =
        Launch { program: OWN_PROGRAM.into(), arguments: vec!["guard".into()], environment: Vec::new() };
    let outcome =
        life::run(&launch, &guard, berths, events, |event| tell(&event, &lease, port, &mut main, &style));
    match outcome {
        Ok(outcome) => Ok(code(outcome.ending)),
        Err(error) => Err(failed(&error)),
    }
}

/// Returns whether an ancestor of this process is wharf: a name in the environment alone may have been handed into a
/// container, where nobody looks after the ports.
fn is_below_wharf(os: &Os) -> bool {
    let mut pid = std::process::id();
    while let Some(process) = os.processes.read(&[pid]).pop() {
        if pid != std::process::id() && process.name == "wharf" {
            return true;
        }
        pid = process.ppid;
    }
    false
}

/// Finds a lease for this run and holds its port.
fn prepare(os: &Os, store: &mut Store, run: &Run) -> Result<(Lease, Held), Failure> {
    let system = System { os, is_known };
    let mut claim = claim(os, run.name.as_deref())?;
    let service = claim.name.service.clone();
    if let Some(port) = run.port {
        let lease = store.lease(&claim, &system)?;
        let held = hold(port).map_err(|error| Failure::Run(taken(os, port, &error), FAILED))?;
        return Ok((lease, held));
    }
    // Where a service runs already, another of its name has a lease of its own.
    for number in 1..=INSTANCES {
        if number > 1 {
            claim.name.service = format!("{service}-{number}");
        }
        let lease = store.lease(&claim, &system)?;
        if let Ok(held) = hold(lease.port) {
            return Ok((lease, held));
        }
    }
    Err(Failure::Other(format!(
        "{service} runs {INSTANCES} times already, or its ports are taken: wharf lease ls"
    )))
}

/// Says who has a port that was asked for.
fn taken(os: &Os, port: u16, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::AddrInUse {
        return format!("port {port} cannot be had: {error}");
    }
    let filter: Option<Filter> = port.to_string().parse().ok();
    let request = Request {
        filters: filter.into_iter().collect(),
        bound: true,
        own_namespace: true,
        effort: Effort::Quick,
        ..Request::default()
    };
    let holders = survey(os, &request).map(|snapshot| snapshot.endpoints).unwrap_or_default();
    let lead = holders.iter().find_map(|endpoint| endpoint.owner.lead());
    match lead {
        Some(lead) => format!("port {port} is held by {} (pid {}): wharf show {port}", lead.name, lead.pid),
        None => format!("port {port} is held by somebody else: wharf show {port}"),
    }
}

fn tell(event: &Event, lease: &Lease, told: u16, main: &mut Option<u16>, style: &Style) {
    match event {
        Event::Moved { asked, port } => say(|err| write_moved(err, *asked, *port, style)),
        Event::Passed(why) => say(|err| {
            let text = format!("its sockets could not be looked into ({why}): it listens where it wants");
            write_warning(err, &text, style)
        }),
        Event::Listens { at } => {
            let port = at.port();
            let is_main = main.is_none() && (port == told || !DEBUG_PORTS.contains(&port));
            if is_main {
                *main = Some(port);
                say(|err| write_ready(err, &lease.name, &url(port), style));
            } else if *main != Some(port) {
                say(|err| write_further(err, port, style));
            }
        }
    }
}

/// Writes to stderr; a run goes on if nobody reads it.
fn say(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) {
    let _ = write(&mut io::stderr().lock());
}

fn code(ending: Ending) -> ExitCode {
    match ending {
        Ending::Code(code) => ExitCode::from(code),
        Ending::Signal(signal) => ExitCode::from(128_u8.saturating_add(signal)),
    }
}

fn failed(error: &RunError) -> Failure {
    let code = match error {
        RunError::Launch(LaunchError::NotFound(_)) => NO_SUCH_COMMAND,
        RunError::Launch(LaunchError::NotExecutable(..)) => NOT_EXECUTABLE,
        _ => FAILED,
    };
    Failure::Run(error.to_string(), code)
}

/// Any failure of wharf before the command begins has the code of a runner that failed.
fn as_own(failure: Failure) -> Failure {
    match failure {
        Failure::Run(..) => failure,
        Failure::Other(text) => Failure::Run(text, FAILED),
        Failure::Os(error) => Failure::Run(error.to_string(), FAILED),
        other => other,
    }
}

/// Answers `wharf guard`, which `wharf run` starts for itself.
pub(crate) fn guard() -> Result<ExitCode, Failure> {
    supervisor::stand_guard()?;
    Ok(ExitCode::SUCCESS)
}

/// This program, also if its file was moved meanwhile, proc(5).
const OWN_PROGRAM: &str = "/proc/self/exe";
/// Exit codes of a program that runs others, env(1): it failed itself, the command cannot be executed, there is none.
const FAILED: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NO_SUCH_COMMAND: u8 = 127;
/// Of one name at once, at most.
const INSTANCES: usize = 20;
/// Where debuggers and reloaders of Node, Java, Python and Vite listen: never what a service is reached at.
const DEBUG_PORTS: [u16; 4] = [5005, 5678, 9229, 24678];
