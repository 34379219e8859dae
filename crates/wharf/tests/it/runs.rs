//! `wharf ps`, `wharf stop` and `wharf logs`, on programs in the foreground, in the background, and left alone.

use wharf_model::run::{Run, RunState};
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};

use crate::support::{at, ls, only, runs, says, until};

/// Runs wharf as an ordinary user where there are users, else as whoever is there.
fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> wharf_testkit::run::Run<'a> {
    let run = sandbox.wharf(arguments);
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

fn ps(sandbox: &Sandbox) -> Vec<Run> {
    runs(wharf(sandbox, &["ps", "--json"]))
}

fn logs(sandbox: &Sandbox, arguments: &[&str]) -> String {
    wharf(sandbox, &[&["logs"], arguments].concat()).output().expect_code(0).text()
}

#[test]
fn a_program_in_the_background_is_listed_logged_and_ended() {
    let sandbox = sandbox!();
    let begun =
        wharf(&sandbox, &["run", "--detach", "--name", "api", "--", "python3", "-m", "http.server", "3000"]);
    let said = begun.output().expect_code(0).stderr;
    says(
        &said,
        &["api.", "is at http://127.0.0.1:3000", "in the background", "wharf logs api.", "wharf stop api."],
    );
    let [run] = ps(&sandbox).try_into().expect("one run");
    assert_eq!((run.state, run.main_port, run.ports[0].port), (RunState::Listening, Some(3000), 3000));
    assert_eq!(run.command, ["python3", "-m", "http.server", "3000"]);
    assert_eq!(only(&ls(&sandbox, &[]), 3000).owner.processes[0].pid, run.program.expect("it runs").pid);
    let table = wharf(&sandbox, &["ps"]).output().expect_code(0).text();
    says(&table, &["api.", "http://127.0.0.1:3000", "in the background", "python3 -m http.server 3000"]);
    until("it says where it serves", || logs(&sandbox, &["api"]).contains("Serving HTTP on"));
    let mut follower = wharf(&sandbox, &["logs", "--follow", &run.name.to_string()]).start();
    says(&wharf(&sandbox, &["stop", "api", "--dry-run"]).output().expect_code(0).text(), &["would be ended"]);
    assert_eq!(ps(&sandbox).len(), 1);
    says(&wharf(&sandbox, &["stop", "api"]).output().expect_code(0).text(), &["api.", "has ended"]);
    assert!(follower.wait().expect("it is ours").success(), "who follows ends with what it follows");
    assert!(ps(&sandbox).is_empty());
    assert!(at(&ls(&sandbox, &[]), 3000).is_empty());
    says(&logs(&sandbox, &["api"]), &["Serving HTTP on"]);
    says(
        &wharf(&sandbox, &["stop", "api"]).output().expect_code(1).stderr,
        &["no run is called api", "wharf ps"],
    );
    says(&wharf(&sandbox, &["ps"]).output().expect_code(0).text(), &["nothing runs"]);
}

#[test]
fn the_terminal_of_a_program_in_the_background_is_its_own() {
    let sandbox = sandbox!();
    let script = "test -t 0 && test -t 1 && test -t 2 && tty && printf '\\033[31mred\\033[0m\\n'
        exec python3 -m http.server $PORT";
    let begun = wharf(&sandbox, &["run", "-d", "--json", "--name", "api", "--", "sh", "-c", script]);
    let [run] = runs(begun).try_into().expect("the one that was started");
    assert_eq!(run.main_port, Some(run.port));
    until("it is red", || logs(&sandbox, &["api"]).contains("red"));
    let plain = logs(&sandbox, &["api", "-n", "2"]);
    assert_eq!(plain.lines().next(), Some("red"), "{plain:?}");
    says(&logs(&sandbox, &["api", "--color=always"]), &["/dev/pts/", "\u{1b}[31mred\u{1b}[0m\n"]);
    let _ = wharf(&sandbox, &["stop", "api"]).output().expect_code(0);
}

#[test]
fn a_program_that_ends_before_it_listens_says_why() {
    let sandbox = sandbox!();
    let begin = |script: &str| {
        wharf(&sandbox, &["run", "--detach", "--name", "api", "--", "sh", "-c", script]).output()
    };
    let _ = begin("echo of the first").expect_code(0);
    let said = begin("echo no such module; exit 3").expect_code(3).stderr;
    says(&said, &["no such module"]);
    assert!(!said.contains("of the first"), "{said}");
    let said =
        wharf(&sandbox, &["run", "--detach", "--", "no-such-command"]).output().expect_code(127).stderr;
    says(&said, &["no-such-command: no such command"]);
    assert!(ps(&sandbox).is_empty());
    says(&wharf(&sandbox, &["logs", "web"]).output().expect_code(1).stderr, &["no log of web", "--detach"]);
}

#[test]
fn what_wharf_left_alone_is_listed_logged_and_ended() {
    let sandbox = sandbox!();
    let script = sandbox.folder().join("scenarios/races.py").display().to_string();
    // A child with another parent is found, too.
    let command = format!(
        "(setsid sleep 1000 &); env -i sleep 1000 & (env -i sleep 1000 &); while :; do echo tick; sleep 0.05; done & exec python3 {script} later"
    );
    let begun = wharf(&sandbox, &["run", "--detach", "--name", "api", "--", "sh", "-c", &command]);
    let _ = begun.output().expect_code(0);
    let [run] = ps(&sandbox).try_into().expect("one run");
    let _ = sandbox.program(&["kill", "-KILL", &run.wharf.pid.to_string()]).output().expect_code(0);
    until("it is alone", || ps(&sandbox).iter().all(|run| run.state == RunState::Alone));
    assert_eq!(ps(&sandbox).len(), 1);
    says(&wharf(&sandbox, &["ps"]).output().expect_code(0).text(), &["wharf was killed"]);
    // It never waits for a reader of its terminal: the guard is one.
    let ticks = || logs(&sandbox, &["api"]).matches("tick").count();
    let before = ticks();
    until("it goes on writing", || ticks() > before + 2);
    says(&wharf(&sandbox, &["stop", "api"]).output().expect_code(0).text(), &["has ended"]);
    assert!(ps(&sandbox).is_empty());
    assert!(ls(&sandbox, &[]).endpoints.is_empty());
    let left = sandbox.program(&["pgrep", "-f", "sleep 1000|wharf guard"]).output();
    assert_eq!(left.code, Some(1), "{}", left.text());
}

#[test]
fn the_port_that_answers_http_is_the_one_it_is_reached_at() {
    let sandbox = sandbox!();
    let script = "import http.server, socket, time
other = socket.create_server(('127.0.0.1', 4001))
http.server.HTTPServer(('127.0.0.1', 4002), http.server.SimpleHTTPRequestHandler).serve_forever()";
    let begun = wharf(&sandbox, &["run", "--detach", "--name", "api", "--", "python3", "-c", script]);
    let _ = begun.output().expect_code(0);
    until("the second is the main one", || ps(&sandbox)[0].main_port == Some(4002));
    assert_eq!(ps(&sandbox)[0].ports.len(), 2);
    let _ = wharf(&sandbox, &["stop", "api"]).output().expect_code(0);
}

#[test]
fn a_program_in_the_foreground_is_listed_and_ended_too() {
    let sandbox = sandbox!();
    let mut run = wharf(&sandbox, &["run", "--name", "web", "--", "sleep", "1000"]).start();
    until("it is listed", || !ps(&sandbox).is_empty());
    assert_eq!(ps(&sandbox)[0].state, RunState::Starting);
    let _ = wharf(&sandbox, &["stop", "web"]).output().expect_code(0);
    assert_eq!(run.wait().expect("it is ours").code(), Some(128 + 15));
    assert!(ps(&sandbox).is_empty());
}

#[test]
fn a_state_directory_that_cannot_be_made_is_named() {
    let sandbox = sandbox!();
    let run = wharf(&sandbox, &["run", "--", "true"]).env("XDG_STATE_HOME", "/proc/nowhere");
    says(&run.output().expect_code(125).stderr, &["the state directory: /proc/nowhere: "]);
}
