//! The wrong one answers. One file a kind.

use crate::cause::Cause;

mod connect_rewritten;
mod diverted;
mod firewall_redirects;
mod old;
mod several;
mod sk_lookup_redirects;
mod stranger;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &connect_rewritten::CAUSE,
    &sk_lookup_redirects::CAUSE,
    &firewall_redirects::CAUSE,
    &stranger::CAUSE,
    &several::ONE_NAME,
    &several::ONE_ADDRESS,
    &old::CAUSE,
];
