//! The documents of the API that are not of the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks for a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLease {
    /// Whose it is to be; labels of a host name.
    #[serde(flatten)]
    pub name: Name,
    /// Directory that the service belongs to, an absolute path.
    pub root: String,
    /// Port that the program asks for by itself; absent for the one it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_port: Option<u16>,
}

/// The name of a lease, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Name {
    /// The service.
    pub service: String,
    /// The linked git work tree; absent in the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// The project.
    pub project: String,
}

/// Asks for a number for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The port, 1 to 65535.
    pub port: u16,
}

/// Asks for a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoute {
    /// The host name, with or without a domain of the router: `api.shop`, `api.shop.localhost`.
    pub host: String,
    /// The server behind it: as [`wharf_model::route::Upstream`] is written, a port, or the whole name of a lease.
    pub upstream: String,
    /// Paths that it is for: this one and all below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// True if the upstream is not told that part of the path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strip: bool,
    /// True if it is for every name below the host as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wildcard: bool,
    /// True if it is for raw TCP, which comes in at an address of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tcp: bool,
    /// Process with which the route ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// Asks for a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Absolute path of the program to go on as; its own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What it is, for programs.
    pub code: String,
    /// What it is and what to do, for people: one sentence.
    pub text: String,
}
