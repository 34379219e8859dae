//! The state of this machine's endpoints at one instant: the document of `wharf ls --json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf ls --json`.
pub const ENDPOINTS_SCHEMA: &str = "wharf.endpoints/v1";

/// Every endpoint that wharf saw at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// Always `wharf.endpoints/v1`; within v1 fields are only added.
    pub schema: String,
    /// When the kernel was asked.
    pub taken_at: Timestamp,
    /// Identity of this boot (/proc/sys/kernel/random/boot_id); pids, inodes and cookies hold within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The endpoints, in the order asked for.
    pub endpoints: Vec<Endpoint>,
    /// Connections and connected UDP sockets; only with `--all`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<Connection>,
    /// What could not be seen, and why.
    pub warnings: Vec<Warning>,
}

/// A part of the answer that is missing or uncertain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Stable code in kebab-case: `netlink-denied`, `owners-hidden`.
    pub code: String,
    /// One sentence for people: what is missing, and what would show it.
    pub text: String,
}
