//! What a program that runs bare and one that runs under wharf have in common in `cargo xtask bench run`: how they are
//! started and ended, and taking turns.
//!
//! Not here: what is measured ([`super::runs`], [`super::web`], [`super::daemon`]).

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

const PATIENCE: Duration = Duration::from_secs(30);

/// What is measured, and where.
pub(super) struct Bench<'a> {
    pub(super) wharf: &'a str,
    /// Where packages of Node were installed.
    pub(super) packages: &'a Path,
    /// Where leases, runs and the daemon's socket are.
    pub(super) state: &'a Path,
}

impl Bench<'_> {
    /// Runs bare and under wharf in turns, the first of each not counted; returns the medians.
    pub(super) fn in_turns(
        &self,
        rounds: usize,
        measure: impl Fn(bool) -> Result<Duration>,
    ) -> Result<(Duration, Duration)> {
        let (mut bare, mut under) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let times = (measure(false)?, measure(true)?);
            if round > 0 {
                bare.push(times.0);
                under.push(times.1);
            }
        }
        Ok((median(&mut bare), median(&mut under)))
    }

    pub(super) fn command(&self, under: bool, options: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new(if under { self.wharf } else { words[0] });
        if under {
            command.arg("run").args(options).arg("--").args(words);
        } else {
            command.args(&words[1..]);
        }
        command
            .env("XDG_STATE_HOME", self.state)
            .env("XDG_RUNTIME_DIR", self.state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a command of wharf's.
    pub(super) fn own(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new(self.wharf);
        command.args(words).env("XDG_STATE_HOME", self.state).env("XDG_RUNTIME_DIR", self.state);
        workspace::quietly(&mut command);
        Ok(())
    }

    /// Starts a server, whose port is its last argument, and waits for the first connection to it.
    pub(super) fn ready(&self, under: bool, words: &[&str], port: u16) -> Result<Duration> {
        let begin = Instant::now();
        let server = self.server(under, words, port)?;
        answers(port)?;
        let time = begin.elapsed();
        end(vec![server])?;
        Ok(time)
    }

    pub(super) fn server(&self, under: bool, words: &[&str], port: u16) -> Result<Child> {
        let port = port.to_string();
        let name = format!("n{port}");
        let words = [words, &[&port]].concat();
        let mut command = self.command(under, &["--name", &name, "--port", &port], &words);
        command.spawn().context("start a server")
    }
}

/// Returns what of a process is in memory, and what of that no other process shares.
pub(super) fn memory_mb(pid: u32) -> Result<[f64; 2]> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("smaps_rollup")?;
    let sum = |key: &str| -> f64 {
        let lines = text.lines().filter_map(|line| line.strip_prefix(key));
        lines.filter_map(|rest| rest.split_ascii_whitespace().nth(1)?.parse::<f64>().ok()).sum::<f64>() / 1e3
    };
    Ok([sum("Rss"), sum("Private_")])
}

pub(super) fn answers(port: u16) -> Result<()> {
    let begin = Instant::now();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while TcpStream::connect(address).is_err() {
        if begin.elapsed() > PATIENCE {
            bail!("nothing answers on {port}");
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(())
}

/// Ends servers as a person would, and waits until their ports are free.
pub(super) fn end(servers: Vec<Child>) -> Result<()> {
    for server in &servers {
        workspace::must(Command::new("kill").arg(server.id().to_string()))?;
    }
    for mut server in servers {
        server.wait()?;
    }
    Ok(())
}

pub(super) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
