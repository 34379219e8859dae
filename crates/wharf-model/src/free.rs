//! What was done, or would be, to free a port: the document of `wharf free --json`.
//!
//! Not here: who decides it (`wharf-free`), and how it is drawn (`wharf-views`).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection::ProcessRef;
use crate::detail::StartedBy;
use crate::endpoint::{EndpointState, Protocol};
use crate::snapshot::Warning;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf free --json`.
pub const FREE_SCHEMA: &str = "wharf.free/v1";

/// What became of all that was to be free.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Freeing {
    /// Always `wharf.free/v1`; within v1 fields are only added.
    pub schema: String,
    /// When it began.
    pub taken_at: Timestamp,
    /// True if it was only to be said what would be done (`--dry-run`).
    pub dry_run: bool,
    /// What became of each target, in the order in which they were given.
    pub targets: Vec<Freed>,
    /// What could not be seen, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Freed {
    /// What was to be free, as it was given.
    pub target: String,
    /// How it ended.
    pub outcome: Outcome,
    /// It in one line, for people.
    pub summary: String,
    /// The addresses that a server is to be able to bind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
    /// Who held them when it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Held>,
    /// What is to be done, or was, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Why nothing is done about some of it; then nothing at all is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// What else is good to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// How long it took, in milliseconds: `look`, `stop` until the port could be bound, `watch` after that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timings_ms: BTreeMap<String, f64>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was stopped, the address could be bound, and nothing took it again for as long as was watched.
    Freed,
    /// Nothing had to be stopped: the address could be bound from the beginning.
    WasFree,
    /// Only what would be done was to be said.
    Planned,
    /// Something still has it.
    Held,
    /// Something has it that is not to be stopped by wharf, or not by this user.
    Refused,
    /// Nobody has agreed to it.
    NeedsYes,
}

/// What holds an address, or stands in the way of binding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// Who it is, in one line: `node (pid 4121, /src/shop)`.
    pub who: String,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Addresses that it has.
    pub addresses: Vec<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Whether it listens; absent for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<EndpointState>,
    /// The far end, for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// The process that leads; absent where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessRef>,
    /// What started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<StartedBy>,
    /// The processes above it, its parent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestry: Vec<ProcessRef>,
    /// Local processes that are connected to it. They are never signalled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ProcessRef>,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Kind of what is done.
    pub kind: StepKind,
    /// It in one line, for people: `stop npm run dev (pid 4100)`.
    pub text: String,
    /// Why at this level, where that is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The processes that are asked to end, the topmost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessRef>,
    /// By which signal: `SIGTERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Other ports that become free with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_frees: Vec<u16>,
    /// The command that does the same by hand, or that keeps it from starting again some day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What came of it; absent before it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<StepResult>,
}

/// Kinds of what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind {
    /// End a program that runs under wharf, as `wharf stop` does.
    StopRun,
    /// Let go of a port that wharf keeps for a lease, until the next run of its name.
    LetGo,
    /// Stop a unit of systemd, by its manager.
    StopUnit,
    /// Stop a container, by its engine.
    StopContainer,
    /// Have a supervisor that looks after several services stop one of them.
    AskSupervisor,
    /// Ask processes to end, by signals.
    StopProcesses,
    /// Close one connection, sock_diag(7).
    CloseConnection,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state", content = "text")]
#[non_exhaustive]
pub enum StepResult {
    /// It was done.
    Done,
    /// It was done, and what did not obey was killed (SIGKILL).
    Killed,
    /// It could not be done: why.
    Failed(String),
}

/// Why something is not stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Stable code in kebab-case: `own-ancestor`, `other-user`, `kernel-socket`.
    pub code: String,
    /// One line for people.
    pub text: String,
    /// A command that would do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}
