//! What an ordinary user sees of another user's listener: much, and no guess.

use wharf_model::owner::HeldBy;
use wharf_testkit::sandbox::SOMEBODY;
use wharf_testkit::{sandbox, skip};

use crate::support::{cgroups, detail, ls, only, only_detail, owned_by, pids_of, says, snapshot};

/// A sandbox in which other users exist.
macro_rules! sandbox_with_users {
    () => {{
        let sandbox = sandbox!();
        if !sandbox.has_users() {
            skip!("no other users in this user namespace: subordinate user ids are needed");
        }
        sandbox
    }};
}

#[test]
fn anothers_listener_has_its_user_and_no_guessed_pid() {
    let sandbox = sandbox_with_users!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let mine = sandbox.scene("listen.py", &[&format!("--uid={SOMEBODY}"), "tcp:127.0.0.1:4000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    let hidden = only(&snapshot, 3000);
    assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "{hidden:#?}");
    assert_eq!(pids_of(&hidden.owner.processes), [0; 0]);
    assert_eq!(hidden.owner.uid, 0);
    owned_by(only(&snapshot, 4000), &[mine.pid("pid")]);
    let text = sandbox.wharf(&["ls"]).as_user(SOMEBODY).output().expect_code(0).text();
    says(&text, &["3000", "? (hidden)", "4000", &mine.pid("pid").to_string()]);
    let detail = detail(sandbox.wharf(&["show", "3000", "--json"]).as_user(SOMEBODY));
    assert_eq!(only_detail(&detail).endpoint.owner.held_by, HeldBy::Hidden);
}

#[test]
fn a_process_of_ones_own_that_is_closed_is_no_guess_either() {
    let sandbox = sandbox_with_users!();
    let _scene =
        sandbox.scene("listen.py", &[&format!("--uid={SOMEBODY}"), "--closed", "tcp:127.0.0.1:3000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    let hidden = only(&snapshot, 3000);
    assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "{hidden:#?}");
    assert_eq!((pids_of(&hidden.owner.processes).len(), hidden.owner.uid), (0, SOMEBODY));
}

#[test]
fn what_nobody_can_be_seen_to_hold_is_not_said_to_be_held_by_nobody() {
    let sandbox = sandbox_with_users!();
    for (mode, port) in [("mapped", 3000), ("plain", 4000)] {
        let scene = sandbox.scene("in_flight.py", &[mode, &port.to_string()]);
        let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
        let hidden = only(&snapshot, port);
        assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "{mode}: {hidden:#?}");
        scene.end();
    }
}

#[test]
fn the_unit_of_anothers_listener_is_known_by_its_control_group() {
    let sandbox = sandbox_with_users!();
    let group = "wharf-test-unit.slice/shop.service";
    if let Err(why) = cgroups(2) {
        skip!("{why}");
    }
    let _scene = sandbox.scene("listen.py", &[&format!("--cgroup2={group}"), "tcp:127.0.0.1:3000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    let hidden = only(&snapshot, 3000);
    assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "{hidden:#?}");
    assert_eq!(pids_of(&hidden.owner.processes), [0; 0]);
    assert!(hidden.owner.cgroup.as_ref().is_some_and(|path| path.ends_with(group)), "{hidden:#?}");
    assert_eq!(hidden.unit.as_ref().map(|unit| unit.name.as_str()), Some("shop.service"), "{hidden:#?}");
    let text = sandbox.wharf(&["ls"]).as_user(SOMEBODY).output().expect_code(0).text();
    says(&text, &["shop.service"]);
}

#[test]
fn the_container_of_anothers_listener_is_known_by_its_control_group() {
    let sandbox = sandbox_with_users!();
    let id = "4f9d0c1b".repeat(8);
    if let Err(why) = cgroups(2) {
        skip!("{why}");
    }
    let group = format!("wharf-test-engine.slice/docker-{id}.scope");
    let _scene = sandbox.scene("listen.py", &[&format!("--cgroup2={group}"), "tcp:127.0.0.1:3000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    let hidden = only(&snapshot, 3000);
    assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "{hidden:#?}");
    let container = hidden.container.as_ref().expect("its control group names it");
    assert_eq!((container.engine.as_str(), &container.id), ("docker", &id));
    let text = sandbox.wharf(&["ls"]).as_user(SOMEBODY).output().expect_code(0).text();
    says(&text, &[&id[..12]]);
}

#[test]
fn mine_lists_only_the_users_own() {
    let sandbox = sandbox_with_users!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let _mine = sandbox.scene("listen.py", &[&format!("--uid={SOMEBODY}"), "tcp:127.0.0.1:4000"]);
    let own = snapshot(sandbox.wharf(&["ls", "--mine", "--json"]).as_user(SOMEBODY));
    assert_eq!(own.endpoints.iter().map(|one| one.port).collect::<Vec<_>>(), [4000]);
    let roots = ls(&sandbox, &["--mine"]);
    assert_eq!(roots.endpoints.iter().map(|one| one.port).collect::<Vec<_>>(), [3000]);
    let named = ls(&sandbox, &[&format!("user:{SOMEBODY}")]);
    assert_eq!(named.endpoints.iter().map(|one| one.port).collect::<Vec<_>>(), [4000]);
}

#[test]
fn hidepid_hides_owners_and_says_so() {
    let sandbox = sandbox_with_users!();
    let _scene = sandbox.scene("listen.py", &["tcp:127.0.0.1:3000"]);
    let mine = sandbox.scene("listen.py", &[&format!("--uid={SOMEBODY}"), "tcp:127.0.0.1:4000"]);
    let hide = "mount -t proc -o hidepid=2 proc /proc";
    let run = sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY).after_mounting(hide);
    let snapshot = snapshot(run);
    let hidden = only(&snapshot, 3000);
    assert_eq!(hidden.owner.held_by, HeldBy::Hidden, "not \"no process\": {hidden:#?}");
    owned_by(only(&snapshot, 4000), &[mine.pid("pid")]);
    assert!(!snapshot.warnings.is_empty(), "{snapshot:#?}");
}
