//! What others stop for us: container engines, supervisors of several services, the kernel.

use std::net::SocketAddr;
use std::time::Duration;

use wharf_os::Os;

/// Has the engine stop a container.
pub(super) fn container(os: &Os, engine: &str, id: &str, limit: Duration) -> Result<(), String> {
    let _ = (os, engine, id, limit);
    Err("containers cannot be stopped yet".to_owned())
}

/// Has pm2 stop processes.
pub(super) fn pm2(home: &str, ids: &[u32], limit: Duration) -> Result<(), String> {
    let _ = (home, ids, limit);
    Err("pm2 cannot be asked yet".to_owned())
}

/// Runs the client of a supervisor.
pub(super) fn command(words: &[String]) -> Result<(), String> {
    let _ = words;
    Err("supervisors cannot be asked yet".to_owned())
}

/// Closes one connection.
pub(super) fn close(local: SocketAddr, remote: SocketAddr) -> Result<(), String> {
    let _ = (local, remote);
    Err("connections cannot be closed yet".to_owned())
}
