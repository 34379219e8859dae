//! What `wharf service` changes of a machine, as steps: they are told before they are taken, and undone in the same way.
//!
//! Ports 80 and 443 come from the machine's systemd ([`units`]), or from a setting that lets everybody have them
//! (`net.ipv4.ip_unprivileged_port_start`, ip(7)). A program with the capability by its file (setcap(8)) is neither: it
//! loses it at every update, cannot be looked into by its own user, and hands it to whoever starts it. Not here: when a
//! step is taken (the binary).

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::account::Account;
use crate::launch::Launch;

#[path = "service/units.rs"]
pub mod units;

/// One change of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file of wharf's, with this text.
    Write(PathBuf, String),
    /// A file of wharf's no more.
    Remove(PathBuf),
    /// A command, which has to succeed.
    Run(Vec<String>),
    /// A command that may fail: what it undoes may be undone.
    Try(Vec<String>),
    /// The first port that everybody may open.
    PortStart(u16),
}

/// Returns whether systemd runs this machine, sd_booted(3).
#[must_use]
pub fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Returns the steps that let the user's own systemd keep the daemon, whose program is at `program`.
///
/// # Errors
/// A sentence if the path cannot stand in a unit.
pub fn install_daemon(program: &Path) -> Result<Vec<Step>, String> {
    Ok(vec![
        Step::Write(daemon_file()?, units::daemon_service(program)?),
        Step::Run(systemctl(&["--user", "daemon-reload"])),
        Step::Run(systemctl(&["--user", "enable", DAEMON])),
    ])
}

/// Returns the steps that undo those.
///
/// # Errors
/// A sentence if there is no home.
pub fn uninstall_daemon() -> Result<Vec<Step>, String> {
    let file = daemon_file()?;
    if !file.exists() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Step::Try(systemctl(&["--user", "disable", "--now", DAEMON])),
        Step::Remove(file),
        Step::Try(systemctl(&["--user", "daemon-reload"])),
    ])
}

/// Returns the steps by which the machine's systemd hands the ports to the daemon of `account`.
///
/// # Errors
/// As [`install_daemon`].
pub fn install_ports(account: &Account, program: &Path) -> Result<Vec<Step>, String> {
    let [socket, service] = ports_files(account);
    let name = units::ports_unit(account);
    Ok(vec![
        Step::Write(socket, units::ports_socket(account)),
        Step::Write(service, units::ports_service(account, program)?),
        Step::Run(systemctl(&["daemon-reload"])),
        // What waits there already is handed over anew.
        Step::Try(systemctl(&["stop", &format!("{name}.service")])),
        Step::Run(systemctl(&["enable", &format!("{name}.socket")])),
        Step::Run(systemctl(&["restart", &format!("{name}.socket")])),
    ])
}

/// Returns the steps that undo those.
#[must_use]
pub fn uninstall_ports(account: &Account) -> Vec<Step> {
    let files = ports_files(account);
    if !files.iter().any(|file| file.exists()) {
        return Vec::new();
    }
    let name = units::ports_unit(account);
    let both = [format!("{name}.socket"), format!("{name}.service")];
    let mut steps = vec![Step::Try(systemctl(&["disable", "--now", &both[0], &both[1]]))];
    steps.extend(files.map(Step::Remove));
    steps.push(Step::Try(systemctl(&["daemon-reload"])));
    steps
}

/// Returns the steps that undo [`install_port_start`].
#[must_use]
pub fn uninstall_port_start() -> Vec<Step> {
    let Ok(text) = fs::read_to_string(SETTING) else { return Vec::new() };
    let before = units::port_start_before(&text);
    [Step::Remove(SETTING.into())].into_iter().chain(before.map(Step::PortStart)).collect()
}

/// Returns the steps that let everybody open the ports; none if they may.
#[must_use]
pub fn install_port_start() -> Vec<Step> {
    let [_, lowest] = units::PORTS;
    match port_start() {
        Some(0..=80) => Vec::new(),
        before => vec![
            Step::Write(SETTING.into(), units::port_start(lowest, before.unwrap_or(PRIVILEGED))),
            Step::PortStart(lowest),
        ],
    }
}

/// Returns the first port that everybody may open here.
#[must_use]
pub fn port_start() -> Option<u16> {
    fs::read_to_string(PORT_START).ok()?.trim().parse().ok()
}

/// Returns the files that are there of what can be installed for `account`, for the daemon and for the ports.
#[must_use]
pub fn installed(account: &Account) -> Vec<PathBuf> {
    let files = daemon_file().into_iter().chain(ports_files(account)).chain([SETTING.into()]);
    files.filter(|file| file.exists()).collect()
}

/// Takes a step.
///
/// # Errors
/// What failed, in a sentence. A file that is not wharf's is neither overwritten nor removed.
pub fn take(step: &Step) -> Result<(), String> {
    let of = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    match step {
        Step::Write(path, text) => write(path, text).map_err(of(path)),
        Step::Remove(path) => remove(path).map_err(of(path)),
        Step::Run(words) => run(words),
        Step::Try(words) => {
            // It says so by itself.
            let _ = run(words);
            Ok(())
        }
        Step::PortStart(port) => fs::write(PORT_START, port.to_string()).map_err(of(Path::new(PORT_START))),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    is_ours(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension("wharf-draft");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn remove(path: &Path) -> io::Result<()> {
    is_ours(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Fails if there is a file that another has written.
fn is_ours(path: &Path) -> io::Result<()> {
    match fs::read_to_string(path) {
        Ok(text) if text.starts_with(units::MARK) => Ok(()),
        Ok(_) => Err(io::Error::other("it is not wharf's: move it away, or change it by hand")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn run(words: &[String]) -> Result<(), String> {
    let arguments = words[1..].iter().map(Into::into).collect();
    let launch = Launch { program: words[0].clone().into(), arguments, environment: Vec::new() };
    let status = launch.command().stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} failed ({status})", words.join(" "))),
        Err(error) => Err(format!("{}: {error}", words[0])),
    }
}

/// Has the user's own systemd start the daemon, if that runs and was told how.
#[must_use]
pub fn start_daemon() -> bool {
    let has_manager = env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|folder| Path::new(&folder).join("systemd/private").exists());
    has_manager && run(&systemctl(&["--user", "start", DAEMON])).is_ok()
}

/// Returns whether the runtime directory that this process was told of is there: a user who is not logged in has none,
/// and a daemon that is started without it is not found by that user later.
#[must_use]
pub fn has_runtime_directory() -> bool {
    env::var_os("XDG_RUNTIME_DIR").is_none_or(|folder| Path::new(&folder).is_dir())
}

fn systemctl(words: &[&str]) -> Vec<String> {
    ["systemctl"].iter().chain(words).map(|&word| word.to_owned()).collect()
}

fn daemon_file() -> Result<PathBuf, String> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let folder = folder.ok_or("neither XDG_CONFIG_HOME nor HOME is set")?;
    Ok(folder.join("systemd/user").join(DAEMON))
}

fn ports_files(account: &Account) -> [PathBuf; 2] {
    let name = units::ports_unit(account);
    ["socket", "service"].map(|kind| Path::new(UNITS).join(format!("{name}.{kind}")))
}

/// The user's unit.
const DAEMON: &str = "wharf.service";
/// Units that are the machine's administrator's, systemd.unit(5).
const UNITS: &str = "/etc/systemd/system";
const SETTING: &str = "/etc/sysctl.d/50-wharf.conf";
const PORT_START: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
/// PROT_SOCK of the kernel: what the first port is where nobody says otherwise.
const PRIVILEGED: u16 = 1024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Step, take, units};

    #[test]
    fn only_what_is_wharfs_is_written_over_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("a/own"), folder.path().join("other"));
        fs::write(&other, "of others").unwrap();
        let text = format!("{}x\n", units::MARK);
        take(&Step::Write(own.clone(), text.clone())).unwrap();
        take(&Step::Write(own.clone(), text)).unwrap();
        take(&Step::Remove(own.clone())).unwrap();
        take(&Step::Remove(own)).unwrap();
        for step in [Step::Write(other.clone(), "x".to_owned()), Step::Remove(other.clone())] {
            assert!(take(&step).unwrap_err().contains("not wharf's"));
        }
        assert_eq!(fs::read_to_string(&other).unwrap(), "of others");
        take(&Step::Try(vec!["false".to_owned()])).unwrap();
        assert!(
            take(&Step::Run(vec!["false".to_owned(), "x".to_owned()]))
                .unwrap_err()
                .starts_with("false x failed")
        );
        assert!(
            take(&Step::Run(vec!["no-such-command".to_owned()])).unwrap_err().contains("no-such-command")
        );
    }
}
