//! The scenes are what they say: each is set up and looked at by /proc alone, without the binary.
//!
//! Not here: what wharf makes of them (`crates/wharf/tests`).
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

use std::collections::BTreeSet;

use wharf_testkit::sandbox::Sandbox;

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
    for mode in ["plain", "nested", "unaccepted", "mapped"] {
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
