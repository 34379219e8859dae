//! What lies beyond a forwarder: where it leads, and what was found there. Plain data.

use std::net::IpAddr;

use wharf_os::examine::credentials::Credentials;
use wharf_os::examine::errno::Errno;

use super::Facts;

/// A forwarder at the target, and what lies beyond it.
#[derive(Clone, Debug)]
pub struct Beyond {
    /// What it is.
    pub kind: Forwarder,
    /// It in a few words: `nginx (pid 80, /srv)`.
    pub by: String,
    /// As whom its processes go on, as far as it is known.
    pub users: Vec<Credentials>,
    /// Where it listens.
    pub at: String,
    /// How it is known where it leads: a command line, a file and its line.
    pub known_by: String,
    /// Where it may lead what was asked for; empty if that could not be read.
    pub ways: Vec<Way>,
    /// Whether it failed to answer, or answered that it could not reach what is beyond it.
    pub fails: bool,
}

/// One place that a forwarder leads to.
#[derive(Clone, Debug)]
pub struct Way {
    /// The place, as the forwarder was told: `127.0.0.1:9000`, `unix:/run/app.sock`.
    pub to: String,
    /// What was found there.
    pub end: WayEnd,
}

/// What was found at the end of a way.
#[derive(Clone, Debug)]
pub enum WayEnd {
    /// It is on this machine: the facts on it.
    Here(Box<Facts>),
    /// It is on another machine, in these words.
    Elsewhere(String),
    /// It is in a container.
    Container(Inside),
    /// It leads back to where it was already.
    Loop,
    /// It could not be looked at: why.
    Unknown(String),
}

/// What listens in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// The container, as its engine calls it, if an engine told.
    pub container: Option<String>,
    /// Port inside.
    pub port: u16,
    /// A process in it, if a network namespace with its address was found.
    pub pid: Option<u32>,
    /// Whether that network namespace was found.
    pub found: bool,
    /// Whether its sockets could be listed.
    pub listed: bool,
    /// Addresses inside that something listens at, by that port.
    pub listeners: Vec<IpAddr>,
    /// Other ports that something listens at inside.
    pub others: Vec<u16>,
}

/// Kinds of forwarders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarder {
    /// Docker's proxy of a published port.
    DockerProxy,
    /// `ssh -L`.
    Ssh,
    /// `kubectl port-forward`.
    Kubectl,
    /// socat.
    Socat,
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Caddy.
    Caddy,
    /// wharf's router.
    Wharf,
}

impl Forwarder {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DockerProxy => "docker-proxy",
            Self::Ssh => "ssh",
            Self::Kubectl => "kubectl",
            Self::Socat => "socat",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Wharf => "wharf's router",
        }
    }
}

impl Beyond {
    /// Returns the way that is known to lead nowhere, if all do that could be looked at, and one at least.
    #[must_use]
    pub fn broken(&self) -> Option<&Way> {
        let is_broken = |way: &&Way| self.is_broken(way);
        let unknown =
            self.ways.iter().any(|way| matches!(way.end, WayEnd::Unknown(_) | WayEnd::Elsewhere(_)));
        let is_all = !unknown && self.ways.iter().all(|way| self.is_broken(way));
        self.ways.iter().find(is_broken).filter(|_| is_all)
    }

    /// Returns whether nobody gets an answer at the end of a way, the forwarder least of all.
    fn is_broken(&self, way: &Way) -> bool {
        match &way.end {
            WayEnd::Here(facts) if self.is_denied(facts) => true,
            // What wharf's own user may not, the forwarder's may.
            WayEnd::Here(facts) => !facts.is_reachable() && !facts.is_denied_to_client(),
            WayEnd::Loop => true,
            WayEnd::Container(_) | WayEnd::Elsewhere(_) | WayEnd::Unknown(_) => false,
        }
    }

    /// Returns whether none of the forwarder's processes may write to the Unix socket that it leads to.
    #[must_use]
    pub fn is_denied(&self, facts: &Facts) -> bool {
        let Some(node) =
            facts.unix.as_ref().and_then(|unix| unix.node.as_ref()).filter(|node| node.is_socket)
        else {
            return false;
        };
        let may = |user: &Credentials| match user {
            user if user.uid == 0 => true,
            user if user.uid == node.uid => node.mode & 0o200 != 0,
            user if user.gids.contains(&node.gid) => node.mode & 0o020 != 0,
            _ => node.mode & 0o002 != 0,
        };
        !self.users.is_empty() && !self.users.iter().any(may)
    }
}

impl Facts {
    /// Returns whether only the rights of whoever asks keep them from a Unix socket.
    fn is_denied_to_client(&self) -> bool {
        self.unix.as_ref().is_some_and(|unix| unix.error == Some(Errno::ACCES))
    }
}
