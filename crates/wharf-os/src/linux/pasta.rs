//! The network outside for a network namespace, by pasta(1) of the package passt: what is sent there leaves the machine
//! as if wharf's user had sent it. No port leads in, and the machine's own loopback is not among what is reached.
//!
//! Not here: the namespace itself ([`crate::isolation`]).

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::MemfdFlags;

use crate::launch::Launch;

/// Starts pasta for the network namespace of process `pid`, and waits until that has a way out. `with_user` tells
/// whether it belongs to a user namespace of its own.
///
/// # Errors
/// `NotFound` if it is not installed; else what it said.
pub(crate) fn attach(pid: u32, with_user: bool) -> io::Result<Child> {
    let said = File::from(rustix::fs::memfd_create("wharf-pasta", MemfdFlags::CLOEXEC)?);
    let mut words: Vec<String> = QUIETLY_OUT.map(str::to_owned).to_vec();
    if rustix::process::geteuid().is_root() {
        // Else it becomes "nobody", who may not enter.
        words.extend(["--runas".to_owned(), "0".to_owned()]);
    }
    let stdin = if with_user {
        words.push(pid.to_string());
        Stdio::null()
    } else {
        // It gives up the right to look at other processes before it looks for their namespaces.
        words.extend(["--netns-only", "--no-netns-quit", "--netns", "/proc/self/fd/0"].map(str::to_owned));
        File::open(format!("/proc/{pid}/ns/net"))?.into()
    };
    let arguments = words.into_iter().map(Into::into).collect();
    let launch = Launch { program: "pasta".into(), arguments, environment: Vec::new() };
    let mut command = launch.command();
    command.stdin(stdin).stdout(Stdio::null()).stderr(said.try_clone()?).process_group(0);
    let mut child = command.spawn()?;
    let begin = Instant::now();
    while !has_way_out(pid) {
        if child.try_wait()?.is_some() {
            return Err(io::Error::other(words_of(said)));
        }
        if begin.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("{} (given up)", words_of(said))));
        }
        std::thread::sleep(STEP);
    }
    Ok(child)
}

/// Whether a process's network namespace has a default route, proc_pid_net(5).
fn has_way_out(pid: u32) -> bool {
    let read = |table: &str| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
    let of_v4 = |line: &str| line.split_whitespace().nth(1) == Some("00000000");
    // The last route of every namespace is to nowhere, by "lo".
    let of_v6 = |line: &str| line.starts_with(&"0".repeat(32)) && !line.ends_with(" lo");
    read("route").lines().any(of_v4) || read("ipv6_route").lines().any(of_v6)
}

fn words_of(mut said: File) -> String {
    let mut bytes = Vec::new();
    // What cannot be read was not said.
    let _ = said.seek(SeekFrom::Start(0)).and_then(|_| said.read_to_end(&mut bytes));
    reason(&String::from_utf8_lossy(&bytes))
}

/// Returns the last word on why it failed: it complains of what it cannot write to the log of the system, too.
fn reason(said: &str) -> String {
    let is_reason = |line: &&str| !line.trim().is_empty() && !line.ends_with("to syslog");
    said.lines().rev().find(is_reason).unwrap_or("it said nothing").trim().to_owned()
}

/// In the foreground; addresses and routes as outside; nothing leads in, nor to the loopback outside.
const QUIETLY_OUT: [&str; 12] = [
    "--foreground",
    "--quiet",
    "--config-net",
    "--no-map-gw",
    "--tcp-ports",
    "none",
    "--udp-ports",
    "none",
    "--tcp-ns",
    "none",
    "--udp-ns",
    "none",
];
/// It takes some 30 ms.
const PATIENCE: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_last_word_is_the_reason() {
        let said = "Don't run as root. Changing to nobody...\nCouldn't open it: Permission denied\nFailed to send 71 bytes \
                    to syslog\n";
        assert_eq!(reason(said), "Couldn't open it: Permission denied");
        assert_eq!(reason("\n"), "it said nothing");
    }
}
