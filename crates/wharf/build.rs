//! Links the unwinder into the binary on Linux with glibc: to load libgcc_s at each start takes a twentieth of an `ls`.
//!
//! Not here: anything else; a linker that does not find it says so, and gcc brings it.

#![expect(clippy::disallowed_macros, reason = "to cargo a build script speaks by printing")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
