//! Everything about one port: the document of `wharf show --json`.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::endpoint::Endpoint;
use crate::lease::Lease;
use crate::port::PortFacts;
use crate::process::Process;
use crate::run::Run;
use crate::snapshot::Warning;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf show --json`.
pub const PORT_SCHEMA: &str = "wharf.port/v1";

/// Everything about one port, or about the endpoints of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortDetail {
    /// Always `wharf.port/v1`; within v1 fields are only added.
    pub schema: String,
    /// When the kernel was asked.
    pub taken_at: Timestamp,
    /// What was asked for, as it was given.
    pub target: String,
    /// Facts on the number itself; absent when a name was asked for that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<PortFacts>,
    /// Whether a server could have the port now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
    /// What listens there, or holds the port bound.
    pub endpoints: Vec<EndpointDetail>,
    /// Runs of the name that do not listen; only where nothing does that is named so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// Leases of the number or the name; only where nothing listens at the one or by the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<Lease>,
    /// Connections that use the number as their own local port without a listener: they hold it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holding: Vec<Connection>,
    /// What could not be seen, and why.
    pub warnings: Vec<Warning>,
}

/// One endpoint with all its circumstances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointDetail {
    /// The endpoint as `wharf ls` has it.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// From the parent of the leading process up to the first process, nearest first.
    pub ancestry: Vec<Process>,
    /// What really started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_by: Option<StartedBy>,
    /// Socket options that matter, where the kernel lets us read them, in the order of `listeners`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SocketOptions>,
    /// PORT in the environment of the leading process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_port: Option<String>,
    /// Connections that were made to it, the server's side; each with the local process at the far end if there is one.
    /// UDP sockets of this machine that are connected to a UDP server are among them, with the server's one socket.
    pub connections: Vec<Connection>,
}

/// What started a server, in the eyes of a person: the nearest ancestor that is more than a helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StartedBy {
    /// Kind of starter.
    pub kind: StarterKind,
    /// One line for people: `systemd unit nginx.service`, `zsh in tmux (pid 811), terminal pts/3`.
    pub text: String,
    /// Process that it is, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Supervisor between the starter and the server that would start it again: pm2, nodemon, a gunicorn master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervisor: Option<Supervisor>,
}

/// A process whose work is to keep another one running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Supervisor {
    /// Its name: `nodemon`, `pm2`, `gunicorn master`.
    pub name: String,
    /// Its process id.
    pub pid: u32,
}

/// Kinds of what starts a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StarterKind {
    /// A shell or program in a terminal.
    Terminal,
    /// A unit of systemd.
    SystemdUnit,
    /// A container engine.
    Container,
    /// cron, at, or a systemd timer.
    Schedule,
    /// A session of an ssh server.
    SshSession,
    /// An editor or IDE.
    Editor,
    /// A terminal multiplexer: tmux, screen, zellij.
    Multiplexer,
    /// A desktop session.
    Desktop,
    /// A coding agent.
    Agent,
    /// The first process, directly (an orphan of something that has ended, or a service of another init).
    Init,
}

/// Options of one socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SocketOptions {
    /// SO_REUSEADDR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_address: Option<bool>,
    /// SO_REUSEPORT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_port: Option<bool>,
    /// SO_KEEPALIVE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_alive: Option<bool>,
    /// TCP_DEFER_ACCEPT, seconds; 0 is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defer_accept_s: Option<u32>,
    /// TCP_FASTOPEN queue length; 0 is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fast_open: Option<u32>,
    /// IP_FREEBIND: may bind addresses the machine does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bind: Option<bool>,
    /// IP_TRANSPARENT: takes connections for foreign addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparent: Option<bool>,
}

/// Whether a server could bind the port at this moment, as tried by binding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Availability {
    /// True if every address tried could be bound, as servers do it (with SO_REUSEADDR).
    pub free: bool,
    /// Each address tried, with what the kernel said.
    pub tried: Vec<BindTrial>,
}

/// One bind(2) that was tried, and undone at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BindTrial {
    /// Address and port that were bound.
    pub address: SocketAddr,
    /// True if SO_REUSEADDR was set, as most servers do.
    pub reuse_address: bool,
    /// Error name of errno(3) (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`); absent if it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
