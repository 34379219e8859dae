//! Changes of the table of routes, and questions to it.
//!
//! Not here: what must hold (`wharf_router::fuzzing`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_router::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::table(bytes));
