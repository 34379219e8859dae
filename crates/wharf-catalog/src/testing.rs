//! Fixtures for the rules of this crate.

use std::net::SocketAddr;

use wharf_model::connection::TcpState;
use wharf_model::endpoint::{Endpoint, Protocol};
use wharf_os::facts::SocketFacts;
use wharf_os::fake::World;

use crate::request::Request;
use crate::survey::survey;

/// A TCP listener of uid 1000 with nothing waiting.
pub(crate) fn listener(address: &str, inode: u64) -> SocketFacts {
    let local: SocketAddr = address.parse().expect("a test's own address");
    let remote = if local.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    SocketFacts {
        protocol: Protocol::Tcp,
        state: TcpState::Listen,
        local,
        remote: remote.parse().expect("a constant"),
        inode,
        cookie: Some(inode + 1000),
        uid: 1000,
        receive_queue: 0,
        send_queue: 511,
        device: None,
        v6_only: local.is_ipv6().then_some(!local.ip().is_unspecified()),
        cgroup_id: None,
    }
}

/// An established connection.
pub(crate) fn connection(local: &str, remote: &str, inode: u64) -> SocketFacts {
    SocketFacts {
        state: TcpState::Established,
        remote: remote.parse().expect("a test's own address"),
        ..listener(local, inode)
    }
}

/// What a survey of `world` finds, by default.
pub(crate) fn endpoints(world: World) -> Vec<Endpoint> {
    survey(&world.os(), &Request::default()).expect("a world lists its sockets").endpoints
}
