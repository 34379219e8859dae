//! What this machine says to a choice: the time, which directories are there, and which ports nobody has.

use std::path::Path;

use wharf_model::timestamp::Timestamp;
use wharf_os::Os;
use wharf_os::ports::hold;

use crate::choice;
use crate::store::{Claim, World};

/// This machine.
pub struct System<'a> {
    /// The operating system.
    pub os: &'a Os,
    /// Whether a number is to be left alone because it is known for something else.
    pub is_known: fn(u16) -> bool,
}

impl System<'_> {
    /// Returns a port of wharf's range for `key` that is not `taken`, not known for something else, and free in the
    /// kernel.
    #[must_use]
    pub fn free_port(&self, key: &str, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        let ephemeral = self.os.host.ephemeral_range().map(|range| (range.first, range.last));
        let is_free = |port| !is_taken(port) && !(self.is_known)(port) && hold(port).is_ok();
        choice::choose(key, &choice::range(ephemeral), is_free)
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
