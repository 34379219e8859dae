//! Injected faults, and healthy set-ups that look like one: a small Python program each, in `faults/GROUP/NAME.py`, which
//! brings it about in a sandbox and says in its first lines what is to be found.
//!
//! Tests and the bench read the same files. Not here: running wharf on them, and judging what it says.
//!
//! The docstring of a program has a title, and then fields, one a line:
//! - `why:` the words after `wharf why`; `{name}` stands for what the program told under that name;
//! - `code:` the codes of the causes in order, or `reachable`;
//! - `user:` the same for an ordinary user, or `cannot_tell`, where it is not the same; `-` where it cannot be tried;
//! - `wrapped:` words with which the program starts wharf, as its arguments before wharf's own command line, to put it into a
//!   sandbox of its own;
//! - `remark:` codes of what is to be remarked as odd; `CODE as root` where an ordinary user cannot see it;
//! - `waits:` for what wharf has to wait, though no connection hangs;
//! - `env:` variables of wharf's environment, `NAME=VALUE`, with `{name}` as above;
//! - `needs:` programs that it runs, and `root` where root of a user namespace is not enough.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::Sandbox;
use crate::scenario::Scenario;

/// A fault that can be brought about, and what is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Folder: the group of its cause, `healthy` or `combined`.
    pub group: String,
    /// Name of its file, without `.py`.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The words after `wharf why`.
    pub why: Vec<String>,
    /// What is to be found, as root.
    pub expected: Expected,
    /// What is to be found by an ordinary user; `None` where it cannot be tried.
    pub for_user: Option<Expected>,
    /// For what wharf has to wait, though no connection hangs.
    pub waits: Option<String>,
    /// What is to be remarked as odd; `CODE as root` by root alone.
    pub remarks: Vec<String>,
    /// Programs that it runs.
    pub needs: Vec<String>,
    /// Its file beside the scenarios, and its arguments, where it starts wharf itself.
    pub wrapper: Option<(String, Vec<String>)>,
    /// Variables of wharf's environment, as written.
    environment: Vec<String>,
    /// The program.
    path: PathBuf,
}

/// What is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The target can be reached.
    Reachable,
    /// These causes, in this order.
    Causes(Vec<String>),
    /// That it cannot be told.
    CannotTell,
}

impl Fault {
    /// Reads the fault `group/name`.
    ///
    /// # Panics
    /// If there is no such file, or its first lines do not say what is to be found.
    #[must_use]
    pub fn read(group: &str, name: &str) -> Self {
        let path = folder().join(group).join(format!("{name}.py"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let header = text.strip_prefix("\"\"\"").and_then(|rest| rest.split_once("\"\"\""));
        let (header, _) = header.unwrap_or_else(|| panic!("{group}/{name} begins with no docstring"));
        let field = |key: &str| {
            header.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':')).map(str::trim)
        };
        let must = |key: &str| field(key).unwrap_or_else(|| panic!("{group}/{name} has no field {key}:"));
        let expected = Expected::read(must("code"));
        Self {
            group: group.to_owned(),
            name: name.to_owned(),
            title: header.lines().next().unwrap_or_default().trim_end_matches('.').to_owned(),
            why: must("why").split_whitespace().map(str::to_owned).collect(),
            for_user: match field("user") {
                None => Some(expected.clone()),
                Some("-") => None,
                Some(text) => Some(Expected::read(text)),
            },
            expected,
            wrapper: field("wrapped").map(|words| {
                (format!("{group}-{name}.py"), words.split_whitespace().map(str::to_owned).collect())
            }),
            waits: field("waits").map(str::to_owned),
            remarks: field("remark")
                .map(|codes| codes.split(',').map(|code| code.trim().to_owned()).collect())
                .unwrap_or_default(),
            environment: field("env").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            needs: field("needs").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            path,
        }
    }

    /// Returns every fault there is, by group and name.
    ///
    /// # Panics
    /// If one cannot be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut names: Vec<(String, String)> = Vec::new();
        for group in entries(&folder()) {
            let own =
                entries(&group).into_iter().filter(|path| path.extension().is_some_and(|it| it == "py"));
            names.extend(own.map(|path| (stem(&group), stem(&path))));
        }
        names.sort();
        names.into_iter().map(|(group, name)| Self::read(&group, &name)).collect()
    }

    /// Returns why it cannot be brought about in `sandbox`, if it cannot.
    #[must_use]
    pub fn lacks(&self, sandbox: &Sandbox) -> Option<String> {
        let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let is_there = |name: &String| places.iter().any(|place| Path::new(place).join(name).exists());
        if self.needs.iter().any(|need| need == "root") && !sandbox.is_root() {
            return Some("it takes root".to_owned());
        }
        let missing = self.needs.iter().find(|need| *need != "root" && !is_there(need));
        missing.map(|name| format!("{name} is not installed"))
    }

    /// Returns the variables that wharf is to have in its environment.
    #[must_use]
    pub fn environment(&self, scene: &Scenario<'_>) -> Vec<(String, String)> {
        let pair = |text: &String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), filled(value, &scene.told)))
        };
        self.environment.iter().filter_map(pair).collect()
    }

    /// Brings it about, and returns the words after `wharf why` with it. It lasts as long as what is returned.
    ///
    /// # Panics
    /// If it cannot be brought about.
    #[must_use]
    pub fn set<'a>(&self, sandbox: &'a Sandbox) -> (Scenario<'a>, Vec<String>) {
        let scripts = sandbox.folder().join("scenarios");
        for common in
            entries(&folder()).into_iter().filter(|path| path.extension().is_some_and(|it| it == "py"))
        {
            fs::copy(&common, scripts.join(common.file_name().unwrap_or_default()))
                .expect("the common part is copied");
        }
        let script = format!("{}-{}.py", self.group, self.name);
        fs::copy(&self.path, scripts.join(&script)).expect("the program is copied");
        let scene = sandbox.scene(&script, &[]);
        let words = self.why.iter().map(|word| filled(word, &scene.told)).collect();
        (scene, words)
    }
}

impl Expected {
    fn read(text: &str) -> Self {
        match text {
            "reachable" => Self::Reachable,
            "cannot_tell" => Self::CannotTell,
            codes => Self::Causes(codes.split(',').map(|code| code.trim().to_owned()).collect()),
        }
    }
}

/// Returns `word` with each `{name}` replaced by what was told under that name.
fn filled(word: &str, told: &Value) -> String {
    let mut text = word.to_owned();
    for (name, value) in told.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("faults")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
