//! Programs of the system that tell of it in their own words: nft(8), iptables-save(8), systemctl(1). Run with nothing of the
//! caller's environment but what is named, from the system's own folders only, for a moment at most.
//!
//! Not here: what they say, and anything that changes something.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::launch::Launch;

/// Returns what `name` prints with `arguments`; `None` if it is not installed, fails, or takes longer than `patience`.
pub(super) fn output(name: &str, arguments: &[&str], patience: Duration) -> Option<String> {
    output_with(name, arguments, None, patience)
}

/// Does the same; the program also gets this variable of the caller's environment.
pub(super) fn output_with(
    name: &str,
    arguments: &[&str],
    variable: Option<&str>,
    patience: Duration,
) -> Option<String> {
    let program = PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file())?;
    let launch = Launch {
        program: program.into(),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: Vec::new(),
    };
    let mut command = launch.command();
    command.env_clear().env("LC_ALL", "C").env("PATH", PLACES.join(":")).current_dir("/");
    if let Some((name, value)) = variable.and_then(|name| Some((name, std::env::var_os(name)?))) {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take()?;
    let (sender, done) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(OUTPUT_AT_MOST).read_to_end(&mut text).is_ok();
        let _ = sender.send(read.then_some(text));
    });
    let text = done.recv_timeout(patience).ok().flatten();
    if text.is_none() {
        // It may have ended by now.
        let _ = child.kill();
    }
    let ended_well = child.wait().is_ok_and(|status| status.success());
    text.filter(|_| ended_well).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Where the system has such programs; never where a user may write.
const PLACES: [&str; 6] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];
const OUTPUT_AT_MOST: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::output;

    #[test]
    fn output_is_bounded_in_time() {
        let long = Duration::from_secs(10);
        assert_eq!(output("printf", &["%s", "x"], long).as_deref(), Some("x"));
        assert_eq!(output("false", &[], long), None);
        assert_eq!(output("no-such-program", &[], long), None);
        assert_eq!(output("sleep", &["60"], Duration::from_millis(1)), None);
    }
}
