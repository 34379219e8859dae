//! Servers of the kind that was asked for which listen by a Unix socket and by no port: MariaDB with skip-networking,
//! PostgreSQL with listen_addresses = '', Redis with port 0, gunicorn -b unix:.
//!
//! Asked only where nobody listens at the port.

use std::path::Path;

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_os::Os;
use wharf_os::examine::unix;
use wharf_os::facts::{Effort, HolderSearch, SocketFacts, SocketQuery};

use super::Context;
use crate::facts::{Facts, UnixServer};
use crate::target::Scheme;

/// A kind of server that may listen by a Unix socket alone.
struct Kind {
    name: &'static str,
    programs: &'static [&'static str],
    scheme: Option<Scheme>,
    port: u16,
    /// Names that its sockets have, whoever it is.
    sockets: &'static [&'static str],
}

const fn kind(
    name: &'static str,
    programs: &'static [&'static str],
    scheme: Option<Scheme>,
    port: u16,
    sockets: &'static [&'static str],
) -> Kind {
    Kind { name, programs, scheme, port, sockets }
}

const MYSQL: &[&str] = &["mysqld.sock", "mysql.sock", "mariadb.sock"];
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("PostgreSQL", &["postgres", "postmaster"], Some(Scheme::Postgres), 5432, &[]),
    kind("MySQL", &["mysqld", "mariadbd"], Some(Scheme::Mysql), 3306, MYSQL),
    kind("Redis", &["redis-server", "valkey-server"], Some(Scheme::Redis), 6379, &["redis-server.sock", "redis.sock"]),
    kind("memcached", &["memcached"], None, 11211, &["memcached.sock"]),
    kind("gunicorn", &["gunicorn"], None, 8000, &["gunicorn.sock"]),
    kind("uvicorn", &["uvicorn"], None, 8000, &[]),
    kind("Puma", &["puma"], None, 9292, &["puma.sock"]),
    kind("PHP-FPM", &["php-fpm"], None, 9000, &[]),
];

/// Finds them.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some((scheme, port)) = facts.target().and_then(|target| Some((target.scheme, target.port()?))) else {
        return;
    };
    let kinds: Vec<&Kind> = KINDS
        .iter()
        .filter(|kind| kind.port == port || kind.scheme.is_some() && kind.scheme == scheme)
        .collect();
    // PostgreSQL's sockets have the port in their name, whatever it is.
    let own = format!(".s.PGSQL.{port}");
    let listeners = unix::listening();
    for (_, path) in listeners.iter().filter(|(_, path)| named(path, &own)) {
        let known_by = format!("the port in its name, {own}");
        facts.unix_only.push(UnixServer { kind: "PostgreSQL", path: path.clone(), process: None, known_by });
    }
    if kinds.is_empty() || listeners.len() > MOST {
        return;
    }
    let search = HolderSearch {
        inodes: listeners.iter().map(|(inode, _)| *inode).collect(),
        effort: Effort::Quick,
        ..HolderSearch::default()
    };
    let holders = context.os.processes.holders(&search);
    for (inode, path) in &listeners {
        let held = holders.by_inode.get(inode).into_iter().flatten();
        let processes: Vec<_> = held.filter_map(|holder| holders.processes.get(&holder.pid)).collect();
        for kind in &kinds {
            let is_it = |name: &str, command: &[String]| {
                kind.programs.iter().any(|program| {
                    name.starts_with(program)
                        || command
                            .iter()
                            .take(3)
                            .any(|word| Path::new(word).file_name().is_some_and(|it| it == *program))
                })
            };
            let server = processes.iter().find(|process| is_it(&process.name, &process.command));
            let by_name = kind.sockets.iter().any(|socket| named(path, socket));
            let has_port = match server {
                Some(process) => listens(context.os, Some(process.pid), None),
                None if by_name && processes.is_empty() => {
                    let owner = unix::node(Path::new(path)).ok().map(|node| node.uid);
                    owner.is_none() || listens(context.os, None, owner)
                }
                None => continue,
            };
            if has_port || facts.unix_only.iter().any(|other| other.path == *path) {
                continue;
            }
            let known_by = match server {
                Some(process) => format!("its process {} (pid {})", process.name, process.pid),
                None => "the name of its socket".to_owned(),
            };
            let process = server.map(|process| (process.name.clone(), process.pid));
            facts.unix_only.push(UnixServer { kind: kind.name, path: path.clone(), process, known_by });
        }
    }
}

fn named(path: &str, name: &str) -> bool {
    Path::new(path).file_name().is_some_and(|file| file == name)
}

/// Returns whether a process, or anybody of a user, listens at a port of this network namespace.
fn listens(os: &Os, pid: Option<u32>, uid: Option<u32>) -> bool {
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp],
        states: vec![TcpState::Listen],
        local_port: None,
        remote_port: None,
    };
    let sockets: Vec<SocketFacts> = os.sockets.list(None, &query).map(|list| list.value).unwrap_or_default();
    let Some(pid) = pid else { return sockets.iter().any(|socket| Some(socket.uid) == uid) };
    let search = HolderSearch {
        inodes: sockets.iter().map(|socket| socket.inode).collect(),
        effort: Effort::Exhaustive,
        among: vec![pid],
        ..HolderSearch::default()
    };
    !os.processes.holders(&search).by_inode.is_empty()
}

/// Where there are more Unix sockets, those who hold them are not looked for.
const MOST: usize = 2000;

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_socket_is_known_by_the_whole_of_its_name() {
        assert!(named("/run/postgresql/.s.PGSQL.5432", ".s.PGSQL.5432"));
        assert!(!named("/run/postgresql/.s.PGSQL.54321", ".s.PGSQL.5432"));
    }
}
