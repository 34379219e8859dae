//! Debian packages: which are missing, and installing them as root or by a sudo that asks nothing.
//!
//! Packages of servers start these servers when they are installed. Tests start their own, so the
//! install is told not to, by Debian's own means (`/usr/sbin/policy-rc.d`, only for its duration). That
//! a service is enabled for the next start of the machine is Debian's way too, and is only said.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::workspace;

/// Asked by maintainer scripts before they start a service; 101 forbids it.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs those of `packages` that are missing; returns what could not be had, as lines for people.
pub(crate) fn install(packages: &BTreeSet<String>) -> Vec<String> {
    if !workspace::in_path("dpkg-query") {
        let all: Vec<&str> = packages.iter().map(String::as_str).collect();
        return vec![format!("this is no Debian: see that these are there: {}", all.join(" "))];
    }
    let missing: Vec<&String> = packages.iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
    let Some(rights) = Rights::find() else {
        return vec![format!(
            "not root and no passwordless sudo: for all tests run: sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        )];
    };
    println!("installing Debian packages: {}", names.join(" "));
    println!(
        "services among them are not started now; systemctl disable those you do not want at the next boot"
    );
    let _quiet = Policy::forbid_starts(rights);
    let mut notes = Vec::new();
    if !workspace::quietly(rights.command("apt-get").args(["update", "-qq"])) {
        notes.push("apt-get update failed: no network, or no package lists".to_owned());
    }
    // One package that this release does not have must not cost all the others.
    if !apt_install(rights, &names) {
        let failed: Vec<&str> = names.into_iter().filter(|name| !apt_install(rights, &[name])).collect();
        if !failed.is_empty() {
            notes.push(format!("Debian packages that could not be installed: {}", failed.join(" ")));
        }
    }
    notes
}

/// How we may change the system.
#[derive(Clone, Copy)]
enum Rights {
    Root,
    Sudo,
}

impl Rights {
    fn find() -> Option<Self> {
        if workspace::is_root() {
            return Some(Self::Root);
        }
        workspace::quietly(Command::new("sudo").args(["--non-interactive", "true"])).then_some(Self::Sudo)
    }

    fn command(self, program: &str) -> Command {
        let mut command = match self {
            Self::Root => Command::new("env"),
            Self::Sudo => {
                let mut sudo = Command::new("sudo");
                sudo.args(["--non-interactive", "env"]);
                sudo
            }
        };
        command.args(["DEBIAN_FRONTEND=noninteractive", program]);
        command
    }
}

/// Forbids that an install starts services, until dropped. A policy that is there already stays.
struct Policy {
    rights: Option<Rights>,
}

impl Policy {
    fn forbid_starts(rights: Rights) -> Self {
        let script = format!("printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}");
        let is_ours =
            !Path::new(POLICY).exists() && workspace::quietly(rights.command("sh").args(["-c", &script]));
        Self { rights: is_ours.then_some(rights) }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if let Some(rights) = self.rights {
            workspace::quietly(rights.command("rm").args(["-f", POLICY]));
        }
    }
}

fn apt_install(rights: Rights, names: &[&str]) -> bool {
    let options = ["install", "--yes", "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"];
    workspace::quietly(rights.command("apt-get").args(options).args(names))
}

fn is_installed(package: &str) -> bool {
    let status =
        workspace::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]));
    status.is_ok_and(|status| status == "installed")
}
