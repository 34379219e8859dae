//! For tests only: a [`sandbox::Sandbox`] is an own network, pid and mount namespace in which a test
//! starts [`scenario::Scenario`]s (small Python programs) and runs the binary with a clean environment.
//!
//! What cannot be had on a machine is never passed over in silence: see [`skip`]. Readiness is an
//! event (a line that the scenario prints), never a sleep. Not here: what the tests expect.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

pub mod fault;
pub mod occupant;
pub mod reader;
pub mod run;
pub mod sandbox;
pub mod scenario;
pub mod skip;

include!(concat!(env!("OUT_DIR"), "/faults.rs"));
include!(concat!(env!("OUT_DIR"), "/occupants.rs"));
