//! Connected, and then silence: the server's process. One file a cause.

use wharf_os::examine::errno::Errno;

use crate::cause::{Cause, Opinion};
use crate::facts::talk::After;
use crate::facts::{Facts, Symptom};

mod deferred_accept;
mod listener_held_by_no_process;
mod listener_in_flight;
mod orphaned_listener;
mod reuseport_member_stuck;
mod server_busy_loop;
mod server_busy_with_request;
mod server_closes_at_once;
mod server_deadlocked;
mod server_does_not_accept;
mod server_does_not_answer;
mod server_frozen;
mod server_memory_throttled;
mod server_out_of_files;
mod server_stopped;
mod server_throttled;
mod server_traced;
mod server_uninterruptible;
mod server_waits_for_proxy_protocol;
mod system_out_of_files;
pub(super) mod words;

/// The more special before the more general.
pub(super) const CAUSES: &[&Cause] = &[
    &listener_in_flight::CAUSE,
    &listener_held_by_no_process::CAUSE,
    &orphaned_listener::CAUSE,
    &reuseport_member_stuck::CAUSE,
    &server_frozen::CAUSE,
    &server_stopped::CAUSE,
    &server_traced::CAUSE,
    &server_memory_throttled::CAUSE,
    &server_throttled::CAUSE,
    &server_uninterruptible::CAUSE,
    &server_out_of_files::CAUSE,
    &system_out_of_files::CAUSE,
    &server_busy_loop::CAUSE,
    &server_deadlocked::CAUSE,
    &server_busy_with_request::CAUSE,
    &deferred_accept::CAUSE,
    &server_waits_for_proxy_protocol::CAUSE,
];

/// What is only said where nothing else of its layer holds, in any group.
pub(super) const LAST: &[&Cause] =
    &[&server_does_not_accept::CAUSE, &server_closes_at_once::CAUSE, &server_does_not_answer::CAUSE];

/// Returns whether the server ended the connection without an answer, before or after something was said.
fn is_hung_up(facts: &Facts) -> bool {
    hung_up(facts).is_some()
}

/// Returns how the server ended the connection without an answer: by a reset or not, and whether something had been said.
fn hung_up(facts: &Facts) -> Option<(bool, bool)> {
    match facts.talk.closed {
        Some(closed) => Some((closed.reset, closed.after != After::Nothing)),
        // A reset may come before connect(2) has looked; where nobody listens it says ECONNREFUSED.
        None if facts.symptom() == Symptom::Failed(Errno::CONNRESET) && facts.is_listened_at() => {
            Some((true, false))
        }
        None => facts.watch.closed.map(|reset| (reset, false)),
    }
}

/// Returns whether a cause in the server's process accounts for what the client sees.
fn is_explained(facts: &Facts) -> bool {
    let explains =
        |cause: &&Cause| matches!((cause.rule)(facts), Opinion::Holds(finding) if finding.explains);
    CAUSES.iter().chain(super::hangs::CAUSES).any(explains)
}
