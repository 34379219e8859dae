//! Skipping aloud: a test that cannot run here says so, in its output and in a list.
//!
//! Not here: what a machine lacks; the sandbox and the tests find that out.

use std::fs::OpenOptions;
use std::io::Write;

/// Notes that the test `name` is skipped, and why.
///
/// The line goes to stderr and to the end of the file named by `WHARF_SKIPPED`, if that is set.
///
/// # Panics
/// If `WHARF_REQUIRE` is `all`: then nothing may be skipped; and if the list cannot be written.
pub fn note(name: &str, why: &str) {
    let why = why.trim().replace('\n', "; ");
    eprintln!("skipped: {name}: {why}");
    if let Some(list) = std::env::var_os("WHARF_SKIPPED") {
        let mut file = OpenOptions::new().create(true).append(true).open(&list).expect("WHARF_SKIPPED opens");
        file.write_all(format!("{name}: {why}\n").as_bytes()).expect("WHARF_SKIPPED is written");
    }
    let required = std::env::var_os("WHARF_REQUIRE").is_some_and(|value| value == "all");
    assert!(!required, "WHARF_REQUIRE=all, but {name} cannot run: {why}");
}

/// Ends the surrounding test as skipped: `skip!("why")`, with the test's own path as its name.
#[macro_export]
macro_rules! skip {
    ($($why:tt)*) => {{
        fn here() {}
        let path = std::any::type_name_of_val(&here);
        $crate::skip::note(path.strip_suffix("::here").unwrap_or(path), &format!($($why)*));
        return;
    }};
}

/// Makes a [`sandbox::Sandbox`](crate::sandbox::Sandbox) for the binary under test, or ends the test as skipped.
#[macro_export]
macro_rules! sandbox {
    () => {
        match $crate::sandbox::Sandbox::new(env!("CARGO_BIN_EXE_wharf")) {
            Ok(sandbox) => sandbox,
            Err(why) => $crate::skip!("{why}"),
        }
    };
}
