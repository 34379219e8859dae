//! Stopping units, by their manager and never by signals.

use std::time::{Duration, Instant};

use wharf_os::manager::{Bus, Manager, ManagerError};

/// Stops `names`, in this order, and waits until they have come to rest.
///
/// Whatever starts another comes before it in `names`. All are told before any is waited for: the service of a socket unit
/// may take its time, and the socket is to be gone meanwhile.
pub(super) fn stop(user: Option<u32>, names: &[String], limit: Duration) -> Result<(), String> {
    let begin = Instant::now();
    let manager = user.map_or(Manager::System, Manager::User);
    let bus = Bus::open(manager, limit.min(PATIENCE)).map_err(|error| error.to_string())?;
    for name in names {
        match bus.stop(name) {
            // What is not loaded does not run.
            Ok(()) | Err(ManagerError::NoSuchUnit) => {}
            Err(error) => return Err(format!("{name} could not be stopped: {error}")),
        }
    }
    for name in names {
        let left = limit.saturating_sub(begin.elapsed());
        match bus.wait_inactive(name, left) {
            Ok(true) => {}
            Ok(false) => return Err(goes_on(name, user)),
            Err(error) => return Err(format!("{name} was told to stop, and is not known to have: {error}")),
        }
    }
    Ok(())
}

fn goes_on(name: &str, user: Option<u32>) -> String {
    let whose = if user.is_some() { "--user " } else { "" };
    format!(
        "{name} has not stopped yet; systemd kills it after its TimeoutStopSec: systemctl {whose}status {name}"
    )
}

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(5);
