//! The clock: runs the contenders in turns and keeps every time; checks that wharf's answer is right.
//!
//! A time is the whole life of a process as its parent sees it: from before it is started until it
//! has ended and its output was read to the end. Memory is what GNU time(1) reports (`%M`), because
//! the kernel counts a large parent's memory as the child's until exec(2), and time(1) is small.

use std::collections::HashSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::load::{Load, Running};
use super::rivals::{self, Contender};
use crate::workspace;

/// A contender slower than this runs only in every third round.
const SLOW: Duration = Duration::from_millis(300);

/// Digits of the largest pid, and one beside it.
const LONGEST_PID: usize = 11;

/// One run of a contender.
struct Run {
    whole: Duration,
    /// From the start to the first output that has the pid asked for.
    to_pid: Option<Duration>,
    output: Vec<u8>,
}

/// The times of one contender, in milliseconds.
#[derive(Default)]
struct Times {
    whole: Vec<f64>,
    to_pid: Vec<f64>,
}

/// Measures all contenders under `load` and returns the result as JSON for the report.
pub(super) fn compare(load: &Load, running: &Running, wharf: &str, rounds: usize) -> Result<Value> {
    let (port, pid) = running.listeners[running.listeners.len() / 2];
    let list = rivals::list(wharf);
    verify(&run(&list[0], None)?.output, &running.listeners)?;
    let one = rivals::one_port(wharf, port);
    if run(&one[0], Some(pid))?.to_pid.is_none() {
        bail!("wharf show {port} does not tell its owner, pid {pid}");
    }
    Ok(json!({
        "load": load.name,
        "description": load.description,
        "listeners": running.listeners.len(),
        "list": in_turns(&list, None, rounds)?,
        "one": in_turns(&one, Some(pid), rounds)?,
        "memory_kb": { "wharf": peak_memory_kb(&list[0])?, "ss": peak_memory_kb(&list[1])? },
    }))
}

/// Runs the contenders A B C D A B C D … and returns their times, absent tools left out.
fn in_turns(contenders: &[Contender], pid: Option<u32>, rounds: usize) -> Result<Value> {
    let present: Vec<&Contender> = contenders
        .iter()
        .filter(|tool| tool.words[0].contains('/') || workspace::in_path(&tool.words[0]))
        .collect();
    // The first run of each warms caches, finds the slow ones, and is not counted.
    let warm: Vec<Duration> = present.iter().map(|tool| Ok(run(tool, pid)?.whole)).collect::<Result<_>>()?;
    let mut times: Vec<Times> = present.iter().map(|_| Times::default()).collect();
    for round in 0..rounds {
        for (index, tool) in present.iter().enumerate() {
            if warm[index] > SLOW && round % 3 != 0 {
                continue;
            }
            let run = run(tool, pid)?;
            times[index].whole.push(milliseconds(run.whole));
            times[index].to_pid.extend(run.to_pid.map(milliseconds));
        }
    }
    let rows = present.iter().zip(times);
    Ok(rows
        .map(|(tool, times)| json!({ "name": tool.name, "whole": times.whole, "to_pid": times.to_pid }))
        .collect())
}

fn run(contender: &Contender, pid: Option<u32>) -> Result<Run> {
    let mut command = Command::new(&contender.words[0]);
    command.args(&contender.words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {}", contender.name))?;
    let mut stdout = child.stdout.take().context("stdout is piped")?;
    let (mut output, mut to_pid, mut chunk) = (Vec::new(), None, vec![0; 1 << 16]);
    loop {
        let length = stdout.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        // Only what is new, and as much before it as a number may have begun in.
        let unseen = output.len().saturating_sub(LONGEST_PID);
        output.extend_from_slice(&chunk[..length]);
        if to_pid.is_none() && pid.is_some_and(|pid| has_number(&output[unseen..], pid)) {
            to_pid = Some(start.elapsed());
        }
    }
    child.wait()?;
    Ok(Run { whole: start.elapsed(), to_pid, output })
}

/// Whether `number` stands in `text` with no digit beside it.
fn has_number(text: &[u8], number: u32) -> bool {
    let digits = number.to_string();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    text.windows(digits.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        window == digits.as_bytes() && !is_digit(before) && !is_digit(text.get(at + digits.len()))
    })
}

/// Fails unless wharf's document has every listener with its pid.
fn verify(output: &[u8], listeners: &[(u16, u32)]) -> Result<()> {
    let document: Value = serde_json::from_slice(output).context("read the output of wharf ls --json")?;
    let found = owners(&document);
    let missing = listeners.iter().filter(|listener| !found.contains(listener)).count();
    if missing > 0 {
        bail!("wharf ls --json lacks {missing} of {} listeners, or their owners", listeners.len());
    }
    Ok(())
}

/// Returns every pair of port and pid in wharf's document.
fn owners(document: &Value) -> HashSet<(u16, u32)> {
    let mut found = HashSet::new();
    for endpoint in document["endpoints"].as_array().into_iter().flatten() {
        let port = endpoint["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        for process in endpoint["owner"]["processes"].as_array().into_iter().flatten() {
            let pid = process["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
            found.extend(port.zip(pid));
        }
    }
    found
}

/// Returns the median peak of resident memory over five runs; `None` without GNU time.
fn peak_memory_kb(contender: &Contender) -> Result<Option<u64>> {
    const TIME: &str = "/usr/bin/time";
    if !std::path::Path::new(TIME).exists() {
        return Ok(None);
    }
    let mut peaks = Vec::new();
    for _ in 0..5 {
        let mut command = Command::new(TIME);
        command.args(["--quiet", "--format=%M"]).args(&contender.words).stdin(Stdio::null());
        let output = command.output().context("start time")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let peak = text.lines().last().and_then(|line| line.trim().parse::<u64>().ok());
        peaks.push(peak.with_context(|| format!("time says nothing of {}: {text}", contender.name))?);
    }
    peaks.sort_unstable();
    Ok(Some(peaks[peaks.len() / 2]))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_stands_alone() {
        assert!(has_number(b"pid 20051)", 20051));
        assert!(has_number(b"20051", 20051));
        assert!(!has_number(b"120051 200510", 20051));
    }

    #[test]
    fn answer_without_an_owner_is_refused() {
        let document = br#"{"endpoints": [
            {"port": 3000, "owner": {"processes": [{"pid": 7}, {"pid": 8}]}},
            {"port": 3001, "owner": {"processes": []}}]}"#;
        assert!(verify(document, &[(3000, 7), (3000, 8)]).is_ok());
        assert!(verify(document, &[(3001, 9)]).is_err());
        assert!(verify(b"no JSON", &[]).is_err());
    }
}
