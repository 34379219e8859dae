//! The way that the kernel would take to an address: its answer, rules of routing that deny one, and routes that do;
//! rtnetlink(7), `linux/rtnetlink.h`, `linux/fib_rules.h`.
//!
//! Not here: interfaces (`links`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wharf_sys::linux::netlink::{Message, Netlink, Protocol, attributes};

use super::errno::Errno;

/// What the kernel says of the way to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The address.
    pub to: IpAddr,
    /// The route, or the error that connect(2) would see.
    pub route: Result<Route, Errno>,
    /// Rules that deny all that they are for, and may be for this address, in the order in which they are asked.
    pub denying_rules: Vec<DenyingRule>,
    /// Routes that deny, and are for this address.
    pub denying_routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// RTN_*: 1 unicast, 2 local, 6 blackhole, 7 unreachable, 8 prohibit.
    pub kind: u8,
    /// Network that it is for; `None` for all.
    pub to: Option<(IpAddr, u8)>,
    /// Number of its table.
    pub table: u32,
    /// Gateway.
    pub gateway: Option<IpAddr>,
    /// Number of the interface.
    pub link: Option<u32>,
    /// Own address.
    pub source: Option<IpAddr>,
}

/// A rule of routing that denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyingRule {
    /// Order in which it is asked.
    pub preference: u32,
    /// What it says: 6 blackhole, 7 unreachable, 8 prohibit.
    pub action: u8,
    /// For packets to.
    pub to: Option<(IpAddr, u8)>,
    /// For packets from.
    pub from: Option<(IpAddr, u8)>,
    /// Users whose packets it is for.
    pub users: Option<(u32, u32)>,
    /// Whether it has a condition that is not read: a mark, an interface.
    pub is_partly_read: bool,
}

/// A kind of route, where packets are local.
pub const LOCAL: u8 = 2;

impl Route {
    /// Returns what kind of route it is, as ip-route(8) writes it.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        kind_name(self.kind)
    }

    /// Returns the name of its table, as ip-route(8) writes it.
    #[must_use]
    pub fn table_name(&self) -> String {
        match self.table {
            253 => "default".to_owned(),
            254 => "main".to_owned(),
            255 => "local".to_owned(),
            number => number.to_string(),
        }
    }
}

/// Returns a kind of routes, or an action of rules, by its name.
#[must_use]
pub fn kind_name(kind: u8) -> &'static str {
    match kind {
        1 => "unicast",
        LOCAL => "local",
        6 => "blackhole",
        7 => "unreachable",
        8 => "prohibit",
        9 => "throw",
        _ => "other",
    }
}

/// Asks for the way to `to`, for packets of user `uid`.
///
/// # Errors
/// What netlink said of other than the way itself.
pub fn way(to: IpAddr, uid: u32) -> io::Result<Way> {
    let mut netlink = Netlink::open(Protocol::Route, 0)?;
    let mut found =
        Way { to, route: Ok(Route::default()), denying_rules: Vec::new(), denying_routes: Vec::new() };
    let mut request =
        header(GET_ROUTE, to, length_of(to)).attribute(TO, &octets(to)).attribute(USER, &uid.to_ne_bytes());
    let mut route = None;
    match netlink.ask(&mut request, false, |_, body| route = read_route(body)) {
        Ok(()) => found.route = Ok(route.unwrap_or_default()),
        Err(error) => found.route = Err(Errno::of(&error).unwrap_or(Errno::INVAL)),
    }
    // For IPv6 the kernel answers with the route that denies.
    let is_denied = found.route.as_ref().map_or(true, |route| DENYING.contains(&route.kind));
    if !is_denied {
        return Ok(found);
    }
    netlink.ask(&mut header(GET_RULE, to, 0), true, |_, body| {
        found.denying_rules.extend(read_rule(body).filter(|rule| is_for(rule, to, uid)));
    })?;
    let mut listed = 0;
    netlink.ask(&mut header(GET_ROUTE, to, 0), true, |_, body| {
        listed += 1;
        let denies = |route: &Route| {
            DENYING.contains(&route.kind)
                && route.to.is_none_or(|(network, length)| is_within(to, network, length))
        };
        if listed < ROUTES_AT_MOST {
            found.denying_routes.extend(read_route(body).filter(denies));
        }
    })?;
    // The narrowest is the one that is taken.
    found.denying_routes.sort_by_key(|route| std::cmp::Reverse(route.to.map_or(0, |(_, length)| length)));
    found.denying_rules.sort_by_key(|rule| rule.preference);
    Ok(found)
}

fn is_for(rule: &DenyingRule, to: IpAddr, uid: u32) -> bool {
    DENYING.contains(&rule.action)
        && rule.to.is_none_or(|(network, length)| is_within(to, network, length))
        && rule.users.is_none_or(|(first, last)| (first..=last).contains(&uid))
        // A client leaves its own address open, and the rule is asked before one is chosen.
        && rule.from.is_none_or(|(_, length)| length == 0)
}

/// `struct rtmsg` and `struct fib_rule_hdr` are of one size, and family and length stand at one place.
fn header(kind: u16, to: IpAddr, length: u8) -> Message {
    let mut body = [0; ROUTE_HEADER];
    body[0] = if to.is_ipv4() { INET } else { INET6 };
    body[1] = length;
    Message::new(kind, &body)
}

fn read_route(body: &[u8]) -> Option<Route> {
    let length = *body.get(1)?;
    let mut route = Route { kind: *body.get(7)?, table: u32::from(*body.get(4)?), ..Route::default() };
    for (kind, value) in attributes(body, ROUTE_HEADER) {
        let number = || value.try_into().ok().map(u32::from_ne_bytes);
        match kind {
            TO => route.to = ip(value).map(|to| (to, length)),
            LINK => route.link = number(),
            GATEWAY => route.gateway = ip(value),
            SOURCE => route.source = ip(value),
            TABLE => route.table = number()?,
            _ => {}
        }
    }
    Some(route)
}

fn read_rule(body: &[u8]) -> Option<DenyingRule> {
    let (to_length, from_length) = (*body.get(1)?, *body.get(2)?);
    let mut rule = DenyingRule { action: *body.get(7)?, ..DenyingRule::default() };
    for (kind, value) in attributes(body, ROUTE_HEADER) {
        let number = |at: usize| value.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        match kind {
            TO => rule.to = ip(value).map(|to| (to, to_length)),
            FROM => rule.from = ip(value).map(|from| (from, from_length)),
            RULE_PREFERENCE => rule.preference = number(0)?,
            RULE_USERS => rule.users = number(0).zip(number(4)),
            RULE_IN | RULE_OUT => rule.is_partly_read = true,
            RULE_MARK => rule.is_partly_read |= number(0) != Some(0),
            _ => {}
        }
    }
    Some(rule)
}

/// Returns whether `address` is in the network of `length` bits that `network` is in.
pub(super) fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    };
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - u32::from(length.min(128))) };
    address.is_ipv4() == network.is_ipv4() && (bits(address) ^ bits(network)) & mask == 0
}

/// Reads an address of 4 or 16 bytes.
pub(super) fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).ok().map(|it| IpAddr::V4(Ipv4Addr::from(it)));
    v4.or_else(|| <[u8; 16]>::try_from(value).ok().map(|it| IpAddr::V6(Ipv6Addr::from(it))))
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn length_of(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

const ROUTES_AT_MOST: usize = 100_000;
/// Kinds of routes, and actions of rules, that deny.
const DENYING: [u8; 3] = [6, 7, 8];
const ROUTE_HEADER: usize = 12;
const INET: u8 = 2;
const INET6: u8 = 10;
const GET_ROUTE: u16 = 26;
const GET_RULE: u16 = 34;
const TO: u16 = 1;
const FROM: u16 = 2;
const LINK: u16 = 4;
const GATEWAY: u16 = 5;
const SOURCE: u16 = 7;
const TABLE: u16 = 15;
const USER: u16 = 25;
const RULE_IN: u16 = 3;
const RULE_PREFERENCE: u16 = 6;
const RULE_MARK: u16 = 10;
const RULE_OUT: u16 = 17;
const RULE_USERS: u16 = 20;

#[cfg(test)]
mod tests {
    use super::{LOCAL, is_within, read_route, read_rule, way};

    #[test]
    fn loopback_is_local() {
        let found = way("127.0.0.1".parse().unwrap(), 0).unwrap();
        // A machine whose lo is down has no such route.
        if let Ok(route) = found.route {
            assert_eq!((route.kind, route.kind_name()), (LOCAL, "local"));
        }
    }

    #[test]
    fn networks_hold_their_addresses() {
        let within = |address: &str, network: &str, length| {
            is_within(address.parse().unwrap(), network.parse().unwrap(), length)
        };
        assert!(within("127.5.5.5", "127.0.0.1", 8) && within("::1", "::", 0) && within("::1", "::1", 128));
        assert!(!within("128.0.0.1", "127.0.0.1", 8) && !within("::1", "0.0.0.0", 0));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        proptest::proptest!(|(body: Vec<u8>)| { let _ = (read_route(&body), read_rule(&body)); });
    }
}
