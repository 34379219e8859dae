//! Raw TCP by name, with real databases and their own clients: at an address of the project's, beyond the daemon, by
//! /etc/hosts, and by the name that TLS tells.
//!
//! Not here: what goes over the wire byte by byte (`wharf-router/tests`).

use std::fs;
use std::net::SocketAddr;
use std::process::Child;

use wharf_model::route::{RequestEntry, Route};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::hosts::own_etc;
use crate::support::{routes, says, until};

/// Lets an ordinary user run it, with a daemon and its router.
fn own<'a>(sandbox: &'a Sandbox, run: Run<'a>) -> Run<'a> {
    let runtime = sandbox.folder().join("home/own").display().to_string();
    let make = sandbox.program(&["mkdir", "-p", "-m", "700", &runtime]).as_user(SOMEBODY);
    let _ = make.output().expect_code(0);
    let run = run.env("WHARF_DAEMON", "1").env("WHARF_ROUTER", "1").env("PATH", &path());
    run.as_user(SOMEBODY).env("XDG_RUNTIME_DIR", &runtime)
}

/// Returns where programs are, those of PostgreSQL as well.
fn path() -> String {
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let releases = releases.map(|release| release.path().join("bin").display().to_string());
    let usual = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(str::to_owned);
    releases.chain(usual).collect::<Vec<_>>().join(":")
}

fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    own(sandbox, sandbox.wharf(arguments))
}

/// Runs a script as that user, and returns what it writes.
fn shell(sandbox: &Sandbox, script: &str) -> String {
    own(sandbox, sandbox.program(&["sh", "-c", script])).output().expect_code(0).text().trim().to_owned()
}

/// Starts a server in a folder of its own.
fn server(sandbox: &Sandbox, folder: &str, script: &str) -> Child {
    let script = format!("mkdir -p home/{folder} && cd home/{folder} && {script}");
    own(sandbox, sandbox.program(&["sh", "-c", &script])).start()
}

/// Adds a route for raw TCP, and returns it.
fn add(sandbox: &Sandbox, name: &str, upstream: &str) -> Route {
    routes(wharf(sandbox, &["route", "add", name, upstream, "--tcp", "--json"])).remove(0)
}

fn url(sandbox: &Sandbox, name: &str) -> SocketAddr {
    let text = wharf(sandbox, &["url", name, "--wait", "60s"]).output().expect_code(0).text();
    text.trim().parse().expect("host:port")
}

fn end(mut server: Child) {
    server.kill().expect("it is ours");
    let _ = server.wait();
}

/// A sandbox with an /etc of its own, in which an ordinary user has these programs.
macro_rules! sandbox_with {
    ($($program:literal),*) => {{
        let sandbox = sandbox!();
        if !sandbox.has_users() {
            skip!("no other users can be had here");
        }
        for program in [$($program),*] {
            if !path().split(':').any(|folder| std::path::Path::new(folder).join(program).exists()) {
                skip!("{program} is not installed");
            }
        }
        let _ = own_etc(&sandbox);
        sandbox
    }};
}

const POSTGRES: &str = "initdb -D data -A trust -U postgres --no-sync >log 2>&1 && \
    exec postgres -D data -k $PWD -h 127.0.0.1 -p 7432";
/// A server whose TLS is its own.
const POSTGRES_TLS: &str = "initdb -D data -A trust -U postgres --no-sync >log 2>&1 && \
    printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' >cnf && openssl req -config cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=own-of-the-database \
      -keyout data/server.key -out data/server.crt 2>>log && chmod 600 data/server.key && \
    exec postgres -D data -k $PWD -h 127.0.0.1 -p 7432 -c ssl=on";

#[test]
fn postgresql_has_an_address_that_stays() {
    let sandbox = sandbox_with!("initdb", "postgres", "psql");
    let server = server(&sandbox, "pg", POSTGRES);
    until("it listens", || listens(&sandbox, "7432"));
    let route = add(&sandbox, "db.shop", "7432");
    let at = route.address.expect("it has an address");
    // What listens there tells the port.
    assert_eq!((at.port(), route.url.clone(), route.note), (5432, Some(at.to_string()), None));
    assert!(at.to_string().starts_with("127.") && !at.to_string().starts_with("127.0."), "{at}");
    assert_eq!(url(&sandbox, "db.shop"), at);
    let ask = format!("psql -h {} -p {} -U postgres -A -t -c 'select 6 * 7'", at.ip(), at.port());
    let ask = || shell(&sandbox, &ask);
    assert_eq!(ask(), "42");
    for way in ["restart", "stop"] {
        let _ = wharf(&sandbox, &["daemon", way]).output().expect_code(0);
        assert_eq!(url(&sandbox, "db.shop"), at, "after {way}");
        assert_eq!(ask(), "42", "after {way}");
    }
    // Without a word of /etc/hosts the name leads to no database; with it, to its own address.
    let names = wharf(&sandbox, &["names", "ls"]).output().expect_code(0).text();
    says(&names, &[&format!("db.shop.localhost={}", at.ip())]);
    let sudo = sandbox.wharf(&["names", "install", "--for-user", "alice", names.trim()]);
    let _ = sudo.output().expect_code(0);
    assert_eq!(shell(&sandbox, "psql -h db.shop.localhost -U postgres -A -t -c 'select 6 * 7'"), "42");
    let log = wharf(&sandbox, &["route", "log", "db.shop", "--json"]).output().expect_code(0).text();
    let last: RequestEntry = serde_json::from_str(log.lines().last().expect("a line")).expect("an entry");
    assert_eq!((last.method.as_str(), last.status, last.fault), ("TCP", None, None));
    assert_eq!(last.url, "tcp://db.shop.localhost:5432");
    assert!(last.bytes > 0);
    // It is said where there is no website, and gone is gone.
    let opened = wharf(&sandbox, &["open", "db.shop"]).output().expect_code(1).stderr;
    says(&opened, &["raw TCP", &at.to_string()]);
    let _ = wharf(&sandbox, &["route", "rm", "db.shop"]).output().expect_code(0);
    let script = format!("psql -h {} -p {} -U postgres -c 'select 1'", at.ip(), at.port());
    let refused = own(&sandbox, sandbox.program(&["sh", "-c", &script])).output().expect_code(2).stderr;
    says(&refused, &["Connection refused"]);
    end(server);
}

/// Returns whether something listens at a port.
fn listens(sandbox: &Sandbox, port: &str) -> bool {
    own(sandbox, sandbox.wharf(&["ls", port])).output().code == Some(0)
}

#[test]
fn mariadb_and_redis_are_neighbours_at_one_address() {
    let sandbox = sandbox_with!("mariadbd", "mariadb-install-db", "mariadb", "redis-server", "redis-cli");
    let mariadb = server(
        &sandbox,
        "maria",
        "mariadb-install-db --no-defaults --datadir=$PWD/data --auth-root-authentication-method=normal >log 2>&1 && \
         exec mariadbd --no-defaults --datadir=$PWD/data --socket=$PWD/s --bind-address=127.0.0.1 --port=7306",
    );
    let redis = server(&sandbox, "redis", "exec redis-server --port 7379 --bind 127.0.0.1 --save ''");
    for port in ["7306", "7379"] {
        until("they listen", || listens(&sandbox, port));
    }
    let (sql, cache) = (add(&sandbox, "sql.shop", "7306"), add(&sandbox, "cache.shop", "127.0.0.1:7379"));
    let at = |route: &Route| route.address.expect("it has an address");
    assert_eq!(at(&sql).ip(), at(&cache).ip(), "one address a project");
    assert_eq!((at(&sql).port(), at(&cache).port()), (3306, 6379));
    let asked = format!(
        "mariadb --no-defaults --protocol=tcp -h {} -u root -N -e 'select 6 * 7'; \
         redis-cli -h {0} set it 42; redis-cli -h {0} get it",
        at(&sql).ip()
    );
    assert_eq!(shell(&sandbox, &asked).lines().collect::<Vec<_>>(), ["42", "OK", "42"]);
    // Another one of the same kind has another address, and says why.
    let second = add(&sandbox, "sessions.shop", "127.0.0.1:7379");
    assert_eq!(at(&second).port(), 6379);
    assert_ne!(at(&second).ip(), at(&cache).ip());
    says(&second.note.unwrap_or_default(), &[&at(&cache).to_string(), "so it is at"]);
    // Another work tree and another project, too, without a word.
    for name in ["cache.cart.shop", "cache.other"] {
        let route = add(&sandbox, name, "127.0.0.1:7379");
        assert!(route.note.is_none() && at(&route).ip() != at(&cache).ip(), "{route:?}");
    }
    // Itself is no upstream.
    let own = at(&cache).to_string();
    let circle = wharf(&sandbox, &["route", "add", "x.shop", &own, "--tcp"]).output().expect_code(1).stderr;
    says(&circle, &["the router itself"]);
    // Somebody has it everywhere.
    let everywhere = server(&sandbox, "all", "exec redis-server --port 7380 --bind 0.0.0.0 --save ''");
    until("it listens", || listens(&sandbox, "7380"));
    let other = add(&sandbox, "odd.shop", "7380");
    assert_eq!(at(&other).port(), 6379, "its own number is taken, that of its kind is not");
    [mariadb, redis, everywhere].into_iter().for_each(end);
}

#[test]
fn the_name_that_tls_tells_leads_to_the_database_and_to_its_own_certificate() {
    let sandbox = sandbox_with!("initdb", "postgres", "psql", "openssl", "redis-server");
    let server = server(&sandbox, "pg", POSTGRES_TLS);
    until("it listens", || listens(&sandbox, "7432"));
    let _ = add(&sandbox, "db.shop", "7432");
    let ask = |more: &str| {
        format!(
            "psql 'host=db.shop.localhost hostaddr=127.0.0.1 port=8443 user=postgres dbname=postgres {more}' -A -t \
             -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'"
        )
    };
    // Its usual way: it asks whether TLS is spoken, and tells the name then.
    assert_eq!(shell(&sandbox, &ask("sslmode=require")), "t");
    let verified =
        format!("sslmode=verify-ca sslrootcert={}/home/pg/data/server.crt", sandbox.folder().display());
    assert_eq!(shell(&sandbox, &ask(&verified)), "t", "the certificate is the database's");
    // TLS from the first byte, as Redis has it.
    let script = "exec redis-server --port 7379 --bind 127.0.0.1 --save '' --tls-port 7380 --tls-auth-clients no \
                  --tls-cert-file ../pg/data/server.crt --tls-key-file ../pg/data/server.key";
    let redis = self::server(&sandbox, "redis", script);
    until("it listens", || listens(&sandbox, "7380"));
    let _ = add(&sandbox, "cache.shop", "7380");
    let cli = "redis-cli -h 127.0.0.1 -p 8443 --tls --insecure --sni cache.shop.localhost";
    assert_eq!(shell(&sandbox, &format!("{cli} set it 42; {cli} get it")), "OK\n42");
    let shown = "openssl s_client -connect 127.0.0.1:8443 -servername cache.shop.localhost </dev/null 2>&1";
    says(&shell(&sandbox, shown), &["CN = own-of-the-database"]);
    // A name of no such route is none, and websites are as they were.
    let script = ask("sslmode=require").replace("db.shop", "none.shop");
    let _ = own(&sandbox, sandbox.program(&["sh", "-c", &script])).output().expect_code(2);
    let _ = wharf(&sandbox, &["route", "add", "web.shop", "9"]).output().expect_code(0);
    let web = "openssl s_client -connect 127.0.0.1:8443 -servername web.shop.localhost </dev/null 2>&1";
    says(&shell(&sandbox, web), &["CN = wharf"]);
    // Whoever speaks no TLS says so, and it is told.
    let _ = add(&sandbox, "db.shop", "7379");
    let _ = own(&sandbox, sandbox.program(&["sh", "-c", &ask("sslmode=require")])).output().expect_code(2);
    let log = wharf(&sandbox, &["route", "log", "db.shop"]).output().expect_code(0).text();
    says(&log, &["TCP", "tcp://db.shop.localhost:8443", "no-tls"]);
    [server, redis].into_iter().for_each(end);
}
