//! What to say to a port, and in which order: pure rules on what was learned by looking and the number.
//!
//! Not here: the bytes (each protocol's file) and the connections (the engine above).

use std::time::Duration;

use wharf_model::place::Service;

use super::protocol::{self, Say};
use crate::service::{is_generic, table};

/// The steps for one port.
#[derive(Debug)]
pub(super) struct Plan {
    /// Whether each step listens before it speaks; false where the protocol is known to wait for its client.
    pub(super) listens_first: bool,
    /// One connection each, in order, until an answer means something.
    pub(super) steps: Vec<Step>,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What to say.
    pub(super) say: Say,
    /// How long to listen first.
    pub(super) patience: Duration,
    /// How long to stay in all.
    pub(super) wait: Duration,
}

impl Step {
    fn new(say: Say, wait: Duration) -> Self {
        Self { say, patience: Duration::ZERO, wait }
    }
}

impl Plan {
    /// Returns what to say to the TCP port `port`; nothing at all to what must be left alone.
    pub(super) fn of(looked: Option<&Service>, port: u16) -> Self {
        let id = looked.map_or("", |looked| looked.id.as_str());
        let spoken = looked.and_then(|looked| looked.protocol.as_deref()).unwrap_or_default();
        match spoken {
            "" if LEFT_ALONE.contains(&id) => Self { listens_first: false, steps: Vec::new() },
            "" => Self::of_unknown(looked, port),
            "http" | "ipp" => Self::of_http(id, port),
            "https" | "amqps" | "tls" => Self::only(protocol::by_name("tls").map(Say::Open)),
            _ if SERVER_FIRST.contains(&spoken) => Self::only(Some(Say::Nothing)),
            // What wharf has no safe words for is left alone; that holds for every debugger.
            _ => Self::only(protocol::by_name(spoken).map(Say::Open)),
        }
    }

    fn only(say: Option<Say>) -> Self {
        Self { listens_first: false, steps: say.map(|say| Step::new(say, WHOLE)).into_iter().collect() }
    }

    /// A server known to speak HTTP, or HTTP within TLS.
    fn of_http(id: &str, port: u16) -> Self {
        let path = super::http::first_path(id, port);
        let tls = protocol::by_name("tls").map(|tls| Step::new(Say::Open(tls), SHORT));
        let steps = std::iter::once(Step::new(Say::Http(path), LONG)).chain(tls).collect();
        Self { listens_first: false, steps }
    }

    /// A port of which nothing certain is known: listen, try what usually lives there, then the rest.
    fn of_unknown(looked: Option<&Service>, port: u16) -> Self {
        let vague = looked.is_none_or(|looked| is_generic(&looked.id) || table::is_forwarder(&looked.id));
        if looked.is_none_or(|looked| looked.id == "java") && DEBUGGER_PORTS.contains(&port) {
            return Self { listens_first: false, steps: Vec::new() };
        }
        if looked.is_none() && PRINTER_PORTS.contains(&port) {
            return Self::only(Some(Say::Nothing));
        }
        let known = looked.and_then(|looked| OPENED_BY.iter().find(|(id, _)| *id == looked.id));
        let usual = known.and_then(|(_, name)| protocol::by_name(name)).or_else(|| protocol::by_port(port));
        let mut steps: Vec<Step> =
            usual.map(|usual| Step::new(Say::Open(usual), SHORT)).into_iter().collect();
        steps.push(Step::new(Say::Http(super::http::first_path("", port)), HTTP));
        let others: &[&str] =
            if vague { &["tls", "redis", "postgresql", "mqtt", "memcached", "grpc"] } else { &["tls"] };
        let others = others.iter().filter(|name| usual.is_none_or(|usual| usual.name != **name));
        steps.extend(
            others.filter_map(|name| protocol::by_name(name)).map(|other| Step::new(Say::Open(other), SHORT)),
        );
        if let Some(first) = steps.first_mut() {
            first.patience = LISTEN;
            first.wait += LISTEN;
        }
        Self { listens_first: true, steps }
    }
}

/// Services of several protocols, and the one to try first whatever the port.
const OPENED_BY: &[(&str, &str)] = &[
    ("rabbitmq", "amqp"),
    ("cassandra", "cassandra"),
    ("scylladb", "cassandra"),
    ("neo4j", "bolt"),
    ("cockroachdb", "postgresql"),
    ("redpanda", "kafka"),
    ("emqx", "mqtt"),
    ("vernemq", "mqtt"),
];

/// Protocols whose server speaks first.
pub(super) const SERVER_FIRST: &[&str] =
    &["ssh", "ftp", "smtp", "pop3", "imap", "mysql", "nats", "rsync", "rfb", "telnet", "zmtp"];

/// Services with no fixed protocol that a stranger would disturb: debuggers, and listeners that take one client and end.
pub(super) const LEFT_ALONE: &[&str] =
    &["pydevd", "gdbserver", "lldb-server", "delve", "debugpy", "jdwp", "epmd", "netcat", "socat"];

/// Ports at which a Java debugger is usual: it takes one client, and no stranger's handshake.
const DEBUGGER_PORTS: &[u16] = &[5005, 8787];

/// Raw printer ports: what they hear, they print.
const PRINTER_PORTS: std::ops::RangeInclusive<u16> = 9100..=9107;

const WHOLE: Duration = super::PORT_LIMIT;
const LONG: Duration = Duration::from_millis(240);
const HTTP: Duration = Duration::from_millis(100);
const SHORT: Duration = Duration::from_millis(50);

/// Servers that speak first did so within 6 ms on an idle machine.
const LISTEN: Duration = Duration::from_millis(40);
