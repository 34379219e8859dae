//! The text files of the workspace, as the rules see them, and what a rule says of one.
//!
//! Not here: any rule.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::rust_text;

/// Names that hold no work of ours, wherever they are (in a git worktree, `.git` is a file; the fuzzer writes two).
const SKIPPED: &[&str] = &["target", "node_modules", ".git", "corpus", "artifacts"];

/// The text files of the workspace, in the order of their paths.
#[derive(Debug, Default)]
pub(super) struct House {
    pub(super) files: Vec<File>,
    /// Paths of the files that are no text: pictures.
    pictures: Vec<String>,
}

/// One text file.
#[derive(Debug)]
pub(super) struct File {
    /// Path below the top of the workspace, with `/` between the parts.
    pub(super) path: String,
    /// Content, as it is.
    pub(super) text: String,
    /// For Rust: `text` with the content of comments and literals blanked; else empty.
    pub(super) code: String,
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The file.
    pub(super) path: String,
    /// Line from 1; 0 for the file as a whole.
    pub(super) line: usize,
    /// What is wrong and what to do.
    pub(super) text: String,
}

impl House {
    /// Reads every text file below `root`.
    ///
    /// # Errors
    /// If a folder or file cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut house = Self::default();
        house.read_folder(root, "")?;
        house.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(house)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                self.files.push(File::new(path, text));
            } else {
                self.pictures.push(path);
            }
        }
        Ok(())
    }

    /// Returns the file at `path`.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns whether `path` is a file or a folder that holds one.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let inside =
            |file: &str| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let all = self.files.iter().map(|file| &file.path).chain(&self.pictures);
        path.is_empty() || all.into_iter().any(|file| inside(file))
    }

    /// Returns the Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// Returns the names of the crates under `crates/`.
    pub(super) fn crates(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|file| {
            let name = file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
            (!name.contains('/')).then_some(name)
        })
    }

    /// Makes a house of fixtures: pairs of path and content.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File::new((*path).to_owned(), (*text).to_owned()));
        Self { files: files.collect(), pictures: Vec::new() }
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let code = if path.ends_with(".rs") { rust_text::code_only(&text) } else { String::new() };
        Self { path, text, code }
    }

    /// Returns whether it is Rust.
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Returns the crate under `crates/` that it belongs to.
    pub(super) fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Returns a finding on line `line` (from 1; 0 for the whole file).
    pub(super) fn finding(&self, line: usize, text: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Asserts that `findings` are on exactly these lines of these files.
#[cfg(test)]
pub(super) fn check(findings: &[Finding], expected: &[(&str, usize)]) {
    let found: Vec<(&str, usize)> =
        findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
    assert_eq!(found, expected, "{findings:#?}");
}
