//! Ports 80 and 443 for the daemon of an ordinary user: units, and sockets that go from systemd's hands into the daemon's.
//!
//! systemd itself does not run here: what it does for a socket is done by a scenario and by its own systemd-socket-activate.
//! Not here: what is said at the ports.

use std::fs;
use std::path::PathBuf;

use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::hosts::{at_home, own_etc};
use crate::running::program;
use crate::support::{at, daemon_status, ls, says, show, until};

/// Prepares wharf as alice where there are users, with a runtime directory of her own.
fn alice<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    if !sandbox.has_users() {
        return sandbox.wharf(arguments).env("WHARF_ROUTER", "1");
    }
    let runtime = runtime(sandbox);
    at_home(sandbox, sandbox.wharf(arguments).as_user(SOMEBODY), "alice", &[&runtime, ROUTER])
}

/// Returns the variable that says where sockets are.
fn runtime(sandbox: &Sandbox) -> String {
    let folder = sandbox.folder().join(if sandbox.has_users() { "home/alice-run" } else { "home/run" });
    let folder = folder.display().to_string();
    let make = sandbox.program(&["mkdir", "-p", "-m", "700", &folder]);
    let make = if sandbox.has_users() { make.as_user(SOMEBODY) } else { make };
    let _ = make.output().expect_code(0);
    format!("XDG_RUNTIME_DIR={folder}")
}

/// Has the router open none of the ports that are handed over, where it may.
fn with_other_ports(sandbox: &Sandbox) {
    let folder = sandbox.folder().join("home/config/wharf");
    fs::create_dir_all(&folder).expect("the sandbox is ours");
    fs::write(folder.join("config.toml"), "[router]\nhttps = 9443\n").expect("it is written");
}

/// Returns the command of the service that hands the ports over, as systemd would start it.
fn adopt_ports(sandbox: &Sandbox) -> Vec<String> {
    let wharf = sandbox.folder().join("wharf").display().to_string();
    with_other_ports(sandbox);
    // It is made with the first run as another user.
    let _ = alice(sandbox, &["ls"]).output().expect_code(0);
    if !sandbox.has_users() {
        let state = format!("XDG_STATE_HOME={}/home/state", sandbox.folder().display());
        let words =
            ["env", ROUTER, &runtime(sandbox), &state, env!("CARGO_BIN_EXE_wharf"), "daemon", "adopt-ports"];
        return words.map(str::to_owned).to_vec();
    }
    let home = format!("HOME={}/home/alice", sandbox.folder().display());
    let ids = [format!("--reuid={SOMEBODY}"), format!("--regid={SOMEBODY}")];
    let words =
        ["setpriv", &ids[0], &ids[1], "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "env"];
    let words = words.into_iter().chain(["-u", "XDG_STATE_HOME", &home]).map(str::to_owned);
    words
        .chain([ROUTER.to_owned(), runtime(sandbox), wharf, "daemon".to_owned(), "adopt-ports".to_owned()])
        .collect()
}

/// Connects to a port, and goes again.
fn knock(sandbox: &Sandbox, host: &str, port: u16) {
    let script = format!("import socket; socket.create_connection(('{host}', {port}), 10).close()");
    let _ = sandbox.program(&["python3", "-c", &script]).output().expect_code(0);
}

fn daemon(sandbox: &Sandbox) -> Option<u32> {
    let run = || alice(sandbox, &["daemon", "status", "--json"]);
    (run().output().code == Some(0)).then(|| daemon_status(run()).process.pid)
}

/// Returns by how many descriptors a process has a port.
fn descriptors(sandbox: &Sandbox, port: u16, pid: u32) -> usize {
    // Not by `ls`, which stops at the first who has it.
    let detail = show(sandbox, &port.to_string());
    let holders = detail.endpoints.into_iter().flat_map(|detail| detail.endpoint.owner.processes);
    holders.filter(|process| process.pid == pid).map(|process| process.fds.len()).sum()
}

const ROUTER: &str = "WHARF_ROUTER=1";
/// Descriptors of a port in a daemon that has it: of two sockets, one to let in whoever connects, and one for its successor.
const BOTH: usize = 4;

#[test]
fn ports_go_from_systemd_to_the_daemon_and_back_when_it_ends() {
    let sandbox = sandbox!();
    let command = adopt_ports(&sandbox);
    let addresses = ["127.0.0.1:443", "[::1]:443", "127.0.0.1:80", "[::1]:80", "--"];
    let words: Vec<&str> = addresses.into_iter().chain(command.iter().map(String::as_str)).collect();
    let mut systemd = sandbox.scene("activator.py", &words);
    assert_eq!(daemon(&sandbox), None);
    knock(&sandbox, "::1", 80);
    until("the daemon is started and has the ports", || {
        daemon(&sandbox)
            .is_some_and(|pid| [443, 80].iter().all(|port| descriptors(&sandbox, *port, pid) == BOTH))
    });
    let pid = daemon(&sandbox).expect("it runs");
    // Connections wait for whoever takes them next, and it is not started again for them.
    knock(&sandbox, "127.0.0.1", 443);
    // A daemon that goes on as another program is handed them anew, and has each once.
    for _ in 0..3 {
        let _ = alice(&sandbox, &["daemon", "restart"]).output().expect_code(0);
        until("it has them again", || descriptors(&sandbox, 443, pid) == BOTH);
    }
    let told = systemd.tell("told");
    assert_eq!((&told["started"], &told["running"]), (&1.into(), &true.into()), "{told}");
    // One that is killed is not waited for, and who comes next starts another.
    let _ = sandbox.program(&["kill", "-KILL", &pid.to_string()]).output().expect_code(0);
    knock(&sandbox, "127.0.0.1", 443);
    until("another is started", || {
        let told = systemd.tell("told");
        told["started"].as_u64() >= Some(2) && told["running"] == true
    });
    until("it has the ports", || {
        daemon(&sandbox).is_some_and(|next| next != pid && descriptors(&sandbox, 443, next) == BOTH)
    });
}

#[test]
fn who_comes_while_there_can_be_no_daemon_is_turned_away() {
    let sandbox = sandbox!();
    let command = adopt_ports(&sandbox);
    let runtime = runtime(&sandbox);
    // Its user is not logged in.
    let command: Vec<&str> = command
        .iter()
        .map(|word| if *word == runtime { "XDG_RUNTIME_DIR=/run/user/none" } else { word.as_str() })
        .collect();
    let words = [&["127.0.0.1:443", "--"], &command[..]].concat();
    let mut systemd = sandbox.scene("activator.py", &words);
    let script = "import socket
one = socket.create_connection(('127.0.0.1', 443), 10)
try: print(one.recv(1))
except ConnectionResetError: print(b'')";
    for count in 1_u64..4 {
        let told = sandbox.program(&["python3", "-c", script]).output().expect_code(0).text();
        assert_eq!(told, "b''\n");
        until("it has ended", || {
            let told = systemd.tell("told");
            told["started"].as_u64() >= Some(count) && told["running"] == false
        });
        let told = systemd.tell("told");
        assert_eq!((&told["started"], &told["code"]), (&count.into(), &1.into()), "once for each: {told}");
    }
}

#[test]
fn the_daemon_that_runs_already_gets_them() {
    let sandbox = sandbox!();
    let Some(activate) = program("systemd-socket-activate") else { skip!("systemd is not installed") };
    let command = adopt_ports(&sandbox);
    let _ = alice(&sandbox, &["daemon", "start"]).output().expect_code(0);
    let pid = daemon(&sandbox).expect("it runs");
    let mut words = vec![activate.as_str(), "-l", "127.0.0.1:443", "-l", "[::1]:443"];
    words.extend(command.iter().map(String::as_str));
    let mut activated = sandbox.program(&words).start();
    until("it listens", || !at(&ls(&sandbox, &[]), 443).is_empty());
    knock(&sandbox, "127.0.0.1", 443);
    until("the daemon has the port", || descriptors(&sandbox, 443, pid) == BOTH);
    assert!(activated.try_wait().expect("it is ours").is_none(), "it lasts as long as the daemon");
    let _ = alice(&sandbox, &["daemon", "stop"]).output().expect_code(0);
    assert!(activated.wait().expect("it is ours").success());
}

#[test]
fn what_others_reach_is_never_handed_over() {
    let sandbox = sandbox!();
    let _ = adopt_ports(&sandbox);
    let script = "import os, socket, sys
for number, host in ((3, '0.0.0.0'), (4, '::')):
    listener = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ':' in host: listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((host, 8443))
    listener.listen()
    fd = os.dup2(listener.fileno(), 100 + number)
for number in (3, 4):
    os.dup2(100 + number, number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='https:http')
os.execvp(sys.argv[1], [sys.argv[1], 'daemon', 'adopt-ports'])";
    let run = sandbox.program(&["python3", "-c", script, env!("CARGO_BIN_EXE_wharf")]);
    let stderr = run.output().expect_code(1).stderr;
    says(
        &stderr,
        &["\"https\"", "0.0.0.0:8443", "\"http\"", "[::]:8443", "others than this machine", "no sockets"],
    );
    assert_eq!(daemon(&sandbox), None, "nothing is started for them");
    says(
        &sandbox.wharf(&["daemon", "adopt-ports"]).output().expect_code(1).stderr,
        &["no sockets were handed over"],
    );
}

#[test]
fn the_daemons_own_socket_is_found_among_those_of_the_router() {
    let sandbox = sandbox!();
    let script = "import os, socket, sys
folder = os.environ['XDG_RUNTIME_DIR'] + '/wharf'
os.makedirs(folder, 0o700)
for number, listener in ((3, socket.create_server(('127.0.0.1', 443))), (4, socket.socket(socket.AF_UNIX))):
    if number == 4:
        listener.bind(folder + '/daemon.sock')
        listener.listen()
    os.dup2(listener.fileno(), 100 + number)
for number in (3, 4):
    os.dup2(100 + number, number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='2', LISTEN_FDNAMES='https:wharf.socket')
os.execv(sys.argv[1], ['wharf', 'daemon'])";
    let mut daemon = sandbox.program(&["python3", "-c", script, env!("CARGO_BIN_EXE_wharf")]).start();
    until("it answers", || {
        if let Some(status) = daemon.try_wait().expect("it is ours") {
            panic!("it ended: {status}");
        }
        sandbox.scenario("api.py", &["GET", "/v1/daemon"]).output().code == Some(0)
    });
    // Without a socket there is nothing to hand over, and a web page may not either.
    for (words, status) in [(&[][..], "400"), (&["", "Origin:http://localhost"], "403")] {
        let ask = [&["POST", "/v1/router/listeners"], words].concat();
        let answer = sandbox.scenario("api.py", &ask).output().expect_code(0).text();
        assert!(answer.starts_with(status), "{answer}");
    }
    let _ = sandbox.scenario("api.py", &["POST", "/v1/daemon/stop"]).output().expect_code(0);
    assert!(daemon.wait().expect("it is ours").success());
}

/// A sandbox with an /etc of its own and a systemctl that writes down what it is told; and where it does so.
fn with_systemctl(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let etc = own_etc(sandbox);
    let (folder, log) = (sandbox.folder().join("bin"), sandbox.folder().join("scratch/systemctl.log"));
    fs::create_dir(&folder).expect("the sandbox is ours");
    fs::write(&log, "").expect("it is written");
    let script = format!("#!/bin/sh\necho \"$@\" >> {}\n", log.display());
    fs::write(folder.join("systemctl"), script).expect("it is written");
    let script = format!(
        "chmod 755 {}/systemctl; chmod 666 {}; mkdir -p /run/systemd/system",
        folder.display(),
        log.display()
    );
    let _ = sandbox.program(&["sh", "-c", &script]).output().expect_code(0);
    (etc, log)
}

fn path(sandbox: &Sandbox) -> String {
    format!("PATH={}/bin:/usr/sbin:/usr/bin:/sbin:/bin", sandbox.folder().display())
}

/// Prepares wharf as root, with that systemctl.
fn root<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    at_home(sandbox, sandbox.wharf(arguments), "root", &[&path(sandbox)])
}

#[test]
fn units_are_right_for_systemd_and_gone_afterwards() {
    let sandbox = sandbox!();
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let (etc, log) = with_systemctl(&sandbox);
    let runtime = runtime(&sandbox);
    let alice = |arguments: &[&str]| {
        let run = sandbox.wharf(arguments).as_user(SOMEBODY);
        at_home(&sandbox, run, "alice", &[&runtime, &path(&sandbox)]).output()
    };
    let told = alice(&["service", "install", "--dry-run"]).expect_code(0).text();
    says(&told, &["ListenStream=[::1]:443", "sudo /", "daemon adopt-ports", "WantedBy=default.target"]);
    assert_eq!(fs::read_to_string(&log).expect("it is ours"), "");
    assert_eq!(fs::read_dir(&etc).expect("it is ours").count(), 5);
    let refused = alice(&["service", "install"]).expect_code(1).stderr;
    let wharf = sandbox.folder().join("wharf").display().to_string();
    let line = format!("{wharf} service install --system --user alice");
    says(&refused, &["takes root: sudo ", &line]);
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    let as_if_by_user = at_home(
        &sandbox,
        sandbox.program(&[&[wharf.as_str()], &words[..]].concat()),
        "root",
        &[&path(&sandbox)],
    );
    let _ = as_if_by_user.output().expect_code(0);
    let unit = format!("wharf-ports@{SOMEBODY}");
    let units = ["socket", "service"].map(|kind| format!("/etc/systemd/system/{unit}.{kind}"));
    let own = sandbox.folder().join("home/alice/.config/systemd/user/wharf.service").display().to_string();
    let asked = fs::read_to_string(&log).expect("it is ours");
    says(
        &asked,
        &["--user enable wharf.service", &format!("enable {unit}.socket"), &format!("restart {unit}.socket")],
    );
    if let Some(analyze) = program("systemd-analyze") {
        for words in [&[units[0].as_str(), &units[1]][..], &["--user", &own]] {
            let words = [&[analyze.as_str(), "verify", "--man=no"], words].concat();
            let check = sandbox.program(&words).env("HOME", "/").output().expect_code(0);
            // Its generators miss what a whole /etc has.
            assert!(!check.stderr.contains("wharf"), "{}", check.stderr);
        }
    }
    says(&alice(&["service", "status"]).expect_code(0).text(), &[&units[0], &units[1], &own]);
    // A unit that is not wharf's stays.
    let file = etc.join(format!("systemd/system/{unit}.socket"));
    let kept = fs::read_to_string(&file).expect("it is there");
    fs::write(&file, "[Socket]\n").expect("it is written");
    says(
        &root(&sandbox, &["service", "uninstall", "--system", "--user", "alice"])
            .output()
            .expect_code(1)
            .stderr,
        &["not wharf's"],
    );
    assert!(file.exists());
    fs::write(&file, kept).expect("it is written");
    says(
        &alice(&["service", "uninstall"]).expect_code(1).stderr,
        &["service uninstall --system --user alice"],
    );
    let _ = root(&sandbox, &["service", "uninstall", "--system", "--user", "alice"]).output().expect_code(0);
    let _ = alice(&["service", "uninstall"]).expect_code(0);
    says(&alice(&["service", "uninstall"]).expect_code(0).text(), &["nothing is installed"]);
    for file in units.iter().map(|unit| sandbox.folder().join(&unit[1..])).chain([own.into()]) {
        assert!(!file.exists(), "{}", file.display());
    }
}

#[test]
fn without_systemd_a_setting_opens_the_ports_and_goes_again() {
    let sandbox = sandbox!();
    let etc = own_etc(&sandbox);
    let refused =
        at_home(&sandbox, sandbox.wharf(&["service", "install"]), "root", &[]).output().expect_code(1).stderr;
    says(&refused, &["systemd does not run this machine", "service install --sysctl"]);
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let start = || sandbox.program(&["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"]).output().text();
    let before = start();
    says(
        &alice(&sandbox, &["service", "status"]).output().expect_code(0).text(),
        &["port 443 cannot be opened", "nothing is"],
    );
    let error = alice(&sandbox, &["service", "install", "--sysctl"]).output().expect_code(1).stderr;
    says(&error, &["service install --sysctl --system --user alice"]);
    let system = ["--system", "--user", "alice"];
    let install = [&["service", "install", "--sysctl"], &system[..]].concat();
    says(&alice(&sandbox, &install).output().expect_code(1).stderr, &["for root"]);
    let _ = root(&sandbox, &install).output().expect_code(0);
    assert_eq!(start(), "80\n");
    let setting = etc.join("sysctl.d/50-wharf.conf");
    says(
        &fs::read_to_string(&setting).expect("it is there"),
        &["ip_unprivileged_port_start = 80", "It was 1024"],
    );
    says(
        &alice(&sandbox, &["service", "status"]).output().expect_code(0).text(),
        &["port 443 can be opened", "port 80 can"],
    );
    says(
        &alice(&sandbox, &["service", "install", "--sysctl"]).output().expect_code(0).text(),
        &["nothing more is needed"],
    );
    let _ = root(&sandbox, &[&["service", "uninstall"], &system[..]].concat()).output().expect_code(0);
    assert_eq!((start(), setting.exists()), (before, false));
}
