//! Real supervisors in a sandbox, each with two services: one is stopped by the supervisor's own client and stays away, and
//! the other goes on.
//!
//! The part that asks runs in the sandbox, where the pids are: this very test, told by its environment whom to ask.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test runs real programs and says what it skips"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use wharf_os::Os;
use wharf_os::keepers;
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::skip;

/// Tells the part inside whom to ask: KEEPER CHILD.
const ASK: &str = "WHARF_TEST_KEEPER";

/// Sets up the supervisor of its first argument with servers at ports 3000 and 3001; says who they are.
const KEEP: &str = r##"
import os, socket, stat, subprocess, sys, time
sys.path.insert(0, "scenarios")
import kit

kind, program = sys.argv[1], sys.argv[2]
base = os.path.join(os.getcwd(), "scratch")
server = "/usr/bin/python3 -m http.server --bind 127.0.0.1"
ports = {"one": 3000, "two": 3001}

def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path

def start(*words, **more):
    log = open(f"{base}/log", "ab")
    return subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)

def supervisord():
    text = f"""[unix_http_server]\nfile={base}/sock\n[supervisord]\nlogfile={base}/own-log\npidfile={base}/pid
[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]\nserverurl=unix://{base}/sock\n"""
    for name, port in ports.items():
        text += f"[program:{name}]\ncommand={server} {port}\n"
    text += "[group:shop]\nprograms=one\n"
    write(f"{base}/s.conf", text)
    # Its configuration is named as seen from its own folder.
    start(program, "-n", "-c", "s.conf", cwd=base)

def circus():
    text = f"[circus]\nendpoint = ipc://{base}/ctl\npubsub_endpoint = ipc://{base}/pub\n"
    for name, port in ports.items():
        text += f"[watcher:{name}]\ncmd = {server} {port}\n"
    start(program, write(f"{base}/circus.ini", text))

def each_folder():
    for name, port in ports.items():
        folder = f"{base}/services/{name}"
        write(f"{folder}/run", f"#!/bin/sh\nexec {server} {port}\n", 0o755)
        yield folder

def alone():
    for folder in each_folder():
        start(program, folder)

def monit():
    text = f"set daemon 1\nset httpd unixsocket {base}/monit.sock\n allow admin:monit\nset pidfile {base}/monit.pid\n"
    text += f"set idfile {base}/monit.id\nset statefile {base}/monit.state\nset logfile {base}/monit.log\n"
    for name, port in ports.items():
        # Monit starts a program and looks after it by the pid that it leaves.
        run = write(f"{base}/{name}", f"#!/bin/sh\n{server} {port} >/dev/null 2>&1 &\necho $! >{base}/{name}.pid\n", 0o755)
        text += f"check process {name} with pidfile {base}/{name}.pid\n start program = \"{run}\"\n"
        text += f" stop program = \"/bin/sh -c 'kill $(cat {base}/{name}.pid)'\"\n"
    return start(program, "-I", "-c", write(f"{base}/monitrc", text, 0o600)).pid

def answers(port):
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0

def pid_of(port):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
        except OSError:
            continue
        if words[1:3] == ["-m", "http.server"] and words[5] == str(port):
            return int(pid)

def here():
    return {"one": answers(3000), "two": answers(3001)}

def kill():
    """A signal alone does not stop it."""
    before = pid_of(3000)
    os.kill(before, 15)
    kit.until(lambda: pid_of(3000) not in (None, before) and answers(3000), "it is started again")
    if kind == "monit":
        # It learns of the process that it has started in its next cycle.
        status = [program, "-c", f"{base}/monitrc", "-B", "status"]
        kit.until(lambda: str(pid_of(3000)) in subprocess.run(status, capture_output=True, text=True).stdout.split(), "its pid")
    return told()

def told():
    pid = pid_of(3000)
    return {"child": pid, "keeper": keeper or int(kit.stat(pid)[1])}

def stays_away():
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if answers(3000) or not answers(3001):
            return here()
        time.sleep(0.05)
    return here()

def wait():
    kit.until(lambda: not answers(3000), "the port to be free")

keeper = {"supervisord": supervisord, "circusd": circus, "monit": monit}.get(kind, alone)()
kit.until(lambda: answers(3000) and answers(3001), "both servers")
# Only what has run for a moment counts as started.
time.sleep(1.5)
kit.ready(**told())
kit.obey(kill=kill, wait=wait, stays=stays_away)
"##;

/// Stops one of two services, in the sandbox; `client` is part of the command that does it.
fn one_stops_and_stays_away(test: &str, sandbox: &Sandbox, kind: &str, program: &str, client: &str) {
    let mut scene = sandbox.program(&["python3", "-c", KEEP, kind, program]).scene();
    scene.tell("kill");
    let pids = format!("{} {}", scene.pid("keeper"), scene.pid("child"));
    let inside = sandbox.wharf(&["--exact", test, "--nocapture"]).env(ASK, &pids);
    let said = inside.output().expect_code(0).text();
    assert!(said.contains("stopped by: ") && said.contains(client), "{said}");
    scene.tell("wait");
    let after = scene.tell("stays");
    assert_eq!((&after["one"], &after["two"]), (&false.into(), &true.into()), "{said}");
    scene.end();
}

fn ask(pids: &str) {
    let pids: Vec<u32> = pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
    let os = Os::native();
    let processes = os.processes.read(&pids);
    let order = keepers::order(&processes[0], pids[1]).unwrap().expect("it is a supervisor");
    assert!(keepers::order(&processes[0], 1).is_err() || order.service.starts_with('/'), "init is nobody's");
    assert_eq!(keepers::order(&processes[1], pids[1]), Ok(None), "a service is no supervisor");
    keepers::stop(&order, Duration::from_secs(30)).unwrap();
    println!("stopped by: {}", order.stop.join(" "));
}

macro_rules! real {
    ($($test:ident: $kind:literal, $client:literal;)*) => { $(
        #[test]
        fn $test() {
            if let Some(pids) = std::env::var_os(ASK) {
                return ask(&pids.into_string().unwrap());
            }
            let sandbox = match Sandbox::new(std::env::current_exe().unwrap().to_str().unwrap()) {
                Ok(sandbox) => sandbox,
                Err(why) => skip!("{why}"),
            };
            let Some(program) = installed($kind) else { skip!("{} is not installed: cargo xtask test does it", $kind) };
            one_stops_and_stays_away(stringify!($test), &sandbox, $kind, &program, $client);
        }
    )* };
}

real! {
    supervisord_is_told_by_supervisorctl: "supervisord", "stop shop:one";
    circus_is_told_by_circusctl: "circusd", "stop one";
    runit_is_told_by_sv: "runsv", "sv stop /";
    s6_is_told_by_s6_svc: "s6-supervise", "s6-svc -d /";
    daemontools_is_told_by_svc: "supervise", "svc -d /";
    monit_is_told_by_monit: "monit", "stop one";
}

fn installed(program: &str) -> Option<String> {
    let packages = match std::env::var_os("WHARF_TEST_ENV") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env"),
    };
    let places = [packages.join("venv/bin"), "/usr/bin".into(), "/usr/sbin".into()];
    let path = places.iter().map(|place| place.join(program)).find(|path| path.is_file())?;
    Some(path.display().to_string())
}
