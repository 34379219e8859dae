//! wharf's daemon with its router, in directories of its own, and its API.
//!
//! Not here: what is measured.

use std::fmt::Display;
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::config;
use super::place::{ECHO, ECHO_HOST, HOST, Place, TCP_HOST, UPSTREAM};
use super::proxy::{Kind, Ports, until};
use crate::workspace;

/// Instead of a number of routes: a daemon without a router.
pub(super) const NO_ROUTER: usize = usize::MAX;

/// Returns the command of the daemon. What it keeps is kept apart for each number of routes.
pub(super) fn command(place: &Place, routes: usize) -> Result<Command> {
    let Ports { http, https, .. } = Kind::Wharf.ports();
    let home = home(place, routes);
    fs::create_dir_all(home.join("config/wharf"))?;
    let text = match routes {
        NO_ROUTER => "[router]\nenabled = false\n".to_owned(),
        _ => format!("[router]\nhttps = {https}\nhttp = {http}\nplain_http = true\n"),
    };
    fs::write(home.join("config/wharf/config.toml"), text)?;
    Ok(own(place, routes, &["daemon", "run"]))
}

/// Adds the routes that are not there yet, and returns where raw TCP goes in.
pub(super) fn add_routes(place: &Place, routes: usize) -> Result<Option<SocketAddr>> {
    let mut api = Api::reach(place, routes)?;
    if routes == 0 || routes == NO_ROUTER {
        return Ok(None);
    }
    let before = api.ask("GET", "/v1/routes", "")?;
    let is_new = |host: &str| !before.contains(&format!("\"{host}\""));
    let mut wanted: Vec<_> = config::hosts(routes).into_iter().map(|host| (host, UPSTREAM)).collect();
    wanted.push((ECHO_HOST.to_owned(), ECHO));
    for (host, port) in wanted.iter().filter(|(host, _)| is_new(host)) {
        if *host == HOST {
            // As a person does it.
            workspace::output(&mut own(place, routes, &["route", "add", host, &upstream(*port)]))?;
        } else {
            api.add(host, *port)?;
        }
    }
    let mut tcp = own(place, routes, &["route", "add", TCP_HOST, &upstream(ECHO), "--tcp"]);
    let Ok(said) = workspace::output(&mut tcp) else {
        eprintln!("wharf routes no raw TCP: those rows are without it");
        return Ok(None);
    };
    let address = said.split_whitespace().find_map(|word| word.parse().ok());
    address.with_context(|| format!("wharf route add --tcp says no host:port: {said}")).map(Some)
}

/// Returns a command of wharf's.
pub(super) fn own(place: &Place, routes: usize, words: &[&str]) -> Command {
    let home = home(place, routes);
    let mut command = place.command(place.wharf.as_deref().unwrap_or("wharf".as_ref()));
    command.args(words);
    command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    command.env("XDG_RUNTIME_DIR", home.join("run"));
    command
}

fn upstream(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn home(place: &Place, routes: usize) -> PathBuf {
    let name = if routes == NO_ROUTER { "none".to_owned() } else { routes.to_string() };
    let home = place.folder.join(format!("wharf-{name}"));
    for folder in ["config", "state", "run"] {
        // What fails here is told by wharf.
        let _ = fs::create_dir_all(home.join(folder));
    }
    home
}

/// A connection to the daemon's API.
pub(super) struct Api {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Api {
    /// Connects, as soon as the daemon listens.
    pub(super) fn reach(place: &Place, routes: usize) -> Result<Self> {
        let socket = home(place, routes).join("run/wharf/daemon.sock");
        let mut stream = None;
        until(
            || {
                stream = UnixStream::connect(&socket).ok();
                stream.is_some()
            },
            || format!("wharf does not listen on {}", socket.display()),
        )?;
        Ok(Self { stream: stream.context("a connection")?, buffer: vec![0; 64 << 10] })
    }

    pub(super) fn add(&mut self, host: impl Display, port: u16) -> Result<()> {
        let body = format!("{{\"host\":\"{host}\",\"upstream\":\"http://{}\"}}", upstream(port));
        self.ask("POST", "/v1/routes", &body).map(drop)
    }

    pub(super) fn remove(&mut self, host: impl Display) -> Result<()> {
        self.ask("DELETE", &format!("/v1/routes/{host}"), "").map(drop)
    }

    /// Asks, and returns the body of the answer.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<String> {
        let length = body.len();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}Content-Length: {length}\r\n\r\n");
        self.stream.write_all(format!("{head}{body}").as_bytes())?;
        let mut answer = Vec::new();
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            ensure!(count > 0, "the daemon hung up at {method} {path}");
            answer.extend_from_slice(&self.buffer[..count]);
            let Some((head, body)) = split(&answer) else { continue };
            let head = std::str::from_utf8(head)?.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if body.len() >= length.map_or(Ok(0), |length| length.trim().parse())? {
                let text = String::from_utf8_lossy(body).into_owned();
                ensure!(head.starts_with("http/1.1 2"), "{method} {path}: {head}\n{text}");
                return Ok(text);
            }
        }
    }
}

/// Splits a message into head and body; none while the head is not whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((&bytes[..end], &bytes[end + 4..]))
}
