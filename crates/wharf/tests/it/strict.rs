//! `wharf run --strict`: what could get by is denied, and everything else is as ever.

use wharf_testkit::run::{Output, Run};
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::running::{Way, keeps_every_promise, start};
use crate::support::{ls, only, says};

fn run<'a>(sandbox: &'a Sandbox, words: &[&str]) -> Run<'a> {
    let run = sandbox.wharf(&[&["run"], words].concat());
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

/// Returns the script that binds by io_uring, if this kernel can.
fn ring(sandbox: &Sandbox) -> Result<String, String> {
    let script = sandbox.folder().join("scenarios/ring.py").display().to_string();
    let bare = sandbox.program(&["python3", &script, "3000"]).output().expect_code(0).text();
    match bare.as_str() {
        "0 0 3000\n" => Ok(script),
        other => Err(format!("io_uring cannot bind here (Linux 6.11 can): {}", other.trim())),
    }
}

/// Makes a sandbox, or ends the test as skipped where the kernel cannot be strict.
macro_rules! strict_sandbox {
    () => {{
        let sandbox = sandbox!();
        let tried = strict(&sandbox, &["true"]);
        if tried.code == Some(125) && tried.stderr.contains("Landlock") {
            skip!("{}", tried.stderr);
        }
        sandbox
    }};
}

fn strict(sandbox: &Sandbox, words: &[&str]) -> Output {
    run(sandbox, &[&["--strict", "--"], words].concat()).output()
}

#[test]
fn io_uring_gets_by_but_not_in_a_strict_run() {
    let sandbox = strict_sandbox!();
    let script = match ring(&sandbox) {
        Ok(script) => script,
        Err(why) => skip!("{why}"),
    };
    let free = run(&sandbox, &["--", "python3", &script, "3000"]).output().expect_code(0);
    assert_eq!(free.text(), "0 0 3000\n", "if this is no longer so, say it in the README");
    for arguments in [&["3000"][..], &[]] {
        let denied = strict(&sandbox, &[&["python3", &script], arguments].concat()).expect_code(0);
        assert_eq!(denied.text(), "setup ENOSYS\n");
    }
}

#[test]
fn a_strict_run_keeps_every_promise() {
    let sandbox = strict_sandbox!();
    let command = ["sh", "-c", "exec python3 -m http.server --bind :: 3000"];
    let way = Way { options: &["--strict"], ..Way::default() };
    keeps_every_promise(&sandbox, way, &command, true);
}

#[test]
fn other_sockets_are_as_ever_in_a_strict_run() {
    let sandbox = strict_sandbox!();
    let script = "import socket
for family, kind, address in [(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 0)),
                              (socket.AF_INET6, socket.SOCK_STREAM, ('::1', 0)),
                              (socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', 3000)),
                              (socket.AF_UNIX, socket.SOCK_STREAM, '\\0wharf-test')]:
    s = socket.socket(family, kind)
    s.bind(address)
    if kind == socket.SOCK_STREAM: s.listen()
    if family == socket.AF_INET and kind == socket.SOCK_STREAM: socket.create_connection(s.getsockname())
s = socket.socket()
s.listen()
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
";
    let done = strict(&sandbox, &["python3", "-c", script]).expect_code(0);
    assert_eq!(done.text(), "b'lo\\x00'\n", "{}", done.stderr);
}

#[test]
fn what_cannot_be_looked_into_opens_nothing_in_a_strict_run() {
    let sandbox = strict_sandbox!();
    if !sandbox.has_users() {
        skip!("root may look into everything, and there is no other user here");
    }
    let script = "import ctypes, socket
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
def attempt(*addresses):
    s = socket.socket()
    try:
        for address in addresses: s.bind(address)
        s.listen()
    except OSError as error: return error.errno
print(attempt(('', 3000)), attempt(('127.0.0.1', 0)), attempt())";
    let denied = strict(&sandbox, &["python3", "-c", script]).expect_code(0);
    assert_eq!(denied.text(), "13 13 13\n", "{}", denied.stderr);
    says(&denied.stderr, &["PR_SET_DUMPABLE", "may not listen (--strict)"]);
}

#[test]
fn a_strict_run_in_the_background_is_strict_too() {
    let sandbox = strict_sandbox!();
    let script = match ring(&sandbox) {
        Ok(script) => script,
        Err(why) => skip!("{why}"),
    };
    let begun = run(&sandbox, &["--detach", "--strict", "--", "python3", &script, "3000"]).output();
    says(&begun.expect_code(0).stderr, &["setup ENOSYS"]);
}

#[test]
fn where_it_cannot_be_had_that_is_said() {
    let sandbox = sandbox!();
    let denied =
        run(&sandbox, &["--strict", "--", "true"]).by_scenario("deny.py", &["landlock_create_ruleset"]);
    says(&denied.output().expect_code(125).stderr, &["--strict cannot be had"]);
}

#[test]
fn nothing_more_is_opened_when_the_wharf_of_a_strict_run_is_killed() {
    let sandbox = strict_sandbox!();
    let script = sandbox.folder().join("scenarios/races.py").display().to_string();
    let (mut scene, port) = start(&sandbox, &["--strict", "--", "python3", &script, "later"], None);
    let server = only(&ls(&sandbox, &[]), port).owner.processes[0].pid.to_string();
    assert_eq!(scene.tell("end SIGKILL")["code"], -9);
    let _ = sandbox.program(&["kill", "-USR1", &server]).output().expect_code(0);
    // Its next bind(2) is refused, and it does not expect that.
    scene.tell("gone");
    says(scene.tell("says PermissionError")["said"].as_str().expect("a text"), &["PermissionError"]);
}
