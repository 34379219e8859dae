//! `wharf run` on real programs: their own port, on loopback only, and nothing left of them.

use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::support::{at, ls, only, says};

/// How a command is run under wharf.
#[derive(Clone, Copy, Default)]
pub(crate) struct Way<'a> {
    /// What starts wharf.
    pub(crate) by: &'a [&'a str],
    /// Options of `wharf run`.
    pub(crate) options: &'a [&'a str],
}

/// Starts `wharf run` with `arguments` and returns it with the port that it says it has.
pub(crate) fn start<'a>(sandbox: &'a Sandbox, arguments: &[&str], uid: Option<u32>) -> (Scenario<'a>, u16) {
    start_by(sandbox, &[], arguments, uid)
}

/// Does so by another program.
pub(crate) fn start_by<'a>(
    sandbox: &'a Sandbox,
    by: &[&str],
    arguments: &[&str],
    uid: Option<u32>,
) -> (Scenario<'a>, u16) {
    let run = sandbox.wharf(&[&["run"], arguments].concat()).by_scenario("run.py", by);
    let mut scene = if let Some(uid) = uid { run.as_user(uid) } else { run }.scene();
    let port = u16::try_from(scene.tell("at")["port"].as_u64().expect("a number")).expect("a port");
    (scene, port)
}

pub(crate) fn answers(scene: &mut Scenario<'_>, host: &str, port: u16) -> String {
    scene.tell(&format!("get {host} {port}"))["answer"].as_str().expect("a text").to_owned()
}

pub(crate) fn reached(neighbour: &mut Scenario<'_>, port: u16) -> Vec<String> {
    let reached = neighbour.tell(&format!("reach {port}"))["reached"].clone();
    serde_json::from_value(reached).expect("two texts")
}

/// Ends a run and checks that nothing is left of it.
pub(crate) fn ends(sandbox: &Sandbox, scene: &mut Scenario<'_>, port: u16, signal: &str) {
    let told = scene.tell(&format!("end {signal}")).clone();
    assert_eq!(told["left"].as_array().map(Vec::len), Some(0), "{signal}: {told:#}");
    let snapshot = ls(sandbox, &[]);
    assert!(at(&snapshot, port).is_empty(), "{signal}: {snapshot:#?}");
}

/// Runs a command that wants port 3000 twice at once, and checks all that a run promises.
pub(crate) fn keeps_every_promise(sandbox: &Sandbox, way: Way<'_>, command: &[&str], dual_stack: bool) {
    let uid = sandbox.has_users().then_some(SOMEBODY);
    let run = |name: &str| {
        start_by(sandbox, way.by, &[way.options, &["--name", name, "--"], command].concat(), uid)
    };
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let (mut one, first) = run("one");
    assert_eq!(first, 3000, "{command:?}: nobody else has it");
    let (mut other, second) = run("other");
    assert_ne!(second, 3000, "{command:?}");
    says(other.tell("at")["said"].as_str().expect("a text"), &["asked for port 3000", &second.to_string()]);
    for (scene, port) in [(&mut one, first), (&mut other, second)] {
        assert!(answers(scene, "127.0.0.1", port).starts_with("HTTP/1."), "{command:?} on {port}");
        if dual_stack {
            assert!(answers(scene, "::1", port).starts_with("HTTP/1."), "{command:?} on [::1]:{port}");
        }
        assert_eq!(reached(&mut neighbour, port), ["ECONNREFUSED"; 2], "{command:?} on {port}");
        assert_eq!(scene.tell(&format!("take {port}"))["taken"], "", "{command:?} on {port}");
    }
    ends(sandbox, &mut one, first, "SIGTERM");
    ends(sandbox, &mut other, second, "SIGHUP");
}

pub(crate) fn written(sandbox: &Sandbox, name: &str, text: &str) -> String {
    let file = sandbox.folder().join(name);
    std::fs::write(&file, text).expect("it is written");
    file.display().to_string()
}

/// Returns the path of a program of the machine, if it is there.
pub(crate) fn program(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(std::fs::canonicalize(found).ok()?.display().to_string())
}

#[test]
fn python_keeps_every_promise() {
    let sandbox = sandbox!();
    keeps_every_promise(&sandbox, Way::default(), &["/usr/bin/python3", "-m", "http.server", "3000"], false);
    keeps_every_promise(
        &sandbox,
        Way::default(),
        &["/usr/bin/python3", "-m", "http.server", "--bind", "::", "3000"],
        true,
    );
}

#[test]
fn node_keeps_every_promise() {
    let sandbox = sandbox!();
    let Some(node) = program("node").filter(|path| !path.starts_with("/root")) else {
        skip!("node is not installed where every user may run it");
    };
    let text = "require('http').createServer((q, r) => r.end('hello')).listen(3000)";
    keeps_every_promise(&sandbox, Way::default(), &[&node, &written(&sandbox, "server.js", text)], true);
}

#[test]
fn gunicorn_keeps_every_promise() {
    let sandbox = sandbox!();
    let Some(gunicorn) = program("gunicorn") else { skip!("gunicorn is not installed") };
    written(&sandbox, "app.py", "def app(environ, start): start('200 OK', []); return [b'hello']\n");
    keeps_every_promise(
        &sandbox,
        Way::default(),
        &[&gunicorn, "--workers=2", "--bind=0.0.0.0:3000", "app:app"],
        false,
    );
}

#[test]
fn nginx_keeps_every_promise() {
    let sandbox = sandbox!();
    let Some(nginx) = nginx(&sandbox) else { skip!("nginx is not installed") };
    let nginx: Vec<&str> = nginx.iter().map(String::as_str).collect();
    keeps_every_promise(&sandbox, Way::default(), &nginx, true);
}

/// Returns the command of an nginx on port 3000, if there is one.
pub(crate) fn nginx(sandbox: &Sandbox) -> Option<Vec<String>> {
    let nginx = program("nginx")?;
    let folder = sandbox.folder().join("scratch").display().to_string();
    let config = format!(
        "daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 2; \
         events {{ worker_connections 64; }} \
         http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; \
         fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder}; \
         server {{ listen 3000; listen [::]:3000; return 200 hello; }} }}"
    );
    let file = written(sandbox, "nginx.conf", &config);
    Some([&nginx, "-p", &folder, "-c", &file, "-e", "stderr"].map(str::to_owned).to_vec())
}

#[test]
fn frameworks_that_restart_themselves_are_moved_too() {
    let sandbox = sandbox!();
    let Some(tools) =
        std::env::var_os("WHARF_TEST_ENV").map(|env| std::path::Path::new(&env).join("venv/bin"))
    else {
        skip!("Flask, Django and uvicorn are not installed: cargo xtask test does it");
    };
    let tool = |name: &str| tools.join(name).display().to_string();
    written(
        &sandbox,
        "flask_app.py",
        "import flask\napp = flask.Flask('x')\napp.get('/')(lambda: 'hello')\n",
    );
    let asgi = "async def app(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'hello'})\n";
    written(&sandbox, "asgi_app.py", asgi);
    let settings = "DEBUG = True\nROOT_URLCONF = 'site_settings'\nSECRET_KEY = 'x'\nurlpatterns = []\n";
    written(&sandbox, "site_settings.py", settings);
    let (flask, uvicorn, django) = (tool("flask"), tool("uvicorn"), tool("django-admin"));
    let commands: [&[&str]; 3] = [
        &[&flask, "--app", "flask_app", "run", "--debug", "--host=0.0.0.0", "--port=3000"],
        &[&django, "runserver", "--pythonpath=.", "--settings=site_settings", "0.0.0.0:3000"],
        &[&uvicorn, "--reload", "--host=0.0.0.0", "--port=3000", "asgi_app:app"],
    ];
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    for (index, command) in commands.into_iter().enumerate() {
        let name = format!("s{index}");
        let (mut one, first) = start(&sandbox, &[&["--name", &name, "--"], command].concat(), None);
        let (mut other, second) = start(&sandbox, &[&["--name", "other", "--"], command].concat(), None);
        assert_ne!(first, second, "{command:?}");
        for (scene, port) in [(&mut one, first), (&mut other, second)] {
            assert!(answers(scene, "127.0.0.1", port).starts_with("HTTP/1."), "{command:?} on {port}");
            assert_eq!(reached(&mut neighbour, port), ["ECONNREFUSED"; 2], "{command:?} on {port}");
        }
        ends(&sandbox, &mut one, first, "SIGTERM");
        ends(&sandbox, &mut other, second, "SIGHUP");
    }
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
fn a_server_whose_first_thread_has_ended_ends_with_the_run() {
    let sandbox = sandbox!();
    // SYS_exit, which ends one thread: the process looks like a zombie from then on, and serves.
    let script = "import ctypes, http.server, os, threading
server = http.server.HTTPServer(('', 3000), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever).start()
ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)";
    let (mut scene, port) =
        start(&sandbox, &["--", "sh", "-c", "exec python3 -c \"$1\"", "sh", script], None);
    assert!(answers(&mut scene, "127.0.0.1", port).starts_with("HTTP/1."));
    ends(&sandbox, &mut scene, port, "SIGTERM");
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
    says(&refused.expect_code(125).stderr, &["62893", "held by", "wharf show 62893"]);
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
