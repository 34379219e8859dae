//! What the host name leads to. Not here: what that means.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use wharf_os::examine::names::{HostsSeen, files};

use super::Context;
use crate::facts::names::is_localhost;
use crate::facts::{Facts, Reached};
use crate::question::View;

/// Finds the addresses that a client would try.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(target) = facts.target().cloned() else { return };
    let (Some(host), Some(port)) = (target.host(), target.port()) else { return };
    if let Some(address) = target.address() {
        facts.addresses = vec![SocketAddr::new(connected_to(address), port)];
        return;
    }
    facts.names.host = Some(host.to_owned());
    facts.names.files = Some(files(&root(context.question.view), host));
    match by_file_of_another(facts, context.question.view) {
        Some(addresses) => facts.names.addresses = addresses,
        None => resolve(facts, host, context.left().mul_f32(SHARE)),
    }
    let addresses = match facts.names.addresses.as_slice() {
        // What browsers and curl(1) do by themselves.
        [] if is_localhost(host) => {
            vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        }
        found => found.to_vec(),
    };
    facts.addresses =
        addresses.into_iter().map(|address| SocketAddr::new(connected_to(address), port)).collect();
    at_home(facts, context, port);
}

/// Asks getaddrinfo(3), in a thread of its own: a nameserver that does not answer takes ten seconds and more.
fn resolve(facts: &mut Facts, host: &str, patience: Duration) {
    let (sender, answer) = channel();
    let asked = host.to_owned();
    let thread = thread::Builder::new().name("resolve".to_owned()).stack_size(STACK_BYTES);
    let started = thread.spawn(move || {
        // Nobody may be waiting any more.
        let _ = sender.send((asked.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    });
    let answered = match started {
        Ok(_) => answer.recv_timeout(patience),
        Err(error) => Ok(Err(error)),
    };
    let names = &mut facts.names;
    match answered {
        Ok(Ok(addresses)) => {
            for address in addresses.iter().map(SocketAddr::ip) {
                if !names.addresses.contains(&address) {
                    names.addresses.push(address);
                }
            }
        }
        Ok(Err(error)) => names.error = Some(error.to_string()),
        Err(_) => {
            names.timed_out = true;
            names.error = Some(format!("no answer within {} ms", patience.as_millis()));
        }
    }
}

/// Returns what the hosts file of another process says, where that is not this process's own.
fn by_file_of_another(facts: &Facts, view: View) -> Option<Vec<IpAddr>> {
    let View::Process(pid) = view else { return None };
    let own = std::fs::read("/etc/hosts").ok();
    let theirs = std::fs::read(format!("/proc/{pid}/root/etc/hosts")).ok()?;
    if own.as_deref() == Some(&theirs) {
        return None;
    }
    let addresses: Vec<IpAddr> = facts.names.lines().filter_map(|line| line.address).collect();
    (!addresses.is_empty()).then_some(addresses)
}

/// Returns where connect(2) goes: the wildcard address means loopback, ip(7).
fn connected_to(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

/// Sees who listens at the usual addresses of this machine, where the name does not lead there.
fn at_home(facts: &mut Facts, context: &Context<'_>, port: u16) {
    let named = facts.names.lines().next().is_some()
        || matches!(facts.names.files.as_ref().map(|files| &files.hosts), Some(HostsSeen::Unread(_)));
    if !named && !facts.names.is_localhost() {
        return;
    }
    for home in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let address = SocketAddr::new(home, port);
        if facts.addresses.contains(&address) {
            continue;
        }
        if let Ok(socket) = context.os.sockets.listener_at(address) {
            facts.names.at_home.push(Reached { address, socket });
        }
    }
}

fn root(view: View) -> PathBuf {
    match view {
        View::Process(pid) => format!("/proc/{pid}/root").into(),
        _ => "/".into(),
    }
}

/// Part of the time that a name may take: the rest is for connections.
const SHARE: f32 = 0.6;
const STACK_BYTES: usize = 256 * 1024;
