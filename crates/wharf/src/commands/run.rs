//! `wharf run`: a program on its own port, on loopback only.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use wharf_catalog::number::is_known;
use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_lease::store::{Claim, Store};
use wharf_lease::system::System;
use wharf_model::filter::Filter;
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::run::{Run as RunningNow, RunState};
use wharf_os::facts::Effort;
use wharf_os::launch::{Ending, Launch, LaunchError, Supervision};
use wharf_os::ports::Held;
use wharf_os::{Os, background as session, guard, identity, state, supervisor};
use wharf_run::berth::{Berths, Options};
use wharf_run::environment::{siblings, trust, variables};
use wharf_run::life::{self, Plan, RunError};
use wharf_run::log::Log;
use wharf_run::node::may_start_node;
use wharf_run::numbers::LeasedNumbers;
use wharf_run::registry::{Entry, Registry};
use wharf_views::style::Style;
use wharf_views::text::run::{write_note, write_warning};

use super::story::{Story, say};
use super::{background, isolate, logs, privilege};
use crate::cli::{Colour, Guard, Run};
use crate::failure::{FAILED, Failure, NO_SUCH_COMMAND, NOT_EXECUTABLE};
use crate::keeping::{self, OWN_PROGRAM};
use crate::leases::{claim, store};
use crate::terminal;

/// Answers `wharf run`.
pub(crate) fn run(run: &Run, colour: Colour) -> Result<ExitCode, Failure> {
    let [program, arguments @ ..] = run.command.as_slice() else {
        return Err(Failure::Run("what is to run?".to_owned(), FAILED));
    };
    let mut launch =
        Launch { program: program.clone(), arguments: arguments.to_vec(), environment: Vec::new() };
    if env::var_os("WHARF").is_some_and(|value| value == "0") {
        if run.detach {
            let text = "nobody looks after it with WHARF=0, so --detach cannot be had".to_owned();
            return Err(Failure::Run(text, FAILED));
        }
        return Err(failed(&supervisor::become_program(&launch).into()));
    }
    let os = Arc::new(Os::native());
    let style = Style { colour: terminal::colours_stderr(colour), ..terminal::style(&os, colour, false) };
    if let Some(outer) = env::var_os("WHARF_NAME")
        && supervisor::is_filtered()
        && is_below_wharf(&os)
    {
        let outer = &outer.to_string_lossy();
        if run.detach {
            let text = format!("this is part of {outer} and ends with it: --detach cannot be had here");
            return Err(Failure::Run(text, FAILED));
        }
        return become_part(&os, run, launch, outer, &style);
    }
    if run.detach {
        return background::start(&os, run, &style);
    }
    privilege::look_at(&run.command, &style)?;
    if run.background {
        session::settle().map_err(|error| Failure::Run(error.to_string(), FAILED))?;
    }
    let mut store = store().map_err(as_own)?;
    let begin = os.clock.now();
    let (lease, told) = prepare(&os, &mut store, run).map_err(as_own)?;
    let port = told.port();
    let leases = store.all().map_err(|e| as_own(e.into()))?;
    super::trust::make_for_the_first_run(&os);
    launch.environment = told_of(&lease, port, &leases);
    let siblings: Vec<u16> = siblings(&lease, &leases).map(|sibling| sibling.port).collect();
    let network = run.isolate.then(|| isolate::own_network(&style)).transpose()?;
    if run.host_visible {
        say(|err| {
            write_warning(err, "other machines can reach what this listens on (--host-visible)", &style)
        });
    }
    let log = if run.background { Some(log(&lease.name)?) } else { None };
    let written = log.as_deref().map_or(0, size);
    let (events, heard) = mpsc::channel();
    let entry = enter(&os, run, &lease, port, log.as_deref());
    if let Err(error) = &entry {
        let text = format!("wharf ps and wharf stop will not know of it: {error}");
        say(|err| write_warning(err, &text, &style));
    }
    let mut story = Story {
        os: Arc::clone(&os),
        name: lease.name.clone(),
        told: port,
        style,
        entry: entry.ok(),
        background: run.background,
        strict: run.strict,
        events: events.clone(),
        main: None,
        sees_all: true,
        parts: BTreeMap::new(),
    };
    // One that nobody has named is for nothing if its program never listens: a command that is run once.
    let passing = (run.name.is_none() && lease.created_at >= begin).then(|| lease.clone());
    let claim = Claim { name: lease.name, root: lease.root, asked_port: None };
    let (keep, to_keep) = mpsc::channel();
    if let Ok(twin) = told.try_clone() {
        // Heard below.
        let _ = keep.send(twin);
    }
    let numbers = LeasedNumbers { os, store, claim, is_known, take: keeping::take, keep };
    let options = Options { host_visible: run.host_visible, no_rewrite: run.no_rewrite };
    let berths = Berths::new(told, Box::new(numbers), options, events);
    let directory = env::current_dir().unwrap_or_default();
    let names = !run.no_rewrite && !run.isolate && may_start_node(&run.command, &directory);
    // Nothing gets by where nobody is reached.
    let strict = run.strict && !run.isolate;
    let supervision = Supervision { names, connects: run.link, strict, udp: run.udp };
    let guard = guard_of(log.as_deref(), strict);
    let isolation = network.as_ref().map(|own| Arc::clone(&own.isolation));
    let plan = Plan { guard, launch, supervision, isolation, log };
    keeping::start_if_absent();
    keeping::keep(to_keep);
    let hear = |news| story.hear(news);
    let outcome = match network {
        Some(own) => {
            let doors = isolate::doors(own, berths, run.host_visible, &siblings)?;
            life::run(&plan, doors, heard, hear)
        }
        None => life::run(&plan, berths, heard, hear),
    };
    if let Some(lease) = passing.filter(|_| story.has_no_port()) {
        // What is left over does no harm.
        let _ = self::store().and_then(|mut store| Ok(store.forget(&lease)?));
    }
    match outcome {
        Ok(outcome) => {
            if story.background
                && let Some(log) = &plan.log
            {
                tell_end(log, written);
            }
            Ok(code(outcome.ending))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Becomes the program as a part of the run `outer`, which looks after it: with a port of its own if it has another name
/// and that wharf understands it.
fn become_part(
    os: &Os,
    run: &Run,
    mut launch: Launch,
    outer: &str,
    style: &Style,
) -> Result<ExitCode, Failure> {
    let is_another = || claim(os, run.name.as_deref()).is_ok_and(|claim| claim.name.to_string() != outer);
    let joined = if run.port.is_some() || is_another() { join(os, run) } else { None };
    let text = match joined {
        Some((name, variables)) => {
            launch.environment = variables;
            format!("{name} is part of {outer}, which looks after it")
        }
        None => format!("this is part of {outer}, which looks after its ports"),
    };
    say(|err| write_note(err, &text, style));
    Err(failed(&supervisor::become_program(&launch).into()))
}

/// Hands a port of its own to the outer run, and returns whose it is and what its program is told.
fn join(os: &Os, run: &Run) -> Option<(LeaseName, Vec<(OsString, OsString)>)> {
    // Before anything is asked for: else the outer one would move what this one holds.
    supervisor::announce().ok()?;
    let joined = store().ok().and_then(|mut store| {
        let (lease, told) = prepare(os, &mut store, run).ok()?;
        let leases = store.all().ok()?;
        supervisor::hand_over(&told).ok()?;
        Some((lease.name.clone(), told_of(&lease, told.port(), &leases)))
    });
    if joined.is_none() {
        // A program like any other again, which is looked after.
        let _ = supervisor::announce();
    }
    joined
}

/// Returns what a program is told in its environment.
fn told_of(lease: &Lease, port: u16, leases: &[Lease]) -> Vec<(OsString, OsString)> {
    let [root, bundle] = ["authority/root.pem", "authority/bundle.pem"].map(state::existing);
    let is_set = |name: &str| env::var_os(name).is_some();
    let mut variables = variables(lease, port, leases);
    variables.extend(trust(root.as_deref(), bundle.as_deref(), is_set));
    variables
}

/// Enters the run where other commands find it.
fn enter(os: &Os, run: &Run, lease: &Lease, port: u16, log: Option<&Path>) -> io::Result<Entry> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Registry::open(os)?.enter(RunningNow {
        name: lease.name.clone(),
        state: RunState::Starting,
        port,
        main_port: None,
        main_address: None,
        named_url: None,
        ports: Vec::new(),
        host_visible: run.host_visible,
        isolated: run.isolate,
        command: run.command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        root: lease.root.clone(),
        directory: text(&env::current_dir()?),
        started_at: os.clock.now(),
        wharf: identity::own().ok_or(io::ErrorKind::NotFound)?,
        guard: None,
        program: None,
        log: log.map(text),
        boot_id: None,
        pid_namespace: None,
    })
}

/// Returns where a program in the background is logged.
fn log(name: &LeaseName) -> Result<PathBuf, Failure> {
    let folder = state::subdirectory("logs");
    let folder = folder.map_err(|error| Failure::Run(format!("the state directory: {error}"), FAILED))?;
    Ok(folder.join(logs::file(&name.to_string())))
}

/// Says the last words of a program that ended before it listened, to the one who waits for it: what stands in the log
/// after what others had `written` there.
fn tell_end(log: &Path, written: u64) {
    let text = fs::read(log).unwrap_or_default();
    let own = usize::try_from(written).ok().and_then(|written| text.get(written..)).unwrap_or(&text);
    say(|err| err.write_all(logs::last(own, LAST_WORDS)));
}

fn size(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}

fn guard_of(log: Option<&Path>, strict: bool) -> Launch {
    let mut arguments: Vec<OsString> = vec!["guard".into()];
    if let Some(log) = log {
        arguments.extend(["--log".into(), log.into()]);
    }
    if strict {
        arguments.push("--strict".into());
    }
    Launch { program: OWN_PROGRAM.into(), arguments, environment: Vec::new() }
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
    let system = System::new(os, is_known).with_keeper(keeping::take);
    let mut claim = claim(os, run.name.as_deref())?;
    let service = claim.name.service.clone();
    if let Some(port) = run.port {
        let lease = store.lease(&claim, &system)?;
        if let Some(other) =
            store.at_port(port)?.filter(|other| other.root != lease.root || other.name != lease.name)
            && other.asked_port != Some(port)
        {
            let text = format!("port {port} is leased to {0}: wharf lease rm {0}", other.name);
            return Err(Failure::Run(text, FAILED));
        }
        let held = system.hold(port).map_err(|error| Failure::Run(taken(os, port, &error), FAILED))?;
        return Ok((lease, held));
    }
    // Where a service runs already, another of its name has a lease of its own.
    for number in 1..=INSTANCES {
        if number > 1 {
            claim.name.service = format!("{service}-{number}");
        }
        let lease = store.lease(&claim, &system)?;
        if let Ok(held) = system.hold(lease.port) {
            let lease =
                if lease.handed_out { store.hand_out(&lease, false)?.unwrap_or(lease) } else { lease };
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
        Some(lead) => {
            format!("port {port} is held by {} (pid {}): wharf free {port} stops it", lead.name, lead.pid)
        }
        None => format!("port {port} is held by somebody else: wharf show {port}"),
    }
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
pub(crate) fn guard(guard: Guard) -> Result<ExitCode, Failure> {
    let Guard { log, strict, terminal } = guard;
    guard::stand(terminal, strict, move |reader| {
        if let Some(mut log) = log.and_then(|log| Log::open(&log).ok()) {
            log.record(reader);
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Of one name at once, at most.
const INSTANCES: usize = 20;
/// Lines of a log that say why a program ended.
const LAST_WORDS: usize = 20;
