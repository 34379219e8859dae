//! The server runs, and listens by a Unix socket alone.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;
use wharf_model::shell::quoted;

/// By a Unix socket alone.
pub(super) const CAUSE: Cause = Cause {
    code: "unix-socket-only",
    group: Group::Refused,
    layer: Layer::Port,
    title: "The server listens by a Unix socket, and by no port",
    symptom: "`Connection refused` at the port, while a client without a host (or with `localhost`, which MySQL's own client takes \
              for the socket) gets in.",
    evidence: "Nothing listens at the port; a server of the kind that was asked for has a Unix socket in LISTEN and no TCP \
               socket: MariaDB with skip-networking, PostgreSQL with listen_addresses = '', Redis with port 0, gunicorn -b unix:.",
    fix: "Ask by the socket, or let the server listen at a port.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() || !facts.is_loopback() {
        return Opinion::Aside;
    }
    let Some(server) = facts.unix_only.first() else {
        return ruled_out("no server of that kind listens by a Unix socket alone");
    };
    let port = facts.addresses.first().map_or(0, |address| address.port());
    let who = match &server.process {
        Some((name, pid)) => format!("{} ({name}, pid {pid})", server.kind),
        None => server.kind.to_owned(),
    };
    let finding =
        Finding::new(format!("{who} listens by the Unix socket {} alone, not at port {port}", server.path))
            .saw("/proc/net/unix", format!("{} in LISTEN, known by {}", server.path, server.known_by))
            .saw_not(format!("sock_diag for port {port}"), "no listener", "a socket in LISTEN");
    let path = quoted(&server.path);
    let folder = server.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    match server.kind {
        "PostgreSQL" => finding
            .command("ask by the socket", format!("psql -h {} -p {port}", quoted(folder)))
            .advise("or set listen_addresses = 'localhost' in postgresql.conf, and start it again"),
        "MySQL" => finding
            .command("ask by the socket", format!("mariadb --socket {path}"))
            .advise("or take skip-networking out of its configuration (or set port), and start it again"),
        "Redis" => finding
            .command("ask by the socket", format!("redis-cli -s {path}"))
            .advise("or set port in redis.conf, and start it again"),
        "PHP-FPM" => finding
            .advise(format!("lead the web server to unix:{}, or set listen = 127.0.0.1:{port}", server.path)),
        _ => finding
            .command("ask by the socket", format!("curl --unix-socket {path} http://localhost/"))
            .advise(format!("or bind 127.0.0.1:{port} instead of the socket")),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use crate::facts::UnixServer;
    use crate::testing::{Asked, asked};

    fn found() -> Asked {
        let server = UnixServer {
            kind: "PostgreSQL",
            path: "/run/postgresql/.s.PGSQL.5432".to_owned(),
            process: Some(("postgres".to_owned(), 7)),
            known_by: "the port in its name".to_owned(),
        };
        asked("postgres://me@127.0.0.1/shop").refused().with(|facts| facts.unix_only = vec![server])
    }

    #[test]
    fn a_server_with_a_socket_alone_is_it() {
        let told = found().judged();
        assert_eq!(told.causes(), ["unix-socket-only"]);
        assert!(told.diagnosis.summary.contains("/run/postgresql/.s.PGSQL.5432"));
    }

    #[test]
    fn a_listener_at_the_port_is_asked_itself() {
        assert!(
            !found().listener("127.0.0.1:5432").connected().judged().causes().contains(&"unix-socket-only")
        );
    }

    #[test]
    fn no_such_server_rules_it_out() {
        assert!(asked("postgres://me@127.0.0.1/shop").refused().judged().is_ruled_out("unix-socket-only"));
    }
}
