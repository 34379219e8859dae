//! `cargo xtask release` and `deny`: the release binary, and whether its dependencies may be shipped.
//!
//! cargo-deny is built once and kept in the build folder. Advisories come from a database that is
//! fetched over the network; where it cannot be, that is said and the other checks still hold.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::{self, cargo, lasted, timed};

/// Builds the release binary and checks what it is made of; false if a check fails.
pub(crate) fn run() -> Result<bool> {
    let (built, time) = timed(|| workspace::must(cargo().args(["build", "--release", "--package", "wharf"])));
    built?;
    let binary = workspace::target_dir()?.join("release/wharf");
    let size = std::fs::metadata(&binary)?.len();
    println!("{}: {:.1} MB, built in {}", binary.display(), size as f64 / 1e6, lasted(time));
    deny()
}

/// Checks licences, bans, sources and advisories of all dependencies; false if a check fails.
pub(crate) fn deny() -> Result<bool> {
    let deny = cargo_deny()?;
    let check = |what: &[&str]| {
        let mut command = cargo();
        command.env("PATH", path_with(&deny)?).args(["deny", "check"]).args(what);
        workspace::succeeds(&mut command)
    };
    let good = check(&["licenses", "bans", "sources"])?;
    let mut fetch = cargo();
    fetch.env("PATH", path_with(&deny)?).args(["deny", "fetch", "db"]);
    if !workspace::quietly(&mut fetch) {
        println!("advisories: not checked: the database could not be fetched");
        return Ok(good);
    }
    Ok(check(&["--disable-fetch", "advisories"])? && good)
}

/// Returns the folder of cargo-deny, and builds it if no one has.
fn cargo_deny() -> Result<PathBuf> {
    let tools = workspace::target_dir()?.join("tools");
    let folder = tools.join("bin");
    if !workspace::in_path("cargo-deny") && !folder.join("cargo-deny").is_file() {
        println!("building cargo-deny, once");
        let mut install = cargo();
        install.args(["install", "--quiet", "--locked", "cargo-deny", "--root"]).arg(&tools);
        let (installed, time) = timed(|| workspace::must(&mut install));
        installed?;
        println!("cargo-deny: built in {}", lasted(time));
    }
    Ok(folder)
}

fn path_with(folder: &std::path::Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(folders)?)
}
