//! A connection (or connected UDP socket) that touches an endpoint, and the local processes at its ends.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoint::Protocol;

/// One socket that is connected, or on its way to or from being so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Transport protocol.
    pub protocol: Protocol,
    /// This socket's own address.
    pub local: SocketAddr,
    /// The other end's address.
    pub remote: SocketAddr,
    /// TCP state; for UDP `established` means connected.
    pub state: TcpState,
    /// Inode in sockfs; absent once no process has it open (TIME_WAIT, or closed and still sending).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// User id of the socket.
    pub uid: u32,
    /// Process that holds this socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessRef>,
    /// Process at the other end, where that end is on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<ProcessRef>,
}

/// A process, named in passing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ProcessRef {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot; with the pid, the identity of the process.
    pub start_ticks: u64,
    /// The kernel's name of the process.
    pub name: String,
}

/// State of a TCP socket, by the names of RFC 9293.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TcpState {
    /// Open for data.
    Established,
    /// SYN sent, no answer yet.
    SynSent,
    /// SYN received, handshake not complete.
    SynReceived,
    /// We closed; our FIN is not acknowledged.
    FinWait1,
    /// We closed; the peer has not.
    FinWait2,
    /// Both closed; the port is kept for 60 s against late segments.
    TimeWait,
    /// Not connected.
    Closed,
    /// The peer closed; our process has not.
    CloseWait,
    /// Both closed; our FIN is not acknowledged.
    LastAck,
    /// Accepts connections.
    Listen,
    /// Both closed at once.
    Closing,
    /// Bound, neither listening nor connected (Linux, since 6.8 by sock_diag).
    Bound,
}
