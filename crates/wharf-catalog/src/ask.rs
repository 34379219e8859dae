//! Which endpoints a probe asks, and where: TCP listeners of wharf's own network namespace, by an address at
//! which they hear loopback. What is asked, and what answers mean, is in [`crate::probe`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wharf_model::endpoint::{Endpoint, EndpointState, Protocol};
use wharf_model::process::ProcessState;
use wharf_os::Os;

use crate::probe::{PORT_LIMIT, Target, probe};

/// Asks every endpoint that can be asked what speaks there, all at once, and fills in what was told.
pub fn services<'a>(os: &Os, endpoints: impl IntoIterator<Item = &'a mut Endpoint>) {
    let mut asked: Vec<(&mut Endpoint, Target)> = endpoints
        .into_iter()
        .filter_map(|endpoint| {
            let address = address(endpoint).filter(|&address| !leads_elsewhere(os, endpoint, address))?;
            let target = Target { address, looked: endpoint.service.clone() };
            Some((endpoint, target))
        })
        .collect();
    let targets: Vec<Target> = asked.iter().map(|(_, target)| target.clone()).collect();
    let told = probe(&*os.dialer, &targets, PORT_LIMIT);
    for ((endpoint, _), service) in asked.iter_mut().zip(told) {
        if service.is_some() {
            endpoint.service = service;
        }
    }
}

/// Returns where the endpoint is asked; `None` where it cannot be, or would not answer.
fn address(endpoint: &Endpoint) -> Option<SocketAddr> {
    let halted = endpoint.owner.lead().is_some_and(|lead| {
        matches!(
            lead.state,
            ProcessState::Stopped | ProcessState::Traced | ProcessState::Frozen | ProcessState::Zombie
        )
    });
    let listens = endpoint.protocol == Protocol::Tcp && endpoint.state == EndpointState::Listening;
    if !listens || !endpoint.netns.own || halted {
        return None;
    }
    let reachable = match *endpoint.addresses.first()? {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    Some(SocketAddr::new(reachable, endpoint.port))
}

/// Whether a connection to `address` would reach another listener: one at that very address takes it from a
/// wildcard, and from one that is bound to a device.
fn leads_elsewhere(os: &Os, endpoint: &Endpoint, address: SocketAddr) -> bool {
    let own = |inode: u64| endpoint.listeners.iter().any(|listener| listener.inode == Some(inode));
    matches!(os.sockets.listener_at(address), Ok(Some(socket)) if !own(socket.inode))
}

#[cfg(test)]
mod tests {
    use wharf_model::endpoint::Endpoint;
    use wharf_os::fake::{World, process};

    use crate::request::Request;
    use crate::survey::survey;
    use crate::testing::listener;

    fn asked(world: World) -> Vec<Endpoint> {
        let os = world.os();
        let mut endpoints = survey(&os, &Request::default()).unwrap().endpoints;
        super::services(&os, &mut endpoints);
        endpoints
    }

    fn redis_at(address: &str) -> World {
        World {
            sockets: vec![listener(address, 1)],
            processes: vec![process(7, 1, "something")],
            holds: vec![(1, 7, 3)],
            answers: [(7000, b"+PONG\r\n".to_vec())].into(),
            ..World::default()
        }
    }

    #[test]
    fn a_wildcard_listener_is_asked_at_its_loopback_address() {
        for address in ["127.0.0.1:7000", "0.0.0.0:7000", "[::]:7000"] {
            let endpoints = asked(redis_at(address));
            assert_eq!(endpoints[0].service.as_ref().unwrap().id, "redis", "{address}");
        }
    }

    #[test]
    fn a_wildcard_is_not_given_the_answer_of_the_listener_at_the_asked_address() {
        let mut world = redis_at("127.0.0.1:7000");
        world.sockets.push(listener("0.0.0.0:7000", 2));
        world.processes.push(process(8, 1, "stranger"));
        world.holds.push((2, 8, 3));
        let endpoints = asked(world);
        let service = |pid: u32| {
            let mut all = endpoints.iter();
            let one = all.find(|endpoint| endpoint.owner.lead().is_some_and(|lead| lead.pid == pid));
            one.unwrap().service.as_ref().map(|service| service.id.as_str())
        };
        assert_eq!((service(7), service(8)), (Some("redis"), None));
    }

    #[test]
    fn a_stopped_server_is_not_asked() {
        let mut world = redis_at("127.0.0.1:7000");
        world.processes[0].state = wharf_model::process::ProcessState::Stopped;
        assert_eq!(asked(world)[0].service, None);
    }
}
