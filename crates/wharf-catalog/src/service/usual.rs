//! The ports by which databases, queues and the like are known: where their clients look if they are told none.
//!
//! Not here: what speaks HTTP, which is reached by its name.

use super::table::{self, Kind};

/// Returns the usual port of a service, called by its id or the name of its program or image: `postgresql`, `redis-server`.
#[must_use]
pub fn usual_port(word: &str) -> Option<u16> {
    let known = table::by_id(word)
        .or_else(|| table::find(Kind::Image, word))
        .or_else(|| table::find(Kind::Program, word))?;
    let is_of = |(name, protocol, _): &&(&str, &str, u16)| {
        if name.is_empty() { *protocol == known.speaks } else { *name == known.id }
    };
    USUAL.iter().find(is_of).map(|(_, _, port)| *port)
}

/// Returns whether a port is one that such a service is known by.
#[must_use]
pub fn is_usual(port: u16) -> bool {
    USUAL.iter().any(|(_, _, known)| *known == port)
}

/// By id, where a service has one of its own, else by what it speaks.
#[rustfmt::skip]
const USUAL: &[(&str, &str, u16)] = &[
    ("cockroachdb", "", 26257), ("clickhouse", "", 9000), ("pgbouncer", "", 6432), ("redis-sentinel", "", 26379),
    ("rabbitmq", "", 5672), ("neo4j", "", 7687), ("cassandra", "", 9042), ("scylladb", "", 9042), ("emqx", "", 1883),
    ("", "postgresql", 5432), ("", "mysql", 3306), ("", "redis", 6379), ("", "mongodb", 27017), ("", "memcached", 11211),
    ("", "mssql", 1433), ("", "amqp", 5672), ("", "mqtt", 1883), ("", "nats", 4222), ("", "kafka", 9092),
    ("", "beanstalkd", 11300), ("", "bolt", 7687), ("", "smtp", 1025),
];

#[cfg(test)]
mod tests {
    use super::{is_usual, usual_port};

    #[test]
    fn a_service_is_known_by_its_port() {
        for (word, expected) in [
            ("postgresql", Some(5432)),
            ("postgres", Some(5432)),
            ("mariadb", Some(3306)),
            ("redis-server", Some(6379)),
            ("valkey", Some(6379)),
            ("mongo", Some(27017)),
            ("rabbitmq", Some(5672)),
            ("cockroachdb", Some(26257)),
            ("vite", None),
            ("db", None),
            ("", None),
        ] {
            assert_eq!(usual_port(word), expected, "{word}");
        }
        assert!(is_usual(5432) && !is_usual(3000));
    }
}
