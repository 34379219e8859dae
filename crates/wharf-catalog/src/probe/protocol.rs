//! The protocols that wharf can open, one row each, and what may be heard unasked.

use std::net::SocketAddr;

use super::finding::Finding;
use super::{amqp, databases, dns, greeting, http, http2, ldap, line, mqtt, tls, windows};

/// A protocol whose client speaks first.
#[derive(Debug)]
pub(super) struct Protocol {
    /// Name on the wire, as in `Service::protocol`.
    pub(super) name: &'static str,
    /// Ports at which it is the first guess.
    pub(super) ports: &'static [u16],
    /// The safe first words; the number is random.
    pub(super) opening: fn(u64) -> Vec<u8>,
    /// Whether an answer is whole.
    pub(super) is_complete: fn(&[u8]) -> bool,
    /// What an answer means; the number is that of the opening.
    pub(super) read: fn(&[u8], u64) -> Option<Finding>,
}

/// Something to say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Say {
    /// Nothing: the server speaks first.
    Nothing,
    /// An HTTP request for this path.
    Http(&'static str),
    /// The opening of a protocol.
    Open(&'static Protocol),
}

impl Say {
    pub(super) fn opening(self, address: SocketAddr, nonce: u64) -> Vec<u8> {
        match self {
            Say::Nothing => Vec::new(),
            Say::Http(path) => http::request(address, path),
            Say::Open(protocol) => (protocol.opening)(nonce),
        }
    }

    pub(super) fn is_complete(self, answer: &[u8]) -> bool {
        let own = match self {
            Say::Nothing | Say::Http(_) => false,
            Say::Open(protocol) => (protocol.is_complete)(answer),
        };
        own || http::response::is_complete(answer) || greeting::is_complete(answer)
    }

    pub(super) fn read(self, answer: &[u8], nonce: u64) -> Option<Finding> {
        match self {
            Say::Nothing => None,
            Say::Http(path) => http::read(path, answer),
            Say::Open(protocol) => (protocol.read)(answer, nonce),
        }
    }
}

/// Returns what an answer means whatever was said before it: a greeting, or the reproach of a server that
/// heard another protocol than its own.
pub(super) fn unasked(answer: &[u8], port: u16) -> Option<Finding> {
    greeting::read(answer, port)
        .or_else(|| http2::read(answer, 0))
        .or_else(|| http::read("/", answer))
        .or_else(|| tls::read_alert(answer))
        .or_else(|| line::reproach(answer))
        .or_else(|| amqp::read(answer, 0))
}

/// Returns the protocol of that name, if it can be opened.
pub(super) fn by_name(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.name == name)
}

/// Returns the protocol that is the first guess at `port`.
pub(super) fn by_port(port: u16) -> Option<&'static Protocol> {
    PROTOCOLS.iter().find(|protocol| protocol.ports.contains(&port))
}

const fn row(
    name: &'static str,
    ports: &'static [u16],
    opening: fn(u64) -> Vec<u8>,
    is_complete: fn(&[u8]) -> bool,
    read: fn(&[u8], u64) -> Option<Finding>,
) -> Protocol {
    Protocol { name, ports, opening, is_complete, read }
}

/// Every protocol that wharf can open but HTTP. JDWP is absent on purpose: its handshake lets a debugger in.
#[rustfmt::skip]
pub(super) static PROTOCOLS: &[Protocol] = &[
    row("tls",        &[443, 465, 636, 853, 989, 990, 992, 993, 995, 2376, 5671, 6443, 8443, 8883, 9443, 10250], tls::opening, tls::is_complete, tls::read),
    row("postgresql", &[5432, 5433, 6432, 26257], databases::postgresql::opening, databases::postgresql::is_complete, databases::postgresql::read),
    row("redis",      &[6379, 6380, 16379, 26379], line::redis_opening, line::is_complete, line::redis_read),
    row("memcached",  &[11211],          line::memcached_opening, line::is_complete, line::memcached_read),
    row("beanstalkd", &[11300],          line::beanstalkd_opening, line::beanstalkd_is_complete, line::beanstalkd_read),
    row("mqtt",       &[1883],           mqtt::opening, mqtt::is_complete, mqtt::read),
    row("amqp",       &[5672],           amqp::opening, amqp::is_complete, amqp::read),
    row("mongodb",    &[27017, 27018, 27019], databases::mongodb::opening, databases::mongodb::is_complete, databases::mongodb::read),
    row("mssql",      &[1433],           databases::mssql::opening, databases::mssql::is_complete, databases::mssql::read),
    row("cassandra",  &[9042],           databases::cassandra::opening, databases::cassandra::is_complete, databases::cassandra::read),
    row("kafka",      &[9092, 9093, 19092, 29092], databases::kafka::opening, databases::kafka::is_complete, databases::kafka::read),
    row("bolt",       &[7687],           databases::bolt::opening, databases::bolt::is_complete, databases::bolt::read),
    row("ldap",       &[389],            ldap::opening, ldap::is_complete, ldap::read),
    row("smb",        &[445],            windows::smb_opening, windows::smb_is_complete, windows::smb_read),
    row("rdp",        &[3389],           windows::rdp_opening, windows::rdp_is_complete, windows::rdp_read),
    row("rtsp",       &[554, 8554],      line::rtsp_opening, line::rtsp_is_complete, line::rtsp_read),
    row("dns",        &[53],             dns::opening, dns::is_complete, dns::read),
    row("rmi",        &[1099],           databases::rmi::opening, databases::rmi::is_complete, databases::rmi::read),
    row("grpc",       &[50051],          http2::opening, http2::is_complete, http2::read),
];
