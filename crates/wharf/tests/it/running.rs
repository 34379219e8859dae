//! A program under `wharf run`, looked at from outside: where it says it is, who can reach it, and its end.
//!
//! Not here: which programs, and what is promised to those that are run as usual (`programs`).

use std::time::{Duration, Instant};

use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;

use crate::support::{at, ls, says};

/// How a command is run under wharf.
#[derive(Clone, Copy, Default)]
pub(crate) struct Way<'a> {
    /// What starts wharf.
    pub(crate) by: &'a [&'a str],
    /// Options of `wharf run`.
    pub(crate) options: &'a [&'a str],
}

/// Starts `wharf run` with `arguments` and returns it with the port that it says it has.
#[track_caller]
pub(crate) fn start<'a>(sandbox: &'a Sandbox, arguments: &[&str], uid: Option<u32>) -> (Scenario<'a>, u16) {
    start_by(sandbox, &[], arguments, uid)
}

/// Does so by another program.
#[track_caller]
pub(crate) fn start_by<'a>(
    sandbox: &'a Sandbox,
    by: &[&str],
    arguments: &[&str],
    uid: Option<u32>,
) -> (Scenario<'a>, u16) {
    let run = sandbox.wharf(&[&["run"], arguments].concat()).by_scenario("run.py", by);
    begin(if let Some(uid) = uid { run.as_user(uid) } else { run })
}

/// Starts `run`, which is by `run.py`, and returns it with the port that it says it has.
#[track_caller]
pub(crate) fn begin(run: Run<'_>) -> (Scenario<'_>, u16) {
    let mut scene = run.scene();
    let port = in_time("it never said where it is", || {
        let told = scene.tell("at");
        told["port"].as_u64().ok_or_else(|| told["said"].to_string())
    });
    (scene, u16::try_from(port).expect("a port"))
}

/// Calls `ask` until it has what is wanted, and returns that. `ask` says what it had instead.
#[track_caller]
pub(crate) fn in_time<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let begin = Instant::now();
    loop {
        match ask() {
            Ok(had) => return had,
            Err(instead) if begin.elapsed() > DEADLINE => panic!("{what}: {instead}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Returns the first line that a web server at `port` answers, or the error.
pub(crate) fn answers(scene: &mut Scenario<'_>, host: &str, port: u16, path: &str) -> String {
    scene.tell(&format!("get {host} {port} {path}"))["answer"].as_str().expect("a text").to_owned()
}

/// Returns how two addresses of this machine answer the neighbour, IPv4 and IPv6.
pub(crate) fn reached(neighbour: &mut Scenario<'_>, port: u16) -> Vec<String> {
    let reached = neighbour.tell(&format!("reach {port}"))["reached"].clone();
    serde_json::from_value(reached).expect("two texts")
}

/// Ends a run by a signal, or as `closed` by closing its terminal, and checks that nothing is left of it.
#[track_caller]
pub(crate) fn ends(sandbox: &Sandbox, scene: &mut Scenario<'_>, port: u16, how: &str) {
    let told = scene.tell(&format!("end {how}")).clone();
    assert_eq!(told["left"].as_array().map(Vec::len), Some(0), "{how}: {told:#}");
    let snapshot = ls(sandbox, &[]);
    // Another run may be isolated, and have it inside.
    let is_left = at(&snapshot, port).iter().any(|endpoint| endpoint.netns.own);
    assert!(!is_left, "{how}: {snapshot:#?}");
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
        assert!(answers(scene, "127.0.0.1", port, "/").starts_with("HTTP/1."), "{command:?} on {port}");
        if dual_stack {
            assert!(answers(scene, "::1", port, "/").starts_with("HTTP/1."), "{command:?} on [::1]:{port}");
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

/// For compilers and first requests on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
