//! The machine that the servers run on: programs, users, scratch directories, processes.
//!
//! Not here: the servers (`cases`).

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use wharf_model::process::{Process, ProcessState};

use super::cases::Case;

/// Where programs are.
pub(crate) struct Machine {
    folders: Vec<PathBuf>,
    pythons: Vec<PathBuf>,
}

impl Machine {
    pub(crate) fn find() -> Self {
        let env = match std::env::var_os("WHARF_TEST_ENV") {
            Some(env) => PathBuf::from(env),
            None => Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-env"),
        };
        let mut folders = vec![env.join("npm/node_modules/.bin")];
        let mut releases: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        releases.sort();
        folders.extend(releases.into_iter().rev().map(|release| release.join("bin")));
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
        Self { folders, pythons: vec![env.join("venv/bin/python"), PathBuf::from("python3")] }
    }

    /// Returns a command for the first program of that name, or says that there is none.
    pub(crate) fn program(&self, name: &str) -> Result<Command, String> {
        let found = self.folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        found.map(Command::new).ok_or_else(|| format!("{name} is not installed"))
    }

    /// Returns the first Python that has the module.
    pub(crate) fn python(&self, module: &str) -> Result<Command, String> {
        let has = |python: &&PathBuf| {
            let import = format!("import {module}");
            let mut command = Command::new(python);
            command.args(["-c", &import]).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let found = self.pythons.iter().find(has);
        found.map(Command::new).ok_or_else(|| format!("Python has no module {module}"))
    }

    /// Says that a server was not tested, and why; fails where every server is required.
    pub(crate) fn skip(&self, name: &str, why: &str) -> Result<(), String> {
        let line = format!("skipped: {name}: {why}");
        eprintln!("{line}");
        if let Some(list) = std::env::var_os("WHARF_SKIPPED") {
            let mut list =
                File::options().create(true).append(true).open(list).map_err(|error| error.to_string())?;
            writeln!(list, "{line}").map_err(|error| error.to_string())?;
        }
        match std::env::var("WHARF_REQUIRE").as_deref() {
            Ok("all") => Err(why.to_owned()),
            _ => Ok(()),
        }
    }
}

/// A directory of one server's own, removed at the end.
pub(crate) struct Scratch {
    path: String,
    /// Ordinary user to run as, if the test runs as root.
    user: Option<(u32, u32)>,
    kill_at_end: RefCell<Vec<u16>>,
}

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("wharf-real-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a fresh directory");
        let root = fs::metadata(&path).is_ok_and(|metadata| metadata.uid() == 0);
        let user = root.then(nobody).flatten();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&path, Some(uid), Some(gid)).expect("root may");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own directory");
        Self {
            path: path.into_os_string().into_string().expect("UTF-8"),
            user,
            kill_at_end: RefCell::default(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.file(name), content).expect("our own directory");
    }

    /// Returns free loopback ports, all different, and below those that the kernel hands out by itself:
    /// the port of a server that is still starting must not go to somebody's outgoing connection.
    pub(crate) fn free_ports<const N: usize>(&self) -> [u16; N] {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let spread = u32::from(PORTS.end - PORTS.start);
        let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        [(); N].map(|()| {
            let candidates = std::iter::repeat_with(|| {
                let at = (std::process::id() * 64 + NEXT.fetch_add(1, Ordering::Relaxed)) % spread;
                PORTS.start + u16::try_from(at).expect("less than the spread")
            });
            candidates.take(1000).find(free).expect("a free port")
        })
    }

    /// Runs the command as an ordinary user, for servers that refuse root.
    pub(crate) fn as_user(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid).env("HOME", &self.path);
        }
    }

    /// Runs a command to its end as that user.
    pub(crate) fn run_as_user(&self, command: &mut Command) -> Result<(), String> {
        self.as_user(command);
        let output = command.current_dir(&self.path).output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Remembers a daemon that outlives its parent.
    pub(crate) fn kill_listener_at_end(&self, port: u16) {
        self.kill_at_end.borrow_mut().push(port);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for port in self.kill_at_end.take() {
            for pid in holders(port) {
                kill(&pid.to_string());
            }
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A server that runs, killed with its whole process group when dropped.
pub(crate) struct Running {
    child: Child,
    log: String,
    pub(crate) port: u16,
    /// Dropped last: the daemon's files go when nobody writes them.
    _scratch: Scratch,
}

impl Running {
    /// Starts the server of `case` on a free port.
    ///
    /// # Errors
    /// What is not installed.
    pub(crate) fn start(machine: &Machine, case: &Case) -> Result<Self, String> {
        let scratch = Scratch::new();
        let [port] = scratch.free_ports();
        let mut command = (case.start)(machine, &scratch, port)?;
        let log = scratch.file("log.txt");
        let output = File::create(&log).expect("our own directory");
        command.current_dir(scratch.path()).stdin(Stdio::null()).process_group(0);
        command.stdout(output.try_clone().expect("an open file")).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Ok(Self { child, log, port, _scratch: scratch })
    }

    /// Waits until somebody listens at the port. It does not connect: that is what the test is about.
    pub(crate) fn wait_until_it_listens(&self) -> Result<(), String> {
        let deadline = Instant::now() + STARTED;
        while holders(self.port).is_empty() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("does not listen after {STARTED:?}:\n{log}"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Returns the process that listens, the eldest of several.
    pub(crate) fn listener(&self) -> Result<Process, String> {
        let pid = holders(self.port).into_iter().min().ok_or("nobody has the listener open")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = fs::read(format!("/proc/{pid}/cmdline")).map_err(|error| error.to_string())?;
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        let exe = fs::read_link(format!("/proc/{pid}/exe")).map_err(|error| error.to_string())?;
        Ok(Process {
            pid,
            started_at: None,
            start_ticks: 0,
            ppid: None,
            name: fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned(),
            command: line.split(|&byte| byte == 0).map(text).collect(),
            exe: Some(exe.to_string_lossy().into_owned()),
            exe_deleted: false,
            cwd: None,
            uid: None,
            user: None,
            state: ProcessState::Sleeping,
            tty: None,
            cgroup: None,
            fds: Vec::new(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The group is ours: the child was made its leader.
        kill(&format!("-{}", self.child.id()));
        let _ = self.child.wait();
    }
}

fn kill(whom: &str) {
    let _ = Command::new("kill").args(["-KILL", "--", whom]).stderr(Stdio::null()).status();
}

/// Returns the processes that have a listener at `port` open.
fn holders(port: u16) -> Vec<u32> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let wanted = format!(":{port:04X}");
    // proc(5): local address is the second word, the state (0A is LISTEN) the fourth, the inode the tenth.
    // Most of the time nobody listens yet, and the processes need not be walked.
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines())
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 9 && words[1].ends_with(&wanted) && words[3] == "0A")
        .map(|words| format!("socket:[{}]", words[9]))
        .collect();
    if sockets.is_empty() {
        return Vec::new();
    }
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
    })
    .collect()
}

/// Returns uid and gid of the user `nobody`.
fn nobody() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.starts_with("nobody:"))?;
    let mut ids = line.split(':').skip(2).map(str::parse);
    Some((ids.next()?.ok()?, ids.next()?.ok()?))
}

/// No protocol of `wharf_catalog::probe` calls one of these its own: a stranger's port tells nothing.
const PORTS: std::ops::Range<u16> = 20_000..26_000;

const STARTED: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(50);
