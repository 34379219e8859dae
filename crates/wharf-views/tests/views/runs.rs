//! Runs in the rows of `wharf ls` and on the pages of `wharf show`, and leases where nothing runs.

use insta::assert_snapshot;
use wharf_model::detail::{EndpointDetail, PORT_SCHEMA, PortDetail};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure};
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::owner::Owner;
use wharf_model::run::{Run, RunMark, RunProcess, RunState};
use wharf_views::text::list::write_list;
use wharf_views::text::show::write_head;

use crate::fixture::{ago, piped, process, show_free, show_vite, snapshot, vite};

fn mark() -> RunMark {
    RunMark {
        name: "web.shop".into(),
        state: RunState::Listening,
        main: true,
        url: Some("http://127.0.0.1:22640".into()),
        asked_port: None,
        host_visible: false,
        isolated: false,
        log: None,
        wharf_pid: 4100,
    }
}

fn row(run: RunMark, exposure: Exposure) -> String {
    let endpoint = Endpoint { run: Some(run), exposure, ..vite() };
    let mut out = Vec::new();
    write_list(&mut out, &snapshot(vec![endpoint]), &piped()).unwrap();
    String::from_utf8(out).unwrap().lines().last().unwrap().to_owned()
}

fn page(detail: &PortDetail) -> String {
    let mut out = Vec::new();
    write_head(&mut out, detail, &piped()).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_row_has_the_name_of_the_run_in_place_of_the_project_and_what_is_unusual_about_it() {
    assert_snapshot!(row(mark(), Exposure::Loopback),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     -");
    let moved = RunMark { asked_port: Some(3000), ..mark() };
    assert_snapshot!(row(moved, Exposure::Loopback),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     asked for 3000");
    let isolated = RunMark { isolated: true, ..mark() };
    assert_snapshot!(row(isolated, Exposure::Loopback),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     isolated");
    let visible = RunMark { host_visible: true, ..mark() };
    assert_snapshot!(row(visible.clone(), Exposure::AllInterfaces),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     open to other machines");
    assert_snapshot!(row(visible, Exposure::Loopback),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     -");
    let alone = RunMark { state: RunState::Alone, ..mark() };
    assert_snapshot!(row(alone, Exposure::Loopback),
        @"3000  localhost  Vite 7.1.2  node 4121  web.shop  ana   2h     wharf was killed");
}

#[test]
fn a_number_that_is_only_held_for_a_run_says_so_and_no_more() {
    let owner = Owner { processes: vec![process(4100, "wharf", &["wharf"])], ..vite().owner };
    let endpoint = Endpoint { run: Some(mark()), state: EndpointState::Bound, owner, ..vite() };
    let mut out = Vec::new();
    write_list(&mut out, &snapshot(vec![endpoint]), &piped()).unwrap();
    let text = String::from_utf8(out).unwrap();
    let words: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(words[1], "held");
    assert!(text.ends_with("held by wharf for the run\n"), "{text}");
}

#[test]
fn a_page_has_all_of_the_run() {
    let vite = show_vite().endpoints.remove(0);
    let shown = |run: RunMark| {
        let endpoint = Endpoint { run: Some(run), ..vite.endpoint.clone() };
        let endpoints = vec![EndpointDetail { endpoint, ..vite.clone() }];
        let text = page(&PortDetail { endpoints, ..show_vite() });
        let is_of_run = |line: &&str| {
            ["  run ", "  asked ", "  wharf ", "  log "].iter().any(|key| line.starts_with(key))
        };
        let heading = text.lines().next().unwrap();
        [&[heading], &text.lines().filter(is_of_run).collect::<Vec<_>>()[..]].concat().join("\n")
    };
    let log = Some("/home/ana/.local/state/wharf/logs/web.shop.log".into());
    assert_snapshot!(shown(RunMark { asked_port: Some(3000), log, ..mark() }), @"
    localhost:3000 — Vite 7.1.2, node (pid 4121), run web.shop
      run           web.shop, at http://127.0.0.1:22640
      asked for     port 3000, whatever it prints
      wharf         looks after it (pid 4100)
      log           ~/.local/state/wharf/logs/web.shop.log
    ");
    assert_snapshot!(shown(RunMark { state: RunState::Alone, main: false, host_visible: true, ..mark() }), @"
    localhost:3000 — Vite 7.1.2, node (pid 4121), run web.shop
      run           web.shop, one of its ports; it is at http://127.0.0.1:22640 (--host-visible)
      wharf         was killed (pid 4100): further ports are neither moved nor closed
    ");
}

fn name() -> LeaseName {
    LeaseName { service: "api".into(), worktree: None, project: "shop".into() }
}

fn lease(port: u16, asked_port: Option<u16>) -> Lease {
    Lease {
        id: "01ARYZ6S41TSV4RRFFQ69G5FAV".into(),
        name: name(),
        root: "/home/ana/src/shop".into(),
        asked_port,
        port,
        pinned: asked_port.is_none(),
        handed_out: false,
        fence: 1,
        created_at: ago(9000),
        used_at: ago(200),
    }
}

fn nobody(runs: Vec<Run>, leases: Vec<Lease>) -> PortDetail {
    PortDetail {
        schema: PORT_SCHEMA.into(),
        taken_at: ago(0),
        target: "api".into(),
        number: None,
        availability: None,
        endpoints: Vec::new(),
        runs,
        leases,
        holding: Vec::new(),
        warnings: Vec::new(),
    }
}

#[test]
fn a_name_that_does_not_run_has_its_leases() {
    assert_snapshot!(page(&nobody(Vec::new(), vec![lease(22_640, None), lease(22_641, Some(3000))])), @"
    api — does not run

      leased        22640 for api.shop, pinned, used 3m ago, ~/src/shop
                    22641 for api.shop, where it asks for 3000, used 3m ago, ~/src/shop
    ");
}

#[test]
fn a_name_that_runs_and_does_not_listen_is_not_said_not_to_run() {
    let wharf = RunProcess { pid: 4100, start_ticks: 1 };
    let run = Run {
        name: name(),
        state: RunState::Starting,
        port: 22_640,
        main_port: None,
        main_address: None,
        named_url: None,
        ports: Vec::new(),
        host_visible: false,
        isolated: false,
        command: vec!["npm".into(), "start".into()],
        root: "/home/ana/src/shop".into(),
        directory: "/home/ana/src/shop".into(),
        started_at: ago(3),
        wharf,
        guard: None,
        program: None,
        log: None,
        boot_id: None,
        pid_namespace: None,
    };
    assert_snapshot!(page(&nobody(vec![run], Vec::new())), @"
    api — runs, and does not listen yet

      run           api.shop, for 3s, under wharf (pid 4100): npm start
    ");
}

#[test]
fn a_free_number_says_whose_it_is() {
    let text = page(&PortDetail { leases: vec![lease(62_893, None)], ..show_free() });
    let line = text.lines().find(|line| line.contains("leased")).unwrap();
    assert_snapshot!(line, @"  leased to     api.shop, pinned, used 3m ago, ~/src/shop");
}
