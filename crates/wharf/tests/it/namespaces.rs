//! Listeners in other network namespaces.

use wharf_model::endpoint::{Endpoint, Exposure};
use wharf_model::owner::HeldBy;
use wharf_testkit::sandbox::SOMEBODY;
use wharf_testkit::{sandbox, skip};

use crate::support::{ls, only, only_detail, owned_by, pids_of, says, show, snapshot, text};

#[test]
fn a_listener_elsewhere_is_marked_with_its_namespace_and_its_process() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("namespaces.py", &["other", "3000"]);
    let owner = scene.pid("owner");
    let check = |endpoint: &Endpoint| {
        owned_by(endpoint, &[owner]);
        assert!(!endpoint.netns.own);
        assert_eq!(endpoint.netns.inode, Some(scene.number("netns")));
        assert_eq!(endpoint.netns.pid, Some(owner));
        assert_eq!(endpoint.exposure, Exposure::Namespace);
    };
    check(only(&ls(&sandbox, &[]), 3000));
    check(&only_detail(&show(&sandbox, "3000")).endpoint);
    let pid = owner.to_string();
    says(&text(&sandbox, &["ls"]), &["3000", "netns", &pid]);
    says(&text(&sandbox, &["show", "3000"]), &["3000", "namespace", &pid]);
}

#[test]
fn a_named_namespace_is_called_by_its_name() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("namespaces.py", &["named", "3000", "blue"]);
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    owned_by(endpoint, &[scene.pid("owner")]);
    assert_eq!(endpoint.netns.name.as_deref(), Some("blue"));
    says(&text(&sandbox, &["ls"]), &["blue"]);
}

#[test]
fn a_namespace_in_which_no_process_lives_is_found_by_its_name() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("namespaces.py", &["left", "3000", "red"]);
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    owned_by(endpoint, &[scene.pid("owner")]);
    assert!(!endpoint.netns.own);
    assert_eq!(endpoint.netns.name.as_deref(), Some("red"));
    owned_by(&only_detail(&show(&sandbox, "3000")).endpoint, &[scene.pid("owner")]);
}

#[test]
fn one_port_here_and_elsewhere_is_two_endpoints_of_two_owners() {
    let sandbox = sandbox!();
    let near = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000"]);
    let far = sandbox.scene("namespaces.py", &["other", "3000"]);
    let snapshot = ls(&sandbox, &["3000"]);
    assert_eq!(snapshot.endpoints.len(), 2, "{snapshot:#?}");
    for endpoint in &snapshot.endpoints {
        owned_by(endpoint, &[if endpoint.netns.own { near.pid("pid") } else { far.pid("owner") }]);
    }
    assert_ne!(snapshot.endpoints[0].id, snapshot.endpoints[1].id);
    assert_eq!(show(&sandbox, "3000").endpoints.len(), 2);
}

#[test]
fn thirty_namespaces_with_the_same_port_are_thirty_rows() {
    let sandbox = sandbox!();
    let scenes: Vec<_> = (0..30).map(|_| sandbox.scene("namespaces.py", &["other", "3000"])).collect();
    let snapshot = ls(&sandbox, &["3000"]);
    assert_eq!(snapshot.endpoints.len(), scenes.len());
    for scene in &scenes {
        let inode = Some(scene.number("netns"));
        let endpoint = snapshot.endpoints.iter().find(|endpoint| endpoint.netns.inode == inode);
        owned_by(endpoint.expect("each has its row"), &[scene.pid("owner")]);
    }
    let ids: std::collections::BTreeSet<&str> =
        snapshot.endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect();
    assert_eq!(ids.len(), scenes.len(), "an identity is of one endpoint: {ids:?}");
}

#[test]
fn an_ordinary_user_sees_their_own_listener_elsewhere_with_its_owner() {
    let sandbox = sandbox!();
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let user = SOMEBODY.to_string();
    let scene = sandbox.scene("namespaces.py", &["other", "3000", &user]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    let endpoint = only(&snapshot, 3000);
    owned_by(endpoint, &[scene.pid("owner")]);
    assert!(!endpoint.netns.own);
}

#[test]
fn an_ordinary_user_sees_anothers_listener_elsewhere_without_a_guess_at_its_owner() {
    let sandbox = sandbox!();
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let scene = sandbox.scene("namespaces.py", &["other", "3000"]);
    let snapshot = snapshot(sandbox.wharf(&["ls", "--json"]).as_user(SOMEBODY));
    // /proc/PID/net may be read by anybody; /proc/PID/ns and /proc/PID/fd may not.
    let endpoint = only(&snapshot, 3000);
    assert_eq!(endpoint.owner.held_by, HeldBy::Hidden, "{endpoint:#?}");
    assert_eq!(pids_of(&endpoint.owner.processes), [0; 0]);
    assert_eq!(endpoint.owner.uid, 0);
    assert!(!endpoint.netns.own);
    assert_eq!(endpoint.netns.pid, Some(scene.pid("owner")));
}
