//! wharf itself: what keeps its own parts from working. One file a part.

use crate::cause::Cause;

mod daemon;
mod leases;
mod router;

/// In the order in which they have to be mended.
pub(super) const CAUSES: &[&Cause] = &[
    &leases::CONFIGURATION,
    &leases::UNREADABLE,
    &daemon::SILENT,
    &daemon::ABSENT,
    &daemon::OLDER,
    &leases::STRANGER,
    &router::DOWN,
    &router::NAMES,
    &router::AUTHORITY,
    &router::UNTRUSTED,
];
