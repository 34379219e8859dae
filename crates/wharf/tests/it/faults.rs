//! A kernel that does not answer: no /proc, no netlink, and readers that go away.

use wharf_testkit::sandbox::SOMEBODY;
use wharf_testkit::{sandbox, skip};

use crate::support::{detail, only, only_detail, owned_by, pids_of, snapshot};

#[test]
fn without_proc_there_is_a_partial_answer_or_a_clear_error() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let run = sandbox.wharf(&["ls", "--json"]).after_mounting("mount -t tmpfs none /proc");
    let snapshot = snapshot(run);
    let endpoint = only(&snapshot, 3000);
    assert_eq!(pids_of(&endpoint.owner.processes), [0; 0]);
    assert_eq!(endpoint.owner.held_by, wharf_model::owner::HeldBy::Hidden, "{endpoint:#?}");
    assert!(!snapshot.warnings.is_empty(), "{snapshot:#?}");
    let text = sandbox.wharf(&["ls"]).after_mounting("mount -t tmpfs none /proc").output().expect_code(0);
    assert!(text.text().contains("3000") && !text.stderr.contains("panicked"), "{text:#?}");
    let shown = sandbox.wharf(&["show", "3000"]).after_mounting("mount -t tmpfs none /proc").output();
    assert!(shown.code == Some(0) && !shown.stderr.contains("panicked"), "{shown:#?}");
}

#[test]
fn without_netlink_the_lists_of_proc_are_read_and_a_warning_is_given() {
    let sandbox = sandbox!();
    let scene =
        sandbox.scene("listen.py", &["tcp:127.0.0.1:3000", "tcp:[::]:4000,v6only=0", "udp:0.0.0.0:5000"]);
    let run = sandbox.wharf(&["ls", "--json"]).by_scenario("deny_netlink.py", &[]);
    let all = snapshot(run);
    assert!(all.warnings.iter().any(|warning| warning.code == "netlink-denied"), "{all:#?}");
    for port in [3000, 4000, 5000] {
        owned_by(only(&all, port), &[scene.pid("pid")]);
    }
    assert_eq!(only(&all, 4000).addresses, ["::".parse::<std::net::IpAddr>().expect("an address")]);
    let detail = detail(sandbox.wharf(&["show", "3000", "--json"]).by_scenario("deny_netlink.py", &[]));
    owned_by(&only_detail(&detail).endpoint, &[scene.pid("pid")]);
    // /proc/net does not tell IPV6_V6ONLY.
    let reached =
        snapshot(sandbox.wharf(&["ls", "127.0.0.1:4000", "--json"]).by_scenario("deny_netlink.py", &[]));
    owned_by(only(&reached, 4000), &[scene.pid("pid")]);
}

#[test]
fn without_netlink_and_proc_there_is_an_error_and_no_empty_list() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    // Mounted first, by root: only the binary itself is to be without.
    let run = sandbox.wharf(&["ls"]).after_mounting("mount -t tmpfs none /proc");
    let output = run.by_scenario("deny_netlink.py", &[]).output();
    assert!(!output.stderr.contains("panicked"), "{output:#?}");
    assert!(!output.stderr.trim().is_empty(), "nothing is seen, and nothing is said of it: {output:#?}");
    assert!(!output.text().contains("Nothing listens"), "that is not known: {output:#?}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("many.py", &["10000", "2000"]);
    for arguments in [&["ls"][..], &["ls", "--json"], &["show", "10000"]] {
        // The shell's own status is that of head; ours is told on stderr.
        let pipe = "{ \"$@\"; echo code $? >&2; } | head -c0";
        let output = sandbox.wharf(arguments).by(&["sh", "-c", pipe, "sh"]).output().expect_code(0);
        assert_eq!(output.stderr, "code 0\n", "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    for arguments in [&["ls"][..], &["ls", "--json"]] {
        let output = sandbox.wharf(arguments).by(&["sh", "-c", "exec \"$@\" >/dev/full", "sh"]).output();
        assert_ne!(output.code, Some(0), "what was not written was not done: {output:#?}");
        assert!(!output.stderr.contains("panicked") && !output.stderr.is_empty(), "{output:#?}");
    }
}

#[test]
fn closed_standard_streams_do_not_panic() {
    let sandbox = sandbox!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let close = "\"$@\" <&- >&-; echo code $? >&2";
    let output = sandbox.wharf(&["ls"]).by(&["sh", "-c", close, "sh"]).output().expect_code(0);
    assert!(!output.stderr.contains("panicked") && !output.stderr.contains("code 101"), "{output:#?}");
}

#[test]
fn an_unreadable_home_and_no_environment_are_no_matter() {
    let sandbox = sandbox!();
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let scene = sandbox.scene("listen.py", &[&format!("--uid={SOMEBODY}"), "tcp:127.0.0.1:3000"]);
    let run = sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY).by(&["env", "-i", "--chdir=/"]);
    owned_by(only(&snapshot(run), 3000), &[scene.pid("pid")]);
}

#[test]
fn few_descriptors_are_enough() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("many.py", &["10000", "300"]);
    let owner = scene.told["owners"][0][0].as_u64().expect("a pid");
    let limited = ["sh", "-c", "ulimit -n 16; exec \"$@\"", "sh"];
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).by(&limited));
    assert_eq!(snapshot.endpoints.len(), 300);
    for endpoint in &snapshot.endpoints {
        owned_by(endpoint, &[u32::try_from(owner).expect("a pid")]);
    }
}

#[test]
fn a_probe_of_an_owner_that_is_stopped_ends_in_time() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("states.py", &["stopped", "3000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--probe", "--json"]));
    owned_by(only(&snapshot, 3000), &[scene.pid("owner")]);
}
