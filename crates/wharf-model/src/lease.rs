//! A lease: a port promised to a name, the same one tomorrow.
//!
//! Not here: how a port is chosen and where leases are kept (`wharf-lease`).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf port --json` and `wharf lease ls --json`.
pub const LEASES_SCHEMA: &str = "wharf.leases/v1";

/// Leases, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leases {
    /// Always `wharf.leases/v1`; within v1 fields are only added.
    pub schema: String,
    /// The leases.
    pub leases: Vec<Lease>,
}

/// A port promised to a service of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lease {
    /// Identity of the lease (ULID); it never changes.
    pub id: String,
    /// Whose it is.
    #[serde(flatten)]
    pub name: LeaseName,
    /// Directory that the service belongs to: the git work tree, or the project's directory.
    pub root: String,
    /// Port that the program asks for by itself, to which this is the answer; absent for the one it is told (PORT).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_port: Option<u16>,
    /// The port on loopback.
    pub port: u16,
    /// True if a person chose the number (`wharf lease pin`).
    pub pinned: bool,
    /// True once it was handed to a program that runs without wharf (`wharf port`): it is not held between runs then,
    /// since nobody would let that program in. The next run ends that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub handed_out: bool,
    /// Grows by one with each change of the lease: who acts on an older one acts on what is no more.
    pub fence: u64,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was asked for last.
    pub used_at: Timestamp,
}

/// The name of a lease, made of labels that a host name may have (RFC 1123 section 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LeaseName {
    /// Label of the service.
    pub service: String,
    /// Label of the linked git work tree: its branch. Absent in the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// Label of the project.
    pub project: String,
}

impl fmt::Display for LeaseName {
    /// `api.shop`, or `api.feat-cart.shop` in a linked work tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.service)?;
        if let Some(worktree) = &self.worktree {
            write!(f, ".{worktree}")?;
        }
        write!(f, ".{}", self.project)
    }
}
