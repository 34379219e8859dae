//! What rules on TLS and other protocols share: which handshake is theirs, a certificate in words, the clients of protocols.

use crate::cause::Finding;
use crate::facts::Facts;
use crate::facts::talk::tls::{Certificate, TlsSeen};

/// Returns the handshake of a client that is to speak TLS.
pub(super) fn handshake(facts: &Facts) -> Option<&TlsSeen> {
    let scheme = facts.target()?.scheme?;
    facts.talk.tls.as_ref().filter(|_| scheme.is_tls())
}

/// Returns the handshake of a client that is to speak TLS, and the certificate that it was shown.
pub(super) fn certificate(facts: &Facts) -> Option<(&TlsSeen, &Certificate)> {
    let tls = handshake(facts)?;
    Some((tls, tls.certificate.as_ref().filter(|certificate| certificate.legible)?))
}

/// Adds what the certificate says of itself.
pub(super) fn shown_certificate(finding: Finding, tls: &TlsSeen, certificate: &Certificate) -> Finding {
    finding
        .saw(
            format!("TLS handshake for {}", tls.asked),
            tls.version.clone().unwrap_or_else(|| "no version".to_owned()),
        )
        .saw(
            "the certificate",
            format!(
                "of {}, by {}, for {}, {}",
                certificate.subject,
                if certificate.self_signed { "itself" } else { &certificate.issuer },
                certificate.names_text(),
                validity(certificate)
            ),
        )
}

fn validity(certificate: &Certificate) -> String {
    match certificate.now {
        now if now > certificate.not_after => format!("expired {} ago", days(now - certificate.not_after)),
        now if now < certificate.not_before => format!("valid in {}", days(certificate.not_before - now)),
        now => format!("valid for {}", days(certificate.not_after - now)),
    }
}

/// Returns a time in seconds in words: `3 days`.
pub(super) fn days(seconds: i64) -> String {
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

/// Returns the command of the usual client of a protocol.
pub(super) fn client(protocol: &str, host: &str, port: u16) -> Option<String> {
    // The client of MySQL takes `localhost` for a Unix socket.
    let address = if host == "localhost" { "127.0.0.1" } else { host };
    Some(match protocol {
        "ssh" => format!("ssh -p {port} {host}"),
        "mysql" => format!("mysql -h {address} -P {port}"),
        "postgresql" => format!("psql -h {host} -p {port}"),
        "redis" => format!("redis-cli -h {host} -p {port}"),
        "mongodb" => format!("mongosh --host {host} --port {port}"),
        "memcached" | "smtp" | "pop3" | "imap" | "nats" | "beanstalkd" => format!("nc {host} {port}"),
        "ftp" => format!("curl ftp://{host}:{port}/"),
        "amqp" => format!("wharf why amqp://{host}:{port}"),
        "mqtt" => format!("wharf why mqtt://{host}:{port}"),
        "http" => format!("curl http://{host}:{port}/"),
        "grpc" => format!("grpcurl -plaintext {host}:{port} list"),
        "rsync" => format!("rsync --port={port} {host}::"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{client, days};

    #[test]
    fn times_are_told_by_their_greatest_unit() {
        assert_eq!(
            [days(86_400), days(7_300), days(61), days(0)],
            ["1 day", "2 hours", "1 minute", "0 seconds"]
        );
    }

    #[test]
    fn clients_are_told_where_to_go() {
        assert_eq!(client("mysql", "localhost", 3306).as_deref(), Some("mysql -h 127.0.0.1 -P 3306"));
        assert_eq!(client("zmtp", "localhost", 1), None);
    }
}
