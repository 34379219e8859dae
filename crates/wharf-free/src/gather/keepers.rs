//! What those who look after several services can be told.

use std::collections::BTreeSet;
use std::time::Duration;

use wharf_model::process::Process;
use wharf_os::Os;
use wharf_os::keepers::order;
use wharf_os::pm2::{Pm2, Pm2Process, home_of};

use crate::facts::{Facts, Kept, processes};
use crate::job::{Level, job};

/// Asks each supervisor of several services which of them a holder is.
pub(super) fn add(os: &Os, facts: &mut Facts) {
    let mut found = Vec::new();
    for holder in &facts.holders {
        let Some(lead) = processes(holder).next() else { continue };
        let job = job(lead, &holder.ancestry, &facts.caller.line);
        let Level::Keeper(at, name) = job.level(&facts.loops, &BTreeSet::new()) else { continue };
        let (keeper, below) = (job.line[at], &job.line[..at]);
        let is_ours = keeper.uid == Some(facts.caller.uid) || facts.caller.is_root();
        if !is_ours || facts.keepers.contains_key(&keeper.pid) {
            continue;
        }
        let kept = match name.as_str() {
            "pm2" => by_pm2(os, keeper, below, facts.port),
            _ => by_client(os, keeper, below),
        };
        found.extend(kept.map(|kept| (keeper.pid, kept)));
    }
    facts.keepers.extend(found);
}

fn by_client(os: &Os, keeper: &Process, below: &[&Process]) -> Option<Kept> {
    let process = os.processes.read(&[keeper.pid]).pop()?;
    match order(&process, below.last()?.pid) {
        Ok(order) => order.map(Kept::Client),
        Err(why) => Some(Kept::Unknown(why)),
    }
}

fn by_pm2(os: &Os, daemon: &Process, below: &[&Process], port: Option<u16>) -> Option<Kept> {
    let title = daemon.command.first().map_or("", String::as_str);
    let told = || os.processes.environment(daemon.pid, "PM2_HOME").map(std::path::PathBuf::from);
    let at_home = || Some(std::path::Path::new(&os.processes.environment(daemon.pid, "HOME")?).join(".pm2"));
    let home = home_of(title).or_else(told).or_else(at_home)?;
    let uid = daemon.uid?;
    let mut pm2 = Pm2::open_of(&home, uid, LIMIT).ok()?;
    let all = pm2.processes().ok()?;
    let online: Vec<&Pm2Process> = all.iter().filter(|process| process.pid.is_some()).collect();
    let has = |pid: u32, process: &&&Pm2Process| process.pid == Some(pid);
    let own: Vec<&Pm2Process> = match below {
        // The daemon itself listens for its clusters: by the port that their workers are told, if there are several.
        [] => cluster(os, &online, port),
        below => below
            .iter()
            .filter_map(|it| online.iter().find(|process| has(it.pid, process)))
            .copied()
            .collect(),
    };
    let names: BTreeSet<&str> = own.iter().map(|process| process.name.as_str()).collect();
    let [name] = Vec::from_iter(names)[..] else {
        let text = "which of its applications it is could not be told: pm2 ls, and then pm2 stop NAME";
        return Some(Kept::Unknown(text.to_owned()));
    };
    Some(Kept::Pm2 {
        home: home.to_string_lossy().into_owned(),
        uid,
        name: name.to_owned(),
        ids: own.iter().map(|process| process.id).collect(),
    })
}

fn cluster<'a>(os: &Os, online: &[&'a Pm2Process], port: Option<u16>) -> Vec<&'a Pm2Process> {
    let all: Vec<&Pm2Process> = online.iter().filter(|process| process.cluster).copied().collect();
    let port = port.map(|port| port.to_string());
    let is_told = |process: &&&Pm2Process| {
        let told = process.pid.and_then(|pid| os.processes.environment(pid, "PORT"));
        told.is_some() && told == port
    };
    let told: Vec<&Pm2Process> = all.iter().filter(is_told).copied().collect();
    if told.is_empty() { all } else { told }
}

/// A supervisor that is stuck does not hold up the rest.
const LIMIT: Duration = Duration::from_secs(2);
