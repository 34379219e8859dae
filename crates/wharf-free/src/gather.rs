//! The machine is asked: who has the port, what belongs to it, and who asks.
//!
//! Not here: what follows from it ([`crate::plan`]).

use std::collections::BTreeSet;
use std::path::Path;

use wharf_catalog::ancestry::shell_script;
use wharf_catalog::cgroup::{container_of, unit_of};
use wharf_catalog::detail::{ancestors, complete, head};
use wharf_catalog::request::Request;
use wharf_catalog::survey::survey;
use wharf_model::connection::TcpState;
use wharf_model::detail::{EndpointDetail, PortDetail};
use wharf_model::endpoint::{EndpointState, Protocol};
use wharf_model::filter::Filter;
use wharf_model::owner::HeldBy;
use wharf_model::process::Process;
use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_os::facts::{BindOutcome, OsError};

use crate::facts::{Caller, Facts, pids, processes, who};
use crate::job::job;
use crate::question::Question;
use crate::target::{addresses, is_called, is_exactly, is_in_the_way};

mod jobs;
mod keepers;
mod units;

/// Why a target is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// It names nothing, or too much: a sentence with what to write instead.
    Target(String),
    /// The kernel would not tell.
    Os(OsError),
}

impl From<OsError> for Unclear {
    fn from(error: OsError) -> Self {
        Self::Os(error)
    }
}

/// Returns all that is known of the target, and what could not be seen.
pub(crate) fn gather(os: &Os, question: &Question) -> Result<(Facts, Vec<Warning>), Unclear> {
    let word = question.target.as_str();
    let filter: Filter = word.parse().map_err(|error| Unclear::Target(format!("{error}")))?;
    let mut facts = match &filter {
        Filter::Port(_) | Filter::Address(..) | Filter::Name(_) => {
            Facts::new(word, addresses(&filter), caller(os, question))
        }
        _ => {
            let text = format!("{word} is not one port: write a port, ADDRESS:PORT, or a name");
            return Err(Unclear::Target(text));
        }
    };
    // Whoever has another address may be in the way as well.
    let search = filter.port().map_or_else(|| filter.clone(), Filter::Port);
    let mut detail = head(os, word, &search, &question.asker)?;
    complete(os, &search, &question.asker, &mut detail);
    let warnings = std::mem::take(&mut detail.warnings);
    match filter.port() {
        Some(port) => of_port(os, question, port.get(), detail, &mut facts)?,
        None => of_name(question, detail, &mut facts)?,
    }
    let holders = std::mem::take(&mut facts.holders);
    facts.holders =
        holders.into_iter().flat_map(|holder| jobs::split(os, holder, &facts.caller.line)).collect();
    add_family(os, &mut facts);
    add_ports(os, question, &mut facts);
    units::add(&mut facts);
    keepers::add(os, &mut facts);
    Ok((facts, warnings))
}

/// Returns who asks: this process, and all above it.
fn caller(os: &Os, question: &Question) -> Caller {
    let own = std::process::id();
    let Some(itself) = os.processes.read(&[own]).pop() else { return Caller::default() };
    let cgroup = itself.cgroup.clone();
    let line = ancestors(os, Some(itself.ppid).filter(|&pid| pid != 0), itself.start_ticks);
    Caller {
        uid: os.host.own_uid(),
        line: std::iter::once(own).chain(line.iter().map(|process| process.pid)).collect(),
        unit: cgroup.as_deref().and_then(unit_of),
        container: cgroup.as_deref().and_then(container_of).map(|container| container.id),
        ssh_port: question.ssh_port,
        daemon: question.daemon,
    }
}

fn of_port(
    os: &Os,
    question: &Question,
    port: u16,
    detail: PortDetail,
    facts: &mut Facts,
) -> Result<(), Unclear> {
    for endpoint in &detail.endpoints {
        if !endpoint.endpoint.netns.own && endpoint.endpoint.protocol == Protocol::Tcp {
            facts.elsewhere.push(told(endpoint));
        }
    }
    let mut endpoints: Vec<EndpointDetail> = detail
        .endpoints
        .into_iter()
        .filter(|detail| is_in_the_way(&detail.endpoint, &facts.addresses))
        .collect();
    let has_tcp = endpoints.iter().any(|detail| detail.endpoint.protocol == Protocol::Tcp);
    if !has_tcp && !endpoints.is_empty() && detail.holding.is_empty() {
        facts.protocol = Protocol::Udp;
    }
    endpoints.retain(|detail| detail.endpoint.protocol == facts.protocol);
    facts.holders = endpoints;
    let wharfs = |pid: u32| {
        let by_mark = facts.holders.iter().filter_map(|holder| holder.endpoint.run.as_ref());
        by_mark.clone().any(|mark| mark.wharf_pid == pid)
            || facts.holders.iter().any(|it| pids(it).contains(&pid))
    };
    facts.runs = question.asker.runs.iter().filter(|run| wharfs(run.wharf.pid)).cloned().collect();
    if facts.caller.daemon.is_some() || !facts.runs.is_empty() {
        facts.leases = question.leases.iter().filter(|lease| lease.port == port).cloned().collect();
    }
    if facts.holders.is_empty() && facts.protocol == Protocol::Tcp {
        facts.refused = refused(os, facts);
        if let Some((address, _)) = facts.refused.iter().find(|(_, errno)| errno == "EADDRNOTAVAIL") {
            let text = format!("{} is no address of this machine, so nothing can have it", address.ip());
            return Err(Unclear::Target(text));
        }
        facts.time_wait = detail.holding.iter().filter(|one| one.state == TcpState::TimeWait).count();
        if facts.refused.iter().any(|(_, errno)| errno == "EADDRINUSE") {
            let refused: Vec<_> = facts.refused.iter().map(|(address, _)| address.ip()).collect();
            let mut holding = detail.holding;
            holding.retain(|connection| {
                let own = connection.local.ip().to_canonical();
                let meets = |ip: &std::net::IpAddr| ip.is_unspecified() || ip.to_canonical() == own;
                connection.state != TcpState::TimeWait && refused.iter().any(meets)
            });
            facts.connections = holding;
            facts.reserved = os.host.ephemeral_range().map(|range| range.reserved).unwrap_or_default();
        }
    }
    Ok(())
}

/// Tries to bind each address as servers do. What it says of an address that this machine does not have tells nothing of the port.
pub(crate) fn refused(os: &Os, facts: &Facts) -> Vec<(std::net::SocketAddr, String)> {
    let several = facts.addresses.len() > 1;
    let tried = facts.addresses.iter().map(|&address| (address, os.sockets.try_bind(address, true)));
    let refused = tried.filter_map(|(address, outcome)| match outcome {
        BindOutcome::Bound => None,
        BindOutcome::Refused(errno) => Some((address, errno)),
    });
    refused.filter(|(_, errno)| !several || !NOT_HERE.contains(&errno.as_str())).collect()
}

fn of_name(question: &Question, detail: PortDetail, facts: &mut Facts) -> Result<(), Unclear> {
    let word = question.target.as_str();
    facts.by_name = true;
    facts.runs = question.asker.runs.iter().filter(|run| is_called(&run.name, word)).cloned().collect();
    facts.leases = question.leases.iter().filter(|lease| is_called(&lease.name, word)).cloned().collect();
    let names: BTreeSet<String> = facts
        .runs
        .iter()
        .map(|run| run.name.to_string())
        .chain(facts.leases.iter().map(|lease| lease.name.to_string()))
        .collect();
    if names.len() > 1 {
        let names: Vec<String> = names.into_iter().collect();
        return Err(Unclear::Target(format!("{word} could be {}: write the whole name", names.join(" or "))));
    }
    let listens = |one: &EndpointDetail| one.endpoint.protocol == Protocol::Tcp;
    let mut found: Vec<EndpointDetail> = detail.endpoints.into_iter().filter(listens).collect();
    if found.iter().any(|one| is_exactly(&one.endpoint, word)) {
        found.retain(|one| is_exactly(&one.endpoint, word));
    } else if !names.is_empty() {
        found.clear();
    }
    let owners: BTreeSet<String> = found.iter().map(owner).collect();
    if owners.len() > 1 && !found.iter().all(|one| is_exactly(&one.endpoint, word)) {
        let places: Vec<String> = found.iter().map(told).collect();
        let text =
            format!("{word} could be {}: write the port of the one that is meant", places.join("; or "));
        return Err(Unclear::Target(text));
    }
    if found.is_empty() && names.is_empty() {
        let text =
            format!("nothing is called {word}: write a port, ADDRESS:PORT, or a name that wharf ls shows");
        return Err(Unclear::Target(text));
    }
    facts.addresses = found
        .iter()
        .filter(|one| one.endpoint.netns.own)
        .flat_map(|one| {
            one.endpoint.addresses.iter().map(|&ip| std::net::SocketAddr::new(ip, one.endpoint.port))
        })
        .collect();
    facts.addresses.sort_unstable();
    facts.addresses.dedup();
    facts.holders = found;
    Ok(())
}

/// What tells one owner from another.
fn owner(one: &EndpointDetail) -> String {
    let endpoint = &one.endpoint;
    match (&endpoint.container, &endpoint.unit, endpoint.owner.lead()) {
        (Some(container), ..) => container.id.clone(),
        (_, Some(unit), _) if unit.name.ends_with(".service") => unit.name.clone(),
        (.., Some(lead)) => format!("{}", lead.pid),
        _ => endpoint.id.clone(),
    }
}

/// Returns `node (pid 4121) at 127.0.0.1:3000`.
pub(crate) fn told(one: &EndpointDetail) -> String {
    let endpoint = &one.endpoint;
    let who = match (&endpoint.container, processes(one).next(), endpoint.owner.held_by) {
        (Some(container), ..) => format!("{} container {}", container.engine, container.label()),
        (None, Some(lead), HeldBy::InFlight) => format!("a message to {}", who(lead)),
        (None, Some(lead), _) => who(lead),
        (None, None, HeldBy::NoProcess) => "no process".to_owned(),
        (None, None, HeldBy::InFlight) => "a message between processes".to_owned(),
        _ => match &endpoint.owner.user {
            Some(user) => format!("a process of user {user}"),
            None => format!("a process of user {}", endpoint.owner.uid),
        },
    };
    let at: Vec<String> = endpoint
        .addresses
        .iter()
        .map(|&ip| std::net::SocketAddr::new(ip, endpoint.port).to_string())
        .collect();
    let bound = if endpoint.state == EndpointState::Bound { ", which does not listen," } else { "" };
    format!("{who}{bound} at {}", at.join(" and "))
}

/// Reads whoever belongs to the jobs of the holders.
fn add_family(os: &Os, facts: &mut Facts) {
    let mut roots: Vec<u32> = Vec::new();
    let Facts { holders, caller, family, loops, .. } = facts;
    for holder in holders {
        let held: Vec<Process> = processes(holder).cloned().collect();
        let Some(lead) = held.first() else { continue };
        if holder.endpoint.owner.held_by == HeldBy::InFlight {
            holder.ancestry = ancestors(os, lead.ppid, lead.start_ticks);
        }
        let found = job(lead, &holder.ancestry, &caller.line);
        roots.extend(found.line.last().map(|process| process.pid));
        roots.extend(held.iter().map(|process| process.pid));
        loops.extend(found.line.iter().filter(|process| runs_a_loop(os, process)).map(|process| process.pid));
        for process in held.iter().chain(&holder.ancestry) {
            family.insert(process.pid, process.clone());
        }
    }
    roots.sort_unstable();
    roots.dedup();
    let below = os.processes.descendants(&roots);
    for process in wharf_catalog::process::read(os, &below) {
        family.entry(process.pid).or_insert(process);
    }
}

/// Whether a shell runs a script in which a loop has no end.
fn runs_a_loop(os: &Os, process: &Process) -> bool {
    let Some(script) = shell_script(process) else { return false };
    let place = Path::new(process.cwd.as_deref().unwrap_or("/")).join(script);
    let text = os.files.read(&place, SCRIPT_LIMIT).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let condition = pair[1].trim_end_matches(';');
        pair[0] == "while" && matches!(condition, ":" | "true" | "1")
            || pair[0] == "until" && condition == "false"
    })
}

/// Notes which other ports the processes of the family listen at.
fn add_ports(os: &Os, question: &Question, facts: &mut Facts) {
    if facts.holders.is_empty() {
        return;
    }
    let all = Request { own_namespace: true, asker: question.asker.clone(), ..Request::default() };
    let Ok(snapshot) = survey(os, &all) else { return };
    for endpoint in snapshot.endpoints.iter().filter(|endpoint| endpoint.protocol == Protocol::Tcp) {
        for process in &endpoint.owner.processes {
            if facts.family.contains_key(&process.pid) {
                facts.ports.entry(process.pid).or_default().push(endpoint.port);
            }
        }
    }
}

/// What bind(2) says of an address, not of a port.
const NOT_HERE: [&str; 2] = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];
/// Longer scripts are not looked into.
const SCRIPT_LIMIT: usize = 64 * 1024;
