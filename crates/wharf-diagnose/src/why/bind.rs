//! An address cannot be bound. One file a kind of holder, or of refusal.

use crate::cause::Cause;

mod cgroup_denies_bind;
mod connection;
mod listener;
mod refusal;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &cgroup_denies_bind::CAUSE,
    &refusal::PRIVILEGE,
    &refusal::NOT_LOCAL,
    &refusal::EXHAUSTED,
    &refusal::SANDBOX,
    &listener::KEPT_BY_WHARF,
    &listener::IN_FLIGHT,
    &listener::ORPHANED,
    &listener::BOUND_ONLY,
    &listener::SHARED,
    &listener::WILDCARD,
    &listener::SPECIFIC,
    &listener::TAKEN,
    &connection::OUTGOING,
    &connection::LEFT,
    &connection::TIME_WAIT,
];
