//! Processes that were told the port, and do not have it. Plain data.

use std::net::SocketAddr;

use wharf_os::facts::ProcessFacts;

/// A process whose command line tells it to listen at the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The process.
    pub process: ProcessFacts,
    /// Its words that say so: `--port 3000`.
    pub told: String,
    /// How long it had run when it was found, in milliseconds.
    pub age_ms: Option<i64>,
    /// Where it, or a descendant of it, listens instead.
    pub listens: Vec<SocketAddr>,
    /// Whether it may be seen what it has open; otherwise it may listen elsewhere.
    pub is_open: bool,
    /// What became of it in the moment after.
    pub watch: Watch,
}

/// What became of a young process while it was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// It was not watched: it has run for long.
    No,
    /// It is still there, and still does not listen.
    Unchanged,
    /// It listens now.
    Listens,
    /// It has ended.
    Ended,
    /// It has ended, and another one with the same command line was started in its place.
    Replaced(u32),
}
