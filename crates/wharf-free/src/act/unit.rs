//! Stopping units, by their manager and never by signals.

use std::time::{Duration, Instant};

use wharf_os::manager::{Bus, Manager, ManagerError};

/// Stops `names`, in this order, and waits until all have come to rest.
pub(super) fn stop(user: Option<u32>, names: &[String], limit: Duration) -> Result<(), String> {
    let bus =
        Bus::open(user.map_or(Manager::System, Manager::User), CALL).map_err(|error| error.to_string())?;
    let mut stopped = Vec::new();
    for name in names {
        match bus.stop(name) {
            Ok(()) => stopped.push(name),
            // One that is not loaded runs nothing.
            Err(ManagerError::NoSuchUnit) => {}
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
    let deadline = Instant::now() + limit;
    for name in stopped {
        let left = deadline.saturating_duration_since(Instant::now());
        match bus.wait_inactive(name, left) {
            Ok(true) => {}
            Ok(false) => return Err(format!("{name} has not stopped within {} s", limit.as_secs_f64())),
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
    Ok(())
}

/// What one question to a manager may take.
const CALL: Duration = Duration::from_secs(5);
