//! What a proxy took of the CPU, and what others did on the same cores meanwhile.
//!
//! The run time of each thread is the scheduler's own, in nanoseconds (proc_pid_schedstat in the kernel's documentation of
//! the scheduler). What a thread took that ended meanwhile is lost; a proxy's worker does not end.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::place::Cores;

/// What was measured while something was done.
pub(super) struct Spent {
    /// CPU of the proxy.
    pub(super) cpu: Duration,
    /// Share of the cores that went to others, 0 to 1. The virtual machine's own loss is among it.
    pub(super) foreign: f64,
}

/// Does something, and returns what of the CPU `proxy` took meanwhile, and what none of ours did.
pub(super) fn during<T>(
    proxy: &[u32],
    upstream: u32,
    cores: Cores,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Spent)> {
    let upstream = tree(upstream);
    let before = (on_cpu(proxy), on_cpu(&upstream), own()?, idle(cores)?, Instant::now());
    let value = work()?;
    let elapsed = before.4.elapsed();
    let cpu = on_cpu(proxy).saturating_sub(before.0);
    let ours = cpu + on_cpu(&upstream).saturating_sub(before.1) + own()?.saturating_sub(before.2);
    let all = elapsed * if cores.load == cores.proxy { 1 } else { 2 };
    let busy = all.saturating_sub(idle(cores)?.saturating_sub(before.3));
    let foreign = busy.saturating_sub(ours).as_secs_f64() / all.as_secs_f64();
    Ok((value, Spent { cpu, foreign }))
}

/// Returns a process and all below it.
pub(super) fn tree(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(pid) = all.get(next).copied() {
        for thread in threads(pid) {
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).unwrap_or_default();
            all.extend(children.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
        next += 1;
    }
    all
}

/// Returns how long processes have been on a CPU.
fn on_cpu(processes: &[u32]) -> Duration {
    let of_thread = |pid: u32, thread: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    let of_process =
        |pid: &u32| threads(*pid).iter().filter_map(|thread| of_thread(*pid, thread)).sum::<u64>();
    Duration::from_nanos(processes.iter().map(of_process).sum())
}

fn threads(pid: u32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Returns how long we, and those of our children that have ended, have been on a CPU; proc_pid_stat(5).
fn own() -> Result<Duration> {
    let text = fs::read_to_string("/proc/self/stat").context("stat")?;
    let (_, fields) = text.rsplit_once(") ").context("stat")?;
    Ok(ticks(fields.split(' ').skip(11).take(4)))
}

/// Returns how long cores have been idle; proc_stat(5).
fn idle(cores: Cores) -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("stat")?;
    let of_core = |core: usize| {
        let name = format!("cpu{core} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.map(|line| ticks(line.split(' ').skip(3).take(2)))
    };
    let other = if cores.load == cores.proxy { Some(Duration::ZERO) } else { of_core(cores.proxy) };
    of_core(cores.load).zip(other).map(|(one, other)| one + other).context("a core")
}

fn ticks<'a>(words: impl Iterator<Item = &'a str>) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second();
    let sum: u64 = words.filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(sum * 1000 / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_to_the_process_that_does_it() {
        let own = [std::process::id()];
        let before = on_cpu(&own);
        let begin = Instant::now();
        while on_cpu(&own).saturating_sub(before) < Duration::from_millis(2) {
            assert!(begin.elapsed() < Duration::from_secs(30));
        }
        assert_eq!(tree(own[0])[0], own[0]);
    }
}
