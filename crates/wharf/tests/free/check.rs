//! One occupant: what `wharf free` does about it, and what a program apart from it finds afterwards.

use std::path::{Path, PathBuf};

use wharf_model::free::{FREE_SCHEMA, Freeing};
use wharf_testkit::occupant::{Deed, Occupant, Verdict};
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::skip;

/// Sets the scene of the occupant `name` and has wharf free the port; skips it aloud where that cannot be done.
#[track_caller]
pub(crate) fn freed(name: &str) {
    let told = |why: &str| skip::note(&format!("free::{name}"), why);
    let sandbox = match Sandbox::new(env!("CARGO_BIN_EXE_wharf")) {
        Ok(sandbox) => sandbox,
        Err(why) => return told(&why),
    };
    let occupant = Occupant::read(name);
    match occupant.lacks(&sandbox, &packages()) {
        Some(why) => told(&why),
        None => check(&sandbox, &occupant),
    }
}

#[track_caller]
fn check(sandbox: &Sandbox, occupant: &Occupant) {
    let mut scene = occupant.set(sandbox, &packages());
    let mut words = vec!["wharf", "free", "--json"];
    words.extend(occupant.free.iter().map(String::as_str));
    let deed = occupant.freed_by(&mut scene, sandbox, &words);
    let verdict = occupant.judged(&scene, sandbox);
    scene.end();
    judge(occupant, &deed, &verdict);
}

#[track_caller]
fn judge(occupant: &Occupant, deed: &Deed, verdict: &Verdict) {
    let what = format!("{}: {verdict:#?}\nit said: {}\n{}", occupant.name, deed.stdout, deed.stderr);
    assert!(verdict.gone.is_empty(), "what had to stay is gone: {what}");
    assert!(verdict.miscounts.is_empty(), "not every client was told: {what}");
    assert_eq!(deed.code, Some(occupant.code), "the exit code: {what}");
    let document: Freeing =
        serde_json::from_str(&deed.stdout).unwrap_or_else(|error| panic!("{error}: {what}"));
    assert_eq!((document.schema.as_str(), document.targets.len()), (FREE_SCHEMA, 1), "{what}");
    if let Some(text) = &occupant.says {
        assert!(deed.stdout.contains(text.as_str()), "it does not say {text}: {what}");
    }
    if occupant.code == 0 && !occupant.stays_held {
        assert!(verdict.is_free(), "the port is not free: {what}");
        assert!(verdict.left.is_empty(), "something of it is left: {what}");
    }
}

/// Returns the folder that `cargo xtask test` installs packages into.
fn packages() -> PathBuf {
    match std::env::var_os("WHARF_TEST_ENV") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env"),
    }
}
