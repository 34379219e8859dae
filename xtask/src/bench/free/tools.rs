//! The tools that free a port, each as its manual has it for a script: what they are called with, and where they come from.
//!
//! killport comes from crates.io, fkill and kill-port from npm, fuser from Debian's psmisc, lsof from lsof. Not here: what they do.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use wharf_testkit::occupant::Occupant;
use wharf_testkit::sandbox::Sandbox;

use crate::suite::languages;
use crate::workspace::{self, cargo};

/// A tool that frees a port.
pub(super) struct Tool {
    /// What it is called here.
    pub(super) name: &'static str,
    /// Its version and its own words.
    pub(super) line: String,
    words: &'static [&'static str],
    /// Where those are that were installed for this.
    folder: PathBuf,
}

/// Name, package with its version, and command line. fkill waits on a terminal for a yes to SIGKILL; here is none.
const TOOLS: [(&str, &str, &[&str]); 6] = [
    ("wharf", "", &["wharf", "free"]),
    ("killport", "killport@2.0.2", &["killport", "7777"]),
    ("fkill", "fkill-cli@9.0.0", &["fkill", ":7777"]),
    ("kill-port", "kill-port@2.0.1", &["kill-port", "7777"]),
    ("fuser", "psmisc", &["fuser", "-k", "7777/tcp"]),
    ("lsof", "lsof", &["kill -9 $(lsof -ti :7777)"]),
];

/// Installs those that are asked for below the build folder, and returns them.
pub(super) fn install(asked: Option<&[String]>) -> Result<Vec<Tool>> {
    let folder = workspace::target_dir()?.join("bench-free");
    let is_asked = |name: &str| asked.is_none_or(|asked| asked.iter().any(|it| it == name));
    let mut tools = Vec::new();
    for (name, package, words) in TOOLS.into_iter().filter(|(name, ..)| is_asked(name)) {
        match package.split_once('@') {
            Some(("killport", version)) if !folder.join("bin/killport").is_file() => {
                let options = ["install", "killport", "--quiet", "--locked", "--version", version, "--root"];
                workspace::must(cargo().args(options).arg(&folder))?;
            }
            Some((_, _)) if name != "killport" => {
                let wanted = TOOLS.iter().filter(|(name, ..)| matches!(*name, "fkill" | "kill-port"));
                let notes = languages::install_node(
                    &wanted.map(|(_, package, _)| (*package).to_owned()).collect(),
                    &folder,
                );
                if !notes.is_empty() {
                    bail!("{}", notes.join("; "));
                }
            }
            None if matches!(name, "fuser" | "lsof") && !workspace::in_path(name) => {
                bail!("install {package} for {name}")
            }
            _ => {}
        }
        let version = match package {
            "psmisc" => format!("psmisc {}", psmisc()?),
            other => other.replace('@', " "),
        };
        let line = match name {
            "wharf" => "wharf free 7777 --yes".to_owned(),
            "lsof" => words.join(" "),
            _ => format!("{} ({version})", words.join(" ")),
        };
        tools.push(Tool { name, line, words, folder: folder.clone() });
    }
    if tools.is_empty() {
        bail!("no tool has such a name");
    }
    Ok(tools)
}

/// Returns the version of psmisc, as fuser says it.
fn psmisc() -> Result<String> {
    let output = Command::new("fuser").arg("-V").output().context("start fuser")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let word = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    Ok(word.unwrap_or_default().to_owned())
}

impl Tool {
    pub(super) fn is_wharf(&self) -> bool {
        self.name == "wharf"
    }

    /// Returns its command line against `occupant`, in a sandbox where those who were installed are bound.
    pub(super) fn words(&self, occupant: &Occupant, sandbox: &Sandbox) -> Result<Vec<String>> {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
        if self.is_wharf() {
            return Ok([own(self.words), occupant.free.clone()].concat());
        }
        let there = sandbox.folder().join("tools");
        std::fs::create_dir(&there)?;
        let (from, to) = (self.folder.display().to_string(), there.display().to_string());
        let _ = sandbox.program(&["mount", "--bind", &from, &to]).output().expect_code(0);
        let path =
            format!("PATH={to}/node_modules/.bin:{to}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if self.name == "lsof" {
            // The line that everybody knows takes a shell.
            let script = sandbox.folder().join("line.sh");
            std::fs::write(&script, self.words.join(" "))?;
            return Ok(own(&["env", &path, "sh", &script.display().to_string()]));
        }
        // None of them takes that long unless it waits for an answer.
        Ok([own(&["env", &path, "timeout", "20"]), own(self.words)].concat())
    }
}
