//! What others stop for us: container engines, supervisors of several services, the kernel.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use wharf_os::{Os, close, pm2};

/// Has the engine stop a container; it kills what has not ended after `limit`.
pub(super) fn container(os: &Os, engine: &str, id: &str, limit: Duration) -> Result<(), String> {
    // The engine needs some time for its own.
    os.containers.stop(engine, id, limit, limit + ENGINE).map_err(|error| error.to_string())
}

/// Has pm2 stop processes of the user `uid`.
pub(super) fn pm2(home: &str, uid: u32, ids: &[u32], limit: Duration) -> Result<(), String> {
    let mut daemon = pm2::Pm2::open_of(Path::new(home), uid, limit).map_err(|error| error.to_string())?;
    ids.iter().try_for_each(|&id| daemon.stop(id)).map_err(|error| error.to_string())
}

/// Closes one connection.
pub(super) fn close(local: SocketAddr, remote: SocketAddr) -> Result<(), String> {
    close::connection(local, remote).map_err(|error| error.to_string())
}

/// What a container engine may take beyond what the container takes.
const ENGINE: Duration = Duration::from_secs(10);
