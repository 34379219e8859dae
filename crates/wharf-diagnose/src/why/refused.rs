//! Connection refused: nobody listens where the client looks. One file a cause, or a few that differ in one fact.

use crate::cause::Cause;

mod bound_not_listening;
mod container;
mod leased;
mod nothing_listening;
mod other_address;
mod other_family;
mod other_side;
mod told_of_it;
mod udp_only;
mod unit;
mod unix;
mod unix_socket_only;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &leased::SILENT_RUN,
    &leased::NOT_RUNNING,
    &bound_not_listening::CAUSE,
    &other_family::V6ONLY_OPTION,
    &container::ELSEWHERE,
    &other_address::DEVICE,
    &other_family::IPV6_ONLY,
    &other_family::IPV4_ONLY,
    &other_address::ADDRESS,
    &told_of_it::MOVED,
    &told_of_it::RESTARTS,
    &told_of_it::ENDED,
    &unix_socket_only::CAUSE,
    &container::OTHER_NAMESPACE,
    &told_of_it::STARTING,
    &told_of_it::NOT_LISTENING,
    &udp_only::CAUSE,
    &unix::NO_SOCKET,
    &unix::MISSING,
    &unix::STALE,
    &unix::DENIED,
    &unix::OTHER_TYPE,
    &unix::FULL,
    &unit::SOCKET,
    &unit::SERVICE,
    &other_side::WSL,
    &nothing_listening::CAUSE,
];
