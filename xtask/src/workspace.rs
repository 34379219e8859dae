//! Where the workspace and its build folder are, and how a chore runs another program.
//!
//! Not here: what is run; the chores decide that.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Returns the top folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask lies in the workspace").to_owned()
}

/// Returns the build folder, as cargo itself would choose it.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let text = output(cargo().args(["metadata", "--format-version=1", "--no-deps", "--offline"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("read cargo's metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo names no target directory")?;
    Ok(PathBuf::from(folder))
}

/// Returns the cargo that started us, run at the top of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs `command` with our own output; an error if it cannot start or fails.
pub(crate) fn must(command: &mut Command) -> Result<()> {
    if !succeeds(command)? {
        bail!("failed: {}", words(command));
    }
    Ok(())
}

/// Runs `command` with our own output and says whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    let line = words(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("start {line}"))?;
    Ok(status.success())
}

/// Runs `command` unseen and says whether it could start and succeeded.
pub(crate) fn quietly(command: &mut Command) -> bool {
    let run = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
}

/// Returns what `command` writes to stdout; an error with its stderr if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = words(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {line}"))?;
    if !output.status.success() {
        bail!("failed: {line}\n{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns whether `program` is in PATH.
pub(crate) fn in_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Returns whether this process has root's user id.
pub(crate) fn is_root() -> bool {
    effective_uid() == Some(0)
}

/// Returns the effective user id that the kernel shows of us.
fn effective_uid() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("Uid:"))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

/// Writes a time for people: `0.4 s`, `12 s`, `3 min 05 s`.
pub(crate) fn lasted(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=99 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// Runs `work` and returns its value and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

/// Returns `command` as a person would type it.
fn words(command: &Command) -> String {
    let mut line = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("?")).to_owned();
    for argument in command.get_args() {
        line.push(" ");
        line.push(argument);
    }
    line.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(lasted(Duration::from_millis(420)), "0.4 s");
        assert_eq!(lasted(Duration::from_secs(12)), "12 s");
        assert_eq!(lasted(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn root_holds_the_manifest() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
