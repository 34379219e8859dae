//! Another error at once. One file a cause.

use crate::cause::Cause;

mod address_family_restricted;
mod cgroup_denies_connect;
mod client_in_other_namespace;
mod client_landlock;
mod client_out_of_files;
mod client_seccomp;
mod ephemeral_ports_exhausted;
mod firewall_rejects;
mod firewall_rejects_user;
mod ipv6_disabled;
mod loopback_address_missing;
mod lsm_denies;
mod other_machine;
mod route_blocks;
mod routing_rule_blocks;
mod self_connect;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &client_out_of_files::CAUSE,
    &address_family_restricted::CAUSE,
    &client_seccomp::CAUSE,
    &client_landlock::CAUSE,
    &lsm_denies::CAUSE,
    &client_in_other_namespace::CAUSE,
    &ephemeral_ports_exhausted::CAUSE,
    &cgroup_denies_connect::CAUSE,
    &firewall_rejects_user::CAUSE,
    &firewall_rejects::CAUSE,
    &routing_rule_blocks::CAUSE,
    &ipv6_disabled::CAUSE,
    &loopback_address_missing::CAUSE,
    &route_blocks::CAUSE,
    &self_connect::CAUSE,
    &other_machine::CAUSE,
];
