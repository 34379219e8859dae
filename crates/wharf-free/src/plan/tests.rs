//! Plans on made-up facts: each holder is stopped at its level, and what must not be touched is refused.

use std::collections::BTreeSet;

use wharf_model::detail::EndpointDetail;
use wharf_model::free::StepKind;
use wharf_model::owner::HeldBy;
use wharf_model::place::{Container, Unit};
use wharf_model::process::Process;
use wharf_model::run::RunProcess;

use super::{Order, Plan};
use crate::facts::{Facts, Kept, UnitSeen};
use crate::testing::{by_unit, facts, holder, outgoing, started};

fn plan(facts: &Facts) -> Plan {
    super::plan(facts, &BTreeSet::new())
}

/// Returns a holder whose ancestors have these command lines; its own pid is 100, theirs are 99, 98, …
fn held_by(command: &str, above: &[&str]) -> EndpointDetail {
    let mut pid = 100;
    let mut ancestry = Vec::new();
    for command in above {
        pid -= 1;
        ancestry.push(started(pid, pid - 1, command));
    }
    holder(started(100, 99, command), ancestry)
}

/// Returns who is asked at once, and who only if need be.
fn crew(plan: &Plan) -> (Vec<u32>, Vec<u32>) {
    let [(Order::Signal(crew), _)] = plan.orders.as_slice() else { panic!("no signals: {plan:?}") };
    let pids = |members: &[super::crew::Member]| members.iter().map(|member| member.process.pid).collect();
    (pids(&crew.first), pids(&crew.rest))
}

fn refusal(plan: &Plan) -> (&str, Option<&str>) {
    assert!(plan.orders.is_empty(), "{plan:?}");
    let [refusal] = plan.refusals.as_slice() else { panic!("no refusal: {plan:?}") };
    (&refusal.code, refusal.command.as_deref())
}

fn with_child(mut facts: Facts, pid: u32, ppid: u32, command: &str) -> Facts {
    facts.family.insert(pid, started(pid, ppid, command));
    facts
}

#[test]
fn a_server_is_ended_with_what_it_started() {
    let facts = with_child(facts(vec![held_by("node server.js", &["zsh"])]), 101, 100, "esbuild --service");
    let plan = plan(&facts);
    assert_eq!(crew(&plan), (vec![100, 101], vec![]));
    let step = &plan.orders[0].1;
    assert_eq!((step.kind, step.signal.as_deref()), (StepKind::StopProcesses, Some("SIGTERM")));
}

#[test]
fn what_runs_it_is_ended_with_all_of_the_job() {
    let facts = facts(vec![held_by("node vite", &["sh -c vite", "npm run dev", "zsh"])]);
    let facts = with_child(facts, 102, 98, "node worker.js");
    assert_eq!(crew(&plan(&facts)).0, [98, 99, 100, 102]);
}

#[test]
fn a_parent_that_was_seen_to_start_it_again_takes_no_other_child_with_it() {
    let facts = facts(vec![held_by("node server.js", &["bash ./dev.sh", "zsh"])]);
    let facts = with_child(facts, 102, 99, "node worker.js");
    assert_eq!(crew(&plan(&facts)).0, [100]);
    let raised = super::plan(&facts, &BTreeSet::from([99]));
    assert_eq!(crew(&raised).0, [99, 100]);
}

#[test]
fn a_master_that_ends_its_workers_is_asked_alone() {
    let mut held = held_by("nginx: master process nginx", &["systemd"]);
    held.endpoint.owner.processes.push(started(101, 100, "nginx: worker process"));
    assert_eq!(crew(&plan(&facts(vec![held]))), (vec![100], vec![101]));
}

#[test]
fn clients_browsers_and_prompts_below_it_are_never_asked() {
    let mut held = held_by("node server.js", &["npm start", "zsh"]);
    let client = outgoing();
    held.connections.push(wharf_model::connection::Connection {
        peer: client.process.map(|process| wharf_model::connection::ProcessRef { pid: 103, ..process }),
        process: None,
        ..client
    });
    let mut facts = facts(vec![held]);
    for (pid, command) in
        [(101, "chromium --type=x"), (102, "bash"), (103, "node client.js"), (104, "node tool.js")]
    {
        facts = with_child(facts, pid, 100, command);
    }
    facts = with_child(facts, 105, 102, "node of-the-prompt.js");
    facts = with_child(facts, 106, 99, "code --wait");
    assert_eq!(crew(&plan(&facts)).0, [99, 100, 104]);
}

#[test]
fn several_jobs_at_one_port_are_all_stopped_and_that_is_said() {
    let mut other = held_by("python3 app.py", &["zsh"]);
    other.endpoint.owner.processes[0] = started(200, 1, "python3 app.py");
    other.ancestry.clear();
    let plan = plan(&facts(vec![held_by("node server.js", &["zsh"]), other]));
    assert_eq!(plan.orders.len(), 2);
    assert_eq!(plan.remarks.len(), 1);
}

#[test]
fn two_sockets_of_one_job_are_one_step() {
    let one = held_by("node server.js", &["npm start", "zsh"]);
    let plan = plan(&facts(vec![one.clone(), one]));
    assert_eq!(plan.orders.len(), 1);
}

#[test]
fn a_unit_is_stopped_by_its_manager_with_its_socket() {
    let mut held = held_by("nginx: master process nginx", &["systemd"]);
    held.started_by = Some(by_unit("nginx.service"));
    held.endpoint.unit = Some(Unit { name: "nginx.service".to_owned(), user_manager: None });
    let mut facts = facts(vec![held]);
    facts.caller.uid = 0;
    facts.units.push(UnitSeen {
        name: "nginx.service".to_owned(),
        main_pid: Some(100),
        triggered_by: vec!["nginx.socket".to_owned(), "nginx.timer".to_owned()],
        file_state: "enabled".to_owned(),
        restart: Some("on-failure".to_owned()),
        ..UnitSeen::default()
    });
    let plan = plan(&facts);
    let [(Order::StopUnits { user: None, names }, step)] = plan.orders.as_slice() else { panic!("{plan:?}") };
    assert_eq!(names, &["nginx.socket", "nginx.service"]);
    assert_eq!(step.command.as_deref(), Some("systemctl disable nginx.socket nginx.service"));
    assert_eq!(step.why.as_deref(), Some("nginx.socket would start it again"));
    assert_eq!(plan.remarks, ["nginx.timer starts it again by the clock"]);
}

#[test]
fn socket_units_of_both_families_are_stopped_before_what_they_start() {
    let manager = Process { uid: Some(1000), ..started(50, 1, "systemd --user") };
    let mut facts = facts(vec![holder(manager, Vec::new())]);
    for name in ["four", "six"] {
        facts.units.push(UnitSeen {
            name: format!("{name}.socket"),
            user: Some(1000),
            triggers: vec!["web.service".to_owned()],
            is_at_port: true,
            ..UnitSeen::default()
        });
    }
    let plan = plan(&facts);
    let [(Order::StopUnits { user: Some(1000), names }, _)] = plan.orders.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(names, &["four.socket", "six.socket", "web.service"]);
}

#[test]
fn a_unit_that_is_a_keeper_goes_on_with_its_other_services() {
    let mut held = held_by("node server.js", &["PM2 v6.0.0: God Daemon (/h/.pm2)", "systemd"]);
    held.started_by = Some(by_unit("pm2-ann.service"));
    held.endpoint.unit = Some(Unit { name: "pm2-ann.service".to_owned(), user_manager: None });
    let mut facts = facts(vec![held]);
    facts.caller.uid = 0;
    let unit = UnitSeen { name: "pm2-ann.service".to_owned(), main_pid: Some(99), ..UnitSeen::default() };
    facts.units.push(unit);
    let kept = Kept::Pm2 { home: "/h/.pm2".to_owned(), uid: 1000, name: "web".to_owned(), ids: vec![0] };
    facts.keepers.insert(99, kept);
    assert!(matches!(plan(&facts).orders.as_slice(), [(Order::Pm2 { .. }, _)]));
}

#[test]
fn what_a_unit_does_not_look_after_is_no_matter_of_the_unit() {
    let mut held = held_by("node server.js", &["systemd"]);
    held.started_by = Some(by_unit("ci.service"));
    held.endpoint.unit = Some(Unit { name: "ci.service".to_owned(), user_manager: None });
    let mut facts = facts(vec![held]);
    facts.units.push(UnitSeen { name: "ci.service".to_owned(), main_pid: Some(7), ..UnitSeen::default() });
    assert_eq!(crew(&plan(&facts)).0, [100], "it was left over by a job of the unit");
}

#[test]
fn the_unit_that_the_caller_runs_in_is_left_alone() {
    let mut held = held_by("node server.js", &["systemd"]);
    let unit = Unit { name: "agent.service".to_owned(), user_manager: Some(1000) };
    held.started_by = Some(by_unit("agent.service"));
    held.endpoint.unit = Some(unit.clone());
    let mut facts = facts(vec![held]);
    facts.units.push(UnitSeen { name: "agent.service".to_owned(), user: Some(1000), ..UnitSeen::default() });
    facts.caller.unit = Some(unit);
    assert_eq!(crew(&plan(&facts)).0, [100]);
}

#[test]
fn a_container_is_stopped_by_its_engine_and_not_from_within() {
    let container = Container {
        engine: "docker".to_owned(),
        id: "ab".repeat(32),
        name: Some("web-1".to_owned()),
        image: Some("nginx:1".to_owned()),
        port: Some(80),
        compose_project: Some("shop".to_owned()),
        compose_service: Some("web".to_owned()),
    };
    let mut held = held_by("docker-proxy -proto tcp", &["dockerd"]);
    held.endpoint.container = Some(container.clone());
    held.endpoint.owner.processes[0].uid = Some(0);
    let mut facts = facts(vec![held.clone()]);
    let plan_outside = plan(&facts);
    let [(Order::StopContainer { engine, .. }, step)] = plan_outside.orders.as_slice() else { panic!() };
    assert_eq!(engine, "docker");
    assert_eq!(step.command.as_deref(), Some("docker compose -p shop stop web"));
    facts.caller.container = Some(container.id.clone());
    assert_eq!(refusal(&plan(&facts)).0, "other-user", "from within it is a process like any other");
    held.endpoint.container = Some(Container { engine: "lxc".to_owned(), id: "web".to_owned(), ..container });
    let within = self::facts(vec![held]);
    assert_eq!(refusal(&plan(&within)), ("container", Some("lxc-stop -n web")));
}

#[test]
fn pm2_is_asked_to_stop_the_application() {
    let mut facts = facts(vec![held_by("node app.js", &["PM2 v7.0.4: God Daemon (/h/.pm2)"])]);
    assert_eq!(refusal(&plan(&facts)).0, "supervisor");
    let kept = Kept::Pm2 { home: "/h/.pm2".to_owned(), uid: 1000, name: "web".to_owned(), ids: vec![0] };
    facts.keepers.insert(99, kept);
    assert!(matches!(plan(&facts).orders.as_slice(), [(Order::Pm2 { .. }, _)]));
}

#[test]
fn a_connection_alone_is_closed_by_root_alone() {
    let mut facts = facts(Vec::new());
    facts.connections.push(outgoing());
    assert_eq!(refusal(&plan(&facts)), ("connection", Some("sudo wharf free 3000")));
    facts.caller.uid = 0;
    let plan = plan(&facts);
    assert!(matches!(plan.orders.as_slice(), [(Order::Close { .. }, _)]));
    let command = plan.orders[0].1.command.as_deref();
    assert_eq!(command, Some("sysctl -w net.ipv4.ip_local_reserved_ports=3000"));
}

#[test]
fn what_must_not_be_touched_is_refused_and_nothing_else_is_done() {
    let of = |command: &str, above: &[&str], change: fn(&mut Facts, &mut Process)| {
        let mut held = held_by(command, above);
        let mut facts = facts(Vec::new());
        change(&mut facts, &mut held.endpoint.owner.processes[0]);
        let lead = held.endpoint.owner.processes[0].clone();
        facts.family.insert(lead.pid, lead);
        facts.holders.push(held);
        plan(&facts)
    };
    let nothing: fn(&mut Facts, &mut Process) = |_, _| {};
    let own = of("ttyd bash", &["zsh"], |facts, _| facts.caller.line = vec![300, 100, 1]);
    assert_eq!(refusal(&own).0, "own-ancestor");
    let first = of("server", &[], |_, process| process.pid = 1);
    assert_eq!(refusal(&first).0, "first-process");
    let other = of("node server.js", &["bash"], |_, process| process.uid = Some(0));
    assert_eq!(refusal(&other), ("other-user", Some("sudo wharf free 3000")));
    let daemon = of("wharf daemon run", &["systemd"], nothing);
    assert_eq!(refusal(&daemon), ("wharf-daemon", Some("wharf daemon stop")));
    let told = of("x", &[], |facts, _| facts.caller.daemon = Some(RunProcess { pid: 100, start_ticks: 100 }));
    assert_eq!(refusal(&told).0, "wharf-daemon");
    let ssh = of("sshd: /usr/sbin/sshd -D", &[], |facts, _| facts.caller.ssh_port = Some(3000));
    assert_eq!(refusal(&ssh).0, "ssh-in-use");
    let editor = of("code --tunnel", &["gnome-shell"], nothing);
    assert_eq!(refusal(&editor).0, "in-use");
}

#[test]
fn an_owner_that_is_no_process_is_told_apart() {
    let of = |held_by: HeldBy| {
        let mut held = self::held_by("node", &[]);
        held.endpoint.owner.processes.clear();
        held.endpoint.owner.held_by = held_by;
        plan(&facts(vec![held]))
    };
    assert_eq!(refusal(&of(HeldBy::NoProcess)).0, "kernel-socket");
    assert_eq!(refusal(&of(HeldBy::Hidden)), ("other-user", Some("sudo wharf free 3000")));
    assert_eq!(refusal(&of(HeldBy::InFlight)).0, "in-flight");
}

#[test]
fn a_socket_in_flight_is_freed_by_its_receiver() {
    let mut held = held_by("node", &[]);
    let receiver = started(120, 1, "node receiver.js");
    held.endpoint.owner.processes.clear();
    held.endpoint.owner.held_by = HeldBy::InFlight;
    held.endpoint.owner.queued_to.push(receiver.clone());
    let mut facts = facts(vec![held]);
    facts.family.insert(120, receiver);
    assert_eq!(crew(&plan(&facts)).0, [120]);
}
