//! Those that hold port 7777: a small Python program each, in `occupants/NAME.py`, which starts a real one as a person
//! would, and beside it what must not be touched when the port is freed.
//!
//! Tests and the bench read the same files. Not here: what is to be thought of a [`Verdict`].
//!
//! The docstring of a program has a title, and then fields, one a line, each of which may be left out:
//! - `needs:` programs that it runs, `python:MODULE` and `node:PACKAGE` of the tests' own packages, and `root` where root of a
//!   user namespace is not enough;
//! - `free:` the words after `wharf free`, else `7777 --yes`;
//! - `code:` its exit code, else 0;
//! - `says:` what it says in any case;
//! - `user:` `root` where it takes root to free the port; else an ordinary user asks, to whom everything belongs;
//! - `stays:` `held` where the port is not to be free afterwards, though the exit code is 0;
//! - `by:` `itself` where the program that holds the port is the one that starts what is to free it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::sandbox::{SOMEBODY, Sandbox};
use crate::scenario::Scenario;

/// One that holds the port, and what is to come of freeing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Name of its file, without `.py`.
    pub name: String,
    /// What it is.
    pub title: String,
    /// The words after `wharf free`.
    pub free: Vec<String>,
    /// Its exit code.
    pub code: i32,
    /// What it says in any case.
    pub says: Option<String>,
    /// Whether root asks.
    pub as_root: bool,
    /// Whether the port is held afterwards, though all went as it should.
    pub stays_held: bool,
    /// Programs, modules and packages that it runs.
    pub needs: Vec<String>,
    /// Whether what is to free the port is its child.
    by_itself: bool,
}

/// What a tool that was to free the port did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Exit code; absent if a signal ended it.
    pub code: Option<i32>,
    /// All it wrote to standard output.
    pub stdout: String,
    /// All it wrote to standard error.
    pub stderr: String,
}

/// What became of the port and of the others, as a program apart from the tool found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why the port could not be bound within half a second; empty where it could, on loopback and on every address.
    pub held: String,
    /// Whether something listened there again within 3 s.
    pub came_back: bool,
    /// Bystanders that are gone, and neighbours that do not answer.
    pub gone: Vec<String>,
    /// What has no reason to be there any more, and is.
    pub left: Vec<String>,
    /// Counts that are not what they have to be: a name, what was found, what was to be found.
    pub miscounts: Vec<(String, u64, u64)>,
}

impl Occupant {
    /// Reads the occupant `name`.
    ///
    /// # Panics
    /// If there is no such file, or it does not begin with a docstring.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = program(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let header = text.strip_prefix("\"\"\"").and_then(|rest| rest.split_once("\"\"\""));
        let (header, _) = header.unwrap_or_else(|| panic!("{name} begins with no docstring"));
        let field = |key: &str| {
            header.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':')).map(str::trim)
        };
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<String>>();
        Self {
            name: name.to_owned(),
            title: header.lines().next().unwrap_or_default().trim_end_matches('.').to_owned(),
            free: words(field("free").unwrap_or("7777 --yes")),
            code: field("code").map_or(0, |code| code.parse().expect("code: is a number")),
            says: field("says").map(str::to_owned),
            as_root: field("user") == Some("root"),
            stays_held: field("stays") == Some("held"),
            needs: words(field("needs").unwrap_or_default()),
            by_itself: field("by") == Some("itself"),
        }
    }

    /// Returns every one there is, by name.
    ///
    /// # Panics
    /// If one cannot be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut names: Vec<String> = programs(&folder())
            .iter()
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// Returns why it cannot be had in `sandbox`, if it cannot; `packages` is the folder of the tests' own packages.
    #[must_use]
    pub fn lacks(&self, sandbox: &Sandbox, packages: &Path) -> Option<String> {
        if !sandbox.has_users() {
            return Some("it takes a second user: root, or subordinate user ids".to_owned());
        }
        if self.needs.iter().any(|need| need == "root") && !sandbox.is_root() {
            return Some("it takes root".to_owned());
        }
        let places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let is_there = |need: &String| match need.split_once(':') {
            Some(("python", module)) => modules(packages).is_some_and(|folder| folder.join(module).is_dir()),
            Some((_, package)) => packages.join("npm/node_modules").join(package).is_dir(),
            None => places.iter().any(|place| Path::new(place).join(need).exists()),
        };
        let missing = self.needs.iter().find(|need| *need != "root" && !is_there(need));
        missing.map(|name| format!("{name} is not installed: cargo xtask test does it"))
    }

    /// Starts it, and waits until it holds the port. It lasts as long as what is returned.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn set<'a>(&self, sandbox: &'a Sandbox, packages: &Path) -> Scenario<'a> {
        self.mount(sandbox, packages);
        let scripts = sandbox.folder().join("scenarios");
        let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults");
        for common in programs(&faults).into_iter().chain(programs(&folder().join("common"))) {
            fs::copy(&common, scripts.join(common.file_name().unwrap_or_default()))
                .expect("the common part is copied");
        }
        let script = format!("occupant-{}.py", self.name);
        fs::copy(program(&self.name), scripts.join(&script)).expect("the program is copied");
        sandbox.scene(&script, &[])
    }

    /// Has a tool free the port: `words` are its command line, in which a first word `wharf` is the binary of the sandbox.
    ///
    /// # Panics
    /// If it does not end within the deadline.
    #[must_use]
    pub fn freed_by(&self, scene: &mut Scenario<'_>, sandbox: &Sandbox, words: &[&str]) -> Deed {
        if self.by_itself {
            let binary = sandbox.binary(true);
            let is_wharf = words.first() == Some(&"wharf");
            let words = if is_wharf { [&[binary.as_str()], &words[1..]].concat() } else { words.to_vec() };
            let told = scene.tell(&format!("run env WHARF_DAEMON=0 WHARF_ROUTER=0 {}", words.join(" ")));
            let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            // Python says of a signal that ended a program its number below zero.
            let code = told["code"].as_i64().and_then(|code| i32::try_from(code).ok());
            let code = code.filter(|code| *code >= 0);
            return Deed { code, stdout: text("stdout"), stderr: text("stderr") };
        }
        let run = match words {
            ["wharf", rest @ ..] => sandbox.wharf(rest),
            words => sandbox.program(words),
        };
        let output = if self.as_root { run.output() } else { run.as_user(SOMEBODY).output() };
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Deed { code: output.code, stdout, stderr: output.stderr }
    }

    /// Has a program apart from every tool look at what became of the port and of the others; for 3 s if the port is free.
    ///
    /// # Panics
    /// If that program fails.
    #[must_use]
    pub fn judged(&self, scene: &Scenario<'_>, sandbox: &Sandbox) -> Verdict {
        let told = sandbox.folder().join("told.json");
        fs::write(&told, scene.told.to_string()).expect("the sandbox is ours");
        let run = sandbox.scenario("judge.py", &[&told.display().to_string()]).output().expect_code(0);
        let found: Value = serde_json::from_slice(&run.stdout).expect("it tells JSON");
        let list = |name: &str| -> Vec<String> {
            let items = found[name].as_array().into_iter().flatten();
            items.filter_map(|item| Some(item.as_str()?.to_owned())).collect()
        };
        let wanted = scene.told["counts"].as_object().into_iter().flatten();
        let counts = wanted.map(|(name, wanted)| {
            let number = |value: &Value| value.as_u64().unwrap_or(0);
            (name.clone(), number(&found["counts"][name]), number(wanted))
        });
        Verdict {
            held: found["held"].as_str().unwrap_or_default().to_owned(),
            came_back: found["came_back"] == json!(true),
            gone: list("gone"),
            left: list("left"),
            miscounts: counts.filter(|(_, found, wanted)| found != wanted).collect(),
        }
    }

    /// Binds into the sandbox what the user and the packages take.
    fn mount(&self, sandbox: &Sandbox, packages: &Path) {
        let folder = sandbox.folder();
        let bind = |from: &Path, to: &Path| {
            let (from, to) = (from.display().to_string(), to.display().to_string());
            let _ = sandbox.program(&["mount", "--bind", &from, &to]).output().expect_code(0);
        };
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let home = folder.join("home").display().to_string();
        let user = format!("{users}somebody:x:{SOMEBODY}:{SOMEBODY}::{home}:/bin/bash\n");
        fs::write(folder.join("passwd"), user).expect("the sandbox is ours");
        fs::write(folder.join("hosts"), "127.0.0.1 localhost\n").expect("the sandbox is ours");
        bind(&folder.join("passwd"), Path::new("/etc/passwd"));
        bind(&folder.join("hosts"), Path::new("/etc/hosts"));
        for (kind, from, to) in [("python:", "venv", "venv"), ("node:", "npm/node_modules", "node_modules")] {
            if self.needs.iter().any(|need| need.starts_with(kind)) {
                let to = folder.join(to);
                fs::create_dir(&to).expect("the sandbox is ours");
                bind(&packages.join(from), &to);
            }
        }
    }
}

impl Verdict {
    /// Whether the port was free at once, and stayed so.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.held.is_empty() && !self.came_back
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("occupants")
}

fn program(name: &str) -> PathBuf {
    folder().join(format!("{name}.py"))
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "py")).collect()
}

/// Returns where the virtual environment has its modules.
fn modules(packages: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(packages.join("venv/lib")).ok()?;
    versions.flatten().map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir())
}
