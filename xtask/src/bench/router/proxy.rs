//! The proxies: how each is started, found ready and ended.
//!
//! Not here: what they are told ([`super::config`], [`super::wharf`], [`super::portless`]).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::place::{HOST, Place, local};
use super::{clock, config, portless, wharf};
use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(30);
/// What a proxy has to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at a proxy that starts.
const STEP: Duration = Duration::from_micros(200);

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Wharf,
    Nginx,
    Haproxy,
    Caddy,
    Portless,
}

/// Where a proxy listens.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    pub(super) http: u16,
    pub(super) https: u16,
    pub(super) tcp: u16,
}

/// One that runs.
pub(super) struct Proxy {
    pub(super) kind: Kind,
    pub(super) children: Vec<Child>,
    /// Where raw TCP goes in, if it relays it.
    pub(super) tcp: Option<SocketAddr>,
}

impl Kind {
    /// In the order of the table.
    pub(super) const ALL: [Self; 5] = [Self::Wharf, Self::Nginx, Self::Haproxy, Self::Caddy, Self::Portless];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wharf => "wharf",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Portless => "portless",
        }
    }

    /// Returns its ports; each has its own, for they are all up at once.
    pub(super) fn ports(self) -> Ports {
        let first = match self {
            Self::Wharf => 8100,
            Self::Nginx => 8200,
            Self::Haproxy => 8300,
            Self::Caddy => 8400,
            Self::Portless => 8500,
        };
        Ports { http: first, https: first + 1, tcp: first + 2 }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Wharf => "",
            Self::Nginx => "/usr/sbin/nginx",
            Self::Haproxy => "/usr/sbin/haproxy",
            Self::Caddy => "/usr/bin/caddy",
            Self::Portless => portless::PROGRAM,
        }
    }
}

impl Place {
    /// Returns whether a proxy is there to be measured.
    pub(super) fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Wharf => self.wharf.is_some(),
            Kind::Portless => portless::is_there(self),
            _ => Path::new(kind.program()).is_file(),
        }
    }

    /// Returns name and version of a proxy.
    pub(super) fn version(&self, kind: Kind) -> Option<String> {
        let argument = match kind {
            Kind::Wharf => return None,
            Kind::Portless => return portless::version(self),
            Kind::Caddy => "version",
            _ => "-v",
        };
        let output = Command::new(kind.program()).arg(argument).output().ok()?;
        let text = String::from_utf8([output.stdout, output.stderr].concat()).ok()?;
        let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
        let number = text.split([' ', '/', '\n']).find(is_number)?;
        Some(format!("{} {number}", kind.name()))
    }

    /// Starts a proxy with some routes, and waits until it answers.
    pub(super) fn start(&self, kind: Kind, routes: usize) -> Result<Proxy> {
        let mut proxy = Proxy { kind, children: self.launch(kind, routes)?, tcp: None };
        let finished = self.finish(&mut proxy, routes);
        if let Err(error) = finished {
            let said = self.said();
            proxy.end()?;
            return Err(error.context(format!("{} did not come up; stderr ends with:\n{said}", kind.name())));
        }
        Ok(proxy)
    }

    fn finish(&self, proxy: &mut Proxy, routes: usize) -> Result<()> {
        let Ports { http, https, tcp } = proxy.kind.ports();
        proxy.tcp = match proxy.kind {
            Kind::Nginx | Kind::Haproxy => Some(local(tcp)),
            Kind::Wharf => wharf::add_routes(self, routes)?,
            Kind::Caddy | Kind::Portless => None,
        };
        for port in [http, https] {
            until_answered(port)?;
        }
        if routes > 0 {
            until(|| status(http) == Some(200), || format!("{HOST} is not answered with 200"))?;
        }
        Ok(())
    }

    /// Starts a proxy and does not wait.
    pub(super) fn launch(&self, kind: Kind, routes: usize) -> Result<Vec<Child>> {
        let mut command = match kind {
            Kind::Wharf => wharf::command(self, routes)?,
            Kind::Portless => return portless::launch(self, routes),
            Kind::Nginx => {
                self.nginx(&self.write("nginx.conf", &config::nginx(&self.folder, routes, self.nginx_kb))?)
            }
            Kind::Haproxy => {
                let (text, map) = config::haproxy(&self.folder, routes);
                self.write("haproxy.map", &map)?;
                let mut command = self.command(kind.program());
                command.arg("-db").arg("-f").arg(self.write("haproxy.cfg", &text)?);
                command
            }
            Kind::Caddy => {
                let file = self.write("Caddyfile", &config::caddy(&self.folder, routes))?;
                let mut command = self.command(kind.program());
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file).env("GOMAXPROCS", "1");
                command
            }
        };
        Ok(vec![self.spawn(&mut command)?])
    }
}

impl Proxy {
    /// Returns all processes that it consists of.
    pub(super) fn processes(&self) -> Vec<u32> {
        self.children.iter().flat_map(|child| clock::tree(child.id())).collect()
    }

    /// Ends it.
    pub(super) fn end(self) -> Result<()> {
        end(self.children)
    }
}

/// Ends processes as a person would, those that will not and all that they started by force, and waits for them.
pub(super) fn end(children: Vec<Child>) -> Result<()> {
    for mut child in children {
        let all = clock::tree(child.id());
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        let begin = Instant::now();
        while child.try_wait()?.is_none() {
            if begin.elapsed() > GRACE {
                let pids = all.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
                pids.for_each(|pid| {
                    let _ = kill_process(pid, Signal::KILL);
                });
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}

/// Waits until a connection to a port is accepted.
pub(super) fn until_answered(port: u16) -> Result<()> {
    until(|| TcpStream::connect(local(port)).is_ok(), || format!("nothing answers on {port}"))
}

/// Waits until something holds.
pub(super) fn until(mut holds: impl FnMut() -> bool, otherwise: impl Fn() -> String) -> Result<()> {
    let begin = Instant::now();
    while !holds() {
        if begin.elapsed() > PATIENCE {
            bail!("{} after {}", otherwise(), workspace::lasted(PATIENCE));
        }
        thread::sleep(STEP);
    }
    Ok(())
}

/// Asks for [`HOST`] on a connection of its own; returns the status of the answer, if one came.
pub(super) fn status(port: u16) -> Option<u16> {
    let mut stream = TcpStream::connect(local(port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let text = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).ok()?;
    let status = std::str::from_utf8(&answer).ok()?.strip_prefix("HTTP/1.1 ")?;
    status.parse().context("a status").ok()
}
