//! From facts to what is done about each holder, or why nothing is: a pure function.
//!
//! The order of the questions is the order of what is right: wharf's own runs and leases, containers, what must not be
//! touched, units, supervisors, and only then signals. Not here: who belongs to a job ([`crate::job`]), which processes are
//! signalled ([`crew`]), and doing it ([`crate::act`]).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use wharf_model::detail::{EndpointDetail, StarterKind};
use wharf_model::free::{Refusal, Step, StepKind};
use wharf_model::lease::Lease;
use wharf_model::run::Run;

use crate::facts::{Facts, UnitSeen};

mod connection;
mod crew;
mod forbidden;
mod holder;
mod unit;

pub(crate) use crew::Crew;

/// What is to be done, or why nothing is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) orders: Vec<(Order, Step)>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) remarks: Vec<String>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// End a run, as `wharf stop` does.
    StopRun(Box<Run>),
    /// Let go of the port of a lease.
    LetGo(Box<Lease>),
    /// Stop units, in this order, by the manager of a user or of the system.
    StopUnits { user: Option<u32>, names: Vec<String> },
    /// Stop a container.
    StopContainer { engine: String, id: String },
    /// Have pm2 stop processes.
    Pm2 { home: String, uid: u32, ids: Vec<u32> },
    /// Run the client of a supervisor.
    Client(wharf_os::keepers::Order),
    /// Ask processes to end.
    Signal(Crew),
    /// Close a connection.
    Close { local: SocketAddr, remote: SocketAddr },
}

/// Decides. `raised` are processes that have been seen to start a server again.
pub(crate) fn plan(facts: &Facts, raised: &BTreeSet<u32>) -> Plan {
    let mut plan = Plan::default();
    for run in &facts.runs {
        plan.add(holder::run(run, facts));
    }
    for holder in &facts.holders {
        plan.add(holder::decide(holder, facts, raised));
    }
    for connection in &facts.connections {
        plan.add(connection::decide(connection, facts));
    }
    let is_kept = facts.holders.iter().any(|holder| holder::is_kept(holder, facts));
    if !plan.orders.is_empty() || is_kept {
        // Between runs wharf keeps the port: it would take it again at once.
        for lease in &facts.leases {
            plan.add(holder::lease(lease, facts));
        }
    }
    plan.remark(facts);
    plan
}

/// What is decided about one holder.
pub(crate) enum Decision {
    /// This is done.
    Do(Order, Box<Step>),
    /// Nothing is done.
    Refuse(Refusal),
    /// It is not in the way.
    Leave,
}

impl Plan {
    /// Takes a decision, unless another holder has led to the same.
    fn add(&mut self, decision: Decision) {
        match decision {
            Decision::Do(order, step) => {
                if let (Order::Signal(crew), Some((Order::Signal(known), told))) =
                    (&order, self.orders.iter_mut().find(|(known, _)| known.is_same_crew(&order)))
                {
                    known.join(crew);
                    told.processes = known.processes();
                } else if !self.orders.iter().any(|(known, _)| *known == order) {
                    self.orders.push((order, *step));
                }
            }
            Decision::Refuse(refusal) => {
                if !self.refusals.contains(&refusal) {
                    self.refusals.push(refusal);
                }
            }
            Decision::Leave => {}
        }
    }

    fn remark(&mut self, facts: &Facts) {
        let jobs = self.orders.iter().filter(|(order, _)| !matches!(order, Order::LetGo(_))).count();
        if jobs > 1 && facts.holders.len() > 1 {
            let text = format!("{jobs} programs share or divide the port: all of them are stopped");
            self.remarks.push(text);
        }
        let by_clock = facts.holders.iter().filter_map(|holder| holder.started_by.as_ref());
        for by in by_clock.filter(|by| by.kind == StarterKind::Schedule) {
            self.remarks.push(format!("{} may start it again by the clock", by.text));
        }
        let stopped = |unit: &&UnitSeen| self.orders.iter().any(|(order, _)| order.stops(&unit.name));
        let timers = facts.units.iter().filter(stopped).flat_map(|unit| &unit.triggered_by);
        let timers: Vec<&String> = timers.filter(|name| name.ends_with(".timer")).collect();
        self.remarks.extend(timers.into_iter().map(|timer| format!("{timer} starts it again by the clock")));
        for place in &facts.elsewhere {
            self.remarks.push(format!("{place} is in another network namespace, and not in the way"));
        }
    }
}

impl Order {
    fn stops(&self, unit: &String) -> bool {
        matches!(self, Order::StopUnits { names, .. } if names.contains(unit))
    }

    fn is_same_crew(&self, other: &Order) -> bool {
        match (self, other) {
            (Order::Signal(one), Order::Signal(two)) => one.top() == two.top(),
            _ => false,
        }
    }
}

/// Returns a step that has not been done yet.
fn step(kind: StepKind, text: impl Into<String>) -> Step {
    Step {
        kind,
        text: text.into(),
        why: None,
        processes: Vec::new(),
        signal: None,
        also_frees: Vec::new(),
        command: None,
        result: None,
    }
}

/// Returns a refusal.
fn refuse(code: &str, text: impl Into<String>) -> Refusal {
    Refusal { code: code.to_owned(), text: text.into(), command: None }
}

/// Returns a refusal with a command that would do it.
fn refuse_with(code: &str, text: impl Into<String>, command: impl Into<String>) -> Refusal {
    Refusal { command: Some(command.into()), ..refuse(code, text) }
}

/// Returns `127.0.0.1:3000`, or the first address with how many more there are.
fn place(holder: &EndpointDetail) -> String {
    let endpoint = &holder.endpoint;
    let addresses: Vec<String> =
        endpoint.addresses.iter().map(|&ip| SocketAddr::new(ip, endpoint.port).to_string()).collect();
    addresses.join(" and ")
}

#[cfg(test)]
mod tests;
