//! What systemd's managers tell of the units that the holders belong to, and of the socket units at the port.
//!
//! A manager that does not answer, or not this user, leaves nothing behind: then it goes by processes, and whatever comes back
//! is seen. Not here: which of it is the level ([`crate::plan`]).

use std::collections::BTreeMap;
use std::time::Duration;

use wharf_catalog::ancestry::{Role, role};
use wharf_model::process::Process;
use wharf_os::manager::{Bus, Manager, UnitFacts};

use crate::facts::{Facts, UnitSeen, processes};

/// Asks the managers, where there is a unit to be asked about.
pub(super) fn add(facts: &mut Facts) {
    for (user, wanted) in wanted(facts) {
        let manager = user.map_or(Manager::System, Manager::User);
        let Ok(bus) = Bus::open(manager, PATIENCE) else { continue };
        for port in wanted.ports {
            let found = bus.socket_at(port).unwrap_or_default();
            facts
                .units
                .extend(found.into_iter().map(|unit| UnitSeen { is_at_port: true, ..seen(user, unit) }));
        }
        for name in wanted.names {
            let is_known = facts.units.iter().any(|unit| unit.name == name && unit.user == user);
            if let Some(unit) = bus.unit(&name).ok().filter(|_| !is_known) {
                // Found by an alias, it is still what the control group says.
                facts.units.push(UnitSeen { name, ..seen(user, unit) });
            }
        }
    }
}

/// What one manager is to be asked.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    names: Vec<String>,
    ports: Vec<u16>,
}

/// Returns what is to be asked of whom: of the manager of a user, or of the system's.
fn wanted(facts: &Facts) -> BTreeMap<Option<u32>, Wanted> {
    let mut all: BTreeMap<Option<u32>, Wanted> = BTreeMap::new();
    for holder in &facts.holders {
        for manager in processes(holder).filter(|process| is_systemd(process)) {
            let user = (manager.pid != 1).then_some(manager.uid).flatten();
            all.entry(user).or_default().ports.push(holder.endpoint.port);
        }
        let unit = holder.endpoint.unit.as_ref();
        if let Some(unit) = unit.filter(|unit| unit.name.ends_with(".service")) {
            all.entry(unit.user_manager).or_default().names.push(unit.name.clone());
        }
    }
    for wanted in all.values_mut() {
        wanted.names.sort();
        wanted.names.dedup();
        wanted.ports.sort_unstable();
        wanted.ports.dedup();
    }
    all
}

fn is_systemd(process: &Process) -> bool {
    process.name == "systemd" && role(process) == Role::Manager
}

fn seen(user: Option<u32>, unit: UnitFacts) -> UnitSeen {
    UnitSeen {
        name: unit.name,
        user,
        main_pid: unit.main_pid,
        triggered_by: unit.triggered_by,
        file_state: unit.file_state,
        restart: unit.restart,
        is_at_port: false,
    }
}

/// How long a manager may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
