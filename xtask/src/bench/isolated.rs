//! `cargo xtask bench isolate`: what it costs a program to have a network of its own, beside the same program bare, in
//! turns: its start, and the relay that stands in the way of its data.
//!
//! In a network namespace of its own, without pasta, for which there is nothing outside. Not here: what any run costs
//! ([`super::runs`]).

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::contest::{Bench, answers, end, median};
use super::{build, machine, write_between};
use crate::workspace;

const BEGIN: &str = "<!-- bench isolate: begin -->";
const END: &str = "<!-- bench isolate: end -->";
const PORT: u16 = 3000;
/// Bytes of one download.
const DOWNLOAD: u64 = 1 << 30;
/// Questions and answers on one connection, and connections one after the other.
const ROUND_TRIPS: usize = 10_000;
const CONNECTIONS: usize = 1_000;
/// Connections that are open, and silent.
const SILENT: usize = 200;

/// Measures in a namespace, and prints; false never.
pub(super) fn run(arguments: &[String]) -> Result<bool> {
    let mut unshare = Command::new("unshare");
    if !workspace::is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--net", "--"]).arg(std::env::current_exe()?).arg("bench-isolate-inside").arg(build()?);
    let output = unshare.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("start unshare")?;
    if !output.status.success() {
        bail!("isolated runs could not be measured");
    }
    let table = String::from_utf8(output.stdout)?;
    let text = format!("Machine: {}.\nCommand: `cargo xtask bench isolate`.\n\n{table}", machine::line());
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        write_between(BEGIN, END, &text)?;
    }
    Ok(true)
}

/// Runs inside the namespace.
pub(crate) fn inside(arguments: &[String]) -> Result<bool> {
    let [wharf] = arguments else { bail!("bench-isolate-inside WHARF") };
    workspace::must(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let state = std::env::temp_dir().join(format!("wharf-bench-{}", std::process::id()));
    fs::create_dir_all(&state)?;
    let table = table(&Bench { wharf, packages: &state, state: &state });
    fs::remove_dir_all(&state)?;
    println!("{}", table?);
    Ok(true)
}

fn table(bench: &Bench<'_>) -> Result<String> {
    let mut table = "| | bare | `wharf run` | `wharf run --isolate` |\n|---|--:|--:|--:|\n".to_owned();
    let mut row = |what: &str, [bare, under, isolated]: [String; 3]| {
        eprintln!("{what}: {bare}, {under}, {isolated}");
        table += &format!("| {what} | {bare} | {under} | {isolated} |\n");
    };
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let us = |time: Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
    let times = in_turns(30, |way| {
        let begin = Instant::now();
        workspace::must(&mut command(bench, way, &["/usr/bin/true"]))?;
        Ok(begin.elapsed())
    })?;
    row("`true`, start to end, median of 30", times.map(ms));
    let times = in_turns(15, |way| {
        let begin = Instant::now();
        let server = command(bench, way, &["/usr/bin/python3", "-m", "http.server", "3000"]).spawn()?;
        answers(PORT)?;
        let time = begin.elapsed();
        end(vec![server])?;
        Ok(time)
    })?;
    row("`python3 -m http.server`, start to first connection, median of 15", times.map(ms));
    let own = std::env::current_exe()?.display().to_string();
    let served = |measure: &dyn Fn(u32) -> Result<Duration>| {
        in_turns(5, |way| {
            let server = command(bench, way, &[&own, "bench-serve"]).spawn()?;
            answers(PORT)?;
            let time = measure(server.id());
            end(vec![server])?;
            time
        })
    };
    let times = served(&|_| connections())?;
    row("a connection, until the first byte is back, p50 of 1,000, median of 5", times.map(us));
    let times = served(&|_| round_trips())?;
    row("64 bytes there and back, p50 of 10,000, median of 5", times.map(us));
    let times = served(&|_| {
        let _silent: Vec<_> = (0..SILENT).map(|_| connect()).collect::<Result<_>>()?;
        round_trips()
    })?;
    row("the same beside 200 silent connections", times.map(us));
    let times = served(&|_| download())?;
    let rate = |time: Duration| format!("{:.2} GB/s", DOWNLOAD as f64 / time.as_secs_f64() / 1e9);
    row("download of 1 GiB, median of 5", times.map(rate));
    let times = served(&|pid| {
        let before = on_cpu(pid)?;
        download()?;
        Ok(on_cpu(pid)? - before)
    })?;
    let [_, under, isolated] = times.map(ms);
    row("CPU that wharf takes for it", ["".to_owned(), under, isolated]);
    Ok(table)
}

/// Bare, under wharf, and isolated.
type Way = Option<&'static [&'static str]>;
const WAYS: [Way; 3] = [None, Some(&["--port", "3000"]), Some(&["--isolate", "--port", "3000"])];

fn command(bench: &Bench<'_>, way: Way, words: &[&str]) -> Command {
    let mut command = bench.command(way.is_some(), way.unwrap_or_default(), words);
    // Neither the daemon, which is no part of this, nor pasta, which has nothing to lead to here.
    command.env("WHARF_DAEMON", "0").env("PATH", "/nowhere");
    command
}

/// Measures in each way in turns, the first of each not counted; returns the medians.
fn in_turns(rounds: usize, measure: impl Fn(Way) -> Result<Duration>) -> Result<[Duration; 3]> {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for round in 0..=rounds {
        for (way, times) in WAYS.into_iter().zip(&mut times) {
            let time = measure(way)?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times.map(|mut times| median(&mut times)))
}

fn connect() -> Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn connections() -> Result<Duration> {
    let mut times = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let begin = Instant::now();
        let mut stream = connect()?;
        stream.write_all(b"e")?;
        stream.read_exact(&mut [0])?;
        times.push(begin.elapsed());
    }
    Ok(median(&mut times))
}

fn round_trips() -> Result<Duration> {
    let mut stream = connect()?;
    let mut bytes = [b'e'; 64];
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let begin = Instant::now();
        stream.write_all(&bytes)?;
        stream.read_exact(&mut bytes)?;
        times.push(begin.elapsed());
    }
    Ok(median(&mut times))
}

fn download() -> Result<Duration> {
    let mut stream = connect()?;
    let mut buffer = vec![0; 1 << 18];
    let begin = Instant::now();
    stream.write_all(b"d")?;
    let mut left = DOWNLOAD;
    while left > 0 {
        let count = stream.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the server hung up");
        left -= count as u64;
    }
    Ok(begin.elapsed())
}

/// Serves on port 3000 until it is ended: `d` is answered by a download, everything else by itself.
pub(crate) fn serve() -> Result<bool> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    for stream in listener.incoming() {
        // A client that goes away is its own business.
        thread::spawn(move || answer(stream?).context("a client"));
    }
    Ok(true)
}

fn answer(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(stream.shutdown(Shutdown::Write)?),
            _ if buffer[0] == b'd' => {
                for _ in 0..DOWNLOAD / buffer.len() as u64 {
                    stream.write_all(&buffer)?;
                }
            }
            count => stream.write_all(&buffer[..count])?,
        }
    }
}

/// Returns how long all threads of a process have been on a CPU, in clock ticks of 10 ms, proc_pid_stat(5).
fn on_cpu(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context("stat")?;
    let (_, fields) = text.rsplit_once(") ").context("stat")?;
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
