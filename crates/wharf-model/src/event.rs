//! What changed between two snapshots: the lines of `wharf watch --json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::timestamp::Timestamp;

/// Name and version of each line of `wharf watch --json`.
pub const EVENT_SCHEMA: &str = "wharf.event/v1";

/// One change of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Always `wharf.event/v1`; within v1 fields are only added.
    pub schema: String,
    /// Counts up by one with every event of this watch, from 1.
    pub revision: u64,
    /// When wharf saw it.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The endpoint as it is now; for `closed`, as it was last.
    pub endpoint: Endpoint,
    /// For `changed`: names of the fields that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
}

/// Kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The endpoint was there when the watch began.
    Present,
    /// It opened.
    Opened,
    /// It closed.
    Closed,
    /// Its owner, state, service or notes are different now.
    Changed,
}
