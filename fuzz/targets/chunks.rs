//! A body in chunks, the first byte of which tells how it is cut.
//!
//! Not here: what must hold (`wharf_router::fuzzing`).
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_router::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    if let Some((step, bytes)) = bytes.split_first() {
        fuzzing::chunks(bytes, usize::from(*step));
    }
});
