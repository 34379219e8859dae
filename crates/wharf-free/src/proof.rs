//! The proof: the very address is bound, as servers do it, and then watched that nothing takes it again.
//!
//! Not here: who took it ([`crate::flow`]).

use std::thread;
use std::time::{Duration, Instant};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_os::Os;
use wharf_os::facts::SocketQuery;

use crate::facts::Facts;
use crate::gather::refused;
use crate::target::keeps_from;

/// Returns whether a server could bind the addresses now, and no socket is bound that it would share them with.
pub(crate) fn is_free(os: &Os, facts: &Facts) -> bool {
    let in_use = || refused(os, facts).iter().any(|(_, errno)| errno == "EADDRINUSE");
    // The cheaper question first.
    (facts.protocol == Protocol::Udp || !in_use())
        && !is_taken(os, facts, &[TcpState::Listen, TcpState::Bound])
}

/// Watches for a while whether something takes it again; returns whether it does.
pub(crate) fn is_taken_again(os: &Os, facts: &Facts, stop: &dyn Fn() -> bool) -> bool {
    let end = Instant::now() + WATCH;
    while Instant::now() < end && !stop() {
        if is_taken(os, facts, &[TcpState::Listen]) {
            return true;
        }
        thread::sleep(STEP);
    }
    // Who has only bound it will listen.
    is_taken(os, facts, &[TcpState::Listen, TcpState::Bound])
}

fn is_taken(os: &Os, facts: &Facts, states: &[TcpState]) -> bool {
    let udp = facts.protocol == Protocol::Udp;
    let mut ports: Vec<u16> = facts.addresses.iter().map(std::net::SocketAddr::port).collect();
    ports.dedup();
    ports.into_iter().any(|port| {
        let query = SocketQuery {
            protocols: vec![facts.protocol],
            states: if udp { vec![TcpState::Closed] } else { states.to_vec() },
            local_port: Some(port),
            remote_port: None,
        };
        let Ok(sockets) = os.sockets.list(None, &query) else { return false };
        sockets.value.iter().any(|socket| keeps_from(&facts.addresses, socket.local, socket.v6_only))
    })
}

/// How long it is watched.
pub(crate) const WATCH: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);
