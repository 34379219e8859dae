//! Where an endpoint lives and what it belongs to: network namespace, project, container, unit, service.
//!
//! Not here: how these are found out (`wharf-catalog`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A network namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Netns {
    /// Inode of the namespace file (the N of `net:[N]`), where it may be read; it is unique until reboot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// True for the namespace that wharf itself runs in.
    pub own: bool,
    /// Name under /run/netns (`ip netns`), where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A process that lives in it, for `nsenter --net --target PID`; absent for wharf's own namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

/// The project that a process works in, found upward from its working directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// Name of the project: that of the git root, else of the directory of the manifest.
    pub name: String,
    /// Root directory: the work tree of git, else the directory of the manifest.
    pub root: String,
    /// Name given in the nearest manifest (package.json, pyproject.toml, Cargo.toml, go.mod …).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// File that `package` was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Checked-out branch; absent on a detached head or outside git.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Abbreviated commit of a detached head (12 hex digits).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detached_at: Option<String>,
    /// Name of the linked git worktree (`git worktree add`); absent in the main work tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
}

/// A container that an endpoint runs in, or is published by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// Engine: `docker`, `podman`, `containerd`, `cri-o`, `lxc`, `systemd-nspawn`.
    pub engine: String,
    /// Full id where known (64 hex digits for Docker and Podman), else the engine's name for it.
    pub id: String,
    /// Name given by the engine or the user; known only from the engine's API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Image it was made from; known only from the engine's API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Port inside the container that this endpoint leads to, for a published port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Docker Compose project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_project: Option<String>,
    /// Docker Compose service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_service: Option<String>,
}

impl Container {
    /// Returns the shortest name a person knows it by: its name, else 12 digits of its id.
    #[must_use]
    pub fn label(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None => self.id.get(..12).unwrap_or(&self.id),
        }
    }
}

/// A systemd unit, read from the control group of a process or socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// Name with suffix: `nginx.service`, `session-3.scope`.
    pub name: String,
    /// User id whose service manager runs it; absent for the system's manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_manager: Option<u32>,
}

/// What speaks at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Stable id in kebab-case: `postgresql`, `vite`, `node`, `chrome-devtools`.
    pub id: String,
    /// Name for people: `PostgreSQL`.
    pub name: String,
    /// Wire protocol where known: `postgresql`, `http`, `https`, `redis`, `grpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Version, where it was said: by a probe, a package or the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How wharf knows.
    pub known_by: KnownBy,
}

/// The evidence on which a service was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KnownBy {
    /// The name or path of the executable.
    Executable,
    /// The command line, e.g. the script that an interpreter runs.
    CommandLine,
    /// The image of the container.
    Image,
    /// It answered a probe (`--probe`).
    Probe,
    /// Only the port number speaks for it (IANA's registry); the weakest evidence, never used for an owner.
    PortNumber,
}
