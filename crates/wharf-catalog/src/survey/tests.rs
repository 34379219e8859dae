//! Surveys of worlds made of values: who owns what, and what is said where that is not known.

use std::collections::BTreeMap;

use wharf_model::endpoint::Endpoint;
use wharf_model::filter::Filter;
use wharf_model::owner::HeldBy;
use wharf_model::process::ProcessState;
use wharf_model::snapshot::Snapshot;
use wharf_os::facts::{ContainerFacts, Namespace, PublishedPort, QueuedSocket, SocketFacts};
use wharf_os::fake::{World, process};

use super::survey;
use crate::request::Request;
use crate::testing::listener;

fn look(world: World, request: &Request) -> Snapshot {
    survey(&world.os(), request).unwrap()
}

fn only(world: World) -> Endpoint {
    let mut endpoints = look(world, &Request::default()).endpoints;
    assert_eq!(endpoints.len(), 1, "{endpoints:#?}");
    endpoints.remove(0)
}

/// A server "node" (pid 7) that listens on 127.0.0.1:3000, inode 1.
fn node() -> World {
    World {
        sockets: vec![listener("127.0.0.1:3000", 1)],
        processes: vec![process(7, 5, "node"), process(5, 1, "bash")],
        holds: vec![(1, 7, 20)],
        own_uid: 1000,
        ..World::default()
    }
}

fn codes(endpoint: &Endpoint) -> Vec<&str> {
    endpoint.notes.iter().map(|note| note.code.as_str()).collect()
}

#[test]
fn the_holder_is_the_owner() {
    let endpoint = only(node());
    assert_eq!(endpoint.owner.held_by, HeldBy::Processes);
    assert_eq!((endpoint.owner.processes[0].pid, endpoint.owner.processes[0].fds.as_slice()), (7, &[20][..]));
    assert!(endpoint.notes.is_empty(), "{endpoint:#?}");
}

#[test]
fn a_process_that_took_over_the_pid_is_never_the_owner() {
    let mut world = node();
    world.processes[0].start_ticks = 99;
    assert_ne!(only(world).owner.held_by, HeldBy::Processes);
}

#[test]
fn what_may_not_be_looked_into_is_hidden_and_what_nobody_holds_is_nobodys() {
    let nobodys = only(World { holds: Vec::new(), own_uid: 0, ..node() });
    assert_eq!(nobodys.owner.held_by, HeldBy::NoProcess);
    let snapshot = look(World { denied: vec![7], ..node() }, &Request::default());
    assert_eq!(snapshot.endpoints[0].owner.held_by, HeldBy::Hidden);
    assert!(snapshot.warnings.iter().any(|warning| warning.code == "owners-hidden"));
    let hidepid = only(World { holds: Vec::new(), processes_hidden: true, ..node() });
    assert_eq!(hidepid.owner.held_by, HeldBy::Hidden);
}

#[test]
fn a_socket_in_a_message_is_queued_to_its_receiver() {
    let queued = vec![QueuedSocket { inode: 1, pids: vec![7], seen: true }];
    let endpoint = only(World { holds: Vec::new(), queued, ..node() });
    assert_eq!(endpoint.owner.held_by, HeldBy::InFlight);
    assert_eq!(endpoint.owner.queued_to[0].pid, 7);
    let unseen = vec![QueuedSocket { inode: 0, pids: vec![7], seen: false }];
    // Found only among those that wait somewhere unseen: a remark, and no owner.
    let world = World { holds: Vec::new(), queued: unseen, ..node() };
    assert_eq!(only(world).owner.held_by, HeldBy::NoProcess);
}

#[test]
fn a_pre_fork_master_is_named_before_its_workers() {
    let mut world = node();
    world.processes = vec![process(30, 7, "node"), process(7, 5, "node"), process(31, 7, "node")];
    world.holds = vec![(1, 31, 20), (1, 30, 20), (1, 7, 20)];
    let endpoint = only(world);
    assert_eq!(endpoint.owner.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [7, 30, 31]);
    assert!(codes(&endpoint).is_empty(), "{endpoint:#?}");
}

#[test]
fn states_that_explain_silence_are_noted() {
    for (state, code) in [
        (ProcessState::Stopped, "process-stopped"),
        (ProcessState::Traced, "process-traced"),
        (ProcessState::Frozen, "process-frozen"),
    ] {
        let mut world = node();
        world.processes[0].state = state;
        assert_eq!(codes(&only(world)), [code]);
    }
    let mut world = node();
    world.processes[1].state = ProcessState::Zombie;
    assert_eq!(codes(&only(world)), ["parent-zombie"]);
}

#[test]
fn the_accept_queue_is_full_above_its_limit_and_not_at_it() {
    let with = |waiting| {
        let socket = SocketFacts { receive_queue: waiting, send_queue: 5, ..listener("127.0.0.1:3000", 1) };
        only(World { sockets: vec![socket], ..node() })
    };
    assert!(codes(&with(5)).is_empty());
    assert_eq!(codes(&with(6)), ["accept-queue-full"]);
}

#[test]
fn two_owners_of_one_port_know_of_each_other() {
    let mut world = node();
    world.sockets.push(listener("0.0.0.0:3000", 2));
    world.processes.push(process(8, 1, "other"));
    world.holds.push((2, 8, 3));
    for endpoint in look(world, &Request::default()).endpoints {
        assert_eq!(codes(&endpoint), ["port-shared"]);
    }
}

#[test]
fn other_namespaces_are_marked_and_their_processes_known() {
    let namespace = Namespace { key: 9, inode: Some(4_026_532_200), name: None, pids: vec![8] };
    let mut world = node();
    world.namespaces = vec![(namespace, vec![listener("0.0.0.0:3000", 2)])];
    world.processes.push(process(8, 1, "inside"));
    world.holds.push((2, 8, 3));
    let snapshot = look(world, &Request::default());
    let inside = snapshot.endpoints.iter().find(|endpoint| !endpoint.netns.own).unwrap();
    assert_eq!((inside.netns.inode, inside.netns.pid), (Some(4_026_532_200), Some(8)));
    assert_eq!(inside.owner.processes[0].name, "inside");
    assert_eq!(snapshot.endpoints.len(), 2);
}

fn engine() -> ContainerFacts {
    ContainerFacts {
        engine: "docker".to_owned(),
        id: "ab".repeat(32),
        name: "web".to_owned(),
        image: "nginx:1".to_owned(),
        ports: vec![PublishedPort {
            protocol: wharf_model::endpoint::Protocol::Tcp,
            host: Some("127.0.0.1".parse().unwrap()),
            host_port: 3000,
            container_port: 80,
        }],
        addresses: vec!["172.17.0.2".parse().unwrap()],
        compose_project: None,
        compose_service: None,
    }
}

fn docker_proxy() -> World {
    let mut world = node();
    let flags = "docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 3000 -container-ip 172.17.0.2 -container-port 80";
    world.processes[0].name = "docker-proxy".to_owned();
    world.processes[0].command = flags.split(' ').map(str::to_owned).collect();
    world
}

#[test]
fn behind_a_proxy_stands_its_container() {
    let told = only(World { containers: vec![engine()], ..docker_proxy() }).container.unwrap();
    assert_eq!((told.name.as_deref(), told.port), (Some("web"), Some(80)));
    // Without the engine, the namespace that has the container's address tells its id.
    let mut world = docker_proxy();
    let namespace = Namespace { key: 9, inode: Some(9), name: None, pids: vec![8] };
    world.namespaces = vec![(namespace, Vec::new())];
    world.namespace_addresses = BTreeMap::from([(9, vec!["172.17.0.2".parse().unwrap()])]);
    world.processes.push(process(8, 1, "nginx"));
    world.processes[2].cgroup = Some(format!("/docker/{}", "cd".repeat(32)));
    let found = only(world).container.unwrap();
    assert_eq!((found.id, found.port), ("cd".repeat(32), Some(80)));
}

#[test]
fn a_path_inside_a_container_is_no_project_of_the_host() {
    let mut world = node();
    world.files = BTreeMap::from([("/app/package.json".into(), br#"{"name":"hosts"}"#.to_vec())]);
    world.processes[0].cwd = Some("/app".to_owned());
    assert_eq!(only(world.clone()).project.unwrap().package.as_deref(), Some("hosts"));
    world.processes[0].cgroup = Some(format!("/docker/{}", "cd".repeat(32)));
    let endpoint = only(world);
    assert_eq!(endpoint.project, None);
    assert_eq!(endpoint.container.unwrap().engine, "docker");
}

#[test]
fn flags_must_all_hold_and_filters_are_alternatives() {
    let mut world = node();
    world.sockets.push(SocketFacts { uid: 0, ..listener("0.0.0.0:80", 2) });
    let ports = |request: Request| -> Vec<u16> {
        look(world.clone(), &request).endpoints.iter().map(|endpoint| endpoint.port).collect()
    };
    let filters = |words: &[&str]| words.iter().map(|word| word.parse::<Filter>().unwrap()).collect();
    assert_eq!(ports(Request { mine: true, ..Request::default() }), [3000]);
    assert_eq!(ports(Request { exposed: true, ..Request::default() }), [80]);
    assert_eq!(ports(Request { mine: true, exposed: true, ..Request::default() }), [0; 0]);
    assert_eq!(ports(Request { filters: filters(&["80", "3000"]), ..Request::default() }), [3000, 80]);
    assert_eq!(ports(Request { filters: filters(&["81"]), ..Request::default() }), [0; 0]);
    assert_eq!(ports(Request { in_project: true, ..Request::default() }), [0; 0]);
}
