//! Interfaces of the network namespace with their addresses, and what may drop packets on them: queueing disciplines,
//! filters, XDP; rtnetlink(7), `linux/if_link.h`, `linux/pkt_sched.h`.
//!
//! Not here: routes (`routes`).

use std::io;
use std::net::IpAddr;

use wharf_sys::linux::netlink::{Message, Netlink, Protocol, attributes};

use super::nftables::text;
use super::routes::ip;

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Number.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Whether it is up.
    pub is_up: bool,
    /// Whether it is the loopback interface.
    pub is_loopback: bool,
    /// Id of the XDP program on it.
    pub xdp: Option<u32>,
    /// Its addresses, with the length of their networks.
    pub addresses: Vec<(IpAddr, u8)>,
}

impl Link {
    /// Returns whether `address` is in one of its networks; on loopback each of them is one's own.
    #[must_use]
    pub fn covers(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|(own, length)| super::routes::is_within(address, *own, *length))
    }
}

/// Returns the interfaces of this network namespace.
///
/// # Errors
/// What netlink said.
pub fn list() -> io::Result<Vec<Link>> {
    let mut route = Netlink::open(Protocol::Route, 0)?;
    let mut links: Vec<Link> = Vec::new();
    route.ask(&mut Message::new(GET_LINK, &[0; 16]), true, |_, body| links.extend(link(body)))?;
    route.ask(&mut Message::new(GET_ADDRESS, &[0; 8]), true, |_, body| {
        if let Some((index, address, length)) = address(body)
            && let Some(link) = links.iter_mut().find(|link| link.index == index)
        {
            link.addresses.push((address, length));
        }
    })?;
    Ok(links)
}

fn link(body: &[u8]) -> Option<Link> {
    let number = |at: usize| body.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let flags = number(8)?;
    let mut link = Link {
        index: number(4)?,
        is_up: flags & UP != 0,
        is_loopback: flags & LOOPBACK != 0,
        ..Link::default()
    };
    for (kind, value) in attributes(body, 16) {
        match kind {
            LINK_NAME => link.name = text(value),
            LINK_XDP => {
                let program = attributes(value, 0).find(|(kind, _)| *kind == XDP_PROGRAM);
                link.xdp = program.and_then(|(_, id)| id.try_into().ok()).map(u32::from_ne_bytes);
            }
            _ => {}
        }
    }
    Some(link)
}

fn address(body: &[u8]) -> Option<(u32, IpAddr, u8)> {
    let length = *body.get(1)?;
    let index = body.get(4..8)?.try_into().ok().map(u32::from_ne_bytes)?;
    let of = |kind| attributes(body, 8).find(|(own, _)| *own == kind).and_then(|(_, value)| ip(value));
    // Between two points IFA_ADDRESS is the other end.
    Some((index, of(ADDRESS_LOCAL).or_else(|| of(ADDRESS))?, length))
}

/// A queueing discipline, and how many packets it has dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Number of its interface.
    pub link: u32,
    /// Name of its interface.
    pub device: String,
    /// What it is: `clsact`, `tbf`.
    pub kind: String,
    /// Its handle, as tc(8) writes it.
    pub handle: String,
    /// Packets that it dropped.
    pub drops: u32,
}

/// Returns the queueing disciplines of this network namespace; none where they cannot be read.
#[must_use]
pub fn queues() -> Vec<Queue> {
    let mut queues = Vec::new();
    if let Ok(mut route) = Netlink::open(Protocol::Route, 0) {
        // What was read before an error is still of use.
        let _ = route.ask(&mut Message::new(GET_QUEUE, &[0; 20]), true, |_, body| queues.extend(queue(body)));
    }
    queues
}

/// Returns the queueing disciplines that have dropped packets since `before`, with how many.
#[must_use]
pub fn dropped_since(before: &[Queue]) -> Vec<Queue> {
    let mut queues = queues();
    queues.retain_mut(|now| {
        let same =
            |then: &&Queue| (then.link, &then.handle, &then.kind) == (now.link, &now.handle, &now.kind);
        now.drops = now.drops.saturating_sub(before.iter().find(same).map_or(0, |then| then.drops));
        now.drops > 0
    });
    if !queues.is_empty() {
        let links = list().unwrap_or_default();
        for queue in &mut queues {
            let link = links.iter().find(|link| link.index == queue.link);
            queue.device = link.map(|link| link.name.clone()).unwrap_or_default();
        }
    }
    queues
}

fn queue(body: &[u8]) -> Option<Queue> {
    let number = |at: usize| body.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
    let (link, handle) = (number(4)?, number(8)?);
    let (mut kind, mut drops) = (String::new(), None);
    for (attribute, value) in attributes(body, 20) {
        match attribute {
            QUEUE_KIND => kind = text(value),
            QUEUE_STATISTICS => {
                let counted = attributes(value, 0).find(|(kind, _)| *kind == STATISTICS_QUEUE);
                // struct gnet_stats_queue: qlen, backlog, drops
                drops =
                    counted.and_then(|(_, value)| value.get(8..12)?.try_into().ok()).map(u32::from_ne_bytes);
            }
            _ => {}
        }
    }
    let handle = format!("{:x}:", handle >> 16);
    Some(Queue { link, device: String::new(), kind, handle, drops: drops? })
}

const GET_LINK: u16 = 18;
const GET_ADDRESS: u16 = 22;
const GET_QUEUE: u16 = 38;
const LINK_NAME: u16 = 3;
const LINK_XDP: u16 = 43;
const XDP_PROGRAM: u16 = 4;
const ADDRESS: u16 = 1;
const ADDRESS_LOCAL: u16 = 2;
const QUEUE_KIND: u16 = 1;
const QUEUE_STATISTICS: u16 = 7;
const STATISTICS_QUEUE: u16 = 3;
const UP: u32 = 1;
const LOOPBACK: u32 = 8;

#[cfg(test)]
mod tests {
    use super::{address, link, list, queue};

    #[test]
    fn loopback_is_listed_with_its_addresses() {
        let links = list().unwrap();
        let lo = links.iter().find(|link| link.is_loopback).unwrap();
        assert_eq!((lo.name.as_str(), lo.index), ("lo", 1));
        if lo.is_up {
            assert!(lo.covers("127.0.0.1".parse().unwrap()));
        }
        assert!(!lo.covers("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        proptest::proptest!(|(body: Vec<u8>)| {
            let _ = (link(&body), address(&body), queue(&body));
        });
    }
}
