//! From a question to what became of it: look, plan, agree, act, prove; and again one level higher, where something starts it
//! again.

use std::collections::BTreeSet;
use std::time::Instant;

use wharf_model::connection::ProcessRef;
use wharf_model::detail::EndpointDetail;
use wharf_model::free::{Freed, Held, Outcome};
use wharf_model::process::Process;
use wharf_model::snapshot::Warning;
use wharf_os::Os;

use crate::act::Acts;
use crate::company::{Company, Consent};
use crate::facts::{Facts, processes};
pub use crate::gather::Unclear;
use crate::gather::{gather, told};
use crate::plan::plan;
use crate::proof::is_taken_again;
use again::{Again, Past};

mod again;
mod words;

/// Frees one target, as far as `company` agrees, and returns what became of it with what could not be seen.
///
/// # Errors
/// If the target names nothing, or too much; or the kernel would not tell.
pub fn free(
    os: &Os,
    question: &crate::question::Question,
    company: &mut dyn Company,
) -> Result<(Freed, Vec<Warning>), Unclear> {
    let begin = Instant::now();
    let (facts, warnings) = gather(os, question)?;
    let mut freed = Freed {
        target: question.target.clone(),
        outcome: Outcome::Held,
        summary: String::new(),
        addresses: facts.addresses.clone(),
        holders: held(&facts),
        steps: Vec::new(),
        refusals: Vec::new(),
        remarks: Vec::new(),
        timings_ms: std::collections::BTreeMap::new(),
    };
    note(&mut freed, "look", begin);
    if is_free_already(&facts) {
        freed.outcome = Outcome::WasFree;
        freed.summary = words::was_free(&facts);
        freed.remarks = words::why_it_was_free(&facts);
        return Ok((freed, warnings));
    }
    Flow { os, question, company, raised: BTreeSet::new(), freed: &mut freed }.run(facts);
    Ok((freed, warnings))
}

/// Says whether the target means something, and does nothing.
///
/// # Errors
/// As [`free`].
pub fn check(os: &Os, question: &crate::question::Question) -> Result<(), Unclear> {
    gather(os, question).map(drop)
}

fn is_free_already(facts: &Facts) -> bool {
    let in_use = facts.refused.iter().any(|(_, errno)| errno == "EADDRINUSE");
    let kept =
        facts.by_name && (!facts.runs.is_empty() || facts.leases.iter().any(|lease| !lease.handed_out));
    facts.holders.is_empty() && facts.connections.is_empty() && !in_use && !kept
}

struct Flow<'a> {
    os: &'a Os,
    question: &'a crate::question::Question,
    company: &'a mut dyn Company,
    raised: BTreeSet<u32>,
    freed: &'a mut Freed,
}

impl Flow<'_> {
    fn run(mut self, mut facts: Facts) {
        let mut again: Option<String> = None;
        for round in 0..ROUNDS {
            let Some(past) = self.round(&facts, again.as_deref()) else { return };
            let watched = Instant::now();
            self.company.waits(&words::watching(&facts));
            let taken = !facts.addresses.is_empty() && is_taken_again(self.os, &facts, &|| false);
            note(self.freed, "watch", watched);
            if !taken {
                (self.freed.outcome, self.freed.summary) = (Outcome::Freed, words::freed(&facts, self.freed));
                return;
            }
            let Ok((new, _)) = gather(self.os, self.question) else { return self.held("it was taken again") };
            match past.compare(&new) {
                Again::By(process) => {
                    self.raised.insert(process.pid);
                    again = Some(format!("{} (pid {})", process.name, process.pid));
                }
                Again::Itself => again = Some(words::holders(&new)),
                Again::Beyond(text) => return self.held(&text),
                Again::Stranger => {
                    return self.held(&format!("{} has taken it meanwhile", words::holders(&new)));
                }
                Again::Gone => again = None,
            }
            if round + 1 == ROUNDS {
                return self.held(&format!("{} was started again each time", words::holders(&new)));
            }
            facts = new;
        }
    }

    /// Stops what has it; `None` where that is the end.
    fn round(&mut self, facts: &Facts, again: Option<&str>) -> Option<Past> {
        if is_free_already(facts) {
            return Some(Past::of(facts, &[]));
        }
        let plan = plan(facts, &self.raised);
        for remark in plan.remarks {
            if !self.freed.remarks.contains(&remark) {
                self.freed.remarks.push(remark);
            }
        }
        let from = self.freed.steps.len();
        let (orders, steps): (Vec<_>, Vec<_>) = plan.orders.into_iter().unzip();
        if !plan.refusals.is_empty() {
            self.freed.refusals = plan.refusals;
            self.freed.outcome = if again.is_some() { Outcome::Held } else { Outcome::Refused };
            self.freed.summary = words::refused(facts, self.freed);
            return None;
        }
        self.freed.steps.extend(steps);
        if orders.is_empty() {
            self.held(&words::cannot_tell(facts));
            return None;
        }
        if self.question.dry_run {
            self.freed.outcome = Outcome::Planned;
            self.freed.summary = words::planned(facts);
            return None;
        }
        match self.company.agrees(self.freed, again) {
            Consent::Yes => {}
            _ if again.is_some() => {
                self.held(&format!("{} started it again", again.unwrap_or_default()));
                return None;
            }
            Consent::No | Consent::Nobody => {
                self.freed.outcome = Outcome::NeedsYes;
                self.freed.summary = words::needs_yes(facts);
                return None;
            }
        }
        let past = Past::of(facts, &orders);
        self.act(facts, &orders, from).then_some(past)
    }

    fn act(&mut self, facts: &Facts, orders: &[crate::plan::Order], from: usize) -> bool {
        let begin = Instant::now();
        let mut acts = Acts::new(self.os, facts, self.question.timeout);
        let done = acts.carry_out(orders, &mut self.freed.steps[from..], self.company);
        let mut free = done && acts.wait(self.company);
        if done && !free && acts.can_kill() && (self.question.force || self.company.kills(&acts.names())) {
            free = acts.kill(&mut self.freed.steps[from..]);
        }
        note(self.freed, "stop", begin);
        if !free {
            let who = if acts.can_kill() { acts.names() } else { String::new() };
            let now = gather(self.os, self.question).ok().map(|(now, _)| words::holders(&now));
            self.held(&words::goes_on(facts, &who, now, self.freed, self.question.timeout));
        }
        free
    }

    fn held(&mut self, text: &str) {
        self.freed.outcome = Outcome::Held;
        text.clone_into(&mut self.freed.summary);
    }
}

fn note(freed: &mut Freed, part: &str, since: Instant) {
    let ms = (since.elapsed().as_secs_f64() * 1_000_000.0).round() / 1000.0;
    *freed.timings_ms.entry(part.to_owned()).or_default() += ms;
}

/// Returns who has it, as the model has them.
fn held(facts: &Facts) -> Vec<Held> {
    let by_socket = facts.holders.iter().map(of_socket);
    let by_connection = facts.connections.iter().map(|connection| Held {
        who: match &connection.process {
            Some(process) => format!("{} (pid {})", process.name, process.pid),
            None => "no process any more".to_owned(),
        },
        protocol: connection.protocol,
        addresses: vec![connection.local.ip()],
        port: connection.local.port(),
        state: None,
        remote: Some(connection.remote),
        process: connection.process.clone(),
        started_by: None,
        ancestry: Vec::new(),
        clients: Vec::new(),
    });
    by_socket.chain(by_connection).collect()
}

fn of_socket(holder: &EndpointDetail) -> Held {
    let endpoint = &holder.endpoint;
    let who = told(holder);
    let who = who.rsplit_once(" at ").map_or(who.as_str(), |(who, _)| who).trim_end_matches(',').to_owned();
    let mut clients: Vec<ProcessRef> =
        holder.connections.iter().filter_map(|connection| connection.peer.clone()).collect();
    clients.sort_unstable();
    clients.dedup();
    Held {
        who,
        protocol: endpoint.protocol,
        addresses: endpoint.addresses.clone(),
        port: endpoint.port,
        state: Some(endpoint.state),
        remote: None,
        process: processes(holder).next().map(reference),
        started_by: holder.started_by.clone(),
        ancestry: holder.ancestry.iter().map(reference).collect(),
        clients,
    }
}

fn reference(process: &Process) -> ProcessRef {
    ProcessRef { pid: process.pid, start_ticks: process.start_ticks, name: process.name.clone() }
}

/// How often something may start it again before wharf gives up.
const ROUNDS: usize = 4;
