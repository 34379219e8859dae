//! What this machine says to a choice: the time, which directories are there, and which ports nobody has.

use std::cell::RefCell;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

use wharf_model::timestamp::Timestamp;
use wharf_os::Os;
use wharf_os::ports::{Held, hold};

use crate::choice;
use crate::store::{Claim, World};

/// This machine.
pub struct System<'a> {
    os: &'a Os,
    is_known: fn(u16) -> bool,
    take: fn(u16) -> Option<Held>,
    chosen: RefCell<Option<Held>>,
}

impl<'a> System<'a> {
    /// Returns the machine of `os`, where a number for which `is_known` holds is left alone because it is known for
    /// something else.
    #[must_use]
    pub fn new(os: &'a Os, is_known: fn(u16) -> bool) -> Self {
        Self { os, is_known, take: |_| None, chosen: RefCell::new(None) }
    }

    /// Returns the same with somebody who keeps leased ports, and from whom one can `take` them.
    #[must_use]
    pub fn with_keeper(self, take: fn(u16) -> Option<Held>) -> Self {
        Self { take, ..self }
    }

    /// Holds `port`, which is leased to the caller. One that was chosen just now is held already, from before it was
    /// anybody's.
    ///
    /// # Errors
    /// As [`hold`].
    pub fn hold(&self, port: u16) -> io::Result<Held> {
        match self.chosen.take() {
            Some(held) if held.port() == port => Ok(held),
            _ => hold(port).or_else(|error| (self.take)(port).ok_or(error)),
        }
    }

    /// Returns wharf's own range on this machine.
    #[must_use]
    pub fn range(&self) -> RangeInclusive<u16> {
        choice::range(self.os.host.ephemeral_range().map(|range| (range.first, range.last)))
    }

    /// Returns a port of wharf's range for `key` that is not `taken`, not known for something else, and free in the
    /// kernel.
    #[must_use]
    pub fn free_port(&self, key: &str, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        let mut chosen = None;
        let is_free = |port| {
            chosen = (!is_taken(port) && !(self.is_known)(port)).then(|| hold(port).ok()).flatten();
            chosen.is_some()
        };
        let port = choice::choose(key, &self.range(), is_free);
        self.chosen.replace(chosen);
        port
    }
}

impl World for System<'_> {
    fn now(&self) -> Timestamp {
        self.os.clock.now()
    }

    fn exists(&self, root: &str) -> bool {
        self.os.files.is_dir(Path::new(root))
    }

    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        let key = format!("{}/{}", claim.name, claim.asked_port.unwrap_or(0));
        self.free_port(&key, is_taken)
    }
}
