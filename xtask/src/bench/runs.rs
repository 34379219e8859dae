//! `cargo xtask bench run`: what it costs a program to run under wharf, beside the same program run bare, in turns.
//!
//! In a network namespace of its own, with leases in a temporary folder. This measures and prints; it never passes
//! or fails on a time. Not here: listing (the parent module).

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::{build, daemon, machine, web, write_between};
use crate::workspace;

const BEGIN: &str = "<!-- bench run: begin -->";
const END: &str = "<!-- bench run: end -->";
/// Listeners that one process opens and closes, one after the other.
const LISTENERS: usize = 5_000;
/// Servers that are started at once.
const AT_ONCE: u16 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures in a namespace, and prints; false never.
pub(super) fn run(arguments: &[String]) -> Result<bool> {
    let mut unshare = Command::new("unshare");
    if !workspace::is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--net", "--"]).arg(std::env::current_exe()?).arg("bench-run-inside").arg(build()?);
    let packages = web::packages()?;
    unshare.arg(&packages);
    let output = unshare.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start unshare")?;
    if !output.status.success() {
        bail!("the runs could not be measured");
    }
    let table = String::from_utf8(output.stdout)?;
    let text = format!("Machine: {}.\nCommand: `cargo xtask bench run`.\n\n{table}", machine::line());
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        write_between(BEGIN, END, &text)?;
    }
    Ok(true)
}

/// Runs inside the namespace.
pub(crate) fn inside(arguments: &[String]) -> Result<bool> {
    let [wharf, packages] = arguments else { bail!("bench-run-inside WHARF PACKAGES") };
    workspace::must(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let state = std::env::temp_dir().join(format!("wharf-bench-{}", std::process::id()));
    fs::create_dir_all(&state)?;
    let bench = Bench { wharf, packages: packages.as_ref(), state: &state };
    let table = bench.table();
    bench.own(&["daemon", "stop"])?;
    fs::remove_dir_all(&state)?;
    println!("{}", table?);
    Ok(true)
}

/// Opens and closes listeners, and prints the median times of bind(2) and listen(2) in nanoseconds.
pub(crate) fn open_listeners() -> Result<bool> {
    let (mut binds, mut listens) = (Vec::with_capacity(LISTENERS), Vec::with_capacity(LISTENERS));
    for _ in 0..LISTENERS {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        let begin = Instant::now();
        rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)))?;
        binds.push(begin.elapsed());
        let begin = Instant::now();
        rustix::net::listen(&socket, 128)?;
        listens.push(begin.elapsed());
    }
    println!("{} {}", median(&mut binds).as_nanos(), median(&mut listens).as_nanos());
    Ok(true)
}

pub(super) struct Bench<'a> {
    wharf: &'a str,
    /// Where packages of Node were installed.
    pub(super) packages: &'a Path,
    /// Where leases, runs and the daemon's socket are.
    pub(super) state: &'a Path,
}

impl Bench<'_> {
    fn table(&self) -> Result<String> {
        let mut table = "| | bare | under wharf | |\n|---|--:|--:|--:|\n".to_owned();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let mut row = |what: &str, bare: f64, under: f64, unit: &str| {
            eprintln!("{what}: {bare:.1} {unit}, {under:.1} {unit}");
            let (added, times) = (under - bare, under / bare);
            table += &format!(
                "| {what} | {bare:.1} {unit} | {under:.1} {unit} | + {added:.1} {unit}, {times:.2}× |\n"
            );
        };
        self.own(&["daemon", "start"])?;
        let (bare, under) = self.in_turns(60, |under| self.whole(under, &["true"]))?;
        row("`true`, start to end, the daemon up, median of 60", ms(bare), ms(under), "ms");
        let (bare, under) = self.in_turns(15, |under| {
            self.own(&["daemon", "stop"])?;
            self.whole(under, &["true"])
        })?;
        row("`true`, start to end, starting the daemon, median of 15", ms(bare), ms(under), "ms");
        let (bare, under) =
            self.in_turns(15, |under| self.ready(under, &["python3", "-m", "http.server"], 3000))?;
        row("`python3 -m http.server`, start to first connection, median of 15", ms(bare), ms(under), "ms");
        if workspace::in_path("node") {
            let script = "require('http').createServer((q, r) => r.end()).listen(process.argv[1])";
            let (bare, under) =
                self.in_turns(15, |under| self.ready(under, &["node", "-e", script], 3000))?;
            row("Node's http, start to first connection, median of 15", ms(bare), ms(under), "ms");
        }
        if let Some((bare, under)) = web::express(self)? {
            row("an Express app, start to first connection, median of 15", ms(bare), ms(under), "ms");
        }
        if let Some((bare, under)) = web::nginx(self)? {
            row(
                "nginx, CPU a request on 4 kept connections, median of 5 × 80,000",
                us(bare),
                us(under),
                "µs",
            );
        }
        for (index, call) in ["bind(2)", "listen(2)"].into_iter().enumerate() {
            let (bare, under) = self.in_turns(5, |under| Ok(self.listeners(under)?[index]))?;
            row(&format!("{call}, p50 of 5,000, median of 5"), us(bare), us(under), "µs");
        }
        let (bare, under) = self.in_turns(3, |under| self.at_once(under))?;
        row(
            "20 × `python3 -m http.server` at once, until all answer, median of 3",
            ms(bare),
            ms(under),
            "ms",
        );
        let [resident, own] = self.memory_mb()?;
        table += &format!(
            "| memory of wharf beside a run: resident (VmRSS), and what is shared with no other process (Private) | | \
             {resident:.1} MB, {own:.1} MB | |\n"
        );
        if let Some((bare, under)) = web::portless(self)? {
            let (bare, under) = (ms(bare), ms(under));
            table += &format!(
                "\nBeside it, under portless {} with its proxy up: an Express app, start to first connection, median of \
                 9: bare {bare:.1} ms, under portless {under:.1} ms, + {:.1} ms.\n",
                web::portless_version(self)?,
                under - bare
            );
        }
        table += &daemon::text(self)?;
        Ok(table)
    }

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

    fn whole(&self, under: bool, words: &[&str]) -> Result<Duration> {
        let begin = Instant::now();
        workspace::must(&mut self.command(under, &[], words))?;
        Ok(begin.elapsed())
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

    fn server(&self, under: bool, words: &[&str], port: u16) -> Result<Child> {
        let port = port.to_string();
        let name = format!("n{port}");
        let words = [words, &[&port]].concat();
        let mut command = self.command(under, &["--name", &name, "--port", &port], &words);
        command.spawn().context("start a server")
    }

    fn at_once(&self, under: bool) -> Result<Duration> {
        let ports = 5000..5000 + AT_ONCE;
        let begin = Instant::now();
        let servers: Vec<Child> = ports
            .clone()
            .map(|port| self.server(under, &["python3", "-m", "http.server"], port))
            .collect::<Result<_>>()?;
        ports.into_iter().try_for_each(answers)?;
        let time = begin.elapsed();
        end(servers)?;
        Ok(time)
    }

    fn listeners(&self, under: bool) -> Result<[Duration; 2]> {
        let own = std::env::current_exe()?.display().to_string();
        let mut command = self.command(under, &["--name", "listeners"], &[&own, "bench-open-listeners"]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
        child.wait()?;
        let (bind, listen) = line.trim().split_once(' ').context("two times")?;
        Ok([Duration::from_nanos(bind.parse()?), Duration::from_nanos(listen.parse()?)])
    }

    fn memory_mb(&self) -> Result<[f64; 2]> {
        let server = self.server(true, &["python3", "-m", "http.server"], 3000)?;
        answers(3000)?;
        let memory = memory_mb(server.id())?;
        end(vec![server])?;
        Ok(memory)
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
