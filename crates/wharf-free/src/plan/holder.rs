//! What is done about one socket that is in the way.

use std::collections::BTreeSet;

use wharf_catalog::ancestry::{Role, role};
use wharf_model::detail::EndpointDetail;
use wharf_model::endpoint::EndpointState;
use wharf_model::free::StepKind;
use wharf_model::lease::Lease;
use wharf_model::place::Container;
use wharf_model::process::Process;
use wharf_model::run::Run;
use wharf_model::shell;

use super::crew::Crew;
use super::{Decision, Order, forbidden, refuse, refuse_with, step, unit};
use crate::facts::{Facts, Kept, processes, who};
use crate::job::{Job, Level, job};

/// Decides on `holder`.
pub(super) fn decide(holder: &EndpointDetail, facts: &Facts, raised: &BTreeSet<u32>) -> Decision {
    let endpoint = &holder.endpoint;
    let by_run = endpoint.run.as_ref().map(|mark| mark.wharf_pid);
    if by_run.is_some_and(|pid| facts.runs.iter().any(|run| run.wharf.pid == pid)) || is_kept(holder, facts) {
        // Its run is stopped, or its lease let go of.
        return Decision::Leave;
    }
    if let Some(container) = endpoint.container.as_ref().filter(|container| !is_callers(container, facts)) {
        return by_container(container);
    }
    let Some(lead) = processes(holder).next() else {
        return Decision::Refuse(forbidden::without_process(holder, facts));
    };
    if role(lead) == Role::Manager && lead.name == "systemd" {
        return unit::decide_socket(lead, facts);
    }
    if let Some(refusal) = forbidden::lead(lead, holder, facts) {
        return Decision::Refuse(refusal);
    }
    let job = job(lead, &holder.ancestry, &facts.caller.line);
    // pm2 and supervisord are mostly a unit themselves, and the unit all that they look after.
    let is_kept = matches!(job.level(&facts.loops, raised), Level::Keeper(..));
    if let Some(decision) = unit::decide(lead, holder, facts).filter(|_| !is_kept) {
        return decision;
    }
    by_level(holder, &job, facts, raised)
}

/// Decides on a run of the caller.
pub(super) fn run(run: &Run, facts: &Facts) -> Decision {
    if facts.caller.line.contains(&run.wharf.pid) {
        let text = format!("this very command runs under {}, a run of wharf", run.name);
        return Decision::Refuse(refuse("own-ancestor", text));
    }
    let mut step =
        step(StepKind::StopRun, format!("stop {}, which runs under wharf (pid {})", run.name, run.wharf.pid));
    step.command = Some(format!("wharf stop {}", run.name));
    Decision::Do(Order::StopRun(Box::new(run.clone())), Box::new(step))
}

/// Decides on the port that is kept for a lease.
pub(super) fn lease(lease: &Lease, facts: &Facts) -> Decision {
    if lease.handed_out || facts.port.is_some_and(|port| port != lease.port) {
        return Decision::Leave;
    }
    let mut step =
        step(StepKind::LetGo, format!("let go of {}, which is kept for {}", lease.port, lease.name));
    step.why = Some("the next run of that name takes it again".to_owned());
    step.command = Some(format!("wharf lease rm {}", lease.name));
    Decision::Do(Order::LetGo(Box::new(lease.clone())), Box::new(step))
}

/// Whether it is only kept for a lease, by the daemon or a run.
pub(super) fn is_kept(holder: &EndpointDetail, facts: &Facts) -> bool {
    let is_wharf = holder.endpoint.owner.processes.iter().any(|process| {
        facts.caller.daemon.is_some_and(|daemon| daemon.pid == process.pid)
            || facts.runs.iter().any(|run| run.wharf.pid == process.pid)
    });
    let is_leased = facts.leases.iter().any(|lease| lease.port == holder.endpoint.port);
    is_wharf && is_leased && holder.endpoint.state == EndpointState::Bound
}

fn is_callers(container: &Container, facts: &Facts) -> bool {
    facts.caller.container.as_deref() == Some(container.id.as_str())
}

fn by_container(container: &Container) -> Decision {
    let label = container.label();
    let (engine, id) = (container.engine.as_str(), container.id.as_str());
    if !matches!(engine, "docker" | "podman") {
        let text = format!("it is in a container of {engine} ({label}), which wharf does not stop");
        let refusal = match engine {
            "containerd" | "cri-o" => refuse_with("container", text, shell::line(["crictl", "stop", id])),
            "systemd-nspawn" => refuse_with("container", text, shell::line(["machinectl", "stop", id])),
            "lxc" => refuse_with("container", text, shell::line(["lxc-stop", "-n", id])),
            _ => refuse("container", text),
        };
        return Decision::Refuse(refusal);
    }
    let image = container.image.as_ref().map(|image| format!(" of {image}")).unwrap_or_default();
    let mut step = step(StepKind::StopContainer, format!("stop the {engine} container {label}{image}"));
    step.why = Some("the engine kills what has not ended within the time".to_owned());
    step.command = match (&container.compose_project, &container.compose_service) {
        (Some(project), Some(service)) => {
            step.why = Some(format!(
                "service {service} of the compose project {project}; the engine kills what has not ended within the time"
            ));
            Some(shell::line([engine, "compose", "-p", project, "stop", service]))
        }
        _ => Some(shell::line([engine, "update", "--restart=no", label])),
    };
    Decision::Do(Order::StopContainer { engine: engine.to_owned(), id: id.to_owned() }, Box::new(step))
}

fn by_level(holder: &EndpointDetail, job: &Job<'_>, facts: &Facts, raised: &BTreeSet<u32>) -> Decision {
    let (at, why) = match job.level(&facts.loops, raised) {
        Level::At(at, why) => (at, why),
        Level::Keeper(at, name) => return by_keeper(job.line[at], &name, facts),
    };
    let top = job.line[at];
    // What is known to be a job as a whole is ended as a whole; a mere parent is not.
    let whole = at > 0 && !raised.contains(&top.pid) || is_a_whole(top);
    let crew = Crew::of(holder, job, at, whole, facts);
    let foreign = crew.first.iter().find(|member| member.uid.is_some_and(|uid| uid != facts.caller.uid));
    if let Some(foreign) = foreign.filter(|_| !facts.caller.is_root()) {
        let user = facts.family.get(&foreign.process.pid).and_then(|process| process.user.clone());
        let user = user.or_else(|| foreign.uid.map(|uid| uid.to_string())).unwrap_or_default();
        let text = format!("{} (pid {}) is a process of user {user}", foreign.name, foreign.process.pid);
        return Decision::Refuse(forbidden::others(facts, text));
    }
    let mut step = step(StepKind::StopProcesses, format!("stop {}", called(top)));
    step.why = why.or_else(|| left_alone(job, at));
    step.signal = crew.top().map(|member| member.grace.name.to_owned());
    step.processes = crew.processes();
    let ports = crew.all().filter_map(|member| facts.ports.get(&member.process.pid)).flatten().copied();
    let others: BTreeSet<u16> = ports.filter(|&port| port != holder.endpoint.port).collect();
    step.also_frees = others.into_iter().collect();
    Decision::Do(Order::Signal(crew), Box::new(step))
}

/// Returns who ran it and is left alone, since it is not known to start it again.
fn left_alone(job: &Job<'_>, at: usize) -> Option<String> {
    let parent = job.line.get(at + 1)?;
    let line: Vec<&str> = parent.command.iter().map(String::as_str).take(WORDS).collect();
    let name = if line.is_empty() { parent.name.clone() } else { shell::line(line) };
    let name: String = name.chars().take(LETTERS).collect();
    Some(format!(
        "{name} (pid {}), which ran it, goes on; it is stopped too if it starts it again",
        parent.pid
    ))
}

fn is_a_whole(process: &Process) -> bool {
    matches!(role(process), Role::Respawner(_) | Role::Runner(_))
}

/// Returns what a person calls it: `npm run dev (pid 4100)`, `node (pid 4121, /src/shop)`.
fn called(process: &Process) -> String {
    match role(process) {
        Role::Respawner(name) | Role::Runner(name) => format!("{name} (pid {})", process.pid),
        _ => who(process),
    }
}

fn by_keeper(keeper: &Process, name: &str, facts: &Facts) -> Decision {
    let told = format!("{name} (pid {})", keeper.pid);
    if keeper.uid != Some(facts.caller.uid) && !facts.caller.is_root() {
        let text = format!("{told} looks after it, and is another user's");
        return Decision::Refuse(forbidden::others(facts, text));
    }
    match facts.keepers.get(&keeper.pid) {
        Some(Kept::Pm2 { home, uid, name, ids }) => {
            let mut step = step(StepKind::AskSupervisor, format!("have {told} stop {name}"));
            step.why = Some("pm2 would start it again; its other applications go on".to_owned());
            step.command = Some(format!("pm2 stop {}", shell::quoted(name)));
            Decision::Do(Order::Pm2 { home: home.clone(), uid: *uid, ids: ids.clone() }, Box::new(step))
        }
        Some(Kept::Client(order)) => {
            let mut step = step(StepKind::AskSupervisor, format!("have {told} stop {}", order.service));
            step.why = Some(format!("{name} would start it again; its other services go on"));
            step.command = Some(shell::line(order.stop.iter().map(String::as_str)));
            Decision::Do(Order::Client(order.clone()), Box::new(step))
        }
        Some(Kept::Unknown(why)) => Decision::Refuse(refuse(
            "supervisor",
            format!("{told} would start it again, and could not be asked to stop it: {why}"),
        )),
        None => Decision::Refuse(refuse(
            "supervisor",
            format!("{told} looks after it, and would start it again: have it stop it"),
        )),
    }
}

/// As much of a command line as tells which it is.
const WORDS: usize = 4;
const LETTERS: usize = 60;
