//! Notes that the survey's own tests do not reach: sharing of one address, replaced programs, bound sockets.

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{EndpointState, Level};
use wharf_model::process::ProcessState;
use wharf_os::facts::{ProcessFacts, SocketFacts};
use wharf_os::fake::{World, process};

use crate::request::Request;
use crate::survey::survey;
use crate::testing::{endpoints, listener};

/// One socket at 127.0.0.1:80 for each process, held by it.
fn sharing(processes: Vec<ProcessFacts>) -> World {
    let pids = processes.iter().map(|process| process.pid);
    World {
        sockets: pids.clone().map(|pid| listener("127.0.0.1:80", u64::from(pid))).collect(),
        holds: pids.map(|pid| (u64::from(pid), pid, 3)).collect(),
        processes,
        ..World::default()
    }
}

fn codes(world: World) -> Vec<String> {
    endpoints(world).into_iter().flat_map(|endpoint| endpoint.notes).map(|note| note.code).collect()
}

#[test]
fn several_jobs_on_one_address_are_noted() {
    assert_eq!(codes(sharing(vec![process(7, 1, "node"), process(8, 1, "deno")])), ["several-jobs"]);
}

#[test]
fn workers_of_one_parent_and_a_master_with_workers_are_one_job() {
    assert_eq!(codes(sharing(vec![process(7, 5, "worker"), process(8, 5, "worker")])), [""; 0]);
    assert_eq!(codes(sharing(vec![process(7, 1, "master"), process(8, 7, "worker")])), [""; 0]);
}

#[test]
fn several_holders_of_one_socket_are_no_several_jobs() {
    let mut world = sharing(vec![process(7, 1, "node")]);
    world.processes.push(process(8, 1, "deno"));
    world.holds.push((7, 8, 3));
    assert_eq!(codes(world), [""; 0]);
}

#[test]
fn a_replaced_program_is_told_and_so_is_each_state_that_explains_silence() {
    let with = |change: fn(&mut ProcessFacts)| {
        let mut one = process(7, 1, "node");
        change(&mut one);
        codes(sharing(vec![one]))
    };
    assert_eq!(with(|one| one.exe_deleted = true), ["executable-replaced"]);
    assert_eq!(with(|one| one.state = ProcessState::Stopped), ["process-stopped"]);
    assert_eq!(with(|one| one.state = ProcessState::Traced), ["process-traced"]);
    assert_eq!(with(|one| one.state = ProcessState::Frozen), ["process-frozen"]);
    assert_eq!(with(|one| one.state = ProcessState::Zombie), ["process-zombie"]);
    assert_eq!(with(|_| ()), [""; 0]);
}

#[test]
fn a_bound_socket_says_that_it_refuses_and_is_shown_on_demand_alone() {
    let mut world = sharing(vec![process(7, 1, "node")]);
    world.sockets[0].state = TcpState::Bound;
    assert_eq!(endpoints(world.clone()), []);
    let all = Request { bound: true, ..Request::default() };
    let found = survey(&world.os(), &all).unwrap().endpoints.remove(0);
    assert_eq!(found.state, EndpointState::Bound);
    assert_eq!((found.notes[0].code.as_str(), found.notes[0].level), ("bound", Level::Info));
    assert_eq!((found.listeners[0].accept_queue, found.listeners[0].backlog), (None, None));
}

#[test]
fn hidden_owners_of_one_port_differ_by_user_alone() {
    let of = |uid| World {
        sockets: vec![listener("127.0.0.1:80", 1), SocketFacts { uid, ..listener("127.0.0.2:80", 2) }],
        ..World::default()
    };
    assert_eq!(codes(of(1000)), [""; 0]);
    assert_eq!(codes(of(0)), ["port-shared", "port-shared"]);
}
