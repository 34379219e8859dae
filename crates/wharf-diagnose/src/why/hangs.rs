//! The connection hangs. One file a cause.

use crate::cause::Cause;

mod accept_queue_full;
mod cgroup_denies_packets;
mod conntrack_full;
mod firewall_drops;
mod ipsec_blocks;
mod loopback_down;
mod socket_filter_drops;
mod syn_queue_full;
mod tcp_abort_on_overflow;
mod tcp_ao_required;
mod tcp_md5_required;
mod traffic_control_drops;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &loopback_down::CAUSE,
    &firewall_drops::CAUSE,
    &traffic_control_drops::CAUSE,
    &cgroup_denies_packets::CAUSE,
    &ipsec_blocks::CAUSE,
    &conntrack_full::CAUSE,
    &socket_filter_drops::CAUSE,
    &tcp_md5_required::CAUSE,
    &tcp_ao_required::CAUSE,
    &syn_queue_full::CAUSE,
    &tcp_abort_on_overflow::CAUSE,
];

/// What is only said where nothing else of its layer holds, in any group.
pub(super) const LAST: &[&Cause] = &[&accept_queue_full::CAUSE];
