//! One line on how it ended. Not here: the rest of what a person reads (`wharf-views`).

use std::net::SocketAddr;
use std::time::Duration;

use wharf_model::endpoint::Protocol;
use wharf_model::free::{Freed, StepResult};

use crate::facts::Facts;
use crate::gather::told;
use crate::proof::WATCH;

/// Returns the holders, each with its place.
pub(super) fn holders(facts: &Facts) -> String {
    let sockets = facts.holders.iter().map(told);
    let connections = facts.connections.iter().map(|connection| {
        let by = connection.process.as_ref().map_or_else(
            || "a connection".to_owned(),
            |process| format!("a connection of {} (pid {})", process.name, process.pid),
        );
        format!("{by} from {} to {}", connection.local, connection.remote)
    });
    let runs = facts.runs.iter().filter(|_| facts.holders.is_empty()).map(|run| run.name.to_string());
    let all: Vec<String> = sockets.chain(connections).chain(runs).collect();
    match all.as_slice() {
        [] => facts.target.clone(),
        [one] => one.clone(),
        [one, rest @ ..] if rest.len() > 2 => format!("{one}, and {} others", rest.len()),
        all => all.join("; "),
    }
}

/// Returns `3000`, `127.0.0.1:3000`, or the name that was given.
fn what(facts: &Facts) -> String {
    match facts.protocol {
        Protocol::Udp => format!("{}/udp", facts.target),
        Protocol::Tcp => facts.target.clone(),
    }
}

pub(super) fn was_free(facts: &Facts) -> String {
    let denied = facts.refused.iter().find(|(_, errno)| errno == "EACCES");
    match (denied, facts.refused.first()) {
        (Some(_), _) => format!("{} is free: nothing has it", what(facts)),
        (None, Some((address, errno))) => {
            format!("nothing has {}, and yet it cannot be bound: {address}: {errno}", what(facts))
        }
        _ if facts.addresses.is_empty() => format!("{} has no port", what(facts)),
        _ => format!("{} is free: bound at {}", what(facts), places(&facts.addresses)),
    }
}

/// Returns what is good to know where there was nothing to stop.
pub(super) fn why_it_was_free(facts: &Facts) -> Vec<String> {
    let mut remarks = Vec::new();
    match facts.time_wait {
        0 => {}
        count => remarks.push(format!(
            "{count} closed connection{} of it in TIME_WAIT for up to a minute, which nobody can end: a server with \
             SO_REUSEADDR can bind it now, one without cannot yet",
            if count == 1 { " is" } else { "s are" }
        )),
    }
    if facts.refused.iter().any(|(_, errno)| errno == "EACCES") {
        remarks.push("it was not bound for proof: that takes root for a port this low".to_owned());
    }
    for place in &facts.elsewhere {
        remarks.push(format!("{place} is in another network namespace, and not in the way"));
    }
    remarks
}

pub(super) fn freed(facts: &Facts, freed: &Freed) -> String {
    let ms = freed.timings_ms.get("stop").copied().unwrap_or_default();
    let killed = freed.steps.iter().any(|step| step.result == Some(StepResult::Killed));
    let by = if killed { ", by SIGKILL" } else { "" };
    if facts.addresses.is_empty() {
        return format!("{} is stopped, after {ms:.0} ms", what(facts));
    }
    format!(
        "{} is free after {ms:.0} ms{by}: bound at {}; nothing took it again for {} s",
        what(facts),
        places(&facts.addresses),
        WATCH.as_secs()
    )
}

pub(super) fn refused(facts: &Facts, freed: &Freed) -> String {
    let first = freed.refusals.first().map(|refusal| refusal.text.clone()).unwrap_or_default();
    match freed.steps.is_empty() {
        true => first,
        false => format!("{} was started again: {first}", what(facts)),
    }
}

pub(super) fn planned(facts: &Facts) -> String {
    format!("nothing was done: {} is still held by {}", what(facts), holders(facts))
}

pub(super) fn needs_yes(facts: &Facts) -> String {
    format!("nothing was done without a yes (--yes): {} is still held by {}", what(facts), holders(facts))
}

pub(super) fn cannot_tell(facts: &Facts) -> String {
    match facts.refused.first() {
        Some((address, errno)) => {
            format!(
                "{address} cannot be bound ({errno}), and what has it could not be told: wharf why --bind {address}"
            )
        }
        None => format!("what has {} could not be told", what(facts)),
    }
}

/// Returns why it is still held: what could not be done, or who has not ended.
pub(super) fn goes_on(
    facts: &Facts,
    who: &str,
    now: Option<String>,
    freed: &Freed,
    limit: Duration,
) -> String {
    let failed = freed.steps.iter().find_map(|step| match &step.result {
        Some(StepResult::Failed(text)) => Some(format!("could not {}: {text}", step.text)),
        _ => None,
    });
    failed.unwrap_or_else(|| {
        let seconds = limit.as_secs_f64();
        let (what, now) = (what(facts), now.unwrap_or_else(|| who.to_owned()));
        match who {
            "" => format!("{what} is still held, by {now}"),
            who => {
                let target = &facts.target;
                let have = if who.contains(" and ") { "have" } else { "has" };
                format!("{what} is still held: {who} {have} not ended within {seconds} s (--force kills: wharf free {target} --force)")
            }
        }
    })
}

pub(super) fn watching(facts: &Facts) -> String {
    format!("watching for {} s that nothing takes {} again", WATCH.as_secs(), what(facts))
}

fn places(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    texts.join(", ")
}
