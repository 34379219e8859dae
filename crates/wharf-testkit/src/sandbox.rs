//! An own network, pid and mount namespace for one test, as root or as an ordinary user.
//!
//! The first process of the pid namespace (`scenarios/holder.py`) lives as long as its standard input
//! is open. When the sandbox is dropped, or the test process dies however it may, the pipe closes,
//! and the kernel ends everything in the namespace with it. An ordinary user gets a user namespace.
//!
//! In a sandbox `lo` is up, /proc is that of the pid namespace, and /run is empty: no container
//! engine and no named namespace of the machine is in sight.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use crate::reader::Lines;
use crate::run::Run;
use crate::scenario::Scenario;

/// A user id that is nobody's in particular, for runs as an ordinary user.
pub const SOMEBODY: u32 = 54_321;

/// An own network, pid and mount namespace.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
    binary: PathBuf,
    python: PathBuf,
    holder: Child,
    holder_stdin: Option<ChildStdin>,
    holder_pid: String,
    in_user_namespace: bool,
    has_users: bool,
    left: Mutex<Vec<Child>>,
    copy: OnceLock<PathBuf>,
}

impl Sandbox {
    /// Makes a sandbox for the program `binary`.
    ///
    /// # Errors
    /// What this machine lacks or denies, in words.
    ///
    /// # Panics
    /// If the temporary directory cannot be made.
    pub fn new(binary: &str) -> Result<Self, String> {
        let python = python()?;
        let folder = folder();
        if rustix::process::geteuid().is_root() {
            return Self::with(folder, binary, python, &[], true);
        }
        // With subordinate user ids other users exist in the namespace; without, only its root.
        let all = ["--user", "--map-root-user", "--map-auto"];
        match Self::with(folder, binary, python.clone(), &all, true) {
            Ok(sandbox) => Ok(sandbox),
            Err(_) => Self::with(self::folder(), binary, python, &all[..2], false),
        }
    }

    fn with(
        folder: TempDir,
        binary: &str,
        python: PathBuf,
        user: &[&str],
        has_users: bool,
    ) -> Result<Self, String> {
        let mut holder = Command::new("unshare")
            .args(user)
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--"])
            .arg(&python)
            .arg(folder.path().join("scenarios/holder.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare (util-linux): {error}"))?;
        let holder_stdin = holder.stdin.take();
        let lines = Lines::of(holder.stdout.take().expect("stdout is a pipe"));
        let errors = Lines::of(holder.stderr.take().expect("stderr is a pipe"));
        let Some(holder_pid) = lines.next() else {
            let _ = holder.wait();
            return Err(format!("no namespaces of its own: {}", errors.rest()));
        };
        Ok(Self {
            folder,
            binary: binary.into(),
            python,
            holder,
            holder_stdin,
            holder_pid,
            in_user_namespace: !user.is_empty(),
            has_users,
            left: Mutex::new(Vec::new()),
            copy: OnceLock::new(),
        })
    }

    /// Prepares a run of the binary under test.
    pub fn wharf(&self, arguments: &[&str]) -> Run<'_> {
        Run::wharf(self, arguments)
    }

    /// Prepares a run of any other program.
    pub fn program(&self, words: &[&str]) -> Run<'_> {
        Run::program(self, words.iter().map(|&word| word.to_owned()).collect())
    }

    /// Prepares a run of a scenario's program.
    pub fn scenario(&self, file: &str, arguments: &[&str]) -> Run<'_> {
        Run::program(self, self.scenario_command(file, arguments))
    }

    /// Starts a scenario and waits until it is set.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn scene(&self, file: &str, arguments: &[&str]) -> Scenario<'_> {
        self.scenario(file, arguments).scene()
    }

    /// Returns whether runs as another user are possible: always as root, else with subordinate user ids.
    #[must_use]
    pub fn has_users(&self) -> bool {
        self.has_users
    }

    /// Returns whether the sandbox's root is root of the machine.
    #[must_use]
    pub fn is_root(&self) -> bool {
        !self.in_user_namespace
    }

    /// Returns a folder that every user of the sandbox may read; it is removed with the sandbox.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes over a child that is to end with the sandbox.
    pub(crate) fn leave(&self, child: Child) {
        self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(child);
    }

    pub(crate) fn scenario_command(&self, file: &str, arguments: &[&str]) -> Vec<String> {
        let script = self.folder.path().join("scenarios").join(file);
        let mut words = vec![display(&self.python), display(&script)];
        words.extend(arguments.iter().map(|&argument| argument.to_owned()));
        words
    }

    /// Returns the command that enters the namespaces.
    pub(crate) fn enter(&self) -> Vec<String> {
        let mut words: Vec<String> = ["nsenter", "--net", "--mount", "--pid"].map(str::to_owned).to_vec();
        if self.in_user_namespace {
            words.extend(["--user".into(), "--preserve-credentials".into()]);
        }
        words.extend(["--target".into(), self.holder_pid.clone(), "--".into()]);
        words
    }

    /// Returns the command that empties the environment and sets what every run has.
    pub(crate) fn clean_environment(&self) -> Vec<String> {
        let folder = display(self.folder.path());
        let mut words: Vec<String> = vec!["env".into(), "-i".into(), format!("--chdir={folder}")];
        words.push("PATH=/usr/sbin:/usr/bin:/sbin:/bin".into());
        words.extend(["TZ=UTC".into(), "LANG=C.UTF-8".into(), format!("HOME={folder}/home")]);
        for (name, place) in [("CONFIG", "config"), ("DATA", "data"), ("STATE", "state"), ("CACHE", "cache")]
        {
            words.push(format!("XDG_{name}_HOME={folder}/home/{place}"));
        }
        words.push(format!("XDG_RUNTIME_DIR={folder}/home/run"));
        // A test that is about the daemon, or its router, says otherwise.
        words.extend(["WHARF_DAEMON=0".into(), "WHARF_ROUTER=0".into()]);
        words
    }

    /// Returns the path of the binary under test, where need be one that every user may read.
    pub(crate) fn binary(&self, for_anybody: bool) -> String {
        if !for_anybody {
            return display(&self.binary);
        }
        // Once, also for several at once: to copy a file over its own link empties it.
        let copy = self.copy.get_or_init(|| {
            let copy = self.folder.path().join("wharf");
            if fs::hard_link(&self.binary, &copy).is_err() {
                fs::copy(&self.binary, &copy).expect("the binary can be copied");
            }
            copy
        });
        display(copy)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.holder_stdin.take());
        let _ = self.holder.wait();
        for child in self.left.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner) {
            // Its inner process is dead; nsenter itself may be stopped, and then only this ends it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("wharf-test-").tempdir().expect("a temporary directory");
    let open = |path: &Path, mode| {
        fs::create_dir_all(path).expect("a folder is made");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
    };
    open(folder.path(), 0o755);
    open(&folder.path().join("scenarios"), 0o755);
    for place in ["home", "home/run", "scratch"] {
        open(&folder.path().join(place), 0o777);
    }
    for (name, text) in SCENARIOS {
        fs::write(folder.path().join("scenarios").join(name), text).expect("a scenario is written");
    }
    folder
}

/// Returns the system's Python: a user's own may lie where other users cannot read it.
fn python() -> Result<PathBuf, String> {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = [PathBuf::from("/usr/bin")].into_iter().chain(std::env::split_paths(&own));
    folders
        .map(|folder| folder.join("python3"))
        .find(|path| path.is_file())
        .ok_or_else(|| "python3 is not installed".to_owned())
}

fn display(path: &Path) -> String {
    path.to_str().expect("paths of tests are UTF-8").to_owned()
}

const SCENARIOS: &[(&str, &str)] = &[
    ("activator.py", include_str!("../scenarios/activator.py")),
    ("api.py", include_str!("../scenarios/api.py")),
    ("churn.py", include_str!("../scenarios/churn.py")),
    ("connect.py", include_str!("../scenarios/connect.py")),
    ("deny.py", include_str!("../scenarios/deny.py")),
    ("deny_netlink.py", include_str!("../scenarios/deny_netlink.py")),
    ("engine.py", include_str!("../scenarios/engine.py")),
    ("guests.py", include_str!("../scenarios/guests.py")),
    ("holder.py", include_str!("../scenarios/holder.py")),
    ("holders.py", include_str!("../scenarios/holders.py")),
    ("in_flight.py", include_str!("../scenarios/in_flight.py")),
    ("intruder.py", include_str!("../scenarios/intruder.py")),
    ("kit.py", include_str!("../scenarios/kit.py")),
    ("landlocked.py", include_str!("../scenarios/landlocked.py")),
    ("listen.py", include_str!("../scenarios/listen.py")),
    ("many.py", include_str!("../scenarios/many.py")),
    ("namespaces.py", include_str!("../scenarios/namespaces.py")),
    ("nameserver.py", include_str!("../scenarios/nameserver.py")),
    ("neighbour.py", include_str!("../scenarios/neighbour.py")),
    ("old_daemon.py", include_str!("../scenarios/old_daemon.py")),
    ("odd_names.py", include_str!("../scenarios/odd_names.py")),
    ("pid_reuse.py", include_str!("../scenarios/pid_reuse.py")),
    ("races.py", include_str!("../scenarios/races.py")),
    ("relayed.py", include_str!("../scenarios/relayed.py")),
    ("ring.py", include_str!("../scenarios/ring.py")),
    ("run.py", include_str!("../scenarios/run.py")),
    ("start.py", include_str!("../scenarios/start.py")),
    ("states.py", include_str!("../scenarios/states.py")),
    ("terminal.py", include_str!("../scenarios/terminal.py")),
    ("user_manager.py", include_str!("../scenarios/user_manager.py")),
];
