//! The daemon: ports that are kept between runs, its API, and that nothing depends on its life.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wharf_model::daemon::Daemon;
use wharf_model::lease::Lease;
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::support::{daemon_status, ls, only, runs, says, until};

/// Prepares wharf as an ordinary user where there are users, with a daemon.
fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    somebody(sandbox, sandbox.wharf(arguments)).env("WHARF_DAEMON", "1")
}

/// Lets an ordinary user run it, who has a runtime directory of its own.
fn somebody<'a>(sandbox: &Sandbox, run: Run<'a>) -> Run<'a> {
    if !sandbox.has_users() {
        return run;
    }
    let runtime = runtime(sandbox).display().to_string();
    let _ =
        sandbox.program(&["mkdir", "-p", "-m", "700", &runtime]).as_user(SOMEBODY).output().expect_code(0);
    run.as_user(SOMEBODY).env("XDG_RUNTIME_DIR", &runtime)
}

fn runtime(sandbox: &Sandbox) -> PathBuf {
    sandbox.folder().join(if sandbox.has_users() { "home/own" } else { "home/run" })
}

fn done(sandbox: &Sandbox, arguments: &[&str]) -> String {
    wharf(sandbox, arguments).output().expect_code(0).text()
}

fn status(sandbox: &Sandbox) -> Daemon {
    daemon_status(wharf(sandbox, &["daemon", "status", "--json"]))
}

/// Returns status and document of an answer of the API.
fn ask(sandbox: &Sandbox, words: &[&str]) -> (u16, Value) {
    let text = somebody(sandbox, sandbox.scenario("api.py", words)).output().expect_code(0).text();
    let (status, body) = text.split_once('\n').expect("two lines");
    (status.parse().expect("a number"), serde_json::from_str(body.trim()).unwrap_or_default())
}

/// Starts a server in the background that honours PORT, and returns that.
fn serve(sandbox: &Sandbox, name: &str) -> u16 {
    let script = "exec python3 -m http.server $PORT";
    let begun = wharf(sandbox, &["run", "--detach", "--json", "--name", name, "--", "sh", "-c", script]);
    runs(begun)[0].main_port.expect("it listens")
}

fn keeps(sandbox: &Sandbox, port: u16) -> bool {
    status(sandbox).ports.iter().any(|kept| kept.port == port)
}

#[test]
fn a_port_is_kept_from_one_run_to_the_next() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    // It was started by the run, and gets the port a moment later.
    until("the daemon keeps the port", || {
        wharf(&sandbox, &["daemon", "status"]).output().code == Some(0) && keeps(&sandbox, port)
    });
    let kept = status(&sandbox).ports;
    assert_eq!(kept[0].name.as_ref().map(|name| name.service.as_str()), Some("api"));
    assert!(kept[0].run.is_some());
    let mut intruder = sandbox.scene("intruder.py", &[&port.to_string()]);
    for _ in 0..3 {
        done(&sandbox, &["stop", "api"]);
        assert_eq!(status(&sandbox).ports[0].run, None);
        assert!(ls(&sandbox, &[]).endpoints.is_empty(), "a port that is only kept is no endpoint");
        assert_eq!(serve(&sandbox, "api"), port);
        // While one has it, the next of its name has another.
        assert_ne!(serve(&sandbox, "api"), port);
        done(&sandbox, &["stop", "api-2"]);
    }
    done(&sandbox, &["stop", "api"]);
    let told = intruder.tell("end");
    assert_eq!(told["got"], 0, "{told}");
    assert!(told["tried"].as_u64() > Some(100), "{told}");
}

#[test]
fn the_daemon_is_no_part_of_the_run_that_started_it() {
    let sandbox = sandbox!();
    let run = wharf(&sandbox, &["run", "--", "sh", "-c", "exec python3 -m http.server $PORT"]);
    let mut scene = run.by_scenario("run.py", &[]).scene();
    scene.tell("at");
    until("it runs", || wharf(&sandbox, &["daemon", "status"]).output().code == Some(0));
    let pid = status(&sandbox).process.pid;
    scene.tell("end SIGINT");
    let left = sandbox.program(&["cat", &format!("/proc/{pid}/stat")]).output().expect_code(0).text();
    let fields: Vec<&str> = left.rsplit(") ").next().expect("a state").split(' ').collect();
    assert_eq!(fields[3], pid.to_string(), "it leads a session of its own: {left}");
    // What it was started from may be closed, unmounted, unlocked.
    let links = sandbox.program(&["sh", "-c", &format!("readlink /proc/{pid}/cwd /proc/{pid}/fd/[012]")]);
    assert_eq!(links.output().expect_code(0).text(), "/\n/dev/null\n/dev/null\n/dev/null\n");
    done(&sandbox, &["daemon", "stop"]);
    says(&wharf(&sandbox, &["daemon", "status"]).output().expect_code(1).stderr, &["does not run", "start"]);
}

#[test]
fn a_restart_disturbs_nothing() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    until("the daemon keeps the port", || {
        wharf(&sandbox, &["daemon", "status"]).output().code == Some(0) && keeps(&sandbox, port)
    });
    done(&sandbox, &["lease", "pin", "web", "62893"]);
    until("the pinned one, too", || keeps(&sandbox, 62_893));
    let before = status(&sandbox);
    let mut intruder = sandbox.scene("intruder.py", &["62893"]);
    for _ in 0..5 {
        done(&sandbox, &["daemon", "restart"]);
    }
    let after = status(&sandbox);
    assert_eq!((&after.process, &after.ports), (&before.process, &before.ports));
    assert_ne!(after.started_at, before.started_at);
    assert_eq!(intruder.tell("end")["got"], 0);
    // A later wharf, by whatever path it is found, takes its place.
    let later = sandbox.folder().join("home/later").display().to_string();
    let copy = sandbox.program(&["cp", env!("CARGO_BIN_EXE_wharf"), &later]);
    let _ = copy.output().expect_code(0);
    let body = format!("{{\"executable\": \"{later}\"}}");
    assert_eq!(ask(&sandbox, &["POST", "/v1/daemon/restart", &body]).0, 204);
    until("it is another program", || status(&sandbox).executable == later);
    assert_eq!(status(&sandbox).ports, before.ports);
    // One that is none leaves everything as it is.
    let body = "{\"executable\": \"/no/such/program\"}";
    assert_eq!(ask(&sandbox, &["POST", "/v1/daemon/restart", body]).0, 204);
    assert_eq!(status(&sandbox).ports, before.ports);
    done(&sandbox, &["stop", "api"]);
    assert!(keeps(&sandbox, port));
}

#[test]
fn nothing_is_lost_and_nothing_stops_when_the_daemon_is_killed() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    until("the daemon keeps the port", || {
        wharf(&sandbox, &["daemon", "status"]).output().code == Some(0) && keeps(&sandbox, port)
    });
    let _ = sandbox
        .program(&["kill", "-KILL", &status(&sandbox).process.pid.to_string()])
        .output()
        .expect_code(0);
    assert_eq!(only(&ls(&sandbox, &[]), port).port, port, "the program goes on");
    // The next that needs one starts one, and what the run holds by itself is kept once it has ended.
    done(&sandbox, &["run", "--name", "web", "--", "true"]);
    until("there is another", || wharf(&sandbox, &["daemon", "status"]).output().code == Some(0));
    assert!(!keeps(&sandbox, port));
    done(&sandbox, &["stop", "api"]);
    until("it keeps the port", || keeps(&sandbox, port));
    assert_eq!(serve(&sandbox, "api"), port);
}

#[test]
fn wharf_is_not_in_the_way_of_a_program_that_runs_without_it() {
    let sandbox = sandbox!();
    done(&sandbox, &["daemon", "start"]);
    let port = serve(&sandbox, "api");
    let is_leased = || done(&sandbox, &["port", "api"]) == format!("{port}\n");
    assert!(is_leased());
    done(&sandbox, &["stop", "api"]);
    assert!(keeps(&sandbox, port), "to ask for the port of a run does not hand it out");
    assert!(is_leased());
    assert!(!keeps(&sandbox, port));
    let bare = sandbox.scene("listen.py", &[&format!("tcp:127.0.0.1:{port}")]);
    assert_ne!(serve(&sandbox, "api"), port, "somebody else has it");
    done(&sandbox, &["stop", "api-2"]);
    drop(bare);
    assert_eq!(serve(&sandbox, "api"), port);
    done(&sandbox, &["stop", "api"]);
    until("the run has ended what was handed out", || keeps(&sandbox, port));
    // A number that the program chose by itself is nobody's between runs.
    let begun =
        wharf(&sandbox, &["run", "-d", "--name", "web", "--", "python3", "-m", "http.server", "3000"]);
    let _ = begun.output().expect_code(0);
    done(&sandbox, &["stop", "web"]);
    assert!(!keeps(&sandbox, 3000));
    // Nor is a lease that is no more.
    let name =
        status(&sandbox).ports.iter().find(|kept| kept.port == port).and_then(|kept| kept.name.clone());
    done(&sandbox, &["lease", "rm", &name.expect("it has one").to_string()]);
    until("it is let go", || !keeps(&sandbox, port));
}

#[test]
fn many_that_start_one_start_one() {
    let sandbox = sandbox!();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| done(&sandbox, &["daemon", "start"]));
        }
    });
    let text = sandbox.program(&["pgrep", "-f", "daemon run"]).output().expect_code(0).text();
    assert_eq!(text.lines().count(), 1, "{text}");
    says(&wharf(&sandbox, &["daemon"]).output().expect_code(1).stderr, &["runs already"]);
}

#[test]
fn its_user_alone_is_answered_and_no_web_page() {
    let sandbox = sandbox!();
    done(&sandbox, &["daemon", "start"]);
    let folder = runtime(&sandbox).join("wharf");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("daemon.sock"))), (0o700, 0o600));
    assert_eq!(ask(&sandbox, &["GET", "/v1/daemon"]).0, 200);
    for field in
        ["Origin:http://localhost", "Referer:http://localhost/", "Host:evil.example", "Sec-Fetch-Site:none"]
    {
        let (status, problem) = ask(&sandbox, &["GET", "/v1/daemon", "", field]);
        assert_eq!((status, problem["code"].as_str()), (403, Some("web-page")), "{field}");
    }
    if !sandbox.has_users() {
        skip!("there is no other user here");
    }
    // Root may pass the directory, and is not answered all the same.
    let root = sandbox.scenario("api.py", &["GET", "/v1/daemon"]);
    let root = root.env("XDG_RUNTIME_DIR", &runtime(&sandbox).display().to_string()).output();
    assert_eq!((root.code, root.text().as_str()), (Some(1), ""), "{}", root.stderr);
}

#[test]
fn the_api_tells_and_changes_leases() {
    let sandbox = sandbox!();
    done(&sandbox, &["daemon", "start"]);
    let body = r#"{"service": "api", "project": "shop", "root": "/tmp"}"#;
    let (code, answer) = ask(&sandbox, &["POST", "/v1/leases", body]);
    let lease: Lease = serde_json::from_value(answer).expect("a lease");
    assert_eq!((code, lease.name.to_string().as_str()), (200, "api.shop"));
    assert!(keeps(&sandbox, lease.port));
    let (_, answer) = ask(&sandbox, &["POST", "/v1/leases", body]);
    assert_eq!(answer["id"], lease.id);
    let (code, answer) = ask(&sandbox, &["POST", "/v1/leases/api.shop/pin", r#"{"port": 62893}"#]);
    assert_eq!((code, &answer["port"], &answer["pinned"]), (200, &62_893.into(), &true.into()));
    assert!(keeps(&sandbox, 62_893) && !keeps(&sandbox, lease.port));
    assert_eq!(ask(&sandbox, &["GET", "/v1/leases"]).1["leases"].as_array().map(Vec::len), Some(1));
    assert_eq!(ask(&sandbox, &["GET", "/v1/runs"]).1["runs"].as_array().map(Vec::len), Some(0));
    assert_eq!(ask(&sandbox, &["GET", "/v1/endpoints?filter=62893"]).1["schema"], "wharf.endpoints/v1");
    let refused = [
        (&["POST", "/v1/leases", "{"][..], 400, "bad-document"),
        (
            &["POST", "/v1/leases", r#"{"service": "a b", "project": "shop", "root": "/tmp"}"#],
            400,
            "bad-name",
        ),
        (
            &["POST", "/v1/leases", r#"{"service": "a", "project": "shop", "root": "tmp"}"#],
            400,
            "not-absolute",
        ),
        (&["POST", "/v1/leases/web.shop/pin", r#"{"port": 62893}"#], 404, "no-lease"),
        (&["POST", "/v1/leases/api.shop/pin", r#"{"port": 0}"#], 400, "bad-port"),
        (&["DELETE", "/v1/leases/web.shop"], 404, "no-lease"),
        (&["GET", "/v1/endpoints?filter=99999"], 400, "bad-filter"),
        (&["POST", "/v1/ports/62893/take"], 409, "other-network"),
        (&["POST", "/v1/ports/62893/keep"], 409, "other-network"),
        (&["GET", "/v2"], 404, "no-such-route"),
        (&["DELETE", "/v1/daemon"], 405, "no-such-method"),
        (&["POST", "/v1/daemon/restart", r#"{"executable": "wharf"}"#], 400, "not-absolute"),
    ];
    for (words, code, problem) in refused {
        let answer = ask(&sandbox, words);
        assert_eq!((answer.0, answer.1["code"].as_str()), (code, Some(problem)), "{words:?}: {answer:?}");
    }
    assert_eq!(ask(&sandbox, &["DELETE", "/v1/leases/api.shop"]).0, 200);
    assert!(status(&sandbox).ports.is_empty());
    let printed: Value = serde_json::from_str(&done(&sandbox, &["api"])).expect("JSON");
    assert_eq!(ask(&sandbox, &["GET", "/v1/openapi.json"]).1, printed);
}

#[test]
fn systemd_may_hand_it_the_socket() {
    let sandbox = sandbox!();
    let script = "import os, socket, sys
folder = os.environ['XDG_RUNTIME_DIR'] + '/wharf'
os.makedirs(folder, 0o700)
listener = socket.socket(socket.AF_UNIX)
listener.bind(folder + '/daemon.sock')
listener.listen()
os.dup2(listener.fileno(), 3) if listener.fileno() != 3 else os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execv(sys.argv[1], ['wharf', 'daemon'])";
    let wharf = env!("CARGO_BIN_EXE_wharf");
    let mut daemon = sandbox.program(&["python3", "-c", script, wharf]).start();
    until("it answers", || {
        if let Some(status) = daemon.try_wait().expect("it is ours") {
            panic!("it ended: {status}");
        }
        sandbox.scenario("api.py", &["GET", "/v1/daemon"]).output().code == Some(0)
    });
    let _ = sandbox.scenario("api.py", &["POST", "/v1/daemon/stop"]).output().expect_code(0);
    assert!(daemon.wait().expect("it is ours").success());
}

#[test]
fn another_network_namespace_does_without_it() {
    let sandbox = sandbox!();
    let port = serve(&sandbox, "api");
    until("the daemon keeps the port", || {
        wharf(&sandbox, &["daemon", "status"]).output().code == Some(0) && keeps(&sandbox, port)
    });
    done(&sandbox, &["stop", "api"]);
    let script = format!(
        "ip link set lo up; exec {} run --name api -- sh -c 'echo $PORT'",
        env!("CARGO_BIN_EXE_wharf")
    );
    // As root of the machine, and so with leases and a daemon of its own.
    let _ = sandbox
        .wharf(&["daemon", "start"])
        .env("WHARF_DAEMON", "1")
        .env("XDG_RUNTIME_DIR", "/run")
        .output()
        .expect_code(0);
    let run = sandbox.program(&["unshare", "--net", "sh", "-c", &script]);
    let run = run.env("WHARF_DAEMON", "1").env("XDG_RUNTIME_DIR", "/run");
    assert_eq!(run.output().expect_code(0).text(), format!("{port}\n"));
}

#[test]
fn it_sleeps_while_nothing_happens() {
    let sandbox = sandbox!();
    done(&sandbox, &["daemon", "start"]);
    done(&sandbox, &["run", "--name", "api", "--", "true"]);
    let pid = status(&sandbox).process.pid;
    let woken = || {
        let text = format!("cat /proc/{pid}/task/*/status | grep _ctxt_switches");
        sandbox.program(&["sh", "-c", &text]).output().expect_code(0).text()
    };
    // Whatever is under way comes to its end: the last threads for answers end 10 s after them.
    until("nothing is under way", || {
        let before = woken();
        std::thread::sleep(std::time::Duration::from_secs(3));
        woken() == before
    });
}
