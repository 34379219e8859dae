//! Who trusts the local authority, and what `wharf trust` changed or would change. Not here: how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the document of `wharf trust --json` and `wharf untrust --json`.
pub const TRUST_SCHEMA: &str = "wharf.trust/v1";

/// What became of the trust in the local authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Always `wharf.trust/v1`; within v1 fields are only added.
    pub schema: String,
    /// File with the root certificate; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Its SHA-256, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// True if nothing was changed.
    pub dry_run: bool,
    /// Store by store.
    pub steps: Vec<TrustStep>,
    /// What is to be known beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What became of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustStep {
    /// Kind of the store.
    pub store: TrustStore,
    /// Its file or folder; absent if it was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// True if the certificate is to be taken out of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removal: bool,
    /// SHA-256 of the certificate that it is about, in hexadecimal; absent if that is yet to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What became of it.
    pub outcome: TrustOutcome,
    /// Why it failed, or was left to somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was done, would be done, or is left to do, as command lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
}

/// Kind of a store of trusted certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustStore {
    /// That of the operating system.
    System,
    /// An NSS database of Chromium and its kin.
    Chromium,
    /// An NSS database of Firefox.
    Firefox,
    /// A key store of Java.
    Java,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustOutcome {
    /// It was done.
    Done,
    /// There was nothing to do.
    Already,
    /// It would be done.
    Planned,
    /// It takes rights or a program that are not there.
    Left,
    /// It was tried, and failed.
    Failed,
}

impl Trust {
    /// Returns whether something remains to be done.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.outcome, TrustOutcome::Left | TrustOutcome::Failed))
    }
}
