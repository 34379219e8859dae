//! Whose a port is: what a run left to others is not marked, however its number may be.

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Endpoint;
use wharf_model::lease::LeaseName;
use wharf_model::run::{Run, RunMark, RunPort, RunProcess, RunState};
use wharf_model::timestamp::Timestamp;
use wharf_os::facts::SocketFacts;
use wharf_os::fake::{World, process};

use crate::request::{Asker, Request};
use crate::survey::survey;
use crate::testing::listener;

/// "api.shop": wharf (pid 5) runs npm (6), which asked for 3000 and was told 20001. Processes of the fake world start
/// as many ticks after boot as their pid is.
fn run() -> Run {
    let of = |pid: u32| RunProcess { pid, start_ticks: u64::from(pid) };
    Run {
        name: LeaseName { service: "api".to_owned(), worktree: None, project: "shop".to_owned() },
        state: RunState::Listening,
        port: 20_001,
        main_port: Some(22_640),
        main_address: None,
        named_url: None,
        ports: vec![RunPort { port: 22_640, asked_port: Some(3000), udp: false }],
        host_visible: false,
        isolated: false,
        command: vec!["npm".to_owned()],
        root: "/shop".to_owned(),
        directory: "/shop".to_owned(),
        started_at: Timestamp::from_unix_ms(0).unwrap(),
        wharf: of(5),
        guard: None,
        program: Some(of(6)),
        log: None,
        boot_id: None,
        pid_namespace: None,
    }
}

/// npm (6) under wharf (5) has started node (7), which listens at `port`.
fn world(port: u16) -> World {
    World {
        sockets: vec![listener(&format!("127.0.0.1:{port}"), 1)],
        processes: vec![
            process(7, 6, "node"),
            process(6, 5, "npm"),
            process(5, 1, "wharf"),
            process(1, 0, "systemd"),
        ],
        holds: vec![(1, 7, 20)],
        own_uid: 1000,
        ..World::default()
    }
}

fn mark(world: World, runs: Vec<Run>) -> Option<RunMark> {
    let request = Request { asker: Asker { home: None, runs }, ..Request::default() };
    let mut endpoints = survey(&world.os(), &request).unwrap().endpoints;
    assert_eq!(endpoints.len(), 1, "{endpoints:#?}");
    endpoints.remove(0).run
}

#[test]
fn what_a_process_of_the_run_opened_is_the_runs() {
    let found = mark(world(22_640), vec![run()]).unwrap();
    assert_eq!((found.name.as_str(), found.main, found.asked_port), ("api.shop", true, Some(3000)));
    assert_eq!(found.url.as_deref(), Some("http://127.0.0.1:22640"));
    let told = mark(world(20_001), vec![run()]).unwrap();
    assert_eq!((told.main, told.asked_port), (false, None));
    assert_eq!(mark(world(4000), vec![run()]), None, "not one of its ports");
    assert_eq!(mark(world(22_640), Vec::new()), None);
}

#[test]
fn an_orphan_of_a_run_is_its_wharfs_child() {
    let mut orphaned = world(22_640);
    orphaned.processes[0].ppid = 5;
    assert!(mark(orphaned, vec![Run { program: None, ..run() }]).is_some());
    // wharf is the first process of a container.
    let mut first = world(22_640);
    first.processes[1].ppid = 1;
    let wharf = RunProcess { pid: 1, start_ticks: 1 };
    assert!(mark(first, vec![Run { program: None, wharf, ..run() }]).is_some());
}

#[test]
fn a_number_that_somebody_else_has_now_is_not_the_runs() {
    let mut another = world(22_640);
    another.processes[0].ppid = 1;
    assert_eq!(mark(another.clone(), vec![run()]), None);
    assert_eq!(mark(another, vec![Run { state: RunState::Alone, ..run() }]), None);
    // The pids of the run are others' today.
    let mut reused = world(22_640);
    (reused.processes[1].start_ticks, reused.processes[2].start_ticks) = (2, 3);
    assert_eq!(mark(reused, vec![run()]), None);
    let mut younger = world(22_640);
    younger.processes[1].start_ticks = 1000;
    assert_eq!(mark(younger, vec![Run { program: None, ..run() }]), None);
}

#[test]
fn where_wharf_was_killed_an_orphan_is_known_by_what_it_was_told() {
    let mut world = world(22_640);
    world.processes[0].ppid = 1;
    let tell = |name: &str, value: &str| (7, name.to_owned(), value.to_owned());
    world.environment = vec![tell("WHARF_NAME", "api.shop"), tell("WHARF_URL", "http://127.0.0.1:20001")];
    let alone = Run { state: RunState::Alone, ..run() };
    assert_eq!(mark(world.clone(), vec![alone.clone()]).map(|mark| mark.state), Some(RunState::Alone));
    assert_eq!(mark(world.clone(), vec![run()]), None, "a living wharf would be its parent");
    world.environment[1].2 = "http://127.0.0.1:20002".to_owned();
    assert_eq!(mark(world, vec![alone]), None);
}

#[test]
fn one_that_may_not_be_looked_into_is_known_by_its_user_while_wharf_holds_the_port() {
    let hidden = World { denied: vec![7], ..world(22_640) };
    assert!(mark(hidden.clone(), vec![run()]).is_some());
    assert_eq!(mark(hidden.clone(), vec![Run { state: RunState::Alone, ..run() }]), None);
    let sockets = vec![SocketFacts { uid: 0, ..hidden.sockets[0].clone() }];
    assert_eq!(mark(World { sockets, ..hidden }, vec![run()]), None);
}

#[test]
fn what_wharf_holds_beside_the_listener_is_no_other_owner() {
    let mut world = world(22_640);
    world.sockets.push(SocketFacts { state: TcpState::Bound, ..listener("[::]:22640", 2) });
    world.holds.push((2, 5, 9));
    let look = |runs: Vec<Run>| {
        let request = Request { bound: true, asker: Asker { home: None, runs }, ..Request::default() };
        let endpoints = survey(&world.clone().os(), &request).unwrap().endpoints;
        assert_eq!(endpoints.len(), 2, "{endpoints:#?}");
        let shared = |endpoint: &Endpoint| endpoint.notes.iter().any(|note| note.code == "port-shared");
        endpoints.iter().filter(|endpoint| shared(endpoint)).count()
    };
    assert_eq!((look(vec![run()]), look(Vec::new())), (0, 2));
}

#[test]
fn a_door_of_an_isolated_run_is_wharfs_and_shows_what_is_behind_it() {
    let mut world = world(22_640);
    world.holds = vec![(1, 5, 9)];
    world.processes[1] = process(6, 5, "redis-server");
    let look = |runs: Vec<Run>| {
        let request = Request { asker: Asker { home: None, runs }, ..Request::default() };
        let endpoint = survey(&world.clone().os(), &request).unwrap().endpoints.remove(0);
        let service = endpoint.service.map(|service| service.name);
        (endpoint.owner.processes[0].pid, service)
    };
    let isolated = Run { isolated: true, ..run() };
    assert_eq!(look(vec![isolated.clone()]), (5, Some("Redis".to_owned())));
    // The number is another's by now.
    let ended = Run { program: Some(RunProcess { pid: 6, start_ticks: 5 }), ..isolated };
    assert_ne!(look(vec![ended]).1, Some("Redis".to_owned()));
}

#[test]
fn a_name_is_a_filter() {
    let found = |word: &str| {
        let request = Request {
            filters: vec![word.parse().unwrap()],
            asker: Asker { home: None, runs: vec![run()] },
            ..Request::default()
        };
        survey(&world(22_640).os(), &request).unwrap().endpoints.len()
    };
    assert_eq!(["api.shop", "api", "API.shop"].map(found), [1; 3]);
    assert_eq!(["api.store", "web.shop"].map(found), [0; 2]);
}
