//! Everything about one port, in worlds made of values.

use std::net::SocketAddr;

use wharf_model::connection::TcpState;
use wharf_model::detail::PortDetail;
use wharf_model::endpoint::Protocol;
use wharf_model::filter::Filter;
use wharf_os::facts::{Namespace, SocketFacts};
use wharf_os::fake::{World, process};

use super::{complete, head};
use crate::request::Asker;
use crate::testing::{connection, listener};

/// Shows `target` in both steps: the detail after the head, and after all.
fn show(world: World, target: &str) -> (PortDetail, PortDetail) {
    let os = world.os();
    let filter: Filter = target.parse().unwrap();
    let first = head(&os, target, &filter, &Asker::default()).unwrap();
    let mut all = first.clone();
    complete(&os, &filter, &Asker::default(), &mut all);
    (first, all)
}

fn node() -> World {
    World {
        sockets: vec![listener("127.0.0.1:3000", 1)],
        processes: vec![process(7, 5, "node"), process(5, 1, "bash"), process(1, 0, "systemd")],
        holds: vec![(1, 7, 20)],
        environment: vec![(7, "PORT".to_owned(), "3000".to_owned())],
        ..World::default()
    }
}

#[test]
fn a_listener_is_told_with_its_ancestry_and_nothing_is_bound_beside_it() {
    let (first, _) = show(node(), "3000");
    let [detail] = &first.endpoints[..] else { panic!("one endpoint") };
    assert_eq!(detail.ancestry.iter().map(|process| process.pid).collect::<Vec<_>>(), [5, 1]);
    assert_eq!(detail.environment_port.as_deref(), Some("3000"));
    assert_eq!(first.availability, None);
    assert_eq!(first.number.unwrap().port, 3000);
}

#[test]
fn a_parent_that_is_younger_than_its_child_is_another_process() {
    let mut world = node();
    world.processes[1].start_ticks = 1_000;
    assert!(show(world, "3000").0.endpoints[0].ancestry.is_empty());
}

#[test]
fn a_free_port_is_bound_to_prove_it() {
    let (first, _) = show(World::default(), "62893");
    let availability = first.availability.unwrap();
    assert!(availability.free && availability.tried.iter().any(|trial| trial.address.ip().is_loopback()));
    let address: SocketAddr = "127.0.0.1:62893".parse().unwrap();
    let world = World { refuses: [(address, "EADDRINUSE".to_owned())].into(), ..World::default() };
    assert!(!show(world, "62893").0.availability.unwrap().free);
}

#[test]
fn a_bound_port_is_not_free_though_it_could_be_shared() {
    let mut world = node();
    world.sockets[0] = SocketFacts { state: TcpState::Bound, ..listener("0.0.0.0:3000", 1) };
    let (first, _) = show(world, "3000");
    assert_eq!(first.endpoints.len(), 1);
    assert!(!first.availability.unwrap().free);
}

#[test]
fn a_connection_that_took_the_port_is_the_answer_where_nobody_listens() {
    let world = World {
        sockets: vec![connection("127.0.0.1:7777", "127.0.0.1:5432", 3)],
        processes: vec![process(8, 1, "psql")],
        holds: vec![(3, 8, 4)],
        ..World::default()
    };
    let (first, _) = show(world, "7777");
    assert!(first.endpoints.is_empty());
    assert_eq!(first.holding[0].process.as_ref().unwrap().name, "psql");
}

#[test]
fn the_second_step_adds_clients_and_other_namespaces() {
    let mut world = node();
    world.sockets.push(connection("127.0.0.1:3000", "127.0.0.1:41000", 2));
    world.sockets.push(connection("127.0.0.1:41000", "127.0.0.1:3000", 3));
    world.processes.push(process(8, 1, "curl"));
    world.holds.extend([(2, 7, 21), (3, 8, 5)]);
    let namespace = Namespace { key: 9, inode: Some(9), name: None, pids: vec![7] };
    world.namespaces = vec![(namespace, vec![listener("0.0.0.0:3000", 4)])];
    let (first, all) = show(world, "3000");
    assert_eq!((first.endpoints.len(), first.endpoints[0].connections.len()), (1, 0));
    assert_eq!(all.endpoints.len(), 2);
    let [client] = &all.endpoints[0].connections[..] else { panic!("one client: {all:#?}") };
    assert_eq!(client.peer.as_ref().unwrap().name, "curl");
    assert!(all.endpoints[1].connections.is_empty());
}

#[test]
fn a_udp_server_is_told_with_the_sockets_that_are_connected_to_it() {
    let udp = |socket: SocketFacts| SocketFacts { protocol: Protocol::Udp, ..socket };
    let server = SocketFacts { state: TcpState::Closed, ..udp(listener("0.0.0.0:5353", 1)) };
    let clients = |sockets: Vec<SocketFacts>| {
        let sockets = sockets.into_iter().map(udp).chain([server.clone()]).collect();
        let processes = vec![process(7, 1, "server"), process(8, 1, "dig")];
        let holds = vec![(1, 7, 20), (2, 7, 21), (3, 8, 5)];
        let (_, all) = show(World { sockets, processes, holds, ..World::default() }, "5353");
        assert!(all.holding.is_empty(), "{all:#?}");
        all.endpoints[0].connections.clone()
    };
    let client = connection("127.0.0.1:41000", "127.0.0.1:5353", 3);
    let found = clients(vec![client.clone()]);
    let [one] = &found[..] else { panic!("one client: {found:#?}") };
    assert_eq!((one.local, one.remote), (client.remote, client.local));
    assert_eq!(one.process.as_ref().unwrap().name, "server");
    assert_eq!(one.peer.as_ref().unwrap().name, "dig");
    // One that the server is connected to as well is told once.
    let back = connection("127.0.0.1:5353", "127.0.0.1:41000", 2);
    assert_eq!(clients(vec![client, back]).len(), 1);
    // The same port of another machine is another server.
    assert!(clients(vec![connection("192.0.2.7:41000", "192.0.2.53:5353", 3)]).is_empty());
}

/// Returns the pids of the leading processes of the endpoints that have a client.
fn with_clients(sockets: Vec<SocketFacts>, holds: Vec<(u64, u32, u32)>) -> Vec<u32> {
    let processes = vec![process(7, 1, "node"), process(8, 1, "deno"), process(9, 1, "curl")];
    let (_, all) = show(World { sockets, holds, processes, ..World::default() }, "3000");
    let served = all.endpoints.iter().filter(|detail| !detail.connections.is_empty());
    served.map(|detail| detail.endpoint.owner.processes[0].pid).collect()
}

#[test]
fn a_connection_belongs_to_the_specific_address_before_the_wildcard() {
    let sockets = vec![
        listener("0.0.0.0:3000", 10),
        listener("127.0.0.1:3000", 11),
        connection("127.0.0.1:3000", "127.0.0.1:41000", 12),
    ];
    assert_eq!(with_clients(sockets, vec![(10, 7, 20), (11, 8, 20), (12, 8, 21)]), [8]);
}

#[test]
fn a_connection_belongs_to_the_wildcard_of_its_family() {
    let v6_only = SocketFacts { v6_only: Some(true), ..listener("[::]:3000", 10) };
    let sockets =
        vec![v6_only, listener("0.0.0.0:3000", 11), connection("127.0.0.1:3000", "127.0.0.1:41000", 12)];
    assert_eq!(with_clients(sockets, vec![(10, 7, 20), (11, 8, 20), (12, 8, 21)]), [8]);
    let dual = vec![listener("[::]:3000", 10), connection("127.0.0.1:3000", "127.0.0.1:41000", 12)];
    assert_eq!(with_clients(dual, vec![(10, 7, 20), (12, 7, 21)]), [7]);
}
