//! What a host name leads to, and by which files. Plain data.

use std::net::IpAddr;

use wharf_os::examine::names::{HostsLine, HostsSeen, NameFiles};

use super::{Facts, Reached};

/// What the host name of the target leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The host name; `None` where the target has an address.
    pub host: Option<String>,
    /// What getaddrinfo(3) said, in its order.
    pub addresses: Vec<IpAddr>,
    /// Why it said nothing, in its own words.
    pub error: Option<String>,
    /// Whether it did not answer in time.
    pub timed_out: bool,
    /// What the files behind it say of the name.
    pub files: Option<NameFiles>,
    /// Who listens at the port at 127.0.0.1 and ::1, where the name does not lead there.
    pub at_home: Vec<Reached>,
}

impl Names {
    /// Returns whether the name means this machine whatever a resolver says, RFC 6761 section 6.3.
    #[must_use]
    pub fn is_localhost(&self) -> bool {
        self.host.as_deref().is_some_and(is_localhost)
    }

    /// Returns the lines of the hosts file that name the host.
    pub fn lines(&self) -> impl Iterator<Item = &HostsLine> {
        self.all_lines().filter(|line| line.exact)
    }

    /// Returns a line of the hosts file that names almost the host.
    #[must_use]
    pub fn slip(&self) -> Option<&HostsLine> {
        self.all_lines().find(|line| !line.exact)
    }

    fn all_lines(&self) -> impl Iterator<Item = &HostsLine> {
        let lines = match self.files.as_ref().map(|files| &files.hosts) {
            Some(HostsSeen::Lines(lines)) => lines.as_slice(),
            _ => &[],
        };
        lines.iter()
    }

    /// Returns the listener at 127.0.0.1 or ::1 that the name does not lead to.
    #[must_use]
    pub fn listener_at_home(&self) -> Option<&Reached> {
        self.at_home.iter().find(|reached| reached.socket.is_some())
    }

    /// Returns whether the name itself is why a client looks for the server in the wrong place: it is in the hosts file for
    /// an address where nobody listens, or means this machine and leads elsewhere.
    #[must_use]
    pub fn leads_astray(&self) -> bool {
        let home = |address: &IpAddr| is_home(*address);
        let by_file = self.lines().next().is_some() || self.is_localhost();
        by_file && !self.addresses.is_empty() && !self.addresses.iter().all(home)
    }

    /// Returns what getaddrinfo(3) led to, in one line.
    #[must_use]
    pub fn addresses_text(&self) -> String {
        let texts: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        texts.join(", ")
    }

    /// Returns what getaddrinfo(3) said instead of addresses, without what Rust puts before it.
    #[must_use]
    pub fn error_text(&self) -> &str {
        let error = self.error.as_deref().unwrap_or_default();
        error.split_once(": ").map_or(error, |(_, own)| own)
    }

    /// Returns what nsswitch.conf(5) has for hosts, in one line.
    #[must_use]
    pub fn services_text(&self) -> String {
        self.files.as_ref().map(|files| files.services.join(" ")).unwrap_or_default()
    }
}

impl Facts {
    /// Returns whether the name leads past a server that listens at the port of another address of this machine: the name
    /// is to be mended then, not the server.
    #[must_use]
    pub fn is_led_astray(&self) -> bool {
        self.names.leads_astray() && !self.is_listened_at() && self.listening().next().is_some()
    }
}

/// Returns whether `host` means this machine whatever a resolver says, RFC 6761 section 6.3.
#[must_use]
pub fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Returns whether `address` is what `localhost` usually is.
#[must_use]
pub fn is_home(address: IpAddr) -> bool {
    matches!(address.to_string().as_str(), "127.0.0.1" | "::1")
}
