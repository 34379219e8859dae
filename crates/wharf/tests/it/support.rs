//! Asking the binary, checking each document against its published schema, and finding rows.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use wharf_model::daemon::{DAEMON_SCHEMA, Daemon};
use wharf_model::detail::{EndpointDetail, PORT_SCHEMA, PortDetail};
use wharf_model::diagnosis::{CAUSES_SCHEMA, Causes, DIAGNOSIS_SCHEMA, Diagnosis};
use wharf_model::endpoint::{Endpoint, Protocol};
use wharf_model::event::Event;
use wharf_model::free::{FREE_SCHEMA, Freeing};
use wharf_model::names::{NAMES_SCHEMA, Names};
use wharf_model::owner::HeldBy;
use wharf_model::process::Process;
use wharf_model::route::{ROUTES_SCHEMA, Route, Routes};
use wharf_model::run::{RUNS_SCHEMA, Runs};
use wharf_model::snapshot::{ENDPOINTS_SCHEMA, Snapshot};
use wharf_model::trust::{TRUST_SCHEMA, Trust};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::Sandbox;

/// Returns what `wharf ls --json` and `arguments` say.
#[track_caller]
pub(crate) fn ls(sandbox: &Sandbox, arguments: &[&str]) -> Snapshot {
    snapshot(sandbox.wharf(&[&["ls", "--json"], arguments].concat()))
}

/// Runs `run`, which is to print a snapshot, and returns it.
#[track_caller]
pub(crate) fn snapshot(run: Run<'_>) -> Snapshot {
    let text = run.output().expect_code(0).text();
    let snapshot: Snapshot = document(&text, "endpoints");
    assert_eq!(snapshot.schema, ENDPOINTS_SCHEMA);
    snapshot
}

/// Returns what `wharf show --json` says of `target`.
#[track_caller]
pub(crate) fn show(sandbox: &Sandbox, target: &str) -> PortDetail {
    detail(sandbox.wharf(&["show", target, "--json"]))
}

/// Runs `run`, which is to print the detail of a port, and returns it.
#[track_caller]
pub(crate) fn detail(run: Run<'_>) -> PortDetail {
    let text = run.output().expect_code(0).text();
    let detail: PortDetail = document(&text, "port");
    assert_eq!(detail.schema, PORT_SCHEMA);
    detail
}

/// Runs `run`, which is to print runs, and returns them.
#[track_caller]
pub(crate) fn runs(run: Run<'_>) -> Vec<wharf_model::run::Run> {
    let text = run.output().expect_code(0).text();
    let document: Runs = document(&text, "runs");
    assert_eq!(document.schema, RUNS_SCHEMA);
    document.runs
}

/// Runs `run`, which is to tell of the daemon, and returns what it tells.
#[track_caller]
pub(crate) fn daemon_status(run: Run<'_>) -> Daemon {
    let text = run.output().expect_code(0).text();
    let document: Daemon = document(&text, "daemon");
    assert_eq!(document.schema, DAEMON_SCHEMA);
    document
}

/// Runs `run`, which is to print routes, and returns them.
#[track_caller]
pub(crate) fn routes(run: Run<'_>) -> Vec<Route> {
    let text = run.output().expect_code(0).text();
    let document: Routes = document(&text, "routes");
    assert_eq!(document.schema, ROUTES_SCHEMA);
    document.routes
}

/// Runs `run`, which is to tell what became of ports, checks its exit code, and returns what it tells.
#[track_caller]
pub(crate) fn freeing(run: Run<'_>, code: i32) -> Freeing {
    let text = run.output().expect_code(code).text();
    let document: Freeing = document(&text, "free");
    assert_eq!(document.schema, FREE_SCHEMA);
    document
}

/// Reads a diagnosis.
#[track_caller]
pub(crate) fn diagnosis_document(text: &str) -> Diagnosis {
    let document: Diagnosis = document(text, "diagnosis");
    assert_eq!(document.schema, DIAGNOSIS_SCHEMA);
    document
}

/// Reads the list of causes.
#[track_caller]
pub(crate) fn causes_document(text: &str) -> Causes {
    let document: Causes = document(text, "causes");
    assert_eq!(document.schema, CAUSES_SCHEMA);
    document
}

/// Reads a document that tells of trust.
#[track_caller]
pub(crate) fn trust(text: &str) -> Trust {
    let document: Trust = document(text, "trust");
    assert_eq!(document.schema, TRUST_SCHEMA);
    document
}

/// Runs `run`, which is to tell of names, and returns what it tells.
#[track_caller]
pub(crate) fn names_document(run: Run<'_>) -> Names {
    let text = run.output().expect_code(0).text();
    let document: Names = document(&text, "names");
    assert_eq!(document.schema, NAMES_SCHEMA);
    document
}

/// Waits until `holds` does, for something that comes to pass by itself.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns one event of a watch.
#[track_caller]
pub(crate) fn event(line: &str) -> Event {
    document(line, "event")
}

/// Returns what a person is shown for `arguments`, at a width that nothing has to be cut for.
#[track_caller]
pub(crate) fn text(sandbox: &Sandbox, arguments: &[&str]) -> String {
    sandbox.wharf(arguments).output().expect_code(0).text()
}

/// Returns the only endpoint at `port`.
#[track_caller]
pub(crate) fn only(snapshot: &Snapshot, port: u16) -> &Endpoint {
    match at(snapshot, port).as_slice() {
        [endpoint] => endpoint,
        several => panic!("{} endpoints at port {port}: {several:#?}\nof {snapshot:#?}", several.len()),
    }
}

/// Returns the endpoints at `port`.
pub(crate) fn at(snapshot: &Snapshot, port: u16) -> Vec<&Endpoint> {
    snapshot.endpoints.iter().filter(|endpoint| endpoint.port == port).collect()
}

/// Returns the only endpoint of a detail.
#[track_caller]
pub(crate) fn only_detail(detail: &PortDetail) -> &EndpointDetail {
    match detail.endpoints.as_slice() {
        [endpoint] => endpoint,
        several => panic!("{} endpoints: {several:#?}", several.len()),
    }
}

/// Checks that processes hold the endpoint, and that they are exactly `pids`, in that order.
#[track_caller]
pub(crate) fn owned_by(endpoint: &Endpoint, pids: &[u32]) {
    assert_eq!(endpoint.owner.held_by, HeldBy::Processes, "{endpoint:#?}");
    assert_eq!(pids_of(&endpoint.owner.processes), pids, "{endpoint:#?}");
    for process in &endpoint.owner.processes {
        assert!(!process.fds.is_empty(), "pid {} holds it by no descriptor: {endpoint:#?}", process.pid);
        assert!(process.start_ticks > 0, "pid {} has no start: {endpoint:#?}", process.pid);
    }
}

/// Returns the pids, in order.
pub(crate) fn pids_of(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}

/// Returns the protocol and addresses of each endpoint at `port`, as text, sorted.
pub(crate) fn places(snapshot: &Snapshot, port: u16) -> Vec<String> {
    let mut places: Vec<String> = at(snapshot, port).into_iter().map(place).collect();
    places.sort();
    places
}

/// Checks that `text` has all of `words`, whatever the case.
#[track_caller]
pub(crate) fn says(text: &str, words: &[&str]) {
    let small = text.to_lowercase();
    for word in words {
        assert!(small.contains(&word.to_lowercase()), "{word:?} is not in:\n{text}");
    }
}

/// Checks that nothing in `text` could act on a terminal: no control character but line feeds.
#[track_caller]
pub(crate) fn is_inert(text: &str) {
    let acts = |c: &char| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    assert_eq!(text.chars().find(acts), None, "{text:?}");
}

/// Returns why control groups of a version cannot be made by tests here, if they cannot.
pub(crate) fn cgroups(version: u8) -> Result<(), String> {
    if std::fs::metadata("/proc/self").expect("/proc is mounted").uid() != 0 {
        return Err("making control groups takes root".to_owned());
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    let found = mounts.lines().any(|line| {
        let Some((before, after)) = line.split_once(" - ") else { return false };
        let is_writable = before.split(' ').nth(5).is_some_and(|options| has_word(options, "rw"));
        let is_freezer = after.rsplit(' ').next().is_some_and(|options| has_word(options, "freezer"));
        let is_it = if version == 1 {
            after.starts_with("cgroup ") && is_freezer
        } else {
            after.starts_with("cgroup2 ")
        };
        is_it && is_writable
    });
    if found { Ok(()) } else { Err(format!("no writable cgroup v{version} hierarchy is mounted")) }
}

fn has_word(words: &str, wanted: &str) -> bool {
    words.split(',').any(|word| word == wanted)
}

fn place(endpoint: &Endpoint) -> String {
    let addresses: Vec<String> = endpoint.addresses.iter().map(ToString::to_string).collect();
    let protocol = match endpoint.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{protocol} {}", addresses.join(" "))
}

/// Parses a document, and checks it against the schema that the binary publishes for its kind.
#[track_caller]
fn document<T: serde::de::DeserializeOwned>(text: &str, kind: &str) -> T {
    let json: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"));
    let faults: Vec<String> = validator(kind).iter_errors(&json).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "against the schema of {kind}: {faults:#?}\nin {json:#}");
    serde_json::from_value(json).unwrap_or_else(|error| panic!("not of the model ({error}): {text}"))
}

/// Returns what checks documents of `kind`; each schema is asked for once.
fn validator(kind: &str) -> &'static jsonschema::Validator {
    static KNOWN: Mutex<BTreeMap<String, &'static jsonschema::Validator>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(kind.to_owned()).or_insert_with(|| {
        let printed = std::process::Command::new(env!("CARGO_BIN_EXE_wharf"))
            .args(["schema", kind])
            .output()
            .expect("the binary starts");
        assert!(
            printed.status.success(),
            "wharf schema {kind}: {}",
            String::from_utf8_lossy(&printed.stderr)
        );
        let schema = serde_json::from_slice(&printed.stdout).expect("a schema is JSON");
        Box::leak(Box::new(jsonschema::validator_for(&schema).expect("a schema is a schema")))
    })
}
