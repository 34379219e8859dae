//! Linux behind the seam: netlink and /proc turned into facts.

pub(crate) mod binding;
mod cgroups;
pub(crate) mod cluster;
mod crew;
mod errors;
mod files;
pub(crate) mod guests;
pub(crate) mod hidden;
mod holders;
mod host;
mod in_flight;
pub(crate) mod link;
pub(crate) mod namespaces;
pub(crate) mod pasta;
mod processes;
pub(crate) mod sockets;
pub(crate) mod substitute;

use crate::Os;
use crate::containers::EngineSockets;
use crate::dial::TcpDialer;

pub(crate) fn os() -> Os {
    Os {
        sockets: Box::new(sockets::LinuxSockets),
        processes: Box::new(processes::LinuxProcesses::default()),
        files: Box::new(files::LinuxFiles::default()),
        containers: Box::new(EngineSockets::from_environment(rustix::process::geteuid().as_raw())),
        host: Box::new(host::LinuxHost::default()),
        clock: Box::new(host::LinuxClock),
        dialer: Box::new(TcpDialer),
    }
}
