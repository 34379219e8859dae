//! See: sockets, processes, projects and containers become a snapshot of endpoints with their owners.
//!
//! [`survey`] is `wharf ls`, [`detail`] is `wharf show`, [`watch`] is `wharf watch`. The rest are rules:
//! facts in, judgement out, with no question to the kernel. Not here: drawing (`wharf-views`), and
//! asking the kernel (`wharf-os`).
#![forbid(unsafe_code)]

pub mod cgroup;
pub mod container;
pub mod number;
pub mod probe;
pub mod project;
pub mod service;
