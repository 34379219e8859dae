//! What a watch tells of two snapshots that follow one another.

use wharf_model::event::EventKind;
use wharf_model::process::ProcessState;
use wharf_os::facts::QueuedSocket;
use wharf_os::facts::SocketFacts;
use wharf_os::fake::{World, process};

use super::{Watch, fingerprint};
use crate::request::Request;
use crate::survey::survey;
use crate::testing::listener;

fn world(sockets: Vec<SocketFacts>) -> World {
    let holds = sockets.iter().map(|socket| (socket.inode, 7, 20)).collect();
    World { sockets, holds, processes: vec![process(7, 1, "node")], ..World::default() }
}

/// Returns what each of the worlds, one after the other, makes known: sign and port.
fn told(worlds: Vec<World>) -> Vec<Vec<(EventKind, u16)>> {
    let mut watch = Watch::default();
    let mut revision = 0;
    let mut step = |world: World| {
        let events = watch.step(&survey(&world.os(), &Request::default()).unwrap());
        for event in &events {
            revision += 1;
            assert_eq!(event.revision, revision, "revisions count up by one");
        }
        events.iter().map(|event| (event.kind, event.endpoint.port)).collect()
    };
    worlds.into_iter().map(&mut step).collect()
}

#[test]
fn what_is_there_at_first_is_present_and_what_comes_and_goes_opens_and_closes() {
    let (one, two) = (listener("127.0.0.1:3000", 1), listener("127.0.0.1:4000", 2));
    let events = told(vec![world(vec![one.clone()]), world(vec![one, two.clone()]), world(vec![two])]);
    assert_eq!(events[0], [(EventKind::Present, 3000)]);
    assert_eq!(events[1], [(EventKind::Opened, 4000)]);
    assert_eq!(events[2], [(EventKind::Closed, 3000)]);
}

#[test]
fn another_socket_at_the_same_address_is_a_close_and_an_open() {
    let events =
        told(vec![world(vec![listener("127.0.0.1:3000", 1)]), world(vec![listener("127.0.0.1:3000", 2)])]);
    assert_eq!(events[1], [(EventKind::Closed, 3000), (EventKind::Opened, 3000)]);
}

#[test]
fn a_stopped_owner_is_a_change_and_a_filling_queue_is_none() {
    let before = world(vec![listener("127.0.0.1:3000", 1)]);
    let mut stopped = before.clone();
    stopped.processes[0].state = ProcessState::Stopped;
    let mut busy = before.clone();
    busy.sockets[0].receive_queue = 3;
    busy.processes[0].state = ProcessState::Running;
    let events = told(vec![before, busy, stopped.clone(), stopped]);
    assert_eq!(events[1], []);
    assert_eq!(events[2], [(EventKind::Changed, 3000)]);
    assert_eq!(events[3], []);
}

#[test]
fn the_fingerprint_differs_with_the_sockets_and_with_nothing_else() {
    let one = world(vec![listener("127.0.0.1:3000", 1)]);
    let mut stopped = one.clone();
    stopped.processes[0].state = ProcessState::Stopped;
    let other = world(vec![listener("127.0.0.1:3000", 2)]);
    let of = |world: World| fingerprint(&world.os()).unwrap();
    assert_eq!(of(one.clone()), of(stopped));
    assert_ne!(of(one), of(other));
}

#[test]
fn a_receiver_of_a_queued_socket_that_works_is_no_change() {
    let mut world = World {
        sockets: vec![listener("127.0.0.1:3000", 1)],
        processes: vec![process(7, 1, "node")],
        queued: vec![QueuedSocket { inode: 1, pids: vec![7], seen: true }],
        ..World::default()
    };
    let take = |world: &World| survey(&world.clone().os(), &Request::default()).unwrap();
    let mut watch = Watch::default();
    assert_eq!(watch.step(&take(&world))[0].endpoint.owner.queued_to[0].pid, 7);
    world.processes[0].state = ProcessState::Running;
    assert_eq!(watch.step(&take(&world)), []);
    world.processes[0].state = ProcessState::Stopped;
    assert_eq!(watch.step(&take(&world))[0].changed, ["owner"]);
}
