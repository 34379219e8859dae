//! `wharf free` on what is wharf's own, at a terminal, and where it says no. Not here: real programs, each with all that is
//! promised (`tests/free`).

use std::path::PathBuf;

use wharf_model::free::{Freed, Outcome, StepKind};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};

use crate::support::{daemon_status, freeing, runs, says, until};

/// Prepares wharf as an ordinary user where there are users, with a daemon.
fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    let run = sandbox.wharf(arguments).env("WHARF_DAEMON", "1");
    if !sandbox.has_users() {
        return run;
    }
    let runtime = runtime(sandbox).display().to_string();
    let made = sandbox.program(&["mkdir", "-p", "-m", "700", &runtime]).as_user(SOMEBODY);
    let _ = made.output().expect_code(0);
    run.as_user(SOMEBODY).env("XDG_RUNTIME_DIR", &runtime)
}

fn runtime(sandbox: &Sandbox) -> PathBuf {
    sandbox.folder().join(if sandbox.has_users() { "home/own" } else { "home/run" })
}

/// Starts a server in the background that honours PORT, and returns that once the daemon keeps it.
fn serve(sandbox: &Sandbox, name: &str) -> u16 {
    let script = "exec python3 -m http.server $PORT";
    let begun = wharf(sandbox, &["run", "--detach", "--json", "--name", name, "--", "sh", "-c", script]);
    let port = runs(begun)[0].main_port.expect("it listens");
    until("the daemon keeps the port", || {
        let answers = wharf(sandbox, &["daemon", "status"]).output().code == Some(0);
        let kept = || daemon_status(wharf(sandbox, &["daemon", "status", "--json"])).ports;
        answers && kept().iter().any(|kept| kept.port == port)
    });
    port
}

#[track_caller]
fn freed(sandbox: &Sandbox, words: &[&str], code: i32) -> Freed {
    let document = freeing(wharf(sandbox, &[&["free", "--json"], words].concat()), code);
    let [freed] = document.targets.as_slice() else { panic!("one target: {document:?}") };
    freed.clone()
}

fn kinds(freed: &Freed) -> Vec<StepKind> {
    freed.steps.iter().map(|step| step.kind).collect()
}

/// Whether a program without wharf can have the port.
fn can_be_had(sandbox: &Sandbox, port: u16) -> bool {
    let script = format!("import socket; s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen()");
    sandbox.program(&["python3", "-c", &script]).output().code == Some(0)
}

#[test]
fn a_run_is_ended_by_its_port_and_the_port_is_not_kept() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    let other = serve(&sandbox, "web");
    let done = freed(&sandbox, &[&port.to_string(), "--yes"], 0);
    assert_eq!(done.outcome, Outcome::Freed, "{done:#?}");
    assert_eq!(kinds(&done), [StepKind::StopRun, StepKind::LetGo]);
    assert!(can_be_had(&sandbox, port));
    assert!(!can_be_had(&sandbox, other), "the other run goes on");
    // The next run of the name has it again.
    assert_eq!(serve(&sandbox, "api"), port);
}

#[test]
fn a_run_is_ended_by_its_name() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    let plan = freed(&sandbox, &["api", "--dry-run"], 0);
    assert_eq!(plan.outcome, Outcome::Planned, "{plan:#?}");
    assert!(!can_be_had(&sandbox, port), "only said");
    let done = freed(&sandbox, &["api", "--yes"], 0);
    assert_eq!(done.outcome, Outcome::Freed, "{done:#?}");
    assert!(can_be_had(&sandbox, port));
    says(&wharf(&sandbox, &["ps"]).output().expect_code(0).text(), &["nothing runs"]);
}

#[test]
fn a_port_that_is_only_kept_is_let_go_of() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    let _ = wharf(&sandbox, &["stop", "api"]).output().expect_code(0);
    assert!(!can_be_had(&sandbox, port), "the daemon keeps it");
    let done = freed(&sandbox, &[&format!("127.0.0.1:{port}"), "--yes"], 0);
    assert_eq!((done.outcome, kinds(&done)), (Outcome::Freed, vec![StepKind::LetGo]), "{done:#?}");
    assert!(can_be_had(&sandbox, port));
}

#[test]
fn the_router_of_the_daemon_is_not_stopped() {
    let sandbox = sandbox!();
    let run = |arguments: &[&str]| wharf(&sandbox, arguments).env("WHARF_ROUTER", "1");
    let _ = run(&["daemon", "start"]).output().expect_code(0);
    let document = freeing(run(&["free", "8443", "--yes", "--json"]), 2);
    let refusal = &document.targets[0].refusals[0];
    assert_eq!(
        (refusal.code.as_str(), refusal.command.as_deref()),
        ("wharf-daemon", Some("wharf daemon stop"))
    );
}

/// Starts a server that a person at a terminal is asked about.
fn asked<'a>(sandbox: &'a Sandbox, words: &[&str], script: &str) -> wharf_testkit::scenario::Scenario<'a> {
    let server = sandbox.program(&["python3", "-c", script]).start();
    drop(server);
    until("it listens", || !can_be_had(sandbox, 7777));
    let run = sandbox.wharf(&[&["free", "7777"], words].concat()).env("NO_COLOR", "1");
    run.by_scenario("terminal.py", &["200", "--live"]).scene()
}

const SERVER: &str = "import http.server; http.server.test(port=7777, bind='127.0.0.1')";
const STUBBORN: &str = "import signal, http.server; signal.signal(signal.SIGTERM, signal.SIG_IGN); \
                        http.server.test(port=7777, bind='127.0.0.1')";

#[test]
fn a_person_is_asked_and_a_yes_does_it() {
    let sandbox = sandbox!();
    let mut terminal = asked(&sandbox, &[], SERVER);
    let shown = terminal.tell("until [y/N]")["written"].as_str().unwrap_or_default().to_owned();
    says(&shown, &["7777 is held by python3", "plan", "stop python3", "by SIGTERM", "Go on?"]);
    terminal.tell("type y");
    let told = terminal.tell("end");
    assert_eq!(told["code"], 0, "{told}");
    says(told["written"].as_str().unwrap_or_default(), &["✓ 7777 is free after"]);
    assert!(can_be_had(&sandbox, 7777));
}

#[test]
fn anything_but_a_yes_is_a_no() {
    let sandbox = sandbox!();
    let mut terminal = asked(&sandbox, &[], SERVER);
    terminal.tell("until [y/N]");
    terminal.tell("type what");
    let told = terminal.tell("end");
    assert_eq!(told["code"], 2, "{told}");
    assert!(!can_be_had(&sandbox, 7777), "it goes on");
}

#[test]
fn what_does_not_obey_is_killed_after_a_second_yes() {
    let sandbox = sandbox!();
    let mut terminal = asked(&sandbox, &["--yes", "--timeout", "300ms"], STUBBORN);
    let shown = terminal.tell("until [y/N]")["written"].as_str().unwrap_or_default().to_owned();
    says(&shown, &["does not end", "Kill it"]);
    terminal.tell("type yes");
    let told = terminal.tell("end");
    assert_eq!(told["code"], 0, "{told}");
    says(told["written"].as_str().unwrap_or_default(), &["by SIGKILL"]);
}

#[test]
fn nobody_is_asked_with_no_input() {
    let sandbox = sandbox!();
    let mut terminal = asked(&sandbox, &["--no-input"], SERVER);
    let told = terminal.tell("end");
    assert_eq!(told["code"], 2, "{told}");
    says(told["written"].as_str().unwrap_or_default(), &["without a yes"]);
    assert!(!can_be_had(&sandbox, 7777), "it goes on");
}

#[test]
fn a_target_that_means_nothing_or_too_much_is_said_before_anything_is_done() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000", "tcp:127.0.0.1:4000"]);
    for (words, said) in [
        (&["3000", "nobody", "--yes"][..], "nothing is called nobody"),
        (&["3000-3001", "--yes"], "is not one port"),
        (&["70000", "--yes"], "is not a port"),
        (&["10.1.2.3:3000", "--yes"], "no address of this machine"),
        (&[], "required"),
    ] {
        let output = sandbox.wharf(&[&["free"], words].concat()).output().expect_code(2);
        says(&output.stderr, &[said]);
    }
    assert_eq!(crate::support::ls(&sandbox, &[]).endpoints.len(), 2, "nothing was stopped");
}

#[test]
fn several_targets_are_freed_in_turn_and_the_worst_is_the_exit_code() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let document = freeing(sandbox.wharf(&["free", "4000", "3000", "--json"]), 2);
    let outcomes: Vec<Outcome> = document.targets.iter().map(|freed| freed.outcome).collect();
    assert_eq!(outcomes, [Outcome::WasFree, Outcome::NeedsYes]);
}

#[test]
fn a_udp_server_is_freed_where_no_tcp_server_has_the_port() {
    let sandbox = sandbox!();
    let script = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); \
                  s.bind(('127.0.0.1', 5300)); s.recv(1)";
    drop(sandbox.program(&["python3", "-c", script]).start());
    let listens = || !crate::support::ls(&sandbox, &["5300"]).endpoints.is_empty();
    until("it is bound", || sandbox.wharf(&["ls", "5300"]).output().code == Some(0) && listens());
    let document = freeing(sandbox.wharf(&["free", "5300", "--yes", "--json"]), 0);
    assert_eq!(document.targets[0].outcome, Outcome::Freed, "{document:#?}");
    assert_eq!(sandbox.wharf(&["ls", "5300"]).output().code, Some(1), "nothing has it");
}
