//! Where the router's benchmark happens: a folder, names, certificates, two cores, and the servers behind the proxies.
//!
//! Not here: the proxies ([`super::proxy`]).

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::{config, echo, proxy};
use crate::workspace;

/// The name that everything is asked for.
pub(super) const HOST: &str = "b0.bench.localhost";
/// The name that leads to [`ECHO`].
pub(super) const ECHO_HOST: &str = "ws.bench.localhost";
/// The name of the raw TCP route.
pub(super) const TCP_HOST: &str = "db.bench.localhost";
/// Names that lead to [`UPSTREAM`], unless a row says otherwise.
pub(super) const ROUTES: usize = 10;
/// Port of nginx, which is the server behind the proxies.
pub(super) const UPSTREAM: u16 = 9000;
/// Port of the server of our own, for WebSocket and raw TCP.
pub(super) const ECHO: u16 = 9001;
/// Large answers, by their path.
pub(super) const FILES: [(&str, u64); 2] = [("100k", 100 << 10), ("1g", 1 << 30)];
/// Ports of those who connect, far from those that listen here.
const EPHEMERAL: &str = "20000 65000";

/// The place.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// The binary, if it is measured.
    pub(super) wharf: Option<PathBuf>,
    /// Where packages of Node were installed.
    pub(super) packages: PathBuf,
    /// Size of nginx's buffers.
    pub(super) nginx_kb: usize,
    pub(super) cores: Cores,
}

/// Two of the cores that we may use; the same one if there is no other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cores {
    /// For what loads, and the server behind.
    pub(super) load: usize,
    pub(super) proxy: usize,
}

impl Place {
    /// Makes it in a folder, in namespaces that were made for it.
    pub(super) fn make(folder: &Path, wharf: Option<&str>, packages: &Path, nginx_kb: usize) -> Result<Self> {
        workspace::must(Command::new("ip").args(["link", "set", "lo", "up"]))?;
        fs::write("/proc/sys/net/ipv4/ip_local_port_range", EPHEMERAL).context("choose ephemeral ports")?;
        let folder = folder.to_owned();
        let wharf = wharf.map(PathBuf::from);
        let place = Self { folder, wharf, packages: packages.to_owned(), nginx_kb, cores: Cores::choose()? };
        place.make_names()?;
        place.make_certificates()?;
        for (name, size) in FILES {
            fs::File::create(place.folder.join(name))?.set_len(size)?;
        }
        Cores::stay_on(place.cores.load)?;
        Ok(place)
    }

    /// Starts the servers behind the proxies; returns nginx.
    pub(super) fn start_upstream(&self) -> Result<Child> {
        echo::start(ECHO)?;
        let file = self.write("upstream.conf", &config::upstream(&self.folder))?;
        let mut nginx = self.nginx(&file);
        let child = nginx.stdout(Stdio::null()).spawn().context("start nginx")?;
        proxy::until_answered(UPSTREAM)?;
        Ok(child)
    }

    /// Returns nginx with a configuration, not yet started.
    pub(super) fn nginx(&self, file: &Path) -> Command {
        let mut command = self.command("/usr/sbin/nginx");
        command.arg("-p").arg(&self.folder).arg("-c").arg(file).args(["-e", "stderr"]);
        command
    }

    /// Returns a command whose errors are kept, see [`Place::said`].
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", &self.folder).current_dir(&self.folder);
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        command.stdin(Stdio::null()).stderr(self.errors());
        command
    }

    /// Starts a proxy on its core.
    pub(super) fn spawn(&self, command: &mut Command) -> Result<Child> {
        Cores::stay_on(self.cores.proxy)?;
        let child = command
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {:?}", command.get_program()));
        Cores::stay_on(self.cores.load)?;
        child
    }

    /// Writes a file of the folder.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    /// Returns what all that was started here said on stderr.
    pub(super) fn said(&self) -> String {
        let text = fs::read_to_string(self.folder.join("errors.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn errors(&self) -> Stdio {
        let path = self.folder.join("errors.log");
        fs::File::options().create(true).append(true).open(path).map_or_else(|_| Stdio::null(), Stdio::from)
    }

    /// Makes the names known to all that asks for them, in this mount namespace.
    fn make_names(&self) -> Result<()> {
        let lines = format!("127.0.0.1 localhost {HOST} {ECHO_HOST} {TCP_HOST}\n::1 localhost\n");
        let hosts = self.write("hosts", &lines)?;
        workspace::must(Command::new("mount").arg("--bind").arg(hosts).arg("/etc/hosts"))
    }

    /// Makes a key and a chain of two P-256 certificates, as wharf's own have.
    fn make_certificates(&self) -> Result<()> {
        let openssl = |words: &str| {
            let mut command = self.command("openssl");
            command.args(words.split(' '));
            workspace::output(&mut command)
        };
        let names = format!("subjectAltName=DNS:{HOST},DNS:*.bench.localhost");
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30";
        openssl(&format!("{new} -subj /CN=bench -keyout ca-key.pem -out ca.pem"))?;
        let of = "-CA ca.pem -CAkey ca-key.pem -addext";
        openssl(&format!("{new} -subj /CN=leaf {of} {names} -keyout key.pem -out leaf.pem"))?;
        let read = |name: &str| fs::read_to_string(self.folder.join(name));
        let chain = read("leaf.pem")? + &read("ca.pem")?;
        self.write("chain.pem", &chain)?;
        self.write("whole.pem", &(chain + &read("key.pem")?))?;
        Ok(())
    }
}

impl Cores {
    fn choose() -> Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let load = cores.next().context("a core")?;
        let proxy = cores.next();
        if proxy.is_none() {
            eprintln!("warning: one core for all: the figures say little");
        }
        Ok(Self { load, proxy: proxy.unwrap_or(load) })
    }

    /// Keeps this thread, and all that it starts from now on, on one core.
    fn stay_on(core: usize) -> Result<()> {
        let mut one = CpuSet::new();
        one.set(core);
        Ok(sched_setaffinity(None, &one)?)
    }
}

/// Returns an address of loopback.
pub(super) fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
