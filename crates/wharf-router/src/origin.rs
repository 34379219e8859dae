//! Where a request comes from: what is known of the connection it came by.
//!
//! Not here: the connection itself.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::fields::node;

/// What is known of the connection that a request came by.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Address of the client, as text.
    pub(crate) peer: String,
    /// The same as `Forwarded` has it.
    pub(crate) node: String,
    /// Port that the client connected to, as text.
    pub(crate) port: String,
    pub(crate) is_tls: bool,
    /// The name that a leaf was issued for; requests are for this one alone. None without TLS, or with a certificate of
    /// the user's own, which may be for many.
    pub(crate) server_name: Option<Arc<str>>,
    /// Both ends: the client's, and that it connected to.
    pub(crate) ends: [SocketAddr; 2],
}

impl Origin {
    /// Returns that of a connection from `peer` to `local`.
    pub(crate) fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        let ip = peer.ip().to_canonical();
        Self {
            peer: ip.to_string(),
            node: node(ip),
            port: local.port().to_string(),
            is_tls: false,
            server_name: None,
            ends: [peer, local],
        }
    }
}
