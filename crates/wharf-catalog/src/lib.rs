//! See: sockets, processes, projects and containers become a snapshot of endpoints with their owners.
//!
//! [`survey`] is `wharf ls`, [`detail`] is `wharf show`, [`watch`] is `wharf watch`. The rest are rules:
//! facts in, judgement out, with no question to the kernel. Not here: drawing (`wharf-views`), and
//! asking the kernel (`wharf-os`).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open ports and start programs"))]

pub mod ancestry;
pub mod ask;
pub mod cgroup;
pub mod conflict;
mod connections;
pub mod container;
pub mod detail;
mod exposure;
mod fold;
mod look;
mod notes;
pub mod number;
pub mod order;
mod owner;
mod place;
pub mod probe;
pub mod process;
pub mod project;
pub mod request;
mod run;
pub mod service;
pub mod survey;
pub mod watch;

#[cfg(test)]
mod testing;
