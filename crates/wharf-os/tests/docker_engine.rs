//! The Docker Engine itself: what it publishes is what [`EngineSockets`] lists, and what that stops stays stopped.
//!
//! dockerd runs in mount, network and pid namespaces of its own with its data in a temporary folder, so
//! nothing of it outlives the test; the image is made of busybox, so nothing is fetched. Needs root.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test runs real programs and says what it skips"
)]
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wharf_model::endpoint::Protocol;
use wharf_os::containers::EngineSockets;
use wharf_os::facts::OsError;
use wharf_os::traits::Containers;

#[test]
fn a_published_port_is_listed_with_name_image_and_address() {
    if let Some(reason) = missing() {
        skip(reason);
        return;
    }
    let engine = Engine::start();
    let id = engine.run_container();
    let sockets = EngineSockets::at(vec![engine.socket()], 0).within(Duration::from_secs(20));
    let answer = sockets.list();
    assert_eq!(answer.warnings, []);
    assert_eq!(answer.value.len(), 1);
    let container = &answer.value[0];
    assert_eq!(container.id, id);
    assert_eq!((container.engine.as_str(), container.name.as_str()), ("docker", "wharf-web"));
    assert_eq!(container.image, "bb:1");
    assert_eq!(container.compose_project.as_deref(), Some("shop"));
    assert_eq!(container.addresses.len(), 1);
    assert!(container.addresses[0].is_ipv4() && !container.addresses[0].is_loopback());
    let [port] = container.ports.as_slice() else { panic!("{:?}", container.ports) };
    assert_eq!((port.protocol, port.host_port, port.container_port), (Protocol::Tcp, 62893, 80));
    assert_eq!(port.host, Some("127.0.0.1".parse().unwrap()));
    engine.api("DELETE", &format!("/containers/{id}?force=1"), "", &[]);
    assert_eq!(sockets.list().value, []);
}

#[test]
fn a_container_that_restarts_always_stays_stopped_and_its_port_is_free() {
    if let Some(reason) = missing() {
        skip(reason);
        return;
    }
    let engine = Engine::start();
    let id = engine.run_container();
    engine.api("POST", &format!("/containers/{id}/update"), "application/json", ALWAYS);
    let sockets = EngineSockets::at(vec![engine.socket()], 0).within(Duration::from_secs(20));
    assert_eq!(sockets.restart_policy("docker", &id).as_deref(), Some("always"));
    assert!(engine.listens(62893), "it is published");

    // When its process is killed it comes back: what follows is not for want of a policy.
    let first = engine.pid_of(&id);
    assert!(
        Command::new("nsenter")
            .args(engine.in_its_namespaces())
            .args(["kill", "-KILL", &first])
            .status()
            .unwrap()
            .success()
    );
    wait("it is started again", || {
        ![first.as_str(), "0"].contains(&engine.pid_of(&id).as_str()) && engine.listens(62893)
    });

    assert_eq!(sockets.stop("docker", &id, Duration::from_secs(1), START_LIMIT), Ok(()));
    assert!(!engine.listens(62893), "its port is free");
    assert_eq!(sockets.list().value, []);
    // Docker starts again after 100 ms and, where that happens often, up to a minute.
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert!(!engine.listens(62893) && engine.pid_of(&id) == "0", "it came back: {}", engine.log());
        thread::sleep(POLL);
    }
    assert_eq!(sockets.stop("docker", &id, Duration::ZERO, START_LIMIT), Ok(()), "it is stopped already");
    engine.api("DELETE", &format!("/containers/{id}"), "", &[]);
    let gone = sockets.stop("docker", &id, Duration::ZERO, START_LIMIT);
    assert!(matches!(gone, Err(OsError::Gone { .. })), "{gone:?}");
}

/// A dockerd of our own.
struct Engine {
    folder: TempDir,
    process: Child,
}

impl Engine {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("wharf-docker-").tempdir().unwrap();
        fs::write(folder.path().join("daemon.json"), "{}").unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        // An empty /run, so that neither a containerd nor a dockerd of the machine is met.
        let script = "mount -t tmpfs tmpfs /run && busybox ip link set lo up && exec dockerd --config-file \"$1/daemon.json\" \
                      --data-root \"$1/data\" --exec-root \"$1/exec\" --pidfile \"$1/pid\" --cgroup-parent \"/$2\" -H \"unix://$1/docker.sock\"";
        let process = Command::new("unshare")
            .args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--"])
            .args(["sh", "-c", script, "sh"])
            .arg(folder.path())
            .arg(folder.path().file_name().unwrap())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut engine = Self { folder, process };
        let deadline = Instant::now() + START_LIMIT;
        while !engine.answers() {
            let ended = engine.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "dockerd did not start: {}", engine.log());
            thread::sleep(POLL);
        }
        engine
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn answers(&self) -> bool {
        request(&self.socket(), "GET", "/_ping", "", &[]).is_ok_and(|answer| answer.contains(" 200 "))
    }

    /// Returns the process id of dockerd, which is the child of unshare.
    fn pid(&self) -> String {
        let unshare = self.process.id();
        let children =
            fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).unwrap_or_default();
        children.split_whitespace().next().unwrap_or_default().to_owned()
    }

    fn in_its_namespaces(&self) -> Vec<String> {
        ["--target", &self.pid(), "--mount", "--pid", "--"].map(str::to_owned).to_vec()
    }

    /// Returns whether a TCP socket over IPv4 listens at `port` where dockerd publishes.
    fn listens(&self, port: u16) -> bool {
        let sockets = fs::read_to_string(format!("/proc/{}/net/tcp", self.pid())).unwrap();
        let (place, listen) = (format!(":{port:04X}"), "0A");
        sockets.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words[1].ends_with(&place) && words[3] == listen
        })
    }

    /// Returns the id of a container's first process in dockerd's namespace, 0 if it is stopped.
    fn pid_of(&self, id: &str) -> String {
        let answer = self.api("GET", &format!("/containers/{id}/json"), "", &[]);
        let (_, pid) = answer.split_once("\"Pid\":").expect("a state has a process id");
        pid.split(',').next().unwrap().to_owned()
    }

    /// Removes the empty control groups that dockerd made for its containers and leaves behind.
    fn remove_control_groups(&self) {
        let hierarchies =
            fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten().map(|entry| entry.path());
        for hierarchy in hierarchies.chain([PathBuf::from("/sys/fs/cgroup")]) {
            let _ = fs::remove_dir(hierarchy.join(self.folder.path().file_name().unwrap()));
        }
    }

    /// Asks the engine's API, and returns the whole answer if it is one of success.
    fn api(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> String {
        let answer = request(&self.socket(), method, target, kind, body).unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(status.starts_with('2'), "{method} {target}: {answer}\n{}", self.log());
        answer
    }

    /// Runs a web server in a container of an image made of busybox, published at 127.0.0.1:62893.
    fn run_container(&self) -> String {
        let tar = image(self.folder.path());
        self.api("POST", "/images/create?fromSrc=-&repo=bb&tag=1", "application/x-tar", &tar);
        let wanted = r#"{"Image":"bb:1","Cmd":["/bin/busybox","httpd","-f","-p","80","-h","/"],
            "Labels":{"com.docker.compose.project":"shop"},"ExposedPorts":{"80/tcp":{}},
            "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"62893"}]}}}"#;
        let created =
            self.api("POST", "/containers/create?name=wharf-web", "application/json", wanted.as_bytes());
        let (_, id) = created.split_once("\"Id\":\"").expect("a container has an id");
        let id = id.split('"').next().unwrap().to_owned();
        self.api("POST", &format!("/containers/{id}/start"), "", &[]);
        id
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Asked politely it removes its mounts and control groups.
        let _ = Command::new("kill").args(["-TERM", &self.pid()]).status();
        let deadline = Instant::now() + STOP_LIMIT;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.remove_control_groups();
    }
}

#[track_caller]
fn wait(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + START_LIMIT;
    while !done() {
        assert!(Instant::now() < deadline, "not within {START_LIMIT:?}: {what}");
        thread::sleep(POLL);
    }
}

/// Returns an archive of a root file system that holds busybox alone.
fn image(folder: &Path) -> Vec<u8> {
    let root = folder.join("root");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    symlink("busybox", root.join("bin/sh")).unwrap();
    let tar = Command::new("tar").arg("-C").arg(&root).args(["-c", "."]).output().unwrap();
    assert!(tar.status.success());
    tar.stdout
}

fn request(socket: &Path, method: &str, target: &str, kind: &str, body: &[u8]) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(START_LIMIT))?;
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Returns what this machine lacks for the test.
fn missing() -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let namespaces =
        || Command::new("unshare").args(["--mount", "--net", "--pid", "--fork", "true"]).status();
    if fs::metadata("/proc/self").map_or(1, |own| own.uid()) != 0 {
        Some("needs root, for a dockerd in namespaces of its own")
    } else if !has("dockerd") || !has("iptables") {
        Some("needs dockerd and iptables (Debian packages docker.io and iptables)")
    } else if !Path::new("/bin/busybox").is_file() {
        Some("needs a static /bin/busybox (Debian package busybox-static)")
    } else if !namespaces().is_ok_and(|status| status.success()) {
        Some("needs the right to make namespaces")
    } else {
        None
    }
}

/// Says that the test was skipped, and why, to people and to the runner that lists what was skipped.
fn skip(reason: &str) {
    let line = format!("skipped: wharf-os docker_engine: {reason}");
    eprintln!("{line}");
    if let Some(list) = std::env::var_os("WHARF_SKIPPED") {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

const ALWAYS: &[u8] = br#"{"RestartPolicy":{"Name":"always"}}"#;
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
