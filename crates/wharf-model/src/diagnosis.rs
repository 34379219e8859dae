//! A diagnosis: why an endpoint cannot be reached, or bound, with evidence and what to do; `wharf why --json`.
//!
//! Not here: how it is found out (`wharf-diagnose`), and how it is drawn (`wharf-views`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::snapshot::Warning;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf why --json`.
pub const DIAGNOSIS_SCHEMA: &str = "wharf.diagnosis/v1";

/// Name and version of the document of `wharf why --list --json`.
pub const CAUSES_SCHEMA: &str = "wharf.causes/v1";

/// What was found out about one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Always `wharf.diagnosis/v1`; within v1 fields are only added.
    pub schema: String,
    /// When it was looked into.
    pub taken_at: Timestamp,
    /// The target, in its full form: `http://localhost:3000`, `127.0.0.1:62893`, `unix:/run/x.sock`.
    pub target: String,
    /// The outcome.
    pub verdict: Verdict,
    /// It in one line, for people.
    pub summary: String,
    /// Why it cannot be reached, the first to be mended first; empty unless `verdict` is `cause_found`.
    pub causes: Vec<CauseFound>,
    /// What was seen of a target that can be reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Evidence>,
    /// What is odd, though it does not keep anybody from reaching the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// By which forwarders the target leads to where the causes are, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Hop>,
    /// What it is not, and how that is known.
    pub ruled_out: Vec<RuledOut>,
    /// What could not be told, and what it would take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Untold>,
    /// The command that would tell more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_tell: Option<String>,
    /// How long each part took, in milliseconds; `total` is all of it.
    pub timings_ms: BTreeMap<String, f64>,
    /// What could not be seen, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The outcome of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It can be reached, and answers (or can be bound, where that was asked).
    Reachable,
    /// It cannot, and this is why.
    CauseFound,
    /// It cannot, and why is not known.
    CannotTell,
}

/// One cause that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseFound {
    /// Stable code in kebab-case, never renamed; `wharf why --list` has all.
    pub code: String,
    /// Where on the way to the target it lies: `name resolution`, `routes and firewalls`, `the server's process`.
    pub area: String,
    /// What the cause is in general.
    pub title: String,
    /// What it is in this case, in a sentence.
    pub text: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What to do, the best first.
    pub fixes: Vec<Fix>,
}

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Where: a file, a system call, a question to the kernel.
    pub source: String,
    /// What was there.
    pub observed: String,
    /// What would have been there otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// In words.
    pub title: String,
    /// The command that does it, for sh(1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether it takes root.
    pub privileged: bool,
    /// Whether `wharf why --fix` may offer to run the command: it destroys nothing and can be undone.
    #[serde(default)]
    pub safe: bool,
}

/// Something odd that keeps nobody from reaching the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// Stable code in kebab-case: that of the cause it would be for other clients.
    pub code: String,
    /// One line.
    pub text: String,
}

/// A forwarder on the way to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// Where it listens.
    pub at: String,
    /// What it is: `docker-proxy (pid 311)`, `nginx (pid 80)`.
    pub by: String,
    /// Where it leads to.
    pub to: String,
    /// How that is known: a command line, a file and its line.
    pub known_by: String,
}

/// A cause that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuledOut {
    /// Code of the cause.
    pub code: String,
    /// Where on the way to the target it would lie: `name resolution`, `routes and firewalls`, `the server's process`.
    pub area: String,
    /// What the cause is in general.
    pub title: String,
    /// How it is known that it does not hold.
    pub reason: String,
}

/// A cause of which it could not be told whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Untold {
    /// Code of the cause.
    pub code: String,
    /// Where on the way to the target it would lie.
    pub area: String,
    /// What the cause is in general.
    pub title: String,
    /// What it would take to tell.
    pub lacks: String,
}

/// All causes that wharf knows: `wharf why --list --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Causes {
    /// Always `wharf.causes/v1`; within v1 fields are only added.
    pub schema: String,
    /// The causes, by group.
    pub causes: Vec<CauseKnown>,
}

/// A cause that wharf knows, in general.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CauseKnown {
    /// Stable code in kebab-case, never renamed.
    pub code: String,
    /// Group by what a client sees: `refused`, `hangs`, `silent`, `errors`, `wrong_answer`, `names`, `protocols`, `bind`, `wharf`.
    pub group: String,
    /// What it is.
    pub title: String,
    /// What a client sees.
    pub symptom: String,
    /// How wharf tells.
    pub evidence: String,
    /// What to do.
    pub fix: String,
    /// Whether a test brings it about on a real kernel.
    pub reproduced: bool,
    /// Where that is documented which no test brings about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documented: Option<String>,
    /// What it takes to tell, beyond an ordinary user's rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privilege: Option<String>,
}
