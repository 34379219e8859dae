//! What is asked: the target, who asks, and how far to go.

use std::time::Duration;

use wharf_catalog::request::Asker;
use wharf_model::lease::Lease;
use wharf_model::run::RunProcess;

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is to be free, as it was given: a port, ADDRESS:PORT, or a name.
    pub target: String,
    /// Who asks, with what they run under wharf.
    pub asker: Asker,
    /// Their leases.
    pub leases: Vec<Lease>,
    /// The daemon, if it runs.
    pub daemon: Option<RunProcess>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Kill what does not obey in time, without asking.
    pub force: bool,
    /// How long the port may take to become free after those who have it were asked to end.
    pub timeout: Duration,
    /// Whether the terminal or agent of the one who asks came in by a server at this port: the last word of SSH_CONNECTION.
    pub ssh_port: Option<u16>,
}
