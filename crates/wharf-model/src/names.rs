//! Host names of local services, and whether programs find them. Not here: who is asked (`wharf-os`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the document of `wharf names … --json`.
pub const NAMES_SCHEMA: &str = "wharf.names/v1";

/// Host names of a user's services, and what is done about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Names {
    /// Always `wharf.names/v1`; within v1 fields are only added.
    pub schema: String,
    /// The file that lists names: `/etc/hosts`, or what that is a symbolic link to.
    pub file: String,
    /// The user whose names these are: name, or number if it has none.
    pub user: String,
    /// The domains of the names.
    pub domains: Vec<NameDomain>,
    /// The names; `NAME=ADDRESS` for one that has an address of loopback for itself.
    pub names: Vec<String>,
    /// Those in the file's block of this user, after what was done.
    pub installed: Vec<String>,
    /// Whether the file was changed, or with `--dry-run` would be.
    pub changed: bool,
    /// What is to be known beside: that the block was damaged and is whole again, that the file was written in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A domain of host names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameDomain {
    /// The domain: `localhost`.
    pub domain: String,
    /// Whether every name below it leads to this machine already.
    pub resolves: bool,
    /// By whom, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
