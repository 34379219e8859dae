//! Which routes there are.

use std::sync::Arc;

use wharf_model::lease::{Lease, LeaseName};
use wharf_model::route::{Route, RouteOrigin};
use wharf_model::run::{Run, RunProcess, RunState};
use wharf_model::timestamp::Timestamp;
use wharf_router::config::Config;
use wharf_router::table::Readiness;

use super::{Sources, routes};

fn name(text: &str) -> LeaseName {
    let parts: Vec<&str> = text.split('.').collect();
    let (service, worktree, project) = match parts.as_slice() {
        [service, worktree, project] => (service, Some((*worktree).to_owned()), project),
        parts => (&parts[0], None, &parts[1]),
    };
    LeaseName { service: (*service).to_owned(), worktree, project: (*project).to_owned() }
}

fn lease(text: &str, port: u16) -> Lease {
    let now = Timestamp::from_unix_ms(0).unwrap();
    Lease {
        id: String::new(),
        name: name(text),
        root: "/shop".to_owned(),
        asked_port: None,
        port,
        pinned: false,
        handed_out: false,
        fence: 1,
        created_at: now,
        used_at: now,
    }
}

fn run(text: &str, main_port: Option<u16>, state: RunState) -> Run {
    Run {
        name: name(text),
        state,
        port: 1,
        main_port,
        main_address: None,
        named_url: None,
        ports: Vec::new(),
        host_visible: false,
        isolated: false,
        command: Vec::new(),
        root: "/shop".to_owned(),
        directory: "/shop".to_owned(),
        started_at: Timestamp::from_unix_ms(0).unwrap(),
        wharf: RunProcess { pid: 1, start_ticks: 1 },
        guard: None,
        program: None,
        log: None,
        boot_id: None,
        pid_namespace: None,
    }
}

#[test]
fn what_has_not_listened_yet_takes_no_name_from_others() {
    let config = Config::default();
    let leads = |leases: &[Lease], runs: &[Run]| {
        let all = routes(&Sources { config: &config, leases, runs, added: &[] });
        let found = all.iter().find(|(route, _)| route.host == "shop.localhost");
        found.and_then(|(route, _)| route.name.clone()).map(|name| name.to_string())
    };
    let (web, one_off) = (lease("web.shop", 1), lease("shop.shop", 2));
    let web_runs = run("web.shop", Some(1), RunState::Listening);
    let begins = run("shop.shop", None, RunState::Starting);
    let both = [web.clone(), one_off.clone()];
    assert_eq!(leads(&both, &[web_runs.clone(), begins.clone()]).as_deref(), Some("web.shop"));
    // Nobody else is there.
    assert_eq!(leads(&both[1..], std::slice::from_ref(&begins)).as_deref(), Some("shop.shop"));
    // It listens, or had its lease before.
    let listens = Run { main_port: Some(2), ..begins.clone() };
    assert_eq!(leads(&both, &[web_runs.clone(), listens]).as_deref(), Some("shop.shop"));
    let later = Run { started_at: Timestamp::from_unix_ms(60_000).unwrap(), ..begins };
    assert_eq!(leads(&both, &[web_runs, later]).as_deref(), Some("shop.shop"));
}

fn added(host: &str, upstream: &str) -> Route {
    Route {
        host: host.to_owned(),
        path: None,
        strip: false,
        wildcard: false,
        upstream: upstream.parse().unwrap(),
        starting: false,
        url: None,
        address: None,
        note: None,
        name: None,
        origin: RouteOrigin::Added,
        process: None,
        uid: None,
    }
}

/// Returns each route in a line.
fn lines(leases: &[Lease], runs: &[Run], added: &[Route]) -> Vec<String> {
    let config = Config::default();
    let added: Vec<Arc<Route>> = added.iter().cloned().map(Arc::new).collect();
    let all = routes(&Sources { config: &config, leases, runs, added: &added });
    let line = |(route, readiness): &(Arc<Route>, Readiness)| {
        let waits = if *readiness == Readiness::Starting { " starting" } else { "" };
        format!("{} {} {:?}{waits}", route.host, route.upstream, route.origin)
    };
    all.iter().map(line).collect()
}

#[test]
fn a_lease_leads_to_its_port_and_a_run_to_where_it_listens() {
    let leases = [lease("api.shop", 20_001), lease("web.shop", 20_002), lease("web.cart.shop", 20_003)];
    let runs =
        [run("api.shop", Some(20_009), RunState::Listening), run("web.cart.shop", None, RunState::Starting)];
    let expected = [
        "api.shop.localhost http://localhost:20009 Run",
        "cart.shop.localhost http://localhost:20003 Run starting",
        "web.cart.shop.localhost http://localhost:20003 Run starting",
        "web.shop.localhost http://localhost:20002 Lease",
    ];
    assert_eq!(lines(&leases, &runs, &[]), expected);
}

#[test]
fn a_service_that_is_alone_has_its_projects_name() {
    assert_eq!(
        lines(&[lease("api.shop", 20_001)], &[], &[]),
        ["api.shop.localhost http://localhost:20001 Lease", "shop.localhost http://localhost:20001 Lease"]
    );
    // A service of a work tree and a work tree may have one name.
    let leases = [lease("cart.shop", 1), lease("other.shop", 2), lease("web.cart.shop", 3)];
    let lines = lines(&leases, &[], &[]);
    assert!(lines.contains(&"cart.shop.localhost http://localhost:1 Lease".to_owned()), "{lines:?}");
}

#[test]
fn what_was_added_comes_first_and_may_follow_a_lease() {
    let leases = [lease("api.shop", 20_001), lease("web.shop", 20_002)];
    let follows = Route { name: Some(name("web.shop")), ..added("www.localhost", "h2c://1") };
    let runs = [run("web.shop", Some(20_008), RunState::Listening)];
    let lines = lines(&leases, &runs, &[added("api.shop.localhost", "3000"), follows]);
    assert_eq!(
        lines,
        [
            "api.shop.localhost http://localhost:3000 Added",
            "web.shop.localhost http://localhost:20008 Run",
            "www.localhost h2c://localhost:20008 Added"
        ]
    );
}
