//! See: sockets, processes, projects and containers become a snapshot of endpoints with their owners.
#![forbid(unsafe_code)]

pub mod probe;
pub mod service;
