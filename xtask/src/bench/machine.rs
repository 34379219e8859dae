//! The machine that measured, in one line: kernel, processor, memory, date and the tools' versions.

use std::fs;
use std::process::Command;

use crate::workspace;

/// Returns the line. What cannot be told is left out.
pub(super) fn line() -> String {
    let tools = [
        first_line("ss", &["-V"]),
        first_line("netstat", &["--version"]),
        lsof(),
        first_line("fuser", &["-V"]),
    ];
    let tools: Vec<String> = tools.into_iter().flatten().collect();
    format!("{}; {}", alone(), tools.join(", "))
}

/// Returns it without the tools.
pub(super) fn alone() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let processor = value(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown processor").to_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory_kb =
        value(&read("/proc/meminfo"), "MemTotal").and_then(|size| size.split(' ').next()?.parse().ok());
    let memory_gb = memory_kb.unwrap_or(0_u64) / 1_000_000;
    let date = first_line("date", &["--utc", "+%Y-%m-%d"]);
    format!(
        "Linux {}, {processor}, {cores} cores, {memory_gb} GB; {}",
        kernel.trim(),
        date.unwrap_or_default()
    )
}

/// Returns the value of `key` in lines of `key : value`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, value)| (name.trim(), value.trim()))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

/// Returns the first line that a tool says of itself, on stdout or stderr.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

fn lsof() -> Option<String> {
    if !workspace::in_path("lsof") {
        return None;
    }
    let output = Command::new("lsof").arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(format!("lsof {}", value(&text, "revision")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        let text = "processor\t: 0\nmodel name\t: A: fast one\n";
        assert_eq!(value(text, "model name"), Some("A: fast one"));
        assert_eq!(value(text, "model"), None);
    }
}
