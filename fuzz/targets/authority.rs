//! What a client calls a host.
//!
//! Not here: what must hold (`wharf_router::fuzzing`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_router::fuzzing;

fuzz_target!(|text: &str| fuzzing::authority(text));
