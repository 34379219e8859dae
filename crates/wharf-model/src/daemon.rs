//! The daemon and what it keeps. Not here: what it does (`wharf-daemon`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lease::LeaseName;
use crate::run::RunProcess;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf daemon status --json`.
pub const DAEMON_SCHEMA: &str = "wharf.daemon/v1";

/// The daemon and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Daemon {
    /// Always `wharf.daemon/v1`; within v1 fields are only added.
    pub schema: String,
    /// Its version.
    pub version: String,
    /// Its process.
    pub process: RunProcess,
    /// The program that it runs.
    pub executable: String,
    /// When it was started, or started anew.
    pub started_at: Timestamp,
    /// The ports that it keeps, ascending.
    pub ports: Vec<KeptPort>,
}

/// A port that the daemon keeps for a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptPort {
    /// The port.
    pub port: u16,
    /// Whose it is; absent if its lease is gone and a run still has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LeaseName>,
    /// The wharf process whose run has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunProcess>,
}
