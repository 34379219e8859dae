//! The texts of what `wharf service` writes: units of systemd, and a setting of sysctl(8); systemd.socket(5),
//! systemd.exec(5), sysctl.d(5).
//!
//! The socket is opened by systemd, on loopback alone. Its service is one process of the user, with no privilege, that hands
//! the sockets to the user's daemon and waits for its end; it may have to start that daemon, so what a daemon needs is not
//! taken from it. Not here: where the texts go ([`super`]).

use std::path::Path;

use crate::account::Account;

/// How each of the texts begins, so that nothing of anybody else is overwritten or removed.
pub const MARK: &str = "# Written by wharf service install; wharf service uninstall removes it.\n";
/// The ports that are handed over.
pub const PORTS: [u16; 2] = [443, 80];

/// Returns the name of the user's units that hand the ports over, without what they end in.
#[must_use]
pub fn ports_unit(account: &Account) -> String {
    format!("wharf-ports@{}", account.uid)
}

/// Returns the unit of the user's own systemd that keeps the daemon, whose program is at `program`.
///
/// # Errors
/// A sentence if the path cannot stand in a unit.
pub fn daemon_service(program: &Path) -> Result<String, String> {
    let program = quoted(program)?;
    Ok(format!(
        "{MARK}[Unit]\n\
         Description=wharf's daemon\n\
         Documentation=man:wharf-daemon(1)\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={program} daemon run\n\
         # Its own restart is an execve(2) in place; only a crash is one for systemd, and 1 says that there is a daemon already.\n\
         Restart=on-failure\n\
         RestartPreventExitStatus=1\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    ))
}

/// Returns the unit of the machine's systemd that opens the ports for `account`.
#[must_use]
pub fn ports_socket(account: &Account) -> String {
    let listen: String = PORTS
        .iter()
        .map(|port| format!("ListenStream=127.0.0.1:{port}\nListenStream=[::1]:{port}\n"))
        .collect();
    format!(
        "{MARK}[Unit]\n\
         Description=Ports of wharf's router, for {}\n\
         Documentation=man:wharf-service(1)\n\
         \n\
         [Socket]\n\
         {listen}\
         BindIPv6Only=ipv6-only\n\
         # Also where IPv6 is switched off.\n\
         FreeBind=yes\n\
         Backlog=4096\n\
         # Whoever asks while there is no daemon is turned away by the service, as often as need be.\n\
         TriggerLimitIntervalSec=0\n\
         \n\
         [Install]\n\
         WantedBy=sockets.target\n",
        name(account)
    )
}

/// Returns the unit that hands the ports to the daemon of `account`.
///
/// # Errors
/// As [`daemon_service`].
pub fn ports_service(account: &Account, program: &Path) -> Result<String, String> {
    let (program, uid) = (quoted(program)?, account.uid);
    Ok(format!(
        "{MARK}[Unit]\n\
         Description=Ports of wharf's router, handed to the daemon of {}\n\
         Documentation=man:wharf-service(1)\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={program} daemon adopt-ports\n\
         User={uid}\n\
         Environment=XDG_RUNTIME_DIR=/run/user/{uid}\n\
         # A daemon that it has started goes on.\n\
         KillMode=process\n\
         UMask=0077\n\
         {HARDENING}",
        name(account)
    ))
}

/// Returns the setting that lets everybody open ports from `start` on, where it was `before`.
#[must_use]
pub fn port_start(start: u16, before: u16) -> String {
    format!("{MARK}{BEFORE}{before}\nnet.ipv4.ip_unprivileged_port_start = {start}\n")
}

/// Returns what the setting was before, as its text tells.
#[must_use]
pub fn port_start_before(text: &str) -> Option<u16> {
    text.lines().find_map(|line| line.strip_prefix(BEFORE)?.trim().parse().ok())
}

/// What a user may be called is not for a unit to read.
fn name(account: &Account) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if account.name.chars().all(is_plain) { account.name.clone() } else { format!("user {}", account.uid) }
}

/// Returns a path as one word of ExecStart=, systemd.service(5) "Command lines".
fn quoted(path: &Path) -> Result<String, String> {
    let text = path.to_str().filter(|text| text.starts_with('/') && !text.contains(char::is_control));
    let text = text.ok_or_else(|| format!("{path:?} cannot stand in a unit: move the program elsewhere"))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.+@".contains(c);
    if text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    Ok(format!("\"{text}\""))
}

const BEFORE: &str = "# It was ";

const HARDENING: &str = "\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{daemon_service, name, port_start, port_start_before, ports_service, ports_socket};
    use crate::account::Account;

    fn alice() -> Account {
        Account { name: "alice".to_owned(), uid: 1000, gid: 1000, home: "/home/alice".into() }
    }

    #[test]
    fn a_program_may_lie_anywhere() {
        let line = |path: &str| {
            let text = daemon_service(Path::new(path)).unwrap();
            text.lines().find_map(|line| line.strip_prefix("ExecStart=").map(str::to_owned)).unwrap()
        };
        assert_eq!(line("/home/alice/.cargo/bin/wharf"), "/home/alice/.cargo/bin/wharf daemon run");
        assert_eq!(line("/a b/%h/w\"x\\y"), "\"/a b/%%h/w\\\"x\\\\y\" daemon run");
        for bad in ["/a\nExecStart=/bin/sh", "wharf", "", "/a\u{7f}"] {
            assert!(daemon_service(Path::new(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_ports_are_of_loopback_and_the_service_is_the_users() {
        let socket = ports_socket(&alice());
        let listen: Vec<&str> =
            socket.lines().filter_map(|line| line.strip_prefix("ListenStream=")).collect();
        assert_eq!(listen, ["127.0.0.1:443", "[::1]:443", "127.0.0.1:80", "[::1]:80"]);
        let service = ports_service(&alice(), Path::new("/usr/bin/wharf")).unwrap();
        assert!(service.contains("\nUser=1000\n") && service.contains("\nCapabilityBoundingSet=\n"));
        assert_eq!(name(&Account { name: "a\nb".to_owned(), ..alice() }), "user 1000");
    }

    #[test]
    fn the_setting_tells_what_was_before() {
        assert_eq!(port_start_before(&port_start(80, 1024)), Some(1024));
        assert_eq!(port_start_before("net.ipv4.ip_unprivileged_port_start = 80\n"), None);
    }
}
