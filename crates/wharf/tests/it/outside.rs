//! What tests have from PyPI and npm, bound into a sandbox where every user may read it.
//!
//! Not here: what is installed, which stands in `needs.txt`, and by whom (`cargo xtask test`).

use std::fs;
use std::path::{Path, PathBuf};

use wharf_testkit::sandbox::Sandbox;

/// Returns the folder that `cargo xtask test` installs packages into.
pub(crate) fn packages() -> PathBuf {
    match std::env::var_os("WHARF_TEST_ENV") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env"),
    }
}

/// Binds a folder or file of the machine over one of the sandbox.
#[track_caller]
pub(crate) fn bind(sandbox: &Sandbox, from: &Path, to: &Path) {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let _ = sandbox.program(&["mount", "--bind", &from, &to]).output().expect_code(0);
}

/// Binds the Node packages into the sandbox, where its scripts find `package`.
///
/// # Errors
/// That it is not installed.
pub(crate) fn node(sandbox: &Sandbox, package: &str) -> Result<(), String> {
    has(sandbox, "npm/node_modules", package, "node_modules")
}

/// Binds the virtual environment into the sandbox and returns its Python, which has `module`.
///
/// # Errors
/// That it is not installed.
pub(crate) fn python(sandbox: &Sandbox, module: &str) -> Result<String, String> {
    has(sandbox, "venv", "bin/python", "venv")?;
    let python = sandbox.folder().join("venv/bin/python").display().to_string();
    let found = sandbox.program(&[&python, "-c", &format!("import {module}")]).output();
    if found.code == Some(0) { Ok(python) } else { Err(missing(module)) }
}

fn has(sandbox: &Sandbox, from: &str, what: &str, to: &str) -> Result<(), String> {
    let (from, to) = (packages().join(from), sandbox.folder().join(to));
    if !from.join(what).exists() {
        return Err(missing(what));
    }
    if !to.exists() {
        fs::create_dir(&to).expect("the sandbox is ours");
        bind(sandbox, &from, &to);
    }
    Ok(())
}

fn missing(what: &str) -> String {
    format!("{what} is not installed: cargo xtask test does it")
}
