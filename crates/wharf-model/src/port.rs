//! Facts on a port number itself. The ranges are a pure rule; the rest is filled in by `wharf-catalog`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Range of a port number after RFC 6335, section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortRange {
    /// 0 to 1023: system ports, assigned by IANA.
    System,
    /// 1024 to 49151: user ports, assigned by IANA.
    User,
    /// 49152 to 65535: dynamic or private ports, never assigned.
    Dynamic,
}

impl PortRange {
    /// Returns the range that `port` lies in.
    #[must_use]
    pub fn of(port: u16) -> Self {
        match port {
            0..=1023 => Self::System,
            1024..=49151 => Self::User,
            49152..=65535 => Self::Dynamic,
        }
    }
}

/// What can be said of a port number whoever uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortFacts {
    /// The number, 1 to 65535.
    pub port: u16,
    /// Its range after RFC 6335.
    pub range: PortRange,
    /// IANA's service names for it, e.g. `postgresql`; empty if unassigned.
    pub iana: Vec<IanaName>,
    /// Whether this kernel hands it out as an ephemeral port, and what range it takes them from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<EphemeralFacts>,
    /// Operating systems whose default ephemeral range contains it: `linux`, `macos`, `windows`, `freebsd`.
    pub ephemeral_by_default_on: Vec<String>,
    /// True if browsers refuse to open it (the WHATWG Fetch standard's "bad port" list): `ERR_UNSAFE_PORT`.
    pub browsers_refuse: bool,
    /// Whether binding it needs privilege here (`net.ipv4.ip_unprivileged_port_start`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_privilege: Option<bool>,
}

/// A name that IANA's Service Name and Transport Protocol Port Number Registry gives a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IanaName {
    /// Service name.
    pub name: String,
    /// Protocols it is assigned for.
    pub protocols: Vec<String>,
    /// The registry's description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// This kernel's ephemeral ports, seen from one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EphemeralFacts {
    /// First port of `net.ipv4.ip_local_port_range`.
    pub first: u16,
    /// Last port of `net.ipv4.ip_local_port_range`.
    pub last: u16,
    /// True if the number lies within and is not reserved: an outgoing connection may take it at any time.
    pub handed_out: bool,
    /// True if `net.ipv4.ip_local_reserved_ports` keeps it from being handed out.
    pub reserved: bool,
}
