//! Telling one port of a process from another: debuggers, forwards and side doors.
//!
//! Only what the command line says of this very port number counts.

use wharf_model::place::KnownBy;

use super::Verdict;
use super::command::{Command, option, port_of};
use super::runtime::Runtime;
use super::runtime::script::NodeCommand;

/// Returns what the command line says of `port` in particular.
pub(super) fn of_this_port(command: &Command<'_>, port: u16) -> Option<Verdict> {
    let id = match Runtime::of(command.program) {
        Some(Runtime::Java) => java(&command.arguments, port),
        Some(runtime @ (Runtime::Node | Runtime::Deno | Runtime::Bun)) => inspector(command, runtime, port),
        Some(Runtime::Python) => debugpy(command, port),
        Some(Runtime::Beam) => distribution(command, port),
        Some(_) => None,
        None => program(command, port),
    };
    Verdict::by_id(id?, KnownBy::CommandLine)
}

/// Returns the wire protocol of a service that speaks several, at a port that it uses by default.
pub(super) fn usual_protocol(id: &str, port: u16) -> Option<&'static str> {
    USUAL.iter().find(|(known, number, _)| *known == id && *number == port).map(|&(_, _, protocol)| protocol)
}

fn program(command: &Command<'_>, port: u16) -> Option<&'static str> {
    let program = match command.program {
        "electron" | "code" | "code-insiders" | "codium" | "cursor" | "windsurf" => {
            return inspected_at(&command.arguments, NODE_INSPECTOR, port)
                .then_some("node-inspector")
                .or_else(|| devtools(command, port));
        }
        program if BROWSERS.contains(&program) => return devtools(command, port),
        program => program,
    };
    match program {
        "ssh" => ssh(&command.arguments, port),
        // The listener calls itself so; a session that listens does it for a client's `ssh -R`.
        "sshd" if command.arguments.first().is_some_and(|user| user.contains('@')) => Some("sshd-forward"),
        "kubectl" | "oc" if command.has("port-forward") => Some("kubectl-port-forward"),
        "kubectl" if command.has("proxy") => Some("kubectl-proxy"),
        "rsync" if command.has("--daemon") => Some("rsyncd"),
        "redis-server" | "redis-check-rdb" if command.has("--sentinel") => Some("redis-sentinel"),
        "firefox" | "firefox-esr" | "firefox-bin" => {
            let asked = command.option("--remote-debugging-port").and_then(port_of);
            (asked == Some(port)).then_some("firefox-remote")
        }
        _ => None,
    }
}

/// Java's debugger (`-agentlib:jdwp=…,server=y,address=*:5005`) and its management port.
fn java(arguments: &[&str], port: u16) -> Option<&'static str> {
    let jdwp = arguments.iter().find_map(|argument| {
        argument.strip_prefix("-agentlib:jdwp=").or_else(|| argument.strip_prefix("-Xrunjdwp:"))
    });
    let jdwp_port =
        jdwp.filter(|options| options.split(',').any(|part| part == "server=y")).and_then(|options| {
            let address = options.split(',').find_map(|part| part.strip_prefix("address="))?;
            port_of(address)
        });
    if jdwp_port == Some(port) {
        return Some("jdwp");
    }
    let jmx = ["-Dcom.sun.management.jmxremote.port=", "-Dcom.sun.management.jmxremote.rmi.port="];
    let managed =
        arguments.iter().filter_map(|argument| jmx.iter().find_map(|name| argument.strip_prefix(name)));
    managed.filter_map(port_of).any(|managed| managed == port).then_some("jmx")
}

fn inspector(command: &Command<'_>, runtime: Runtime, port: u16) -> Option<&'static str> {
    let (id, usual) = match runtime {
        Runtime::Deno => ("deno-inspector", NODE_INSPECTOR),
        Runtime::Bun => ("bun-inspector", BUN_INSPECTOR),
        _ => ("node-inspector", NODE_INSPECTOR),
    };
    let split = NodeCommand::of(command, runtime);
    inspected_at(split.options, usual, port).then_some(id)
}

/// Returns whether the runtime's options open its inspector at `port` (node(1): `--inspect[=[host:]port]`).
fn inspected_at(options: &[&str], usual: u16, port: u16) -> bool {
    let set = ["--inspect-port", "--debug-port"].into_iter().find_map(|name| option(options, name));
    let usual = set.and_then(port_of).unwrap_or(usual);
    options.iter().any(|argument| {
        let rest = ["--inspect-brk", "--inspect-wait", "--inspect"]
            .into_iter()
            .find_map(|name| argument.strip_prefix(name));
        match rest {
            Some("") => usual == port,
            // `--inspect=` takes a port, a host, or both; a host alone leaves the usual port.
            Some(rest) => rest.strip_prefix('=').is_some_and(|place| port_of(place).unwrap_or(usual) == port),
            None => false,
        }
    })
}

fn devtools(command: &Command<'_>, port: u16) -> Option<&'static str> {
    let asked = command.option("--remote-debugging-port").and_then(port_of)?;
    // With 0 the browser takes any port. A browser listens on TCP for nothing else; an Electron app may.
    let any = asked == 0 && BROWSERS.contains(&command.program);
    (asked == port || any).then_some("chrome-devtools")
}

/// Python's debugger: `-m debugpy --listen [host:]port`, or its adapter's own `--port`.
fn debugpy(command: &Command<'_>, port: u16) -> Option<&'static str> {
    let arguments = &command.arguments;
    let module = arguments.windows(2).position(|pair| pair == ["-m", "debugpy"]);
    let adapter = arguments.iter().position(|path| path.ends_with("/debugpy/adapter"));
    let listens = match (module, adapter) {
        (Some(at), _) => option(&arguments[at..], "--listen"),
        (None, Some(at)) => {
            option(&arguments[at..], "--port").or_else(|| option(&arguments[at..], "--for-server"))
        }
        (None, None) => None,
    };
    (listens.and_then(port_of) == Some(port)).then_some("debugpy")
}

/// Erlang's own port between nodes, where the command line pins it.
fn distribution(command: &Command<'_>, port: u16) -> Option<&'static str> {
    let first: u16 = command.option("inet_dist_listen_min")?.parse().ok()?;
    let last: u16 = command.option("inet_dist_listen_max")?.parse().ok()?;
    (first..=last).contains(&port).then_some("erlang-distribution")
}

/// What ssh(1) listens at: `-L [bind:]port:host:hostport` forwards, `-D [bind:]port` is a SOCKS proxy.
fn ssh(arguments: &[&str], port: u16) -> Option<&'static str> {
    arguments.iter().enumerate().find_map(|(at, argument)| {
        let flags = argument.strip_prefix('-')?;
        let (flag, attached) = flags.char_indices().find_map(|(at, c)| {
            matches!(c, 'L' | 'D')
                .then(|| (c, &flags[at + 1..]))
                .filter(|_| flags[..at].chars().all(|c| c.is_ascii_alphabetic()))
        })?;
        let place = if attached.is_empty() { arguments.get(at + 1)? } else { attached };
        let mut parts = place.split(':').filter_map(|part| part.parse::<u16>().ok());
        match flag {
            'L' => (parts.next() == Some(port)).then_some("ssh-forward"),
            _ => (parts.next_back() == Some(port)).then_some("ssh-socks"),
        }
    })
}

const NODE_INSPECTOR: u16 = 9229;
const BUN_INSPECTOR: u16 = 6499;

const BROWSERS: &[&str] = &[
    "chrome",
    "google-chrome",
    "google-chrome-stable",
    "google-chrome-beta",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "headless_shell",
    "content_shell",
    "msedge",
    "microsoft-edge",
    "brave",
    "brave-browser",
    "vivaldi",
    "vivaldi-bin",
    "opera",
];

/// Services that speak more than one protocol, at the ports that they use by default.
#[rustfmt::skip]
pub(super) const USUAL: &[(&str, u16, &str)] = &[
    ("apache", 80, "http"), ("apache", 443, "https"), ("apache", 8080, "http"),
    ("activemq", 8161, "http"), ("activemq", 61616, "openwire"), ("activemq", 5672, "amqp"),
    ("caddy", 80, "http"), ("caddy", 443, "https"), ("caddy", 2019, "http"),
    ("cassandra", 9042, "cassandra"), ("scylladb", 9042, "cassandra"),
    ("clickhouse", 8123, "http"), ("clickhouse", 9000, "clickhouse"), ("clickhouse", 9004, "mysql"), ("clickhouse", 9005, "postgresql"),
    ("cockroachdb", 8080, "http"), ("cockroachdb", 26257, "postgresql"),
    ("consul", 8500, "http"), ("consul", 8502, "grpc"), ("consul", 8600, "dns"),
    ("couchbase", 8091, "http"),
    ("dnsmasq", 53, "dns"), ("dnsmasq", 67, "dhcp"),
    ("dovecot", 110, "pop3"), ("dovecot", 143, "imap"),
    ("emqx", 1883, "mqtt"), ("emqx", 18083, "http"), ("vernemq", 1883, "mqtt"),
    ("jaeger", 16686, "http"), ("jaeger", 4317, "grpc"), ("jaeger", 4318, "http"),
    ("opentelemetry-collector", 4317, "grpc"), ("opentelemetry-collector", 4318, "http"),
    ("mailpit", 1025, "smtp"), ("mailpit", 8025, "http"), ("mailhog", 1025, "smtp"), ("mailhog", 8025, "http"),
    ("maildev", 1025, "smtp"), ("maildev", 1080, "http"), ("mailcatcher", 1025, "smtp"), ("mailcatcher", 1080, "http"),
    ("milvus", 19530, "grpc"), ("milvus", 9091, "http"),
    ("nats", 8222, "http"),
    ("neo4j", 7474, "http"), ("neo4j", 7687, "bolt"),
    ("nginx", 80, "http"), ("nginx", 443, "https"), ("nginx", 8080, "http"), ("openresty", 80, "http"), ("openresty", 443, "https"),
    ("nomad", 4646, "http"),
    ("nsq", 4150, "nsq"), ("nsq", 4151, "http"),
    ("pulsar", 6650, "pulsar"), ("pulsar", 8080, "http"),
    ("qdrant", 6333, "http"), ("qdrant", 6334, "grpc"),
    ("rabbitmq", 5672, "amqp"), ("rabbitmq", 5671, "amqps"), ("rabbitmq", 15672, "http"), ("rabbitmq", 15692, "http"), ("rabbitmq", 1883, "mqtt"), ("rabbitmq", 61613, "stomp"), ("rabbitmq", 25672, "erlang-distribution"),
    ("redpanda", 9092, "kafka"), ("redpanda", 9644, "http"), ("redpanda", 8081, "http"), ("redpanda", 8082, "http"),
    ("rethinkdb", 8080, "http"), ("rethinkdb", 28015, "rethinkdb"),
    ("surrealdb", 8000, "http"),
    ("temporal", 7233, "grpc"), ("temporal", 8233, "http"),
    ("traefik", 80, "http"), ("traefik", 443, "https"), ("traefik", 8080, "http"),
    ("weaviate", 50051, "grpc"),
];
