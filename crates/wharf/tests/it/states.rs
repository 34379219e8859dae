//! Owners that do not answer, and queues that are full.

use wharf_model::process::ProcessState;
use wharf_testkit::{sandbox, skip};

use crate::support::{cgroups, event, ls, only, only_detail, owned_by, says, show, text};

/// The owner that a scene makes is in `state`, and both texts say so in `word`.
#[track_caller]
fn check(arguments: &[&str], state: ProcessState, word: &str) {
    let sandbox = sandbox!();
    let scene = sandbox.scene("states.py", arguments);
    let owner = scene.pid("owner");
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    owned_by(endpoint, &[owner]);
    assert_eq!(endpoint.owner.processes[0].state, state, "{endpoint:#?}");
    let detail = show(&sandbox, "3000");
    assert_eq!(only_detail(&detail).endpoint.owner.processes[0].state, state);
    says(&text(&sandbox, &["ls"]), &[word]);
    says(&text(&sandbox, &["show", "3000"]), &[word]);
}

#[test]
fn stopped_is_said_in_words() {
    check(&["stopped", "3000"], ProcessState::Stopped, "stopped");
}

#[test]
fn traced_is_said_in_words() {
    check(&["traced", "3000"], ProcessState::Traced, "debugger");
}

#[test]
fn frozen_by_version_1_is_said_in_words() {
    if let Err(why) = cgroups(1) {
        skip!("{why}");
    }
    check(&["frozen1", "3000", "wharf-test-frozen-1"], ProcessState::Frozen, "frozen");
}

#[test]
fn frozen_by_version_2_is_said_in_words() {
    if let Err(why) = cgroups(2) {
        skip!("{why}");
    }
    check(&["frozen2", "3000", "wharf-test-frozen-2"], ProcessState::Frozen, "frozen");
}

#[test]
fn frozen_by_a_group_further_up_is_frozen_too() {
    if let Err(why) = cgroups(2) {
        skip!("{why}");
    }
    let sandbox = sandbox!();
    let scene = sandbox.scene("states.py", &["frozen2", "3000", "wharf-test-frozen-up", "inner"]);
    let snapshot = ls(&sandbox, &[]);
    owned_by(only(&snapshot, 3000), &[scene.pid("owner")]);
    assert_eq!(only(&snapshot, 3000).owner.processes[0].state, ProcessState::Frozen, "{snapshot:#?}");
}

#[test]
fn a_parent_that_is_a_zombie_is_shown_as_one() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("states.py", &["zombie_parent", "3000"]);
    owned_by(only(&ls(&sandbox, &[]), 3000), &[scene.pid("owner")]);
    let detail = show(&sandbox, "3000");
    let endpoint = only_detail(&detail);
    owned_by(&endpoint.endpoint, &[scene.pid("owner")]);
    let parent = endpoint.ancestry.first().expect("it has a parent");
    assert_eq!((parent.pid, parent.state), (scene.pid("parent"), ProcessState::Zombie), "{endpoint:#?}");
    says(&text(&sandbox, &["show", "3000"]), &["zombie"]);
}

#[test]
fn ancestry_leads_up_to_the_first_process() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("states.py", &["stopped", "3000"]);
    let detail = show(&sandbox, "3000");
    let ancestry: Vec<u32> = only_detail(&detail).ancestry.iter().map(|process| process.pid).collect();
    assert_eq!(ancestry.first(), Some(&scene.pid("pid")), "{detail:#?}");
}

#[test]
fn a_full_accept_queue_is_noted() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000,backlog=1", "tcp:127.0.0.1:4000,backlog=9"]);
    // The kernel lets one more wait than the backlog says.
    let _clients = sandbox.scene("connect.py", &["-", "127.0.0.1:3000", "2"]);
    let _few = sandbox.scene("connect.py", &["-", "127.0.0.1:4000", "2"]);
    let snapshot = ls(&sandbox, &[]);
    let full = only(&snapshot, 3000);
    owned_by(full, &[scene.pid("pid")]);
    assert_eq!((full.listeners[0].accept_queue, full.listeners[0].backlog), (Some(2), Some(1)));
    assert!(full.notes.iter().any(|note| note.code.contains("queue-full")), "{full:#?}");
    let roomy = only(&snapshot, 4000);
    assert_eq!((roomy.listeners[0].accept_queue, roomy.listeners[0].backlog), (Some(2), Some(9)));
    assert!(!roomy.notes.iter().any(|note| note.code.contains("queue-full")), "{roomy:#?}");
    says(&text(&sandbox, &["ls"]), &["queue full"]);
    says(&text(&sandbox, &["show", "3000"]), &["full"]);
}

#[test]
fn a_watch_tells_that_an_owner_was_stopped_and_went_on() {
    let sandbox = sandbox!();
    let mut scene = sandbox.scene("states.py", &["stopped", "3000"]);
    scene.tell("resume");
    let watch = crate::watch::Watch::start(&sandbox, &["watch", "--json"]);
    let is_stopped = |line: &str| event(line).endpoint.owner.processes[0].state == ProcessState::Stopped;
    watch.until(|line| !is_stopped(line));
    scene.tell("stop");
    watch.until(is_stopped);
    scene.tell("resume");
    watch.until(|line| !is_stopped(line));
}
