//! What the tests need from outside cargo: the base list, and the files beside the tests: `needs.txt`, and
//! `needs-full.txt` for what only `cargo xtask e2e --full` runs.
//!
//! A line is `apt NAME`, `pip NAME` or `npm NAME` (with `==VERSION` or `@VERSION` as the
//! tool writes it); `#` begins a comment. Not here: installing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// File of what `cargo xtask test` installs.
pub(super) const ALWAYS: &str = "needs.txt";

/// File of what the full set of real programs needs on top.
pub(super) const FULL: &str = "needs-full.txt";

/// Debian packages that the tests of every crate may count on.
const BASE: &[&str] =
    &["iproute2", "lsof", "net-tools", "procps", "psmisc", "python3", "python3-venv", "util-linux"];

/// Debian packages that are wanted only where their program is not there otherwise.
const BASE_PROGRAMS: &[(&str, &str)] = &[("node", "nodejs"), ("npm", "npm")];

/// What is needed, by the tool that installs it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Debian packages.
    pub(super) debian: BTreeSet<String>,
    /// Python packages, as pip takes them.
    pub(super) python: BTreeSet<String>,
    /// Node packages, as npm takes them.
    pub(super) node: BTreeSet<String>,
}

impl Needs {
    /// Reads the needs of every crate below `root` from the files called `file`; the base list is in [`ALWAYS`].
    ///
    /// # Errors
    /// If a file cannot be read or has a line that is none of the three kinds.
    pub(super) fn read(root: &Path, file: &str) -> Result<Self> {
        let mut needs = Self::default();
        if file == ALWAYS {
            needs.debian.extend(BASE.iter().map(ToString::to_string));
            let missing = BASE_PROGRAMS.iter().filter(|(program, _)| !workspace::in_path(program));
            needs.debian.extend(missing.map(|(_, package)| (*package).to_owned()));
        }
        for entry in fs::read_dir(root.join("crates")).context("read crates/")? {
            needs.read_folder(&entry?.path().join("tests"), file)?;
        }
        Ok(needs)
    }

    fn read_folder(&mut self, folder: &Path, file: &str) -> Result<()> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                self.read_folder(&path, file)?;
            } else if path.file_name().is_some_and(|name| name == file) {
                let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
                self.parse(&text).with_context(|| format!("{}", path.display()))?;
            }
        }
        Ok(())
    }

    fn parse(&mut self, text: &str) -> Result<()> {
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or(line).trim();
            let words: Vec<&str> = line.split_whitespace().collect();
            let list = match words.first() {
                None => continue,
                Some(&"apt") => &mut self.debian,
                Some(&"pip") => &mut self.python,
                Some(&"npm") => &mut self.node,
                Some(other) => bail!("line {}: {other} is none of apt, pip, npm", index + 1),
            };
            let [_, name] = words[..] else { bail!("line {}: one package a line", index + 1) };
            list.insert(name.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_packages_of_three_kinds() {
        let mut needs = Needs::default();
        needs
            .parse("# servers\napt redis-server  # a comment\n\npip flask==3.1.0\nnpm @scope/vite@8\n")
            .unwrap();
        assert_eq!(needs.debian, ["redis-server".to_owned()].into());
        assert_eq!(needs.python, ["flask==3.1.0".to_owned()].into());
        assert_eq!(needs.node, ["@scope/vite@8".to_owned()].into());
    }

    #[test]
    fn other_lines_are_refused() {
        for line in ["brew redis", "apt a b", "apt"] {
            assert!(Needs::default().parse(line).is_err(), "{line}");
        }
    }
}
