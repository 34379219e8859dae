//! pm2 itself, in a sandbox: of two apps in one daemon one is stopped and stays away, and the other goes on.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test runs real programs and says what it skips"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use wharf_os::pm2::{Pm2, Pm2Process, home_of};
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::skip;

/// Answers with its own number, so that a client sees which process it has reached.
const SERVER: &str = "require('http').createServer((q, r) => r.end(String(process.pid))).listen(+process.argv[2], '127.0.0.1')";

/// Two apps: one in a process of its own, one as a cluster of two.
const APPS: &str = r#"{"apps": [
  {"name": "alone", "script": "server.js", "args": "3000", "exec_mode": "fork", "watch": ["watched"]},
  {"name": "many", "script": "server.js", "args": "3001", "exec_mode": "cluster", "instances": 2}
]}"#;

/// Prints what answers at each port of its arguments, or nothing.
const ASK: &str = "
import sys, urllib.request
for port in sys.argv[1:]:
    try: print(urllib.request.urlopen(f'http://127.0.0.1:{port}', timeout=5).read().decode())
    except OSError: print('nobody')
";

#[test]
fn one_app_is_stopped_and_the_other_goes_on() {
    let sandbox = match Sandbox::new("true") {
        Ok(sandbox) => sandbox,
        Err(why) => skip!("{why}"),
    };
    let packages = packages().join("npm/node_modules");
    if !packages.join("pm2").exists() {
        skip!("pm2 is not installed: cargo xtask test does it");
    }
    let home = start(&sandbox, &packages);
    let mut pm2 = Pm2::open(&home, PATIENCE).unwrap();
    let list = pm2.processes().unwrap();
    let seen = |name: &str| list.iter().filter(|process| process.name == name).cloned().collect::<Vec<_>>();
    let (alone, many) = (seen("alone"), seen("many"));
    assert_eq!((alone.len(), many.len(), list.len()), (1, 2, 3), "{list:#?}");
    assert!(list.iter().all(|process| process.status == "online" && process.cron.is_none()), "{list:#?}");
    assert!(!alone[0].cluster && alone[0].watched && many.iter().all(|one| one.cluster && !one.watched));
    assert_eq!(
        ask(&sandbox, &["3000"]),
        [alone[0].pid.unwrap().to_string()],
        "it is the process that answers"
    );

    pm2.stop(alone[0].id).unwrap();
    fs::write(sandbox.folder().join("apps/watched/file"), "changed").unwrap();
    stays_away(&sandbox, &["3000", "3001"], |answers| {
        answers[0] == "nobody" && many.iter().any(|one| one.pid.unwrap().to_string() == answers[1])
    });
    assert_eq!(status_of(&mut pm2, alone[0].id), ("stopped".to_owned(), None));

    // A worker of a cluster has the port no longer; the other one still answers, and then nobody.
    pm2.stop(many[0].id).unwrap();
    let other = many[1].pid.unwrap().to_string();
    assert_eq!(ask(&sandbox, &["3001", "3001", "3001"]), [other.as_str(); 3]);
    pm2.stop(many[1].id).unwrap();
    stays_away(&sandbox, &["3000", "3001"], |answers| answers == ["nobody", "nobody"]);
    pm2.stop(many[1].id).expect("stopped already is no failure");
    let unknown = pm2.stop(99).unwrap_err().to_string();
    assert!(unknown.contains("id unknown"), "{unknown}");
}

/// Starts the apps, and returns pm2's home, as its daemon's title has it.
fn start(sandbox: &Sandbox, packages: &Path) -> PathBuf {
    let apps = sandbox.folder().join("apps");
    for folder in ["watched", "node_modules"] {
        fs::create_dir_all(apps.join(folder)).unwrap();
    }
    fs::write(apps.join("server.js"), SERVER).unwrap();
    fs::write(apps.join("apps.json"), APPS).unwrap();
    let home = sandbox.folder().join("home/.pm2");
    let home_word = home.display().to_string();
    let bind = [
        "mount",
        "--bind",
        &packages.display().to_string(),
        &apps.join("node_modules").display().to_string(),
    ];
    let _ = sandbox.program(&bind).output().expect_code(0);
    let command = format!(
        "cd {} && node node_modules/pm2/bin/pm2 start apps.json >&2 && tr '\\0' ' ' <\"/proc/$(cat {home_word}/pm2.pid)/cmdline\"",
        apps.display()
    );
    let started =
        sandbox.program(&["sh", "-c", &command]).env("PM2_HOME", &home_word).output().expect_code(0);
    let title = started.text();
    if let Some(told) = home_of(&title) {
        assert_eq!(told, home, "{title}");
    } else {
        // Longer than the command line that it stands in.
        assert!(title.starts_with("PM2 v"), "{title}");
    }
    home
}

fn status_of(pm2: &mut Pm2, id: u32) -> (String, Option<u32>) {
    let process: Pm2Process = pm2.processes().unwrap().into_iter().find(|process| process.id == id).unwrap();
    (process.status, process.pid)
}

/// Checks for three seconds, longer than pm2 takes to start something again.
#[track_caller]
fn stays_away(sandbox: &Sandbox, ports: &[&str], as_it_should: impl Fn(&[String]) -> bool) {
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        let answers = ask(sandbox, ports);
        assert!(as_it_should(&answers), "{answers:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn ask(sandbox: &Sandbox, ports: &[&str]) -> Vec<String> {
    let words = [&["python3", "-c", ASK], ports].concat();
    sandbox.program(&words).output().expect_code(0).text().lines().map(str::to_owned).collect()
}

/// Returns the folder that `cargo xtask test` installs packages into.
fn packages() -> PathBuf {
    match std::env::var_os("WHARF_TEST_ENV") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env"),
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
