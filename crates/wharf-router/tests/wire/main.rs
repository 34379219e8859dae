//! What goes over the wire: raw bytes of a client, of an upstream, and what each of them gets of the other.
//!
//! Not here: rules of heads and chunks (beside the code), and the router in the daemon (`crates/wharf/tests`).
#![allow(clippy::disallowed_methods, reason = "tests open ports")]

mod bench;
mod bulk;
mod cases;
mod faults;
mod frames;
mod http2;
mod patience;
mod smuggling;
mod tcp;
mod upstreams;
