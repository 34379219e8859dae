//! What is asked of a diagnosis. Not here: the words of the command line (the binary).

use std::net::SocketAddr;
use std::time::Duration;

use wharf_catalog::request::Asker;
use wharf_model::lease::Lease;
use wharf_model::route::Route;

use crate::facts::itself::Itself;
use crate::target::Target;

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is to be done that does not work.
    pub aim: Aim,
    /// Whose point of view: a process, or a user.
    pub view: View,
    /// Page that a browser would ask from: its scheme, host and port.
    pub origin: Option<String>,
    /// Time for all of it.
    pub timeout: Duration,
    /// Who asks, with what they run.
    pub asker: Asker,
    /// What is known of wharf itself, where that is the question, or it answers for the target.
    pub itself: Option<Itself>,
    /// Asked where it matters: the leases of wharf, which are in a file.
    pub leases: fn() -> Vec<Lease>,
    /// Asked where wharf's router has no answer: its routes.
    pub routes: fn() -> Vec<Route>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To reach a target.
    Reach(Target),
    /// To bind an address, as servers do.
    Bind(SocketAddr),
    /// To use wharf itself.
    Itself,
}

/// Whose point of view it is looked at from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// That of whoever asks.
    #[default]
    Own,
    /// That of a running process: its network namespace, control group, user, environment, limits.
    Process(u32),
    /// That of a user.
    User(u32),
}

impl Question {
    /// Returns the question why `target` cannot be reached, as wharf's own user asks it.
    #[must_use]
    pub fn reach(target: Target) -> Self {
        let aim = Aim::Reach(target);
        Self {
            aim,
            view: View::Own,
            origin: None,
            timeout: TIMEOUT,
            asker: Asker::default(),
            itself: None,
            leases: Vec::new,
            routes: Vec::new,
        }
    }
}

/// Time for a diagnosis where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);
