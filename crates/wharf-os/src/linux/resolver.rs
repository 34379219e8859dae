//! Whether a name leads to this machine already: asked of the resolver itself, and by whom it is answered: nsswitch.conf(5),
//! nss-resolve(8), nss-myhostname(8).
//!
//! Not here: /etc/hosts ([`crate::hosts`]).

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::launch::Launch;

/// Returns whether `name` leads to loopback and nowhere else, as a program of this machine sees it. That nobody answers
/// in time is a no.
#[must_use]
pub fn leads_here(name: &str) -> bool {
    let (send, receive) = mpsc::channel();
    let asked = name.to_owned();
    // A name server that is not reached is asked for longer than anybody would wait.
    thread::spawn(move || {
        let found: Vec<SocketAddr> =
            (asked.as_str(), 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
        send.send(is_here(&found) || by_the_systems_library(&asked))
    });
    receive.recv_timeout(PATIENCE).unwrap_or(false)
}

/// Returns who of nsswitch.conf answers for names below `localhost`, if one does whose module is there.
#[must_use]
pub fn answers_localhost() -> Option<&'static str> {
    let text = fs::read_to_string("/etc/nsswitch.conf").ok()?;
    let folders: Vec<_> = ["/lib", "/usr/lib"]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .chain(["/lib", "/usr/lib", "/lib64", "/usr/lib64"].map(Into::into))
        .collect();
    let has = |module: &str| folders.iter().any(|folder| Path::new(folder).join(module).exists());
    services(&text).find_map(|service| {
        let (_, module, name) = MODULES.iter().find(|(known, _, _)| *known == service)?;
        has(module).then_some(*name)
    })
}

fn is_here(found: &[SocketAddr]) -> bool {
    !found.is_empty() && found.iter().all(|at| at.ip().to_canonical().is_loopback())
}

/// Asks by getent(1): a wharf that is linked to another C library than the programs here does not load their modules.
fn by_the_systems_library(name: &str) -> bool {
    if answers_localhost().is_none() {
        return false;
    }
    let arguments = ["hosts", name].map(Into::into).to_vec();
    let launch = Launch { program: "getent".into(), arguments, environment: Vec::new() };
    let output = launch.command().stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let found: Option<Vec<SocketAddr>> = text
        .lines()
        .map(|line| Some(SocketAddr::new(line.split_whitespace().next()?.parse().ok()?, 0)))
        .collect();
    found.is_some_and(|found| is_here(&found))
}

/// Returns the services that nsswitch.conf names for hosts, in their order.
fn services(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let hosts = lines.filter_map(|line| line.trim().strip_prefix("hosts:")).next().unwrap_or_default();
    let mut is_action = false;
    hosts.split_whitespace().filter(move |word| {
        let is_within = is_action || word.starts_with('[');
        is_action = is_within && !word.ends_with(']');
        !is_within
    })
}

/// Services that answer for every name below localhost, their modules and what they are called.
const MODULES: [(&str, &str, &str); 2] = [
    ("resolve", "libnss_resolve.so.2", "systemd-resolved (nss-resolve)"),
    ("myhostname", "libnss_myhostname.so.2", "nss-myhostname"),
];
/// How long an answer is waited for: one from this machine takes some ms.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::{is_here, leads_here, services};

    #[test]
    fn the_services_for_hosts_are_named_in_their_order() {
        let text = "passwd: files\n# hosts: dns\nhosts:  mymachines resolve [!UNAVAIL=return] files myhostname [ SUCCESS = return ] dns # x\n";
        let found: Vec<&str> = services(text).collect();
        assert_eq!(found, ["mymachines", "resolve", "files", "myhostname", "dns"]);
        assert_eq!(services("hosts:").count() + services("").count(), 0);
    }

    #[test]
    fn only_loopback_alone_is_here() {
        let at = |texts: &[&str]| -> Vec<std::net::SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert!(is_here(&at(&["127.0.0.1:0", "[::1]:0"])));
        assert!(!is_here(&at(&["127.0.0.1:0", "192.0.2.1:0"])));
        assert!(!is_here(&[]));
        assert!(leads_here("127.0.0.1"));
    }
}
