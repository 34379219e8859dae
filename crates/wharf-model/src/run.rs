//! A run: a program under `wharf run`, from its start to the end of all that it started.
//!
//! Not here: starting one (`wharf-run`), and the lease that names it ([`crate::lease`]).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lease::LeaseName;
use crate::timestamp::Timestamp;

/// Name and version of the document of `wharf ps --json`.
pub const RUNS_SCHEMA: &str = "wharf.runs/v1";

/// Runs, the newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Runs {
    /// Always `wharf.runs/v1`; within v1 fields are only added.
    pub schema: String,
    /// The runs.
    pub runs: Vec<Run>,
}

/// A program under `wharf run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Whose it is: the lease that it was started with.
    #[serde(flatten)]
    pub name: LeaseName,
    /// How it is.
    pub state: RunState,
    /// The port that it is told (PORT).
    pub port: u16,
    /// The port that it is reached at, once it listens: the one it is told, or the first that it asked for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_port: Option<u16>,
    /// The address that it is reached at, where that is not 127.0.0.1: a program that listens on ::1 alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_address: Option<IpAddr>,
    /// Its URL by name, where there is a router: `https://api.shop.localhost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_url: Option<String>,
    /// Every port that it listens on, in the order in which they were opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<RunPort>,
    /// True if other machines may reach it (`--host-visible`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_visible: bool,
    /// True if it has a network of its own, and is reached through wharf alone (`--isolate`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Directory that the service belongs to: the git work tree, or the project's directory.
    pub root: String,
    /// Directory that it was started in.
    pub directory: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// The wharf process that looks after it.
    pub wharf: RunProcess,
    /// The process that takes over if that one is killed; it lives as long as any process of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<RunProcess>,
    /// The program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<RunProcess>,
    /// Where its output goes, if it runs in the background (`--detach`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Identity of the boot that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Inode of the pid namespace that its numbers belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid_namespace: Option<u64>,
}

impl Run {
    /// Returns where it is reached, once it is.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let port = self.main_port?;
        Some(self.main_address.map_or_else(|| url(port), |address| url_at(SocketAddr::new(address, port))))
    }
}

/// Returns the URL of a port on loopback.
#[must_use]
pub fn url(port: u16) -> String {
    url_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Returns the URL of what listens at `at`.
#[must_use]
pub fn url_at(at: SocketAddr) -> String {
    match reached_at(at.ip()) {
        Some(address) => format!("http://{}", SocketAddr::new(address, at.port())),
        None => format!("http://{}:{}", Ipv4Addr::LOCALHOST, at.port()),
    }
}

/// Returns the address at which a program that listens on `address` is reached; `None` if that is 127.0.0.1.
#[must_use]
pub fn reached_at(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    (!address.is_unspecified() && address != Ipv4Addr::LOCALHOST).then_some(address)
}

/// The run that an endpoint belongs to, as far as it matters there; [`Run`] is all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunMark {
    /// Its whole name: `api.shop`.
    pub name: String,
    /// How it is.
    pub state: RunState,
    /// True if this is the port that the run is reached at.
    pub main: bool,
    /// Where the run is reached, once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The port that the program asked for, where this is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_port: Option<u16>,
    /// True if other machines may reach the run (`--host-visible`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_visible: bool,
    /// True if the run has a network of its own, so that wharf listens here for its program (`--isolate`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
    /// Where its output goes, if it runs in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Process id of the wharf process that looks after it, or did.
    pub wharf_pid: u32,
}

impl RunMark {
    /// Returns the mark of `run` for its port `port`.
    #[must_use]
    pub fn of(run: &Run, port: u16) -> Self {
        Self {
            name: run.name.to_string(),
            state: run.state,
            main: run.main_port == Some(port),
            url: run.url(),
            asked_port: run.ports.iter().find(|known| known.port == port).and_then(|known| known.asked_port),
            host_visible: run.host_visible,
            isolated: run.isolated,
            log: run.log.clone(),
            wharf_pid: run.wharf.pid,
        }
    }
}

/// How a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunState {
    /// The program runs, and nothing listens yet.
    Starting,
    /// It listens.
    Listening,
    /// The wharf process that looked after it was killed; the program goes on, and what it opens from now on is neither
    /// moved nor tied to loopback.
    Alone,
}

/// A port that a run listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunPort {
    /// The port.
    pub port: u16,
    /// The port that the program asked for, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_port: Option<u16>,
    /// True if it is a port of UDP (`--udp`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub udp: bool,
}

/// A process of a run: pid and start time together, since pids are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RunProcess {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot (field 22 of /proc/pid/stat).
    pub start_ticks: u64,
}

#[cfg(test)]
mod tests {
    use super::url_at;

    #[test]
    fn a_url_leads_to_where_it_listens() {
        let url = |at: &str| url_at(at.parse().unwrap());
        for at in ["127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(url(at), "http://127.0.0.1:80", "{at}");
        }
        assert_eq!(url("[::1]:80"), "http://[::1]:80");
        assert_eq!(url("127.7.7.7:80"), "http://127.7.7.7:80");
    }
}
