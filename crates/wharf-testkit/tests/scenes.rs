//! The scenes are what they say: each is set up and looked at by /proc alone, without the binary.
//!
//! Not here: what wharf makes of them (`crates/wharf/tests`).
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

use std::collections::BTreeSet;

use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::skip;

macro_rules! bare_sandbox {
    () => {
        match Sandbox::new("/bin/true") {
            Ok(sandbox) => sandbox,
            Err(why) => wharf_testkit::skip!("{why}"),
        }
    };
}

/// Returns the inodes of the listening TCP sockets of the sandbox, and which of them some process has open.
fn listening(sandbox: &Sandbox) -> (BTreeSet<u64>, BTreeSet<u64>) {
    const LOOK: &str = "
import glob, os
inodes = [line.split()[9] for name in ('tcp', 'tcp6') for line in open('/proc/net/' + name) if line.split()[3] == '0A']
held = set()
for link in glob.glob('/proc/[0-9]*/fd/*'):
    try: held.add(os.readlink(link))
    except OSError: pass
print(*inodes)
print(*[inode for inode in inodes if f'socket:[{inode}]' in held])
";
    let output = sandbox.program(&["/usr/bin/env", "python3", "-c", LOOK]).output().expect_code(0).text();
    let mut lines = output.lines().map(|line| line.split(' ').filter_map(|word| word.parse().ok()).collect());
    (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

#[test]
fn a_sandbox_starts_with_no_listener_and_only_its_own_processes() {
    let sandbox = bare_sandbox!();
    assert_eq!(listening(&sandbox).0, BTreeSet::new());
    let first = sandbox.program(&["cat", "/proc/1/cmdline"]).output().expect_code(0).text();
    assert!(first.contains("holder.py"), "pid 1 is {first:?}");
}

#[test]
fn a_socket_in_flight_is_open_in_no_process() {
    for mode in ["plain", "datagram", "own", "behind", "nested", "unaccepted", "mapped"] {
        let sandbox = bare_sandbox!();
        let scene = sandbox.scene("in_flight.py", &[mode, "3000"]);
        let (listening, held) = listening(&sandbox);
        assert_eq!(listening, BTreeSet::from([scene.number("inode")]), "{mode}");
        assert_eq!(held, BTreeSet::new(), "{mode}");
    }
}

#[test]
fn a_prefork_socket_is_open_in_processes() {
    let sandbox = bare_sandbox!();
    let _scene = sandbox.scene("holders.py", &["prefork", "3000"]);
    let (listening, held) = listening(&sandbox);
    assert_eq!(listening.len(), 1);
    assert_eq!(listening, held);
}

#[test]
fn a_dropped_sandbox_ends_what_ran_in_it() {
    let sandbox = bare_sandbox!();
    let mark = sandbox.folder().display().to_string();
    let scene = sandbox.scene("holders.py", &["twice", "3000"]);
    assert!(alive(&mark));
    drop(scene);
    drop(sandbox);
    assert!(!alive(&mark));
}

/// Returns whether any process of the machine has `mark` in its command line.
fn alive(mark: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc is mounted");
    processes.flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|words| String::from_utf8_lossy(&words).contains(mark))
    })
}

#[test]
fn every_scene_can_be_set() {
    let sandbox = bare_sandbox!();
    all_can_be_set(&[
        &["holders.py", "twice", "3000"],
        &["holders.py", "reparented", "3000"],
        &["holders.py", "thread", "3000"],
        &["holders.py", "headless", "3000"],
        &["namespaces.py", "other", "3000"],
        &["namespaces.py", "named", "3000", "blue"],
        &["namespaces.py", "left", "3000", "red"],
        &["states.py", "stopped", "3000"],
        &["states.py", "traced", "3000"],
        &["states.py", "zombie_parent", "3000"],
        &["many.py", "10000", "3000"],
        &["churn.py", "3000", "3009"],
        &["odd_names.py", "escapes", "3000"],
        &["odd_names.py", "bytes", "3000"],
        &["odd_names.py", "long", "3000"],
        &["odd_names.py", "deleted", "3000"],
        &["listen.py", "tcp:127.0.0.1:3000,fd=300", "udp:[::]:53,v6only=1", "mptcp:0.0.0.0:80", "--fds=20"],
    ]);
    if sandbox.has_users() {
        all_can_be_set(&[
            &["namespaces.py", "other", "3000", "54321"],
            &["listen.py", "--name=odd", "--uid=54321", "tcp:[::1]:3000,device=lo,bound"],
        ]);
    } else {
        skip::note("every_scene_can_be_set: with other users", "subordinate user ids are needed");
    }
    if sandbox.is_root() {
        all_can_be_set(&[
            &["states.py", "frozen1", "3000", "wharf-test-one"],
            &["states.py", "frozen2", "3000", "wharf-test-two", "inner"],
            &["listen.py", "--cgroup2=wharf-test-three/inner", "tcp:[::1]:3000"],
        ]);
    } else {
        skip::note("every_scene_can_be_set: with control groups", "making control groups takes root");
    }
}

/// Sets each scene in a sandbox of its own, which panics if the scene fails.
fn all_can_be_set(scenes: &[&[&str]]) {
    for words in scenes {
        println!("{words:?}");
        let sandbox = Sandbox::new("/bin/true").expect("there was one a moment ago");
        println!("{}", sandbox.scene(words[0], &words[1..]).told);
    }
}

#[test]
fn a_pid_can_be_had_again() {
    let sandbox = bare_sandbox!();
    let mut scene = sandbox.scene("pid_reuse.py", &["3000"]);
    let (pid, ticks) = (scene.number("owner"), scene.number("start_ticks"));
    scene.tell("again");
    assert_eq!(scene.number("owner"), pid);
    assert_ne!(scene.number("start_ticks"), ticks);
}

#[test]
fn a_terminal_has_the_width_it_was_given() {
    let sandbox = bare_sandbox!();
    let size = sandbox.program(&["stty", "size"]).by_scenario("terminal.py", &["20"]).output().expect_code(0);
    assert_eq!(size.text().trim(), "24 20");
}

#[test]
fn netlink_can_be_denied() {
    let sandbox = bare_sandbox!();
    let try_it = "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)";
    let program = sandbox.program(&["python3", "-c", try_it]);
    let denied = program.by_scenario("deny_netlink.py", &[]).output().expect_code(1);
    assert!(denied.stderr.contains("PermissionError"), "{}", denied.stderr);
    let allowed = sandbox.program(&["python3", "-c", try_it]).output();
    assert_eq!(allowed.code, Some(0));
}
