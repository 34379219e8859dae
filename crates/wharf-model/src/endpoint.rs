//! An endpoint: what a client can reach (network namespace, protocol, address, port), and its sockets.
//!
//! The kernel's sockets of one endpoint are its [`Listener`]s: one, or several with SO_REUSEPORT, or
//! the 127.0.0.1 and ::1 twins of one owner. Not here: how sockets are folded into endpoints
//! (`wharf-catalog`).

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::owner::Owner;
use crate::place::{Container, Netns, Project, Service, Unit};
use crate::port::PortRange;
use crate::run::RunMark;

/// One local endpoint and everything known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// Identity of this endpoint within a boot: network namespace, protocol, addresses, port and socket cookies.
    pub id: String,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Local addresses, numerically: `127.0.0.1`, `::1`, `0.0.0.0`; twins of one owner stand together.
    pub addresses: Vec<IpAddr>,
    /// Local port, 1 to 65535.
    pub port: u16,
    /// Whether it accepts, or only holds the port.
    pub state: EndpointState,
    /// Who can reach it.
    pub exposure: Exposure,
    /// Network namespace it lives in.
    pub netns: Netns,
    /// The kernel's sockets behind it, in the order of their cookies.
    pub listeners: Vec<Listener>,
    /// Who holds it.
    pub owner: Owner,
    /// What speaks there, where wharf can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Project that the owner works in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Project>,
    /// Container that it runs in, or that publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// systemd unit that the owner belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Run under wharf that it belongs to, of the user who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunMark>,
    /// Range of the port number after RFC 6335.
    pub range: PortRange,
    /// What a person should know about it, the important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Transport protocol of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP, over IPv4 or IPv6.
    Tcp,
    /// UDP, over IPv4 or IPv6.
    Udp,
}

impl Protocol {
    /// Returns the lower-case name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// What the sockets of an endpoint do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndpointState {
    /// TCP in LISTEN, or a UDP socket bound and open to anybody.
    Listening,
    /// A TCP socket that was bound and never listened: the port is taken, connections are refused.
    Bound,
}

/// Who can reach an endpoint, as the kernel's binding alone decides it (firewalls are not judged here).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exposure {
    /// Only this machine: 127.0.0.0/8, ::1, or bound to the device `lo`.
    Loopback,
    /// Only inside a network namespace that is not wharf's own (most often a container).
    Namespace,
    /// One address of this machine that is not loopback, or one device that is not `lo`.
    Address,
    /// Every address of every interface (0.0.0.0, ::).
    AllInterfaces,
}

/// One socket of the kernel behind an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listener {
    /// Local address it is bound to.
    pub address: IpAddr,
    /// Inode in sockfs: the N of `socket:[N]`; absent for a socket that belongs to no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// The kernel's cookie of the socket, never reused until reboot; absent where only /proc/net could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<u64>,
    /// User id of the socket: that of its creator.
    pub uid: u32,
    /// Connections that wait to be accepted; TCP in LISTEN only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_queue: Option<u32>,
    /// Most connections that may wait: listen(2)'s backlog after `net.core.somaxconn`; TCP in LISTEN only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog: Option<u32>,
    /// Bytes received and not yet read; UDP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_queue_bytes: Option<u32>,
    /// Device it is bound to by SO_BINDTODEVICE, e.g. `lo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// For an IPv6 socket, whether it refuses IPv4 (IPV6_V6ONLY).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v6_only: Option<bool>,
    /// Kernel id of the control group the socket was made in (cgroup v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_id: Option<u64>,
}

/// A remark on an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Stable code in kebab-case, for programs: `accept-queue-full`.
    pub code: String,
    /// One line for people.
    pub text: String,
    /// How much it matters.
    pub level: Level,
}

/// Weight of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Likely not what its owner wants.
    Warning,
}
