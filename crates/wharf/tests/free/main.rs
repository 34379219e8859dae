//! `wharf free` on real kernels and real programs: each occupant of `wharf-testkit/occupants` holds a port in namespaces of its
//! own, and the binary has to free it for good, and to leave alone whatever else is there.
//!
//! Not here: rules on made-up facts (beside the rules), and how the port comes to be held (the programs).
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

mod check;

/// Makes a test of each occupant.
macro_rules! occupants {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            crate::check::freed(stringify!($name));
        })*
    };
}

wharf_testkit::each_occupant!(occupants);
