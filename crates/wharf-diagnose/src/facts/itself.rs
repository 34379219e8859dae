//! wharf's own parts, as whoever starts the binary finds them. Plain data; the binary fills it in.

/// What is known of wharf itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itself {
    /// Version of this binary.
    pub version: String,
    /// The daemon.
    pub daemon: Daemon,
    /// Whether something needs the daemon: leases, or runs.
    pub is_wanted: bool,
    /// Why the configuration is not understood.
    pub configuration_error: Option<String>,
    /// How many leases there are, or why they cannot be read.
    pub leases: Result<usize, String>,
    /// Leases whose port another program has: name, port, and who has it.
    pub strangers: Vec<(String, u16, String)>,
    /// Port that the router listens at by HTTPS; `None` if it does not.
    pub router_port: Option<u16>,
    /// What keeps the router from listening where it should.
    pub router_warnings: Vec<String>,
    /// Whether the router is wanted (configuration, WHARF_ROUTER).
    pub router_is_wanted: bool,
    /// Domains of the router's names, and whether names below them lead here by the system's resolver.
    pub domains: Vec<(String, bool)>,
    /// Why the local authority cannot be used; `Ok(None)` if none was made yet; else whether the system trusts it.
    pub authority: Result<Option<bool>, String>,
}

/// What the daemon is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Daemon {
    /// It is turned off (WHARF_DAEMON=0).
    Off,
    /// It does not run.
    #[default]
    Absent,
    /// Its socket is there, and it does not answer: why.
    Silent(String),
    /// It runs.
    Runs {
        /// Its process id.
        pid: u32,
        /// Its version.
        version: String,
    },
}
