//! `wharf run`: names, exit codes, options, and the hard cases of sockets and ends.
//!
//! Not here: what it promises every program (`programs`).

use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::running::{begin, ends, in_time, program, reached, start};
use crate::support::{at, ls, only, says};

fn written(sandbox: &Sandbox, name: &str, text: &str) -> String {
    let file = sandbox.folder().join(name);
    std::fs::write(&file, text).expect("it is written");
    file.display().to_string()
}

#[test]
fn who_may_not_be_looked_into_is_said_to_be_open() {
    let sandbox = sandbox!();
    if !sandbox.has_users() {
        skip!("root may look into everything, and there is no other user here");
    }
    let script = "import ctypes, http.server
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
http.server.HTTPServer(('', 3000), http.server.SimpleHTTPRequestHandler).serve_forever()";
    let run = sandbox.wharf(&["run", "--", "python3", "-c", script]).by_scenario("run.py", &[]);
    let mut scene = run.as_user(SOMEBODY).scene();
    scene.tell("says it listens where it wants");
    assert_eq!(scene.tell("end SIGTERM")["left"].as_array().map(Vec::len), Some(0));
}

#[test]
fn who_honours_port_has_the_leased_one_tomorrow_too() {
    let sandbox = sandbox!();
    let command = ["--name", "api", "--", "sh", "-c", "exec python3 -m http.server $PORT"];
    let (mut scene, port) = start(&sandbox, &command, None);
    assert!((20_000..30_000).contains(&port), "{port}");
    assert!(!scene.tell("at")["said"].as_str().expect("a text").contains("asked for"));
    ends(&sandbox, &mut scene, port, "SIGTERM");
    let (mut again, same) = start(&sandbox, &command, None);
    assert_eq!(same, port);
    let leased = sandbox.wharf(&["port", "api"]).output().expect_code(0).text();
    assert_eq!(leased.trim(), port.to_string());
    // While it runs, another run of the name has a port of its own.
    let (mut second, other) = start(&sandbox, &command, None);
    assert_ne!(other, port);
    ends(&sandbox, &mut again, port, "SIGTERM");
    ends(&sandbox, &mut second, other, "SIGTERM");
}

#[test]
fn a_grandchild_that_left_the_session_ends_with_the_run() {
    let sandbox = sandbox!();
    let script = "(setsid python3 -m http.server 4000 &) ; exec python3 -m http.server $PORT";
    let (mut scene, port) = start(&sandbox, &["--", "sh", "-c", script], None);
    scene.tell("says 4000");
    ends(&sandbox, &mut scene, port, "SIGTERM");
    assert!(at(&ls(&sandbox, &[]), 4000).is_empty());
}

#[test]
fn who_listens_on_ipv6_alone_is_said_to_be_there() {
    let sandbox = sandbox!();
    let command = ["--", "python3", "-m", "http.server", "--bind", "::1", "3000"];
    let (mut scene, port) = start(&sandbox, &command, None);
    assert_eq!((scene.tell("at")["host"].as_str(), port), (Some("::1"), 3000));
    says(&sandbox.wharf(&["ps"]).output().expect_code(0).text(), &["http://[::1]:3000"]);
    ends(&sandbox, &mut scene, port, "SIGTERM");
    // So does Vite: it looks whether the port is free everywhere.
    let script = "import http.server, socket
socket.create_server(('', 3000)).close()
class Server(http.server.HTTPServer): address_family = socket.AF_INET6
Server(('::1', 3000), http.server.SimpleHTTPRequestHandler).serve_forever()";
    let (mut scene, port) = start(&sandbox, &["--", "python3", "-c", script], None);
    in_time("it is not said to be on ::1", || {
        let host = scene.tell("at")["host"].as_str().expect("a text");
        if host == "::1" { Ok(()) } else { Err(host.to_owned()) }
    });
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn who_goes_on_without_its_first_thread_is_ended_too() {
    let sandbox = sandbox!();
    // exit(2), not exit(3): the kernel calls the process a zombie from then on.
    let script = "import ctypes, http.server, os, threading
server = http.server.HTTPServer(('', 3000), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever).start()
ctypes.CDLL(None).syscall({'x86_64': 60}.get(os.uname().machine, 93), 0)";
    let program = written(&sandbox, "program.py", script);
    for command in [format!("exec python3 {program}"), format!("python3 {program} & wait")] {
        let (mut scene, port) = start(&sandbox, &["--", "sh", "-c", &command], None);
        ends(&sandbox, &mut scene, port, "SIGTERM");
    }
}

#[test]
fn a_closed_terminal_ends_in_good_order_who_does_not_end_at_sighup() {
    let sandbox = sandbox!();
    let file = |name: &str| sandbox.folder().join("scratch").join(name);
    let script = "import http.server, os, signal, sys, time
def end(*_):
    time.sleep(0.5)  # a database writes what it has in memory
    open(sys.argv[1], 'w').close()
    os._exit(0)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGTERM, end)
http.server.HTTPServer(('', 3000), http.server.SimpleHTTPRequestHandler).serve_forever()";
    let program = written(&sandbox, "program.py", script);
    let command = |name: &str| {
        let file = file(name).display().to_string();
        format!("{} run -- python3 {program} {file}", env!("CARGO_BIN_EXE_wharf"))
    };
    // A shell tells its jobs that it was told, and the kernel tells them when the shell ends.
    let by_shell = format!("{}; true", command("by-shell"));
    for (name, words) in [
        ("by-kernel", ["sh", "-c", &format!("exec {}", command("by-kernel"))]),
        ("by-shell", ["bash", "-ic", &by_shell]),
    ] {
        let run = sandbox.program(&words).env("NO_COLOR", "1").by_scenario("run.py", &["--terminal"]);
        let (mut scene, _) = begin(run);
        scene.tell("end closed");
        scene.tell("gone");
        assert!(file(name).exists(), "{name}: it was killed before it could end: {}", scene.told);
    }
}

#[test]
fn who_wants_to_be_seen_is_and_is_warned() {
    let sandbox = sandbox!();
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let command = ["--host-visible", "--", "python3", "-m", "http.server", "3000"];
    let (mut scene, port) = start(&sandbox, &command, None);
    assert_eq!(reached(&mut neighbour, port), ["open", "ECONNREFUSED"]);
    says(scene.tell("at")["said"].as_str().expect("a text"), &["other machines can reach"]);
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn a_port_asked_for_is_had_or_its_holder_is_named() {
    let sandbox = sandbox!();
    let (mut scene, port) =
        start(&sandbox, &["--port", "62893", "--", "sh", "-c", "exec python3 -m http.server $PORT"], None);
    assert_eq!(port, 62_893);
    let refused = sandbox.wharf(&["run", "--name", "b", "--port", "62893", "--", "true"]).output();
    says(&refused.expect_code(125).stderr, &["62893", "held by", "wharf free 62893"]);
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let sandbox = sandbox!();
    let code = |words: &[&str]| sandbox.wharf(&[&["run", "--"], words].concat()).output().code;
    assert_eq!(code(&["true"]), Some(0));
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["sh", "-c", "kill -9 $$"]), Some(137));
    assert_eq!(code(&["no-such-command"]), Some(127));
    assert_eq!(code(&["/etc/passwd"]), Some(126));
    assert_eq!(sandbox.wharf(&["run"]).output().code, Some(2));
    assert_eq!(sandbox.wharf(&["run", "--", "sh", "-c", "exit 3"]).env("WHARF", "0").output().code, Some(3));
}

#[test]
fn a_command_is_told_its_name_and_its_siblings() {
    let sandbox = sandbox!();
    let api = sandbox.wharf(&["port", "api"]).output().expect_code(0).text();
    let run =
        sandbox.wharf(&["run", "--name", "web", "--", "env"]).env("OWN", "kept").output().expect_code(0);
    let api = api.trim();
    for line in ["HOST=127.0.0.1", "OWN=kept", &format!("WHARF_API_PORT={api}"), "WHARF_NAME=web."] {
        assert!(run.text().contains(line), "{line} is not in {}", run.text());
    }
}

#[test]
fn a_run_in_a_run_is_left_to_the_outer_one() {
    let sandbox = sandbox!();
    let binary = env!("CARGO_BIN_EXE_wharf");
    let inner = [binary, "run", "--name", "outer", "--", "sh", "-c", "exec python3 -m http.server $PORT"];
    let (mut scene, port) = start(&sandbox, &[&["--name", "outer", "--"], &inner[..]].concat(), None);
    says(scene.tell("at")["said"].as_str().expect("a text"), &["part of outer."]);
    let leased = sandbox.wharf(&["port", "outer"]).output().expect_code(0).text();
    assert_eq!(leased.trim(), port.to_string());
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn a_name_in_the_environment_alone_does_not_let_a_program_go_bare() {
    let sandbox = sandbox!();
    let run = sandbox.wharf(&["run", "--name", "own", "--", "sh", "-c", "echo $WHARF_NAME"]);
    let said = run.env("WHARF_NAME", "another.name").output().expect_code(0);
    assert!(said.text().starts_with("own."), "{}", said.text());
    assert!(!said.stderr.contains("part of"), "{}", said.stderr);
}

#[test]
fn random_ports_and_other_kinds_of_sockets_are_left_alone() {
    let sandbox = sandbox!();
    let script = "import socket
for family, kind, address in [(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 0)),
                              (socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', 3000)),
                              (socket.AF_UNIX, socket.SOCK_STREAM, '\\0wharf-test')]:
    s = socket.socket(family, kind)
    s.bind(address)
    if kind == socket.SOCK_STREAM: s.listen()
    print(s.getsockname())
try: socket.socket().bind(('192.0.2.1', 3000))
except OSError as error: print(error.errno)
";
    let text = sandbox.wharf(&["run", "--", "python3", "-c", script]).output().expect_code(0).text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("('127.0.0.1', "), "{text}");
    assert_eq!(lines[1], "('127.0.0.1', 3000)");
    assert!(lines[2].contains("wharf-test"), "{text}");
    assert_eq!(lines[3], "99", "EADDRNOTAVAIL reaches the program: {text}");
}

#[test]
fn one_row_of_ls_is_the_run() {
    let sandbox = sandbox!();
    let (mut scene, port) = start(&sandbox, &["--", "python3", "-m", "http.server", "3000"], None);
    let snapshot = ls(&sandbox, &[]);
    assert_eq!(snapshot.endpoints.len(), 1, "the port that is only held is no endpoint: {snapshot:#?}");
    assert_eq!(only(&snapshot, port).listeners[0].device.as_deref(), Some("lo"));
    ends(&sandbox, &mut scene, port, "SIGINT");
}

#[test]
fn many_that_start_at_once_share_no_port() {
    let sandbox = sandbox!();
    let script = sandbox.folder().join("scenarios/races.py").display().to_string();
    let runs: Vec<Scenario<'_>> = std::thread::scope(|scope| {
        let begin = |index: usize| {
            let name = format!("n{}", index % 20);
            let arguments = ["run", "--name", &name, "--", "python3", &script, "holds"];
            sandbox.wharf(&arguments).by_scenario("run.py", &[]).scene()
        };
        let threads: Vec<_> = (0..40).map(|index| scope.spawn(move || begin(index))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it starts")).collect()
    });
    let mut ports = std::collections::BTreeSet::new();
    for mut run in runs {
        let port = run.tell("at")["port"].as_u64().expect("a port");
        assert!(ports.insert(port), "{port} twice");
        assert_eq!(run.tell(&format!("take {port}"))["taken"], "", "{port}");
    }
    assert!(ports.contains(&3000), "one of them has it: {ports:?}");
    assert_eq!(ls(&sandbox, &[]).endpoints.len(), 40);
}

#[test]
fn a_guard_that_starts_meanwhile_keeps_no_socket_open() {
    let sandbox = sandbox!();
    if program("perl").is_none() {
        skip!("perl is not installed, and others take longer to start than the guard");
    }
    let script = "use Socket; use Time::HiRes 'time'; my ($end, %errors) = (time + 0.06);
while (time < $end) {
    socket(my $server, PF_INET, SOCK_STREAM, 0);
    bind($server, sockaddr_in(4000, INADDR_LOOPBACK)) && listen($server, 1) or $errors{$!}++;
    close $server;
}
print join ',', map { \"$_ $errors{$_}\" } keys %errors;";
    for _ in 0..25 {
        let run = sandbox.wharf(&["run", "--", "perl", "-e", script]).output().expect_code(0);
        assert_eq!(run.text(), "", "{}", run.stderr);
    }
}

#[test]
fn signals_during_bind_and_listen_are_no_fault() {
    let sandbox = sandbox!();
    let script = sandbox.folder().join("scenarios/races.py").display().to_string();
    let storm = sandbox.wharf(&["run", "--", "python3", &script, "storm"]).output().expect_code(0);
    assert_eq!(storm.text().trim(), "True {}", "{}", storm.stderr);
}

#[test]
fn a_program_goes_on_when_wharf_is_killed() {
    let sandbox = sandbox!();
    let script = sandbox.folder().join("scenarios/races.py").display().to_string();
    let (mut scene, port) = start(&sandbox, &["--", "python3", &script, "later"], None);
    let server = only(&ls(&sandbox, &[]), port).owner.processes[0].pid.to_string();
    assert_eq!(scene.tell("end SIGKILL")["code"], -9);
    let signal = |name: &str| sandbox.program(&["kill", name, &server]).output().expect_code(0);
    // Without a guard the next bind(2) would fail with ENOSYS.
    signal("-USR1");
    let begin = std::time::Instant::now();
    while at(&ls(&sandbox, &[]), 4000).is_empty() {
        assert!(begin.elapsed().as_secs() < 20, "it never listened on 4000");
    }
    assert_eq!(only(&ls(&sandbox, &[]), port).owner.processes[0].pid.to_string(), server);
    signal("-TERM");
    scene.tell("gone");
}
