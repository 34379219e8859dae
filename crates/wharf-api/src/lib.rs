//! What wharf's processes say to its daemon: HTTP and JSON over a Unix socket that only its user can reach.
//!
//! [`route`] is the one table of what can be asked; [`openapi`] tells it to the world, [`client`] asks it, and the
//! daemon serves it. [`document`] has what is said beside the documents of `wharf-model`. Not here: any answer
//! (`wharf-daemon`), and how bytes and descriptors travel (`wharf-os`).
#![forbid(unsafe_code)]

pub mod client;
pub mod document;
pub mod openapi;
pub mod route;

/// The version of this wharf, which both sides tell each other in [`VERSION_HEADER`].
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Header field with the version of who speaks.
pub const VERSION_HEADER: &str = "wharf-version";
/// Header field with the network namespace that the caller lives in, where a port is spoken of (SO_NETNS_COOKIE).
pub const NAMESPACE_HEADER: &str = "wharf-network-namespace";
/// Name of the socket in the runtime directory.
pub const SOCKET: &str = "daemon.sock";
/// Name of the lock in the runtime directory, which the daemon has as long as it lives.
pub const LOCK: &str = "daemon.lock";
