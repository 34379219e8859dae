//! The daemon's figures in `cargo xtask bench run`: leases a second, and what it costs while nothing happens.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::contest::{Bench, memory_mb};

/// Names that are asked for in turns.
const NAMES: usize = 100;
/// Clients at once, each on one connection.
const CLIENTS: usize = 4;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

/// Returns a table.
pub(super) fn text(bench: &Bench<'_>) -> Result<String> {
    bench.own(&["daemon", "start"])?;
    let socket = bench.state.join("wharf/daemon.sock");
    let pid = pid(&socket)?;
    let [resident, own] = memory_mb(pid)?;
    ask_for(&socket, Duration::from_millis(200))?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let asked = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| ask_for(&socket, ROUND))).collect();
            let counts = clients.into_iter().map(|client| client.join().expect("no client panics"));
            counts.sum::<Result<usize>>()
        })?;
        rates.push(asked as f64 / ROUND.as_secs_f64());
    }
    rates.sort_unstable_by(f64::total_cmp);
    // Threads that did something end 10 s after it.
    std::thread::sleep(Duration::from_secs(15));
    let first = woken(pid)?;
    std::thread::sleep(Duration::from_secs(10));
    let idle = woken(pid)? - first;
    let [_, busy_own] = memory_mb(pid)?;
    Ok(format!(
        "\n| the daemon | |\n|---|--:|\n\
         | leases asked for by {CLIENTS} clients on this machine's CPUs, {NAMES} names, median of {ROUNDS} | {:.0} a second |\n\
         | memory when started: resident, and shared with no other process | {resident:.1} MB, {own:.1} MB |\n\
         | memory after that, shared with no other process | {busy_own:.1} MB |\n\
         | times that it woke up in 10 s while nothing happened | {idle} |\n",
        rates[ROUNDS / 2]
    ))
}

/// Asks for leases on one connection for a while, and returns how many came.
fn ask_for(socket: &Path, time: Duration) -> Result<usize> {
    let mut stream = UnixStream::connect(socket).context("reach the daemon")?;
    let mut buffer = vec![0; 64 * 1024];
    let (begin, mut count) = (Instant::now(), 0);
    while begin.elapsed() < time {
        let name = format!("n{}", count % NAMES);
        let body = format!("{{\"service\":\"{name}\",\"project\":\"bench\",\"root\":\"/tmp\"}}");
        let text = ask(&mut stream, &mut buffer, "POST /v1/leases", &body)?;
        ensure!(text.starts_with("HTTP/1.1 200") && text.contains("\"port\":"), "{text}");
        count += 1;
    }
    Ok(count)
}

fn ask(stream: &mut UnixStream, buffer: &mut [u8], what: &str, body: &str) -> Result<String> {
    let head = format!("{what} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes())?;
    let mut read = 0;
    loop {
        let count = stream.read(&mut buffer[read..])?;
        ensure!(count > 0, "the daemon hung up");
        read += count;
        let text = std::str::from_utf8(&buffer[..read])?;
        let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if rest.len() >= length.context("a length")?.trim().parse()? {
            return Ok(text.to_owned());
        }
    }
}

fn pid(socket: &Path) -> Result<u32> {
    let mut stream = UnixStream::connect(socket).context("reach the daemon")?;
    let text = ask(&mut stream, &mut vec![0; 64 * 1024], "GET /v1/daemon", "")?;
    let (_, body) = text.split_once("\r\n\r\n").context("a body")?;
    let daemon: serde_json::Value = serde_json::from_str(body)?;
    Ok(u32::try_from(daemon["process"]["pid"].as_u64().context("a pid")?)?)
}

/// Returns how often the threads of a process came off a CPU.
fn woken(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("status"))?;
        let counts = text.lines().filter_map(|line| line.split_once("ctxt_switches:"));
        sum += counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
    }
    Ok(sum)
}
