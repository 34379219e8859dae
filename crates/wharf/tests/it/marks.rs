//! `wharf ls`, `show` and `watch` on what runs under wharf: rows and pages know the run, and names find it.

use wharf_model::detail::PortDetail;
use wharf_model::endpoint::Endpoint;
use wharf_model::event::EventKind;
use wharf_model::run::{Run, RunState};
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};

use crate::support::{at, detail, event, only, only_detail, runs, says, snapshot, until};
use crate::watch::Watch;

/// Runs wharf as an ordinary user where there are users, else as whoever is there.
fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> wharf_testkit::run::Run<'a> {
    let run = sandbox.wharf(arguments);
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

fn ls(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Endpoint> {
    snapshot(wharf(sandbox, &[&["ls", "--json"], arguments].concat())).endpoints
}

fn show(sandbox: &Sandbox, target: &str) -> PortDetail {
    detail(wharf(sandbox, &["show", target, "--json"]))
}

/// Runs `command` in the background under the name `name`, and returns the run once it listens.
fn begin(sandbox: &Sandbox, name: &str, options: &[&str], command: &[&str]) -> Run {
    let words = [&["run", "--detach", "--json", "--name", name], options, &["--"], command].concat();
    let [run] = runs(wharf(sandbox, &words)).try_into().expect("one run");
    run
}

fn told(sandbox: &Sandbox, arguments: &[&str]) -> String {
    wharf(sandbox, arguments).output().expect_code(0).text()
}

const SERVER: [&str; 4] = ["python3", "-m", "http.server", "3000"];

#[test]
fn rows_and_pages_know_the_run_and_its_names_find_it() {
    let sandbox = sandbox!();
    let first = begin(&sandbox, "web", &[], &SERVER);
    // A grandchild whose parent is gone: wharf is its parent now.
    let second =
        begin(&sandbox, "api", &[], &["sh", "-c", "(setsid python3 -m http.server 3000 &) ; sleep 1000"]);
    let port = second.main_port.expect("it listens");
    let (name, url) = (second.name.to_string(), second.url());
    assert_eq!((first.main_port, port == 3000), (Some(3000), false));

    let rows = ls(&sandbox, &[]);
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let mark = |port: u16| {
        let row = rows.iter().find(|row| row.port == port).expect("a row");
        row.run.clone().unwrap_or_else(|| panic!("no run: {row:#?}"))
    };
    assert_eq!((mark(3000).name, mark(3000).asked_port), (first.name.to_string(), None));
    assert_eq!((&mark(port).name, mark(port).main, mark(port).asked_port), (&name, true, Some(3000)));
    assert_eq!((mark(port).url, mark(port).wharf_pid), (url.clone(), second.wharf.pid));
    says(&told(&sandbox, &["ls"]), &[&name, "asked for 3000"]);
    for word in ["api", &name] {
        let found = ls(&sandbox, &[word]);
        assert_eq!(found.iter().map(|row| row.port).collect::<Vec<_>>(), [port], "{word}");
        assert_eq!(only_detail(&show(&sandbox, word)).endpoint.run, Some(mark(port)), "{word}");
    }
    let log = second.log.expect("it runs in the background");
    let page = told(&sandbox, &["show", "api"]);
    let pid = format!("(pid {})", second.wharf.pid);
    says(&page, &["run", &name, &url.expect("it listens"), "asked for", "port 3000", &pid]);
    says(&page, &["log", log.rsplit('/').next().expect("a file")]);
}

#[test]
fn another_user_and_another_program_at_the_number_are_not_the_run() {
    let sandbox = sandbox!();
    let run = begin(
        &sandbox,
        "api",
        &["--no-rewrite"],
        &[
            "python3",
            "-c",
            "import socket, signal
first = socket.create_server(('127.0.0.1', 4000))
other = socket.create_server(('127.0.0.1', 4001))
signal.signal(signal.SIGUSR1, lambda *_: first.close())
while True: signal.pause()",
        ],
    );
    until("both are entered", || runs(wharf(&sandbox, &["ps", "--json"]))[0].ports.len() == 2);
    assert!(ls(&sandbox, &[]).iter().all(|row| row.run.is_some()));
    let pid = run.program.expect("it runs").pid.to_string();
    let _ = sandbox.program(&["kill", "-USR1", &pid]).output().expect_code(0);
    until("it is closed", || at(&snapshot(wharf(&sandbox, &["ls", "--json"])), 4000).is_empty());
    let mut intruder = sandbox.program(&["python3", "-m", "http.server", "4000"]);
    intruder = if sandbox.has_users() { intruder.as_user(SOMEBODY) } else { intruder };
    let mut intruder = intruder.start();
    until("somebody else has the port", || {
        !at(&snapshot(wharf(&sandbox, &["ls", "--json"])), 4000).is_empty()
    });
    let rows = snapshot(wharf(&sandbox, &["ls", "--json"]));
    assert_eq!(only(&rows, 4000).run, None);
    assert_eq!(only(&rows, 4001).run.as_ref().map(|mark| mark.asked_port), Some(None));
    // Runs are their user's: root has none here.
    if sandbox.has_users() {
        let other = sandbox.wharf(&["ls", "--json"]).env("XDG_STATE_HOME", "/nowhere/at/all");
        assert_eq!(only(&snapshot(other), 4001).run, None);
    }
    let _ = intruder.kill();
    let _ = intruder.wait();
}

#[test]
fn what_is_unusual_about_a_run_stands_in_its_row() {
    let sandbox = sandbox!();
    let open = begin(&sandbox, "open", &["--host-visible"], &SERVER);
    says(&told(&sandbox, &["ls", "3000"]), &[&open.name.to_string(), "open to other machines"]);
    let command = "(setsid python3 -m http.server 3000 &) ; sleep 1000";
    let run = begin(&sandbox, "api", &[], &["sh", "-c", command]);
    let port = run.main_port.expect("it listens").to_string();
    let watch = Watch::of(wharf(&sandbox, &["watch", "--json", &port]));
    let present = event(&watch.until(|line| event(line).kind == EventKind::Present));
    assert_eq!(present.endpoint.run.map(|mark| mark.state), Some(RunState::Listening));
    let _ = sandbox.program(&["kill", "-KILL", &run.wharf.pid.to_string()]).output().expect_code(0);
    let changed = event(&watch.until(|line| event(line).changed.contains(&"run".to_owned())));
    assert_eq!(changed.endpoint.run.map(|mark| mark.state), Some(RunState::Alone));
    says(&told(&sandbox, &["ls", "api"]), &[&run.name.to_string(), "wharf was killed"]);
    says(&told(&sandbox, &["show", "api"]), &["wharf", "was killed"]);
    for name in ["api", "open"] {
        let _ = told(&sandbox, &["stop", name]);
    }
}

#[test]
fn a_name_and_a_number_that_are_only_promised_say_so() {
    let sandbox = sandbox!();
    let port = told(&sandbox, &["port", "api"]).trim().to_owned();
    let page = told(&sandbox, &["show", "api"]);
    says(&page, &["api — does not run", &port, "for api.", "used 0s ago"]);
    let whole = show(&sandbox, "api").leases[0].name.to_string();
    assert_eq!(show(&sandbox, &whole).leases[0].port.to_string(), port);
    says(&told(&sandbox, &["show", &port]), &["free", "leased to", &whole]);
    says(
        &wharf(&sandbox, &["show", "web"]).output().expect_code(1).stderr,
        &["nothing that listens matches web"],
    );
    assert!(show(&sandbox, "62893").leases.is_empty());
    says(
        &wharf(&sandbox, &["ls", "api"]).output().expect_code(1).stderr,
        &["nothing that listens matches api"],
    );
    // A run that listens on nothing has only its number, which is held.
    let mut run = wharf(&sandbox, &["run", "--name", "api", "--", "sleep", "1000"]).start();
    until("it is listed", || !runs(wharf(&sandbox, &["ps", "--json"])).is_empty());
    let held = show(&sandbox, "api");
    let mark = only_detail(&held).endpoint.run.clone().expect("it holds the port");
    assert_eq!((mark.name, mark.state), (whole, RunState::Starting));
    let _ = told(&sandbox, &["stop", "api"]);
    let _ = run.wait();
}

#[test]
fn who_only_looks_makes_no_directory() {
    let sandbox = sandbox!();
    for arguments in [&["ls"][..], &["show", "3000"], &["ls", "--all"]] {
        let _ = told(&sandbox, arguments);
    }
    let _ = wharf(&sandbox, &["show", "api"]).output().expect_code(1);
    assert!(!sandbox.folder().join("home/state").exists());
    // What others could have written there is not believed.
    let _ = told(&sandbox, &["port", "api"]);
    let folder = sandbox.folder().join("home/state/wharf");
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .expect("it is ours");
    let _ = wharf(&sandbox, &["show", "api"]).output().expect_code(1);
}

#[test]
fn a_port_that_the_daemon_keeps_says_whose_it_is() {
    let sandbox = sandbox!();
    let with_daemon = |arguments: &[&str]| wharf(&sandbox, arguments).env("WHARF_DAEMON", "1");
    let _ = with_daemon(&["daemon", "start"]).output().expect_code(0);
    let port = told(&sandbox, &["lease", "pin", "api", "62893"]);
    let name = port.split_whitespace().find(|word| word.starts_with("api.")).expect("a name").to_owned();
    until("it is kept", || show(&sandbox, "62893").availability.is_none_or(|found| !found.free));
    let detail = show(&sandbox, "62893");
    assert_eq!(detail.leases.iter().map(|lease| lease.name.to_string()).collect::<Vec<_>>(), [&name[..]]);
    says(&told(&sandbox, &["show", "62893"]), &["not listening", "wharf", "leased to", &name, "pinned"]);
    says(&told(&sandbox, &["show", "api"]), &["does not run", "62893"]);
    let _ = with_daemon(&["daemon", "stop"]).output().expect_code(0);
}
