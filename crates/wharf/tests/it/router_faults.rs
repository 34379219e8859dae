//! The router when something runs out or breaks: descriptors, disk, memory, the daemon itself.
//!
//! Not here: upstreams and clients that break off (`wharf-router/tests`), and the router as it should be
//! ([`crate::router`]).

use std::fs;
use std::thread;
use std::time::Duration;

use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::running::program;
use crate::support::{daemon_status, routes, says, until};

/// Lets an ordinary user run it where there are users, with a daemon and its router, which speaks plain HTTP at [`PORT`].
fn own<'a>(sandbox: &'a Sandbox, run: Run<'a>) -> Run<'a> {
    let config = sandbox.folder().join("config");
    fs::create_dir_all(config.join("wharf")).expect("the sandbox is ours");
    let text = format!("[router]\nhttps = {TLS_PORT}\nhttp = {PORT}\nplain_http = true\n");
    fs::write(config.join("wharf/config.toml"), text).expect("the sandbox is ours");
    let config = config.display().to_string();
    crate::router::own(sandbox, run).env("XDG_CONFIG_HOME", &config)
}

fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    own(sandbox, sandbox.wharf(arguments))
}

fn done(sandbox: &Sandbox, arguments: &[&str]) -> String {
    wharf(sandbox, arguments).output().expect_code(0).text()
}

/// Adds the route that guests come for, and returns them.
fn guests(sandbox: &Sandbox) -> Scenario<'_> {
    let _ = done(sandbox, &["route", "add", "app.shop", "4100"]);
    let arguments = [&PORT.to_string(), "app.shop.localhost", "4100"];
    own(sandbox, sandbox.scenario("guests.py", &arguments)).scene()
}

fn daemon_pid(sandbox: &Sandbox) -> u32 {
    daemon_status(wharf(sandbox, &["daemon", "status", "--json"])).process.pid
}

/// Returns the number behind `key`, summed up over the files of a process.
fn number(sandbox: &Sandbox, files: &str, key: &str) -> u64 {
    let script = format!("cat {files}");
    let text = own(sandbox, sandbox.program(&["sh", "-c", &script])).output().expect_code(0).text();
    let values = text.lines().filter_map(|line| line.strip_prefix(key)?.split_whitespace().next());
    values.map(|value| value.parse::<u64>().expect("a number")).sum()
}

#[test]
fn out_of_descriptors_it_rests_and_serves_again_once_there_are_some() {
    let sandbox = sandbox!();
    let limited = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"];
    let mut daemon = wharf(&sandbox, &["daemon", "run"]).by(&limited).start();
    until("it runs", || wharf(&sandbox, &["daemon", "status"]).output().code == Some(0));
    let mut guests = guests(&sandbox);
    assert_eq!(guests.tell("get")["status"], 200);
    let pid = daemon_pid(&sandbox);
    // More than it may have descriptors; the kernel lets them in all the same.
    let _ = guests.tell("hold 100");
    let held = || {
        let script = format!("ls /proc/{pid}/fd | wc -l");
        let text = own(&sandbox, sandbox.program(&["sh", "-c", &script])).output().text();
        text.trim().parse::<u32>().unwrap_or_default()
    };
    until("none is left", || held() >= 64);
    let woken = || number(&sandbox, &format!("/proc/{pid}/task/*/status"), "voluntary_ctxt_switches:");
    let before = woken();
    thread::sleep(Duration::from_secs(1));
    let count = woken() - before;
    // Each of two listeners tries again twenty times a second; one that spins does so some 100,000 times.
    assert!(count < 400, "{count} wake-ups in a second of which nothing can come");
    let _ = guests.tell("leave");
    until("it serves again", || guests.tell("get")["status"] == 200);
    let _ = done(&sandbox, &["route", "add", "other.shop", "4100"]);
    assert_eq!(daemon_pid(&sandbox), pid);
    let _ = done(&sandbox, &["daemon", "stop"]);
    let _ = daemon.wait();
}

#[test]
fn two_thousand_websockets_wait_for_little_and_all_of_them_answer() {
    const COUNT: u64 = 2_000;
    let sandbox = sandbox!();
    let most = sandbox.program(&["sh", "-c", "ulimit -Hn"]).output().text();
    if most.trim().parse::<u64>().is_ok_and(|most| most < 3 * COUNT) {
        skip!("a process may have {} descriptors here, and three for each WebSocket are needed", most.trim());
    }
    let mut guests = guests(&sandbox);
    assert_eq!(guests.tell("get")["status"], 200);
    let pid = daemon_pid(&sandbox);
    let kilobytes = || number(&sandbox, &format!("/proc/{pid}/smaps_rollup"), "Anonymous:");
    let _ = guests.tell("sockets 20");
    let before = kilobytes();
    let _ = guests.tell(&format!("sockets {COUNT}"));
    let after = kilobytes();
    let each = after.saturating_sub(before) as f64 / COUNT as f64;
    println!("{each:.1} KiB for a WebSocket that waits");
    assert!(each < MOST_KB, "{each:.1} KiB for a WebSocket that waits");
    for _ in 0..2 {
        assert_eq!(guests.tell("ping")["answers"], COUNT + 20);
    }
    let _ = guests.tell("leave");
    assert_eq!(guests.tell("get")["status"], 200);
}

#[test]
fn on_a_full_disk_a_route_is_refused_and_none_is_lost() {
    let sandbox = sandbox!();
    let state = sandbox.folder().join("home/state/wharf").display().to_string();
    let folder = format!("{state}/router");
    // The routes alone have no room: the rest of the daemon's life is not what this is about. Half of it is somebody else's.
    let mount = format!(
        "mkdir -p {folder} && chown -R {0}:{0} {state} && chmod 700 {state} && mount -t tmpfs -o size=16k,mode=755,uid={0},gid={0} tmpfs {folder} && head -c 8192 /dev/zero > {folder}/other",
        if sandbox.has_users() { SOMEBODY } else { 0 }
    );
    let mut daemon = wharf(&sandbox, &["daemon", "run"]).after_mounting(&mount).start();
    until("it runs", || wharf(&sandbox, &["daemon", "status"]).output().code == Some(0));
    let add = |number: usize| wharf(&sandbox, &["route", "add", &format!("r{number}.shop"), "4100"]).output();
    let mut count = 0;
    let refused = loop {
        let output = add(count);
        if output.code != Some(0) {
            break output;
        }
        count += 1;
        assert!(count < 1_000, "16 KiB are enough for everything");
    };
    assert!(count > 10, "{count}");
    assert_eq!(refused.code, Some(1));
    says(&refused.stderr, &["the routes cannot be kept", "No space left on device"]);
    assert_eq!(refused.stderr.trim().lines().count(), 1, "{}", refused.stderr);
    let listed = || routes(wharf(&sandbox, &["route", "ls", "--json"])).len();
    assert_eq!(listed(), count, "what was refused is not there");
    // By the file alone.
    let _ = done(&sandbox, &["daemon", "restart"]);
    assert_eq!(listed(), count);
    // Once there is room it goes on as before.
    let other = format!("/proc/{}/root{folder}/other", daemon_pid(&sandbox));
    let _ = sandbox.program(&["rm", &other]).output().expect_code(0);
    let _ = add(count).expect_code(0);
    let _ = done(&sandbox, &["route", "rm", "r0.shop"]);
    let _ = done(&sandbox, &["daemon", "restart"]);
    assert_eq!(listed(), count);
    let _ = done(&sandbox, &["daemon", "stop"]);
    let _ = daemon.wait();
}

#[test]
fn killed_under_load_it_is_back_with_the_next_command() {
    let sandbox = sandbox!();
    let mut guests = guests(&sandbox);
    for number in 0..8 {
        let _ = done(&sandbox, &["route", "add", &format!("r{number}.shop"), "4100"]);
    }
    for round in 0..2 {
        let pid = daemon_pid(&sandbox);
        let _ = guests.tell("sockets 50");
        // Routes change while it is killed: what was said to be added is there afterwards.
        let added: Vec<usize> = thread::scope(|scope| {
            let adding = scope.spawn(|| {
                let add = |number: usize| {
                    wharf(&sandbox, &["route", "add", &format!("k{round}-{number}.shop"), "4100"])
                };
                (0..8).filter(|number| add(*number).output().code == Some(0)).collect()
            });
            let kill = sandbox.program(&["kill", "-KILL", &pid.to_string()]);
            let _ = kill.output().expect_code(0);
            adding.join().expect("it ran")
        });
        let listed = routes(wharf(&sandbox, &["route", "ls", "--json"]));
        assert_ne!(daemon_pid(&sandbox), pid);
        let is_there = |host: String| listed.iter().any(|route| route.host == host);
        let numbers = (0..8)
            .map(|number| format!("r{number}"))
            .chain(added.iter().map(|number| format!("k{round}-{number}")));
        for name in numbers {
            assert!(is_there(format!("{name}.shop.localhost")), "{name} is lost");
        }
        until("it listens again", || guests.tell("get")["status"] == 200);
        let _ = guests.tell("leave");
    }
}

#[test]
fn a_request_is_for_the_name_of_its_connection_alone() {
    let sandbox = sandbox!();
    if program("curl").is_none() {
        skip!("curl is not installed");
    }
    let _guests = guests(&sandbox);
    let _ = done(&sandbox, &["route", "add", "other.shop", "4100"]);
    let url = format!("https://app.shop.localhost:{TLS_PORT}/");
    let curl = |host: &str| {
        let host = format!("Host: {host}");
        let words = [
            "curl",
            "-sk",
            "--http1.1",
            "-m",
            "20",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            &host,
            &url,
        ];
        own(&sandbox, sandbox.program(&words)).output().text()
    };
    until("the authority is made", || curl("app.shop.localhost") == "200");
    for (host, status) in [
        (format!("app.shop.localhost:{TLS_PORT}"), "200"),
        ("APP.shop.localhost".to_owned(), "200"),
        ("other.shop.localhost".to_owned(), "421"),
        ("none.localhost".to_owned(), "421"),
    ] {
        assert_eq!(curl(&host), status, "{host}");
    }
}

/// Port of the router for plain HTTP.
const PORT: u16 = 8080;
/// The same for HTTPS.
const TLS_PORT: u16 = 8443;
/// KiB of a WebSocket that waits, both of its connections with it; a debug build needs more than one for release.
const MOST_KB: f64 = 16.0;
