//! Judge: why an endpoint cannot be reached, or an address cannot be bound.
//!
//! Facts are gathered first, each from one source ([`gather`]); judging them is a pure function ([`judge`]) over the
//! list of causes ([`why`]), one file a cause. Not here: system calls (`wharf-os`), and drawing (`wharf-views`).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests open ports and start programs"))]

pub mod cause;
mod chain;
pub mod facts;
pub mod gather;
pub mod judge;
pub mod page;
pub mod question;
pub mod target;
pub mod why;

#[cfg(test)]
mod testing;

use wharf_model::diagnosis::Diagnosis;
use wharf_os::Os;

/// Answers `question`: gathers the facts and judges them.
#[must_use]
pub fn diagnose(os: &Os, question: &question::Question) -> Diagnosis {
    let taken_at = os.clock.now();
    judge::judge(&gather::gather(os, question), taken_at)
}
