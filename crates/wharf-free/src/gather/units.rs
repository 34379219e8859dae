//! What systemd's managers tell of the units that the holders belong to.

use std::time::Duration;

use wharf_catalog::ancestry::{Role, role};
use wharf_model::detail::StarterKind;
use wharf_os::manager::{Bus, Manager, ManagerError, UnitFacts};

use crate::facts::{Facts, UnitSeen, processes};

/// Asks the managers, where there is a unit to be asked about.
pub(super) fn add(facts: &mut Facts) {
    let mut asked: Vec<(Option<u32>, Asked)> = Vec::new();
    for holder in &facts.holders {
        let lead = processes(holder).next();
        if let Some(manager) = lead.filter(|lead| lead.name == "systemd" && role(lead) == Role::Manager) {
            let user = (manager.pid != 1).then_some(manager.uid).flatten();
            asked.push((user, Asked::Sockets(holder.endpoint.port)));
        }
        let is_started = holder.started_by.as_ref().is_some_and(|by| by.kind == StarterKind::SystemdUnit);
        let unit = holder.endpoint.unit.as_ref().filter(|_| is_started);
        if let Some(unit) = unit.filter(|unit| unit.name.ends_with(".service")) {
            asked.push((unit.user_manager, Asked::Unit(unit.name.clone())));
        }
    }
    asked.sort();
    asked.dedup();
    for (user, asked) in asked {
        match ask(user, &asked) {
            Ok(units) => facts.units.extend(units),
            // There is no manager that could start anything again.
            Err(ManagerError::Absent | ManagerError::NoSuchUnit) => {}
            Err(error) => facts.unasked.push((asked.name(), error.to_string())),
        }
    }
}

/// What a manager is asked for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// One unit.
    Unit(String),
    /// The socket units at a port.
    Sockets(u16),
}

impl Asked {
    fn name(self) -> String {
        match self {
            Self::Unit(name) => name,
            Self::Sockets(_) => String::new(),
        }
    }
}

fn ask(user: Option<u32>, asked: &Asked) -> Result<Vec<UnitSeen>, ManagerError> {
    let bus = Bus::open(user.map_or(Manager::System, Manager::User), LIMIT)?;
    let (units, is_at_port) = match asked {
        Asked::Unit(name) => (vec![bus.unit(name)?], false),
        Asked::Sockets(port) => (bus.socket_at(*port)?, true),
    };
    Ok(units.into_iter().map(|unit| seen(unit, user, is_at_port)).collect())
}

fn seen(unit: UnitFacts, user: Option<u32>, is_at_port: bool) -> UnitSeen {
    UnitSeen {
        name: unit.name,
        user,
        main_pid: unit.main_pid,
        triggered_by: unit.triggered_by,
        triggers: unit.triggers,
        file_state: unit.file_state,
        restart: unit.restart,
        is_at_port,
    }
}

/// A manager that is stuck does not hold up the rest.
const LIMIT: Duration = Duration::from_secs(2);
