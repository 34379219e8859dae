//! `wharf run --isolate`: a network of its own, doors that lead in, and a way out.

use wharf_model::run::RunState;
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;
use wharf_testkit::{sandbox, skip};

use crate::cluster::CLUSTER;
use crate::running::{Way, answers, ends, keeps_every_promise, nginx, program, reached, written};
use crate::support::{at, ls, runs, says, until};

const ISOLATED: Way<'_> = Way { by: &[], options: &["--isolate"] };
const TWO: [&str; 4] = ["/usr/bin/python3", "-m", "http.server", "3000"];

/// Makes a sandbox, or ends the test as skipped where no network namespace can be had.
macro_rules! isolated_sandbox {
    () => {{
        let sandbox = sandbox!();
        let tried = isolated(&sandbox, &["--", "true"]).output();
        if tried.code == Some(125) && tried.stderr.contains("no network namespace") {
            skip!("{}", tried.stderr);
        }
        sandbox
    }};
}

/// Prepares an isolated run of an ordinary user, where there are users.
fn isolated<'a>(sandbox: &'a Sandbox, words: &[&str]) -> Run<'a> {
    let run = sandbox.wharf(&[&["run", "--isolate"], words].concat());
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

fn port(scene: &mut Scenario<'_>) -> u16 {
    u16::try_from(scene.tell("at")["port"].as_u64().expect("a number")).expect("a port")
}

fn start<'a>(sandbox: &'a Sandbox, words: &[&str]) -> (Scenario<'a>, u16) {
    let mut scene = isolated(sandbox, words).by_scenario("run.py", &[]).scene();
    let port = port(&mut scene);
    (scene, port)
}

fn scenario(sandbox: &Sandbox, file: &str) -> String {
    sandbox.folder().join("scenarios").join(file).display().to_string()
}

#[test]
fn python_keeps_every_promise_in_a_network_of_its_own() {
    // What serves IPv4 alone inside is reached by IPv6 outside, too.
    keeps_every_promise(&isolated_sandbox!(), ISOLATED, &TWO, true);
}

#[test]
fn root_keeps_every_promise_too() {
    let sandbox = isolated_sandbox!();
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let run = |name| {
        sandbox
            .wharf(&[&["run", "--isolate", "--name", name, "--"], &TWO[..]].concat())
            .by_scenario("run.py", &[])
    };
    let (mut one, mut other) = (run("one").scene(), run("other").scene());
    let (first, second) = (port(&mut one), port(&mut other));
    assert!(first == 3000 || second == 3000);
    for (scene, port) in [(&mut one, first), (&mut other, second)] {
        assert!(answers(scene, "127.0.0.1", port, "/").starts_with("HTTP/1."));
        assert_eq!(reached(&mut neighbour, port), ["ECONNREFUSED"; 2]);
        assert_eq!(scene.tell(&format!("take {port}"))["taken"], "");
        ends(&sandbox, scene, port, "SIGTERM");
    }
}

#[test]
fn clusters_and_servers_of_many_processes_keep_every_promise() {
    let sandbox = isolated_sandbox!();
    if let Some(node) = program("node").filter(|path| !path.starts_with("/root")) {
        let script = written(&sandbox, "cluster.js", CLUSTER);
        keeps_every_promise(&sandbox, ISOLATED, &[&node, &script, "none"], true);
    }
    if let Some(nginx) = nginx(&sandbox) {
        let nginx: Vec<&str> = nginx.iter().map(String::as_str).collect();
        keeps_every_promise(&sandbox, ISOLATED, &nginx, true);
    }
}

#[test]
fn what_is_relayed_arrives_as_it_was_sent() {
    let sandbox = isolated_sandbox!();
    let (mut scene, port) =
        start(&sandbox, &["--", "python3", &scenario(&sandbox, "relayed.py"), "serve", "3000"]);
    assert_eq!(port, 3000);
    let mut clients = sandbox.scene("relayed.py", &[]);
    assert_eq!(clients.tell(&format!("download {port} 100000000"))["whole"], true);
    assert_eq!(clients.tell(&format!("keep {port} 50"))["connections"], 1);
    assert_eq!(clients.tell(&format!("echo {} 3000000", port + 1))["whole"], true);
    assert_eq!(clients.tell(&format!("many {port} 200"))["answered"], 200);
    assert_eq!(clients.tell(&format!("reset {}", port + 2))["heard"], "ConnectionResetError");
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn nothing_is_left_when_wharf_is_killed() {
    let sandbox = isolated_sandbox!();
    // One that leaves the session and does not listen to what it is asked.
    let script = "(trap '' TERM HUP; setsid sleep 1000 &); exec python3 -m http.server 3000";
    let (mut scene, port) = start(&sandbox, &["--", "sh", "-c", script]);
    assert_eq!(scene.tell("end SIGKILL")["code"], -9);
    assert!(at(&ls(&sandbox, &[]), port).is_empty(), "nobody lets clients in any more");
    scene.tell("gone");
    assert!(runs(isolated_ps(&sandbox)).is_empty());
}

fn isolated_ps(sandbox: &Sandbox) -> Run<'_> {
    let ps = sandbox.wharf(&["ps", "--json"]);
    if sandbox.has_users() { ps.as_user(SOMEBODY) } else { ps }
}

#[test]
fn what_binds_by_io_uring_is_found_and_closed_to_others() {
    let sandbox = isolated_sandbox!();
    let script = scenario(&sandbox, "ring.py");
    let bare = sandbox.program(&["python3", &script, "3000"]).output().expect_code(0).text();
    if bare != "0 0 3000\n" {
        skip!("io_uring cannot bind here (Linux 6.11 can): {}", bare.trim());
    }
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let command = ["--", "sh", "-c", &format!("tail -f /dev/null | python3 {script} 3000")];
    let (mut scene, port) = start(&sandbox, &command);
    assert_eq!(port, 3000);
    assert_eq!(reached(&mut neighbour, port), ["ECONNREFUSED"; 2]);
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn udp_is_not_let_in() {
    let sandbox = isolated_sandbox!();
    let script = "import socket, http.server
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(('', 3000))
http.server.HTTPServer(('', 3000), http.server.SimpleHTTPRequestHandler).serve_forever()";
    let (mut scene, port) = start(&sandbox, &["--", "python3", "-c", script]);
    assert_ne!(scene.tell(&format!("take_udp {port}"))["taken"], "", "nobody has it outside");
    scene.tell("says nobody outside reaches its UDP port 3000");
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn where_calls_cannot_be_supervised_what_listens_is_found() {
    let sandbox = isolated_sandbox!();
    let run = isolated(&sandbox, &["--", "python3", "-m", "http.server", "3000"]);
    let deny = [
        scenario_command(&sandbox, "run.py"),
        scenario_command(&sandbox, "deny.py"),
        vec!["seccomp".to_owned()],
    ]
    .concat();
    let deny: Vec<&str> = deny.iter().map(String::as_str).collect();
    let mut scene = run.by(&deny).scene();
    assert_eq!(port(&mut scene), 3000);
    assert!(answers(&mut scene, "127.0.0.1", 3000, "/").starts_with("HTTP/1."));
    ends(&sandbox, &mut scene, 3000, "SIGTERM");
}

fn scenario_command(sandbox: &Sandbox, file: &str) -> Vec<String> {
    vec!["python3".to_owned(), scenario(sandbox, file)]
}

#[test]
fn what_denies_a_network_namespace_is_named() {
    let sandbox = isolated_sandbox!();
    let denied = isolated(&sandbox, &["--", "true"]).by_scenario("deny.py", &["unshare"]).output();
    says(&denied.expect_code(125).stderr, &["--isolate cannot", "container or a security module"]);
    let script =
        "echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all \"$@\"";
    let none_left = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"];
    let state = sandbox.folder().join("home/others").display().to_string();
    let denied = sandbox
        .wharf(&["run", "--isolate", "--", "true"])
        .by(&none_left)
        .env("XDG_STATE_HOME", &state)
        .output();
    says(&denied.expect_code(125).stderr, &["sysctl user.max_user_namespaces"]);
    for other in ["--udp", "--no-rewrite", "--link"] {
        let _ = sandbox.wharf(&["run", "--isolate", other, "--", "true"]).output().expect_code(2);
    }
}

#[test]
fn siblings_are_reached_from_inside_and_nothing_else_of_this_machine() {
    let sandbox = isolated_sandbox!();
    let serve = "exec python3 -m http.server $PORT";
    let run = |options: &[&str], name: &str, script: &str| {
        let words = [&["run"], options, &["--name", name, "--", "sh", "-c", script]].concat();
        let run = sandbox.wharf(&words);
        let run = if sandbox.has_users() { run.as_user(SOMEBODY) } else { run };
        run.by_scenario("run.py", &[]).scene()
    };
    let mut plain = run(&[], "plain", serve);
    let mut isolated = run(&["--isolate"], "isolated", serve);
    let ports = [port(&mut plain), port(&mut isolated)];
    let mut other = sandbox.scene("listen.py", &["tcp:0.0.0.0:2345"]);
    let reach = scenario(&sandbox, "relayed.py");
    let script = format!(
        "for port in $WHARF_PLAIN_PORT $WHARF_ISOLATED_PORT 2345; do
            python3 {reach} reach localhost $port | head -n 1; done"
    );
    let asked =
        self::isolated(&sandbox, &["--name", "asks", "--", "sh", "-c", &script]).output().expect_code(0);
    assert_eq!(
        asked.text(),
        "<!DOCTYPE HTML>\n<!DOCTYPE HTML>\nConnectionRefusedError\n",
        "{}",
        asked.stderr
    );
    other.told.take();
    ends(&sandbox, &mut plain, ports[0], "SIGTERM");
    ends(&sandbox, &mut isolated, ports[1], "SIGTERM");
}

#[test]
fn ports_of_every_kind_have_their_doors() {
    let sandbox = isolated_sandbox!();
    let script = "import socket, sys, threading, time
def serve(listener):
    while True:
        try:
            client = listener.accept()[0]
            client.recv(1000)
            client.sendall(b'HTTP/1.0 200\\r\\n')
        except OSError: return
def listen(port, host='127.0.0.1', family=socket.AF_INET):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen()
    threading.Thread(target=serve, args=(s,), daemon=True).start()
    return s
first = listen(3000)
print('chose', listen(0).getsockname()[1], file=sys.stderr, flush=True)
listen(80, '::1', socket.AF_INET6)
listen(4000, '127.0.0.2')
first.shutdown(socket.SHUT_RDWR)
first.close()
time.sleep(1)
listen(3000)
print('all there', file=sys.stderr, flush=True)
time.sleep(1000)";
    // Which of them it is said to be at depends on who answers first.
    let (mut scene, _) = start(&sandbox, &["--", "python3", "-c", script]);
    let said = scene.tell("says all there")["said"].as_str().expect("a text").to_owned();
    let number = |line: &str, before: &str, after: char| -> Option<u16> {
        line.split(before).nth(1)?.split(after).next()?.parse().ok()
    };
    let chosen = said.lines().find_map(|line| number(line, "chose ", ' ')).expect("it says which");
    assert!(chosen >= 61_000, "{chosen}");
    let moved = said.lines().find(|line| line.contains("asked for port 80,"));
    let low = moved.and_then(|line| number(line, "it has ", ',')).unwrap_or(80);
    assert_eq!(moved.is_some(), sandbox.has_users(), "an ordinary user has no such port outside: {said}");
    for (host, port) in [("127.0.0.1", 3000), ("127.0.0.1", chosen), ("::1", low), ("127.0.0.1", 4000)] {
        assert_eq!(answers(&mut scene, host, port, "/"), "HTTP/1.0 200", "{port}: {said}");
    }
    ends(&sandbox, &mut scene, 3000, "SIGTERM");
}

#[test]
fn who_wants_to_be_seen_is_through_the_door() {
    let sandbox = isolated_sandbox!();
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let (mut scene, port) = start(&sandbox, &[&["--host-visible", "--"], &TWO[..]].concat());
    assert_eq!(reached(&mut neighbour, port), ["open"; 2]);
    says(scene.tell("at")["said"].as_str().expect("a text"), &["other machines can reach"]);
    ends(&sandbox, &mut scene, port, "SIGTERM");
}

#[test]
fn an_isolated_program_in_the_background_is_listed_and_ended() {
    let sandbox = isolated_sandbox!();
    let words = [
        &["--detach", "--port", "62893", "--name", "api", "--", "sh", "-c"][..],
        &["exec python3 -m http.server $PORT"],
    ]
    .concat();
    says(&isolated(&sandbox, &words).output().expect_code(0).stderr, &["is at http://127.0.0.1:62893"]);
    let [run] = runs(isolated_ps(&sandbox)).try_into().expect("one run");
    assert_eq!((run.state, run.main_port), (RunState::Listening, Some(62_893)));
    let list = sandbox.wharf(&["ls", "62893"]);
    let list = if sandbox.has_users() { list.as_user(SOMEBODY) } else { list };
    let table = list.output().expect_code(0).text();
    says(&table, &["localhost", "Python http.server", "api.", "isolated"]);
    let stop = sandbox.wharf(&["stop", "api"]);
    let stop = if sandbox.has_users() { stop.as_user(SOMEBODY) } else { stop };
    says(&stop.output().expect_code(0).text(), &["has ended"]);
    until("nothing is left", || sandbox.program(&["pgrep", "-f", "inlet"]).output().code == Some(1));
}

/// What a run inside reaches of a server outside, and of this machine by its address there.
/// Answers questions at the nameserver's port.
const NAMES: &str = "import socket
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(('127.0.0.53', 53))
print('ready {}', flush=True)
while True:
    text, peer = server.recvfrom(100)
    server.sendto(text.upper(), peer)";

const OUTSIDE: &str = "import socket, subprocess, sys
for host, port in ('10.77.0.2', 8000), ('10.77.0.2', 2345), ('10.77.0.1', 2345):
    subprocess.run([sys.executable, sys.argv[1], 'reach', host, str(port)])
question = socket.socket(type=socket.SOCK_DGRAM)
question.settimeout(10)
for text in b'one', b'other':
    question.sendto(text, ('127.0.0.53', 53))
    print(question.recv(100))";

#[test]
fn pasta_leads_out_and_ends_with_the_run() {
    let sandbox = isolated_sandbox!();
    if program("pasta").is_none() {
        skip!("pasta (Debian package passt) is not installed");
    }
    if !sandbox.is_root() {
        skip!("a device for pasta is made here by root alone");
    }
    let mut neighbour = sandbox.scene("neighbour.py", &[]);
    let _local = sandbox.scene("listen.py", &["tcp:0.0.0.0:2345"]);
    let _names = sandbox.program(&["python3", "-c", NAMES]).scene();
    neighbour.tell("serve 8000");
    let names = written(&sandbox, "resolv.conf", "nameserver 127.0.0.53\n");
    let device = format!(
        "mount --bind {names} /etc/resolv.conf && mount -t tmpfs tmpfs /dev/net && \
         mknod -m 666 /dev/net/tun c 10 200 && chmod 755 /dev/net"
    );
    let reach = scenario(&sandbox, "relayed.py");
    let is_there = || sandbox.program(&["pgrep", "-f", "pasta --foreground"]).output().code == Some(0);
    for uid in [None, Some(SOMEBODY)] {
        let run = sandbox.wharf(&["run", "--isolate", "--", "python3", "-c", OUTSIDE, &reach]);
        let run = if let Some(uid) = uid { run.as_user(uid) } else { run };
        let done = run.after_mounting(&device).output().expect_code(0);
        let lines: Vec<String> = done.text().lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "hello from outside", "{uid:?}: {lines:?} {}", done.stderr);
        assert_ne!(lines[1], "", "{uid:?}");
        assert!(lines[2].ends_with("Error") || lines[2] == "timeout", "{uid:?}: {lines:?}");
        assert_eq!(lines[3..], ["b'ONE'", "b'OTHER'"], "{uid:?}");
        assert_eq!(done.stderr, "", "{uid:?}");
        assert!(!is_there(), "{uid:?}");
        // Nothing of it is left either when wharf is killed.
        let run = sandbox.wharf(&[&["run", "--isolate", "--"], &TWO[..]].concat());
        let run = if let Some(uid) = uid { run.as_user(uid) } else { run };
        let mut scene = run.by_scenario("run.py", &[]).after_mounting(&device).scene();
        assert_eq!(port(&mut scene), 3000);
        assert!(is_there(), "{uid:?}");
        assert_eq!(scene.tell("end SIGKILL")["code"], -9);
        scene.tell("gone");
        until("it has ended", || !is_there());
    }
    let run = sandbox.wharf(&[&["run", "--isolate", "--"], &TWO[..]].concat());
    let mut scene = run.by_scenario("run.py", &[]).after_mounting(&device).scene();
    assert_eq!(port(&mut scene), 3000);
    let _ = sandbox.program(&["pkill", "-f", "pasta --foreground"]).output().expect_code(0);
    scene.tell("says it reaches no other machine any more");
    assert!(answers(&mut scene, "127.0.0.1", 3000, "/").starts_with("HTTP/1."));
    ends(&sandbox, &mut scene, 3000, "SIGTERM");
}

#[test]
fn who_has_no_way_out_is_told_what_helps() {
    let sandbox = isolated_sandbox!();
    let run = isolated(&sandbox, &["--", "/bin/true"]).env("PATH", "/nowhere").output().expect_code(0);
    says(&run.stderr, &["it reaches no other machine", "pasta", "passt"]);
}
