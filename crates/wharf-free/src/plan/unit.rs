//! Units of systemd: which one is the level, and in which order it and its sockets are stopped.

use wharf_model::detail::{EndpointDetail, StarterKind};
use wharf_model::free::{Step, StepKind};
use wharf_model::process::Process;
use wharf_model::shell;

use super::{Decision, Order, forbidden, refuse, refuse_with, step};
use crate::facts::{Facts, UnitSeen, pids};

/// Decides on a holder that a unit of systemd has started; `None` where it is none, or its processes are no part of what
/// the unit looks after.
pub(super) fn decide(lead: &Process, holder: &EndpointDetail, facts: &Facts) -> Option<Decision> {
    let unit = holder.endpoint.unit.as_ref()?;
    let is_started = holder.started_by.as_ref().is_some_and(|by| by.kind == StarterKind::SystemdUnit);
    let is_callers = facts.caller.unit.as_ref() == Some(unit);
    if !is_started || !unit.name.ends_with(".service") || is_callers {
        return None;
    }
    if let Some((name, error)) = facts.unasked.iter().find(|(name, _)| *name == unit.name) {
        let text = format!("{name} would start it again, and its manager could not be asked: {error}");
        return Some(Decision::Refuse(refuse_with(
            "manager",
            text,
            format!("sudo systemctl stop {}", shell::quoted(name)),
        )));
    }
    let seen = facts.units.iter().find(|seen| seen.name == unit.name && seen.user == unit.user_manager)?;
    if !looks_after(seen, lead, holder) {
        return None;
    }
    Some(stop(seen, facts))
}

/// Decides on a socket that a service manager has open for a unit.
pub(super) fn decide_socket(manager: &Process, facts: &Facts) -> Decision {
    let by_user = (manager.pid != 1).then_some(manager.uid).flatten();
    match facts.units.iter().find(|seen| seen.is_at_port && seen.user == by_user) {
        Some(seen) => stop(seen, facts),
        None if !facts.caller.is_root() && by_user != Some(facts.caller.uid) => {
            let text = format!("{} (pid {}) has the port for one of its units", manager.name, manager.pid);
            Decision::Refuse(forbidden::others(facts, text))
        }
        None => Decision::Refuse(refuse(
            "manager",
            format!("{} (pid {}) has the port for a unit that it does not tell", manager.name, manager.pid),
        )),
    }
}

/// Whether the unit would miss the server: its main process is the server, stands above it, or has it open too.
fn looks_after(unit: &UnitSeen, lead: &Process, holder: &EndpointDetail) -> bool {
    let Some(main) = unit.main_pid else { return true };
    main == lead.pid
        || holder.ancestry.iter().any(|ancestor| ancestor.pid == main)
        || pids(holder).contains(&main)
}

fn stop(unit: &UnitSeen, facts: &Facts) -> Decision {
    if unit.user != Some(facts.caller.uid) && !facts.caller.is_root() {
        let whose = unit.user.map_or_else(|| "the system".to_owned(), |user| format!("user {user}"));
        return Decision::Refuse(forbidden::others(facts, format!("{} is a unit of {whose}", unit.name)));
    }
    let mut names: Vec<String> = unit
        .triggered_by
        .iter()
        .filter(|name| name.ends_with(".socket") || name.ends_with(".path"))
        .cloned()
        .collect();
    let triggers = names.clone();
    names.push(unit.name.clone());
    if unit.is_at_port {
        // One socket unit may have an address of IPv4, another one that of IPv6; and what they started may have it, too.
        let sockets = facts.units.iter().filter(|seen| seen.is_at_port && seen.user == unit.user);
        let (sockets, started): (Vec<_>, Vec<_>) =
            sockets.map(|seen| (seen.name.clone(), seen.triggers.clone())).unzip();
        for name in sockets.into_iter().chain(started.into_iter().flatten()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let step = told(unit, &names, &triggers, facts.caller.uid);
    Decision::Do(Order::StopUnits { user: unit.user, names }, Box::new(step))
}

fn told(unit: &UnitSeen, names: &[String], triggers: &[String], caller: u32) -> Step {
    let of = if unit.user.is_some() { "user unit" } else { "systemd unit" };
    let mut step = step(StepKind::StopUnit, format!("stop the {of} {}", names.join(" and ")));
    let restarts = unit.restart.as_deref().is_some_and(|restart| restart != "no");
    step.why = match (triggers, restarts) {
        ([], false) => None,
        ([], true) => {
            Some(format!("systemd would start it again (Restart={})", unit.restart.as_deref().unwrap_or("")))
        }
        (triggers, _) => Some(format!("{} would start it again", triggers.join(" and "))),
    };
    let user = match unit.user {
        None => String::new(),
        Some(user) if user == caller => "--user ".to_owned(),
        Some(user) => format!("--user --machine={user}@.host "),
    };
    // What keeps it from coming back with the next start of the machine, or login.
    let enabled = match unit.file_state.as_str() {
        "enabled" | "enabled-runtime" => names,
        _ => triggers,
    };
    if !enabled.is_empty() {
        let enabled = enabled.iter().map(String::as_str);
        step.command = Some(format!("systemctl {user}disable {}", shell::line(enabled)));
    }
    step
}
