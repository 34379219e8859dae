//! A database's or broker's URL where something else listens.

use wharf_model::place::Service;

use super::tls_words::client;
use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::talk::database::End;
use crate::facts::talk::{H2Seen, Talk, shown};
use crate::facts::{Facts, who};
use crate::target::Scheme;

/// Another protocol is spoken there.
pub(super) const CAUSE: Cause = Cause {
    code: "wrong-protocol",
    group: Group::Protocols,
    layer: Layer::Protocol,
    title: "Another protocol is spoken there",
    symptom: "psql `expected authentication request from server, but received H`, mysql (2013) `Lost connection`, redis-cli `Protocol error`, MQTT and \
              AMQP clients that hang up.",
    evidence: "The server's bytes are those of another protocol than that of the URL; where they are of one that wharf knows, it is named.",
    fix: "Use the port of the server that is meant, or the scheme of the one that listens.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Some(scheme) = target.scheme.filter(|scheme| !scheme.is_http() && *scheme != Scheme::Tcp) else {
        return Opinion::Aside;
    };
    let bytes = match heard(facts) {
        Heard::Other(bytes) => bytes,
        Heard::Own => return ruled_out(format!("it speaks {}", scheme.name())),
        Heard::Unknown => return Opinion::Aside,
    };
    let (scheme, port) = (scheme.name(), target.port().unwrap_or_default());
    let known = known(facts);
    let text = match &known {
        Some((name, protocol)) if protocol == "http" => {
            format!("port {port} speaks HTTP ({name}), not {scheme}")
        }
        Some((name, _)) => format!("port {port} is {name}, which does not speak {scheme}"),
        None => format!("what listens at port {port} does not speak {scheme}"),
    };
    let finding = Finding::new(text);
    let finding = match (bytes, &facts.talk.plain, facts.endpoint()) {
        ([], Some(plain), _) => finding.saw(format!("plain {}", plain.asked), plain.line()),
        ([], None, Some(detail)) => finding.saw("listener", who(&detail.endpoint)),
        ([], None, None) => finding.saw(format!("answer to the first words of {scheme}"), "no words of it"),
        (bytes, ..) => finding.saw_not("first bytes", shown(bytes, 60), scheme),
    };
    let host = target.host().unwrap_or_default();
    let command = known.as_ref().and_then(|(_, protocol)| client(protocol, host, port));
    let finding = match command {
        Some(command) => finding.command("use its own client", command),
        None => finding,
    };
    finding.command("see where the server listens that is meant", "wharf ls").into()
}

/// Returns what speaks there, and the name of its protocol.
fn known(facts: &Facts) -> Option<(String, String)> {
    if let Some((name, protocol)) = facts.talk.speaks() {
        return Some((name, protocol.to_owned()));
    }
    if facts.talk.plain.is_some() {
        return Some(("an HTTP server".to_owned(), "http".to_owned()));
    }
    looked(facts).map(|service| (service.name.clone(), service.protocol.clone().unwrap_or_default()))
}

/// What was heard of a server.
enum Heard<'a> {
    /// The protocol of the URL.
    Own,
    /// Another: first bytes, none where it is known otherwise.
    Other(&'a [u8]),
    /// That cannot be told.
    Unknown,
}

fn heard(facts: &Facts) -> Heard<'_> {
    let talk = &facts.talk;
    let Some(database) = &talk.database else { return heard_of_grpc(talk) };
    match &database.end {
        // An alert of TLS says that the protocol may be right, and lacks TLS.
        End::Foreign(bytes) if bytes.starts_with(&[0x15, 3]) => Heard::Unknown,
        End::Foreign(bytes) => Heard::Other(bytes),
        End::Silent | End::Closed if talk.plain.is_some() || looked(facts).is_some() => Heard::Other(&[]),
        End::TlsFailed(_) if talk.plain.is_some() => Heard::Other(&[]),
        End::Silent | End::Closed | End::TlsFailed(_) => Heard::Unknown,
        _ => Heard::Own,
    }
}

/// gRPC, which has no login. HTTP/1.1 and TLS in its place have causes of their own.
fn heard_of_grpc(talk: &Talk) -> Heard<'_> {
    let is_near = |server: &Service| {
        matches!(server.protocol.as_deref(), Some("http" | "http2" | "grpc" | "tls" | "https"))
    };
    let bytes = if talk.greeting.is_empty() { talk.retort.as_slice() } else { talk.greeting.as_slice() };
    match &talk.server {
        _ if talk.h2 == Some(H2Seen::Speaks) => Heard::Own,
        Some(server) if !is_near(server) => Heard::Other(bytes),
        None if !bytes.is_empty() && talk.plain.is_none() && talk.tls.is_none() => Heard::Other(bytes),
        _ => Heard::Unknown,
    }
}

/// Returns the service that looking told, if it is one that certainly speaks another protocol than the URL's.
fn looked(facts: &Facts) -> Option<&Service> {
    let own = match facts.target()?.scheme? {
        Scheme::Postgres => "postgresql",
        Scheme::Mysql => "mysql",
        Scheme::Redis | Scheme::Rediss => "redis",
        Scheme::Amqp | Scheme::Amqps => "amqp",
        Scheme::Mqtt | Scheme::Mqtts => "mqtt",
        _ => return None,
    };
    let service = facts.endpoint()?.endpoint.service.as_ref()?;
    let protocol = service.protocol.as_deref()?;
    // A broker may have other protocols by plug-ins, so only plain servers of one count.
    let is_certain = SINGLE.contains(&protocol) && !MANIFOLD.contains(&service.id.as_str());
    (protocol != own && is_certain).then_some(service)
}

const SINGLE: &[&str] = &["postgresql", "mysql", "redis", "mqtt", "memcached", "mongodb", "ssh", "kafka"];
const MANIFOLD: &[&str] = &["rabbitmq", "emqx", "vernemq", "nats", "cockroachdb"];

#[cfg(test)]
mod tests {
    use crate::facts::talk::database::{Database, End, Kind};
    use crate::testing::{Told, asked, service};

    fn heard(end: End, protocol: Option<&str>) -> Told {
        asked("postgres://localhost:3000/shop")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.database = Some(Database { end, ..Database::new(Kind::Postgres) });
                facts.talk.server = protocol.map(|protocol| service(protocol, protocol, protocol));
            })
            .judged()
    }

    #[test]
    fn bytes_of_another_protocol_are_it() {
        let told = heard(End::Foreign(b"HTTP/1.1 400 Bad Request".to_vec()), Some("http"));
        assert_eq!(told.causes(), ["wrong-protocol"]);
        assert_eq!(heard(End::Foreign(b"what?".to_vec()), None).causes(), ["wrong-protocol"]);
    }

    #[test]
    fn the_right_protocol_rules_it_out() {
        assert!(heard(End::Ready, None).is_ruled_out("wrong-protocol"));
        assert!(!heard(End::Foreign(b"\x15\x03\x01".to_vec()), None).causes().contains(&"wrong-protocol"));
    }

    #[test]
    fn grpc_at_a_server_of_lines_is_it() {
        let told = asked("grpc://localhost:3000")
            .listener("127.0.0.1:3000")
            .connected()
            .with(|facts| {
                facts.talk.h2 = Some(crate::facts::talk::H2Seen::DoesNot);
                facts.talk.server = Some(service("redis", "Redis", "redis"));
                facts.talk.retort = b"-ERR unknown command\r\n".to_vec();
            })
            .judged();
        assert_eq!(told.causes(), ["wrong-protocol"]);
    }

    #[test]
    fn a_server_known_by_looking_tells_why_it_hangs_up() {
        let told = |id: &str| {
            let broker = service(id, "MQTT broker", "mqtt");
            asked("amqp://localhost:3000")
                .listener("127.0.0.1:3000")
                .connected()
                .with(|facts| {
                    facts.port.as_mut().unwrap().endpoints[0].endpoint.service = Some(broker);
                    facts.talk.database = Some(Database { end: End::Closed, ..Database::new(Kind::Amqp) });
                })
                .judged()
        };
        assert_eq!(told("mosquitto").causes(), ["wrong-protocol"]);
        assert!(!told("rabbitmq").causes().contains(&"wrong-protocol"));
    }
}
