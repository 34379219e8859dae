//! `cargo xtask check`: the crates without C code type-check for Windows and macOS.
//!
//! A target that cannot be had (no network, no rustup) is said plainly and is no fault.

use std::process::Command;

use anyhow::Result;

use crate::workspace::{self, cargo};

const TARGETS: &[&str] = &["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// Crates that build everywhere without a C compiler for the target. wharf-lease brings SQLite, which is C.
const CRATES: &[&str] = &["wharf-model", "wharf-sys", "wharf-os", "wharf-catalog", "wharf-views"];

/// Type-checks every target that can be had; false if one has errors.
pub(crate) fn run() -> Result<bool> {
    let mut good = true;
    for target in TARGETS {
        if !is_there(target) {
            println!("{target}: not checked: rustup target add {target} failed (no network, or no rustup)");
            continue;
        }
        let mut check = cargo();
        check.args(["check", "--quiet", "--target", target]);
        check.args(CRATES.iter().flat_map(|name| ["--package", name]));
        let passed = workspace::succeeds(&mut check)?;
        println!("{target}: {}", if passed { "checked" } else { "has errors" });
        good &= passed;
    }
    Ok(good)
}

fn is_there(target: &str) -> bool {
    let installed = workspace::output(Command::new("rustup").args(["target", "list", "--installed"]));
    installed.is_ok_and(|list| list.lines().any(|line| line == target))
        || workspace::quietly(Command::new("rustup").args(["target", "add", target]))
}
