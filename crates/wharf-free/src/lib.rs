//! Free: who has a port, at which level it is stopped so that it stays stopped, and the proof that it is free.
//!
//! [`free`] asks the machine for [`facts`] ([`gather`]), makes a plan of them ([`plan`], which asks nobody), and has whoever
//! called agree to it; then it acts ([`act`]), binds the very address, and watches that nothing takes it again
//! ([`proof`]). Least harm that lasts: decision 28. Not here: what a person reads (`wharf-views`), words of the command
//! line, and leases (the binary).
#![forbid(unsafe_code)]

mod act;
pub mod company;
pub mod facts;
mod flow;
mod gather;
mod job;
mod plan;
mod proof;
pub mod question;
mod signal;
mod target;
#[cfg(test)]
mod testing;

pub use flow::{Unclear, check, free};
