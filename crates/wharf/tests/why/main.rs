//! `wharf why` on real kernels: each fault of `wharf-testkit/faults` is brought about in namespaces of its own, and the
//! binary has to find it, as root and as an ordinary user; and what is healthy it has to leave alone.
//!
//! Not here: rules on made-up facts (beside the rules), and how faults are brought about (their programs).
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

use std::collections::BTreeSet;

use wharf_model::diagnosis::{CauseKnown, Causes};
use wharf_testkit::fault::Expected;

mod check;
mod traces;

/// Makes a test of each fault, in a module of its group.
macro_rules! faults {
    ($($group:ident: [$($name:ident),*])*) => {
        $(mod $group {
            $(#[test]
            fn $name() {
                crate::check::brought_about(stringify!($group), stringify!($name));
            })*
        })*
    };
}

wharf_testkit::each_fault!(faults);

/// What its page says to be brought about by a test is.
#[test]
fn every_cause_that_is_said_to_be_reproduced_is() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_wharf")).args(["why", "--list", "--json"]).output();
    let text = output.expect("the binary runs").stdout;
    let known: Causes = serde_json::from_slice(&text).expect("it lists its causes");
    let mut brought_about: BTreeSet<String> = ELSEWHERE.iter().map(|&code| code.to_owned()).collect();
    for fault in wharf_testkit::fault::Fault::all() {
        brought_about.extend(fault.remarks);
        for expected in [Some(fault.expected), fault.for_user].into_iter().flatten() {
            if let Expected::Causes(codes) = expected {
                brought_about.extend(codes);
            }
        }
    }
    let codes: BTreeSet<&str> = known.causes.iter().map(|cause| cause.code.as_str()).collect();
    let unknown: Vec<&String> = brought_about.iter().filter(|code| !codes.contains(code.as_str())).collect();
    assert!(unknown.is_empty(), "no causes: {unknown:?}");
    let is_missing = |cause: &&CauseKnown| cause.reproduced && !brought_about.contains(&cause.code);
    let missing: Vec<&str> =
        known.causes.iter().filter(is_missing).map(|cause| cause.code.as_str()).collect();
    assert!(missing.is_empty(), "said to be reproduced, and in no fault: {missing:?}");
}

/// Causes of wharf's own, which the tests of the command bring about (`tests/it/why.rs`).
const ELSEWHERE: &[&str] = &[
    "kept-by-wharf",
    "leased-and-not-running",
    "leased-port-held-by-other-project",
    "run-does-not-listen",
    "sandbox-denies-bind",
    "wharf-authority-unusable",
    "wharf-authority-untrusted",
    "wharf-configuration-wrong",
    "wharf-daemon-absent",
    "wharf-daemon-of-other-version",
    "wharf-daemon-silent",
    "wharf-leased-port-taken",
    "wharf-leases-unreadable",
    "wharf-names-unresolved",
    "wharf-router-down",
];
