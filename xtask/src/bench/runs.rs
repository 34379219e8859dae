//! `cargo xtask bench run`: what it costs a program to run under wharf, beside the same program run bare, in turns.
//!
//! In a network namespace of its own, with leases in a temporary folder. This measures and prints; it never passes
//! or fails on a time. Not here: listing (the parent module).

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::net::{AddressFamily, SocketType, sockopt};

use super::contest::{Bench, answers, end, median, memory_mb};
use super::{build, daemon, machine, web, write_between};
use crate::workspace;

const BEGIN: &str = "<!-- bench run: begin -->";
const END: &str = "<!-- bench run: end -->";
/// Listeners that one process opens and closes, one after the other.
const LISTENERS: usize = 5_000;
/// Servers that are started at once.
const AT_ONCE: u16 = 20;

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
    let table = table(&bench);
    bench.own(&["daemon", "stop"])?;
    fs::remove_dir_all(&state)?;
    println!("{}", table?);
    Ok(true)
}

/// Binds sockets, and then has others listen, and prints the median times of bind(2) and listen(2) in nanoseconds. In two
/// rounds: what follows from a listener is done while the next call is made.
pub(crate) fn open_listeners() -> Result<bool> {
    let open = |listens: bool| -> Result<Duration> {
        let mut times = Vec::with_capacity(LISTENERS);
        for _ in 0..LISTENERS {
            let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
            sockopt::set_socket_reuseaddr(&socket, true)?;
            let begin = Instant::now();
            rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)))?;
            let bound = begin.elapsed();
            if listens {
                rustix::net::listen(&socket, 128)?;
            }
            times.push(if listens { begin.elapsed() - bound } else { bound });
        }
        Ok(median(&mut times))
    };
    println!("{} {}", open(false)?.as_nanos(), open(true)?.as_nanos());
    Ok(true)
}

fn table(bench: &Bench<'_>) -> Result<String> {
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
    bench.own(&["daemon", "start"])?;
    let (bare, under) = bench.in_turns(60, |under| whole(bench, under, &["true"]))?;
    row("`true`, start to end, the daemon up, median of 60", ms(bare), ms(under), "ms");
    let (bare, under) = bench.in_turns(15, |under| {
        bench.own(&["daemon", "stop"])?;
        whole(bench, under, &["true"])
    })?;
    row("`true`, start to end, starting the daemon, median of 15", ms(bare), ms(under), "ms");
    let (bare, under) =
        bench.in_turns(15, |under| bench.ready(under, &["python3", "-m", "http.server"], 3000))?;
    row("`python3 -m http.server`, start to first connection, median of 15", ms(bare), ms(under), "ms");
    if workspace::in_path("node") {
        let script = "require('http').createServer((q, r) => r.end()).listen(process.argv[1])";
        let (bare, under) = bench.in_turns(15, |under| bench.ready(under, &["node", "-e", script], 3000))?;
        row("Node's http, start to first connection, median of 15", ms(bare), ms(under), "ms");
    }
    if let Some((bare, under)) = web::express(bench)? {
        row("an Express app, start to first connection, median of 15", ms(bare), ms(under), "ms");
    }
    if let Some((bare, under)) = web::nginx(bench)? {
        row("nginx, CPU a request on 4 kept connections, median of 5 × 80,000", us(bare), us(under), "µs");
    }
    for (index, call) in ["bind(2)", "listen(2)"].into_iter().enumerate() {
        let (bare, under) = bench.in_turns(5, |under| Ok(listeners(bench, under)?[index]))?;
        row(&format!("{call}, p50 of 5,000, median of 5"), us(bare), us(under), "µs");
    }
    let (bare, under) = bench.in_turns(3, |under| at_once(bench, under))?;
    row("20 × `python3 -m http.server` at once, until all answer, median of 3", ms(bare), ms(under), "ms");
    let [resident, own] = memory_beside(bench)?;
    table += &format!(
        "| memory of wharf beside a run: resident (VmRSS), and what is shared with no other process (Private) | | \
         {resident:.1} MB, {own:.1} MB | |\n"
    );
    if let Some((bare, under)) = web::portless(bench)? {
        let (bare, under) = (ms(bare), ms(under));
        table += &format!(
            "\nBeside it, under portless {} with its proxy up: an Express app, start to first connection, median of \
             9: bare {bare:.1} ms, under portless {under:.1} ms, + {:.1} ms.\n",
            web::portless_version(bench)?,
            under - bare
        );
    }
    table += &daemon::text(bench)?;
    Ok(table)
}

fn whole(bench: &Bench<'_>, under: bool, words: &[&str]) -> Result<Duration> {
    let begin = Instant::now();
    workspace::must(&mut bench.command(under, &[], words))?;
    Ok(begin.elapsed())
}

fn at_once(bench: &Bench<'_>, under: bool) -> Result<Duration> {
    let ports = 5000..5000 + AT_ONCE;
    let begin = Instant::now();
    let servers: Vec<Child> = ports
        .clone()
        .map(|port| bench.server(under, &["python3", "-m", "http.server"], port))
        .collect::<Result<_>>()?;
    ports.into_iter().try_for_each(answers)?;
    let time = begin.elapsed();
    end(servers)?;
    Ok(time)
}

fn listeners(bench: &Bench<'_>, under: bool) -> Result<[Duration; 2]> {
    let own = std::env::current_exe()?.display().to_string();
    let mut command = bench.command(under, &["--name", "listeners"], &[&own, "bench-open-listeners"]);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
    child.wait()?;
    let (bind, listen) = line.trim().split_once(' ').context("two times")?;
    Ok([Duration::from_nanos(bind.parse()?), Duration::from_nanos(listen.parse()?)])
}

fn memory_beside(bench: &Bench<'_>) -> Result<[f64; 2]> {
    let server = bench.server(true, &["python3", "-m", "http.server"], 3000)?;
    answers(3000)?;
    // As it is while it has nothing to do.
    std::thread::sleep(Duration::from_millis(500));
    let memory = memory_mb(server.id())?;
    end(vec![server])?;
    Ok(memory)
}
