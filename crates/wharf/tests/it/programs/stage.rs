//! What a program stands on: its packages in the sandbox, and its fixture in two worktrees of one git repository.
//!
//! Everything belongs to an ordinary user where the sandbox has users, and that user runs it. Packages are bound into
//! the sandbox, since the folder that they were installed in may be closed to others. Not here: what is asked of the
//! program ([`super::promises`]).

use std::fs;
use std::path::{Path, PathBuf};

use wharf_testkit::run::{Output, Run};
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;

use super::{Need, Program, Set};
use crate::outside::{bind, packages};
use crate::running::begin;

/// A place where one program can be run.
pub(super) struct Stage<'a> {
    sandbox: &'a Sandbox,
    path: String,
}

/// Who a run belongs to that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worktree {
    /// The first one, on `main`.
    Main,
    /// The linked one, on `feat/cart`.
    Linked,
}

impl<'a> Stage<'a> {
    /// Sets the stage for `program`.
    ///
    /// # Errors
    /// What this machine lacks for it.
    pub(super) fn set(sandbox: &'a Sandbox, program: &Program) -> Result<Self, String> {
        if program.set == Set::Full && std::env::var_os("WHARF_E2E").is_none_or(|set| set != "full") {
            return Err("left to cargo xtask e2e --full".to_owned());
        }
        let stage = Self { sandbox, path: search_path(sandbox.folder()) };
        stage.mount(program)?;
        for need in program.needs {
            stage.check(need)?;
        }
        let fixture = fixture(program.name);
        let copied = sandbox.folder().join("fixture");
        fs::create_dir(&copied).expect("the folder is new");
        if fixture.is_dir() {
            copy(&fixture, &copied);
        }
        let made = stage.shell(&format!("{MAKE_WORKTREES}\n{}\n{SHARE_DATA}", program.setup));
        let _ = made.expect_code(0);
        Ok(stage)
    }

    /// Starts `command`, for sh, under `wharf run` in a worktree; in a terminal of its own if `in_terminal`.
    pub(super) fn start(&self, worktree: Worktree, command: &str, terminal: Terminal) -> (Scenario<'a>, u16) {
        let directory = format!("{}/scratch/{}", self.sandbox.folder().display(), worktree.folder());
        let options: &[&str] = match terminal {
            Terminal::Own => &["--in", &directory, "--terminal"],
            Terminal::None => &["--in", &directory],
        };
        let run = self.sandbox.wharf(&["run", "--", "sh", "-c", command]).by_scenario("run.py", options);
        begin(self.as_user(run))
    }

    /// Runs `script` by sh as the user of the programs, to its end.
    pub(super) fn shell(&self, script: &str) -> Output {
        self.as_user(self.sandbox.program(&["sh", "-c", script])).output()
    }

    fn as_user(&self, run: Run<'a>) -> Run<'a> {
        let run = if self.sandbox.has_users() { run.as_user(SOMEBODY) } else { run };
        let scratch = format!("{}/scratch", self.sandbox.folder().display());
        let run = run.env("PATH", &self.path).env("TMPDIR", &scratch).env("USER", "somebody");
        QUIET.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    /// Binds packages, a user database that knows the user, and the usual names of this host into the sandbox.
    fn mount(&self, program: &Program) -> Result<(), String> {
        let folder = self.sandbox.folder();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let home = folder.join("home").display().to_string();
        let user = format!("{users}somebody:x:{SOMEBODY}:{SOMEBODY}::{home}:/bin/sh\n");
        fs::write(folder.join("passwd"), user).expect("it is written");
        fs::write(folder.join("hosts"), HOSTS).expect("it is written");
        bind(self.sandbox, &folder.join("passwd"), Path::new("/etc/passwd"));
        bind(self.sandbox, &folder.join("hosts"), Path::new("/etc/hosts"));
        for need in program.needs {
            let Some((from, to)) = need.folder() else { continue };
            let (from, to) = (packages().join(from), folder.join(to));
            if !from.is_dir() {
                return Err(need.missing());
            }
            if !to.exists() {
                fs::create_dir(&to).expect("the sandbox is ours");
                bind(self.sandbox, &from, &to);
            }
        }
        Ok(())
    }

    fn check(&self, need: &Need) -> Result<(), String> {
        let folder = self.sandbox.folder().display();
        let script = match need {
            Need::That(check, _) => (*check).to_owned(),
            Need::Command(name) => format!("command -v {name}"),
            Need::Python(module) => format!("{folder}/venv/bin/python -c 'import {module}'"),
            Need::Node(package) | Need::Full(package) => {
                format!("command -v node && test -d {folder}/node_modules/{package}")
            }
        };
        match self.shell(&script).code {
            Some(0) => Ok(()),
            _ => Err(need.missing()),
        }
    }
}

impl Need {
    /// Returns where it is installed below the folder of packages, and where in the sandbox it is found: by PATH, or by
    /// Node, which looks for packages in every folder above a program.
    fn folder(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::That(..) | Self::Command(_) => None,
            Self::Python(_) => Some(("venv", "venv")),
            Self::Node(_) => Some(("npm/node_modules", "node_modules")),
            Self::Full(_) => Some(("full/node_modules", "node_modules")),
        }
    }

    fn missing(&self) -> String {
        match self {
            Self::That(_, why) => (*why).to_owned(),
            Self::Command(name) => format!("{name} is not installed where every user may run it"),
            Self::Python(name) | Self::Node(name) => {
                format!("{name} is not installed where every user may use it: cargo xtask test does it")
            }
            Self::Full(name) => format!("{name} is not installed: cargo xtask e2e --full does it"),
        }
    }
}

impl Worktree {
    fn folder(self) -> &'static str {
        match self {
            Self::Main => "shop",
            Self::Linked => "shop-cart",
        }
    }
}

/// What a run is started in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    /// A terminal of its own, which can be closed.
    Own,
    /// None: its output is a pipe.
    None,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/programs").join(name)
}

/// Returns PATH: packages of the tests first, and last what the machine has elsewhere.
fn search_path(folder: &Path) -> String {
    let mut folders = vec![folder.join("venv/bin"), folder.join("node_modules/.bin")];
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(releases.map(|release| release.path().join("bin")));
    folders.extend(["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    folders.join(":")
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture is ours") {
        let entry = entry.expect("the fixture is ours");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).expect("the folder is new");
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("it is copied");
        }
    }
}

/// What the fixture makes in `data/` is of each worktree's own, and not in git.
const MAKE_WORKTREES: &str = "set -e
git init --quiet --initial-branch=main scratch/shop
cp -r fixture/. scratch/shop
cd scratch/shop
echo /data >> .git/info/exclude
mkdir data
git config user.name somebody
git config user.email somebody@example.com
git add --all
git commit --quiet --allow-empty --message='the fixture'
git worktree add --quiet -b feat/cart ../shop-cart";
const SHARE_DATA: &str = "cp -r data ../shop-cart/data";
/// As Debian's installer writes it.
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
/// No colours in what is read here; no frameworks that report themselves, or ask whether they may.
const QUIET: &[(&str, &str)] = &[
    ("ASTRO_TELEMETRY_DISABLED", "1"),
    ("NEXT_TELEMETRY_DISABLED", "1"),
    ("NG_CLI_ANALYTICS", "false"),
    ("NO_COLOR", "1"),
    ("NUXT_TELEMETRY_DISABLED", "1"),
];
