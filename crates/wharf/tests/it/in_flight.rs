//! Listeners that no process has open.

use wharf_model::owner::{HeldBy, Owner};
use wharf_testkit::sandbox;

use crate::support::{ls, only, only_detail, owned_by, pids_of, says, show, text};

#[test]
fn in_flight_is_queued_to_who_could_receive_it() {
    queued_to_the_keeper("plain");
}

#[test]
fn in_flight_as_a_datagram_is_queued_to_who_could_receive_it() {
    queued_to_the_keeper("datagram");
}

#[test]
fn in_flight_to_its_own_sender_is_queued_to_it() {
    queued_to_the_keeper("own");
}

#[test]
fn looking_into_a_message_leaves_it_where_it_is() {
    let sandbox = sandbox!();
    for (mode, port) in [("plain", "3000"), ("datagram", "4000"), ("own", "5000")] {
        let mut scene = sandbox.scene("in_flight.py", &[mode, port]);
        let keeper = scene.pid("keeper");
        let port: u16 = port.parse().expect("a port");
        for _ in 0..3 {
            assert_eq!(only(&ls(&sandbox, &[]), port).owner.held_by, HeldBy::InFlight, "{mode}");
            show(&sandbox, &port.to_string());
        }
        scene.tell("deliver");
        let snapshot = ls(&sandbox, &[]);
        owned_by(only(&snapshot, port), &[keeper]);
    }
}

#[test]
fn in_flight_within_a_socket_in_flight_is_queued_to_who_could_receive_that() {
    queued_to_the_keeper("nested");
}

/// Nothing can look into a connection that is not accepted; the kernel only tells how many descriptors
/// wait there. So it need not be called certain, but whoever asks has to be led to that process.
#[test]
fn in_flight_on_a_connection_not_yet_accepted_leads_to_who_could_accept_it() {
    leads_to_the_keeper("unaccepted");
}

/// The first message hides the ones behind it.
#[test]
fn in_flight_behind_another_message_leads_to_who_could_receive_it() {
    leads_to_the_keeper("behind");
}

#[track_caller]
fn leads_to_the_keeper(mode: &str) {
    let sandbox = sandbox!();
    let scene = sandbox.scene("in_flight.py", &[mode, "3000"]);
    let keeper = scene.pid("keeper");
    let snapshot = ls(&sandbox, &[]);
    let owner = &only(&snapshot, 3000).owner;
    assert!(matches!(owner.held_by, HeldBy::InFlight | HeldBy::NoProcess), "{owner:#?}");
    if owner.held_by == HeldBy::InFlight {
        assert_eq!(pids_of(&owner.queued_to), [keeper], "{owner:#?}");
    }
    assert_eq!(pids_of(&owner.processes), [0; 0]);
    says(&text(&sandbox, &["show", "3000"]), &[&format!("pid {keeper}")]);
}

#[test]
fn a_socket_that_only_a_memory_mapping_keeps_is_held_by_no_process() {
    let sandbox = sandbox!();
    let scene = sandbox.scene("in_flight.py", &["mapped", "3000"]);
    let check = |owner: &Owner| {
        assert_eq!(owner.held_by, HeldBy::NoProcess, "{owner:#?}");
        assert_eq!(pids_of(&owner.processes), [0; 0]);
        assert_eq!(pids_of(&owner.queued_to), [0; 0]);
    };
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    assert_eq!(endpoint.listeners[0].inode, Some(scene.number("inode")));
    check(&endpoint.owner);
    check(&only_detail(&show(&sandbox, "3000")).endpoint.owner);
    says(&text(&sandbox, &["ls"]), &["no process has it open"]);
    says(&text(&sandbox, &["show", "3000"]), &["no process has it open"]);
}

/// The listener is in a message of a kind (`mode`) that leads to a process which has not received it.
#[track_caller]
fn queued_to_the_keeper(mode: &str) {
    let sandbox = sandbox!();
    let scene = sandbox.scene("in_flight.py", &[mode, "3000"]);
    let keeper = scene.pid("keeper");
    let check = |owner: &Owner| {
        assert_eq!(owner.held_by, HeldBy::InFlight, "{owner:#?}");
        assert_eq!(pids_of(&owner.queued_to), [keeper], "{owner:#?}");
        assert_eq!(pids_of(&owner.processes), [0; 0]);
    };
    let snapshot = ls(&sandbox, &[]);
    let endpoint = only(&snapshot, 3000);
    assert_eq!(endpoint.listeners[0].inode, Some(scene.number("inode")));
    check(&endpoint.owner);
    check(&only_detail(&show(&sandbox, "3000")).endpoint.owner);
    let queued = format!("queued to pid {keeper}");
    says(&text(&sandbox, &["ls"]), &[&queued]);
    says(&text(&sandbox, &["show", "3000"]), &[&queued]);
}
