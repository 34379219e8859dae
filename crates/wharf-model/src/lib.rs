//! The words of wharf: what an endpoint, a listener, an owner, a connection and an event are.
//!
//! These types are the wire format: `--json` prints them, `wharf schema` prints their JSON Schema,
//! and within `v1` fields are only added. Units stand in the field names, times are RFC 3339 UTC,
//! and what is not known is absent rather than zero.
//!
//! Not here: anything that asks the kernel, the clock or the disk; any drawing for people.
#![forbid(unsafe_code)]

pub mod connection;
pub mod daemon;
pub mod detail;
pub mod diagnosis;
pub mod endpoint;
pub mod event;
pub mod filter;
pub mod free;
pub mod lease;
pub mod names;
pub mod owner;
pub mod place;
pub mod port;
pub mod process;
pub mod route;
pub mod run;
pub mod shell;
pub mod snapshot;
pub mod timestamp;
pub mod trust;
