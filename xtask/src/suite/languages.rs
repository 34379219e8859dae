//! Python and Node packages, each into a folder of the tests' own under the build folder.
//!
//! What was installed is remembered beside it, so that a second run asks no network. Not here: which
//! packages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workspace;

/// File that names what a folder holds.
const INSTALLED: &str = "installed.txt";

/// Installs `packages` into the virtual environment `folder`; returns what could not be had.
pub(super) fn install_python(packages: &BTreeSet<String>, folder: &Path) -> Vec<String> {
    let pip = folder.join("bin/pip");
    let make =
        || pip.is_file() || workspace::quietly(Command::new(python()).args(["-m", "venv"]).arg(folder));
    let install = |names: &[&str]| {
        let options = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
        workspace::quietly(Command::new(&pip).args(options).args(names))
    };
    install_into(folder, "Python", packages, make, install)
}

/// Returns Debian's Python where there is one: another may lie in a home that the users of the tests may not enter.
fn python() -> &'static str {
    let debian = "/usr/bin/python3";
    if Path::new(debian).is_file() { debian } else { "python3" }
}

/// Installs `packages` into `folder`/node_modules; returns what could not be had.
pub(crate) fn install_node(packages: &BTreeSet<String>, folder: &Path) -> Vec<String> {
    let make = || workspace::in_path("npm") && fs::create_dir_all(folder).is_ok();
    let install = |names: &[&str]| {
        let options = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"];
        workspace::quietly(Command::new("npm").args(options).arg(folder).args(names))
    };
    install_into(folder, "Node", packages, make, install)
}

fn install_into(
    folder: &Path,
    language: &str,
    packages: &BTreeSet<String>,
    make: impl Fn() -> bool,
    install: impl Fn(&[&str]) -> bool,
) -> Vec<String> {
    let record = folder.join(INSTALLED);
    let before = fs::read_to_string(&record).unwrap_or_default();
    let before: BTreeSet<String> = before.lines().map(str::to_owned).collect();
    let missing: Vec<&str> = packages.difference(&before).map(String::as_str).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    println!("installing {language} packages: {}", missing.join(" "));
    if !make() {
        return vec![format!("no place for {language} packages: {}", missing.join(" "))];
    }
    let failed: Vec<&str> = match install(&missing) {
        true => Vec::new(),
        false => missing.iter().copied().filter(|name| !install(&[name])).collect(),
    };
    let have = packages.iter().filter(|name| !failed.contains(&name.as_str()));
    let lines: String = have.map(|name| format!("{name}\n")).collect();
    let mut notes = Vec::new();
    if let Err(error) = fs::write(&record, lines) {
        notes.push(format!("write {}: {error}", record.display()));
    }
    if !failed.is_empty() {
        notes.push(format!("{language} packages that could not be installed: {}", failed.join(" ")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn one_bad_package_costs_only_itself_and_nothing_is_installed_twice() {
        let folder = std::env::temp_dir().join(format!("xtask-languages-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let packages: BTreeSet<String> = ["bad", "good"].map(str::to_owned).into();
        let asked = RefCell::new(Vec::new());
        let install = |names: &[&str]| {
            asked.borrow_mut().push(names.join(" "));
            !names.contains(&"bad")
        };
        let notes = install_into(&folder, "Test", &packages, || true, install);
        assert_eq!(notes, ["Test packages that could not be installed: bad"]);
        install_into(&folder, "Test", &packages, || true, install);
        assert_eq!(*asked.borrow(), ["bad good", "bad", "good", "bad", "bad"]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
