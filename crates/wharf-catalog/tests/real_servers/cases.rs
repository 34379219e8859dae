//! The servers: what each is called, and how it starts. Slow starters stand first.
//!
//! Not here: finding programs, starting and killing (`machine`).

use std::process::Command;

use super::machine::{Machine, Scratch};

/// One real server.
pub(crate) struct Case {
    /// Name in messages.
    pub(crate) name: &'static str,
    /// Id by looking.
    pub(crate) looked: &'static str,
    /// Id by asking a stranger.
    pub(crate) blind: &'static str,
    /// Id by asking with what looking told.
    pub(crate) informed: &'static str,
    /// Protocol that asking with what looking told confirms.
    pub(crate) protocol: &'static str,
    /// Whether asking tells the version.
    pub(crate) tells_version: bool,
    /// Makes the command; an error says what is not installed.
    pub(crate) start: fn(&Machine, &Scratch, u16) -> Result<Command, String>,
}

type Start = fn(&Machine, &Scratch, u16) -> Result<Command, String>;

const fn case(
    name: &'static str,
    [looked, blind, informed, protocol]: [&'static str; 4],
    tells_version: bool,
    start: Start,
) -> Case {
    Case { name, looked, blind, informed, protocol, tells_version, start }
}

pub(crate) static CASES: &[Case] = &[
    case("RabbitMQ", ["rabbitmq", "rabbitmq", "rabbitmq", "amqp"], true, rabbitmq),
    case("MariaDB", ["mariadb", "mariadb", "mariadb", "mysql"], true, mariadb),
    case(
        "Chromium DevTools",
        ["chrome-devtools", "chrome-devtools", "chrome-devtools", "http"],
        true,
        chromium,
    ),
    case("PostgreSQL", ["postgresql", "postgresql", "postgresql", "postgresql"], false, postgresql),
    case("Prometheus", ["prometheus", "prometheus", "prometheus", "http"], true, prometheus),
    case("Vite", ["vite", "vite", "vite", "http"], false, vite),
    case("Django", ["django", "wsgiref", "django", "http"], false, django),
    case("Flask", ["flask", "werkzeug", "flask", "http"], true, flask),
    case("Uvicorn", ["uvicorn", "uvicorn", "uvicorn", "http"], false, uvicorn),
    case("gRPC", ["python", "grpc", "grpc", "grpc"], false, grpc),
    case("etcd", ["etcd", "etcd", "etcd", "http"], true, etcd),
    case("OpenSSH", ["sshd", "sshd", "sshd", "ssh"], true, sshd),
    case("Redis", ["redis", "redis", "redis", "redis"], false, redis),
    case("memcached", ["memcached", "memcached", "memcached", "memcached"], true, memcached),
    case("nginx", ["nginx", "nginx", "nginx", "http"], true, nginx),
    case("Mosquitto", ["mosquitto", "mqtt", "mosquitto", "mqtt"], false, mosquitto),
    case("NATS", ["nats", "nats", "nats", "nats"], true, nats),
    case("Node http", ["node", "http", "node", "http"], false, node),
    case(
        "Node inspector",
        ["node-inspector", "node-inspector", "node-inspector", "http"],
        true,
        node_inspector,
    ),
    case(
        "Python http.server",
        ["python-http-server", "python-http-server", "python-http-server", "http"],
        false,
        http_server,
    ),
];

fn rabbitmq(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.program("/usr/lib/rabbitmq/bin/rabbitmq-server")?;
    let [distribution, epmd] = scratch.free_ports();
    command
        .env("HOME", scratch.path())
        .env("RABBITMQ_NODENAME", format!("wharf{port}@localhost"))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", scratch.file("mnesia"))
        .env("RABBITMQ_LOG_BASE", scratch.file("log"))
        .env("RABBITMQ_CONFIG_FILE", scratch.file("none"))
        .env("RABBITMQ_CONF_ENV_FILE", scratch.file("none"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", scratch.file("plugins"))
        .env("ERL_EPMD_PORT", epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1");
    // The port mapper leaves the family of whoever starts it: it is killed by its port.
    scratch.kill_listener_at_end(epmd);
    Ok(command)
}

fn mariadb(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let data = format!("--datadir={}", scratch.file("data"));
    let mut install = machine.program("mariadb-install-db")?;
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data]);
    scratch.run_as_user(&mut install)?;
    let mut command = machine.program("mariadbd")?;
    command.args(["--no-defaults", &data, "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M"]);
    command.args([format!("--socket={}", scratch.file("s")), format!("--port={port}")]);
    scratch.as_user(&mut command);
    Ok(command)
}

fn chromium(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.program("chromium")?;
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    command.args([
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--disable-dev-shm-usage",
    ]);
    command.arg(format!("--user-data-dir={}", scratch.file("profile")));
    command.args([format!("--remote-debugging-port={port}"), "about:blank".to_owned()]);
    command.env("HOME", scratch.path());
    Ok(command)
}

fn postgresql(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let data = scratch.file("data");
    let mut install = machine.program("initdb")?;
    install.args(["-D", &data, "-A", "trust", "--no-sync"]);
    scratch.run_as_user(&mut install)?;
    let mut command = machine.program("postgres")?;
    command.args(["-D", &data, "-h", "127.0.0.1", "-F", "-k", scratch.path(), "-p", &port.to_string()]);
    scratch.as_user(&mut command);
    Ok(command)
}

fn prometheus(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    scratch.write("prometheus.yml", "global: {}\n");
    let mut command = machine.program("prometheus")?;
    command.arg(format!("--config.file={}", scratch.file("prometheus.yml")));
    command.arg(format!("--storage.tsdb.path={}", scratch.file("data")));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    Ok(command)
}

fn vite(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    scratch
        .write("index.html", "<!doctype html><title>shop</title><script type=module src=/main.js></script>");
    scratch.write("main.js", "console.log(1)");
    let mut command = machine.program("vite")?;
    command.args(["--host", "127.0.0.1", "--strictPort", "--port", &port.to_string(), scratch.path()]);
    Ok(command)
}

fn django(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let program = "import sys\n\
        from django.conf import settings\n\
        from django.core.management import execute_from_command_line\n\
        settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY='x', ALLOWED_HOSTS=['*'])\n\
        urlpatterns = []\n\
        execute_from_command_line(sys.argv)\n";
    scratch.write("manage.py", program);
    let mut command = machine.python("django")?;
    command.args(["manage.py", "runserver", "--noreload", &format!("127.0.0.1:{port}")]);
    Ok(command)
}

fn flask(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    scratch.write(
        "shop.py",
        "from flask import Flask\napp = Flask('shop')\n@app.get('/')\ndef index():\n    return 'shop'\n",
    );
    let mut command = machine.python("flask")?;
    command.args(["-m", "flask", "--app", "shop", "run", "--port", &port.to_string()]);
    Ok(command)
}

fn uvicorn(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let program = "async def app(scope, receive, send):\n\
        \x20   if scope['type'] != 'http':\n\
        \x20       return\n\
        \x20   await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n\
        \x20   await send({'type': 'http.response.body', 'body': b'shop'})\n";
    scratch.write("shop.py", program);
    let mut command = machine.python("uvicorn")?;
    command.args(["-m", "uvicorn", "shop:app", "--port", &port.to_string()]);
    Ok(command)
}

fn grpc(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let program = "import sys, grpc\n\
        from concurrent import futures\n\
        server = grpc.server(futures.ThreadPoolExecutor(2))\n\
        server.add_insecure_port('127.0.0.1:' + sys.argv[1])\n\
        server.start()\n\
        server.wait_for_termination()\n";
    scratch.write("shop.py", program);
    let mut command = machine.python("grpc")?;
    command.args(["shop.py", &port.to_string()]);
    Ok(command)
}

fn etcd(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let [peer] = scratch.free_ports();
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    let mut command = machine.program("etcd")?;
    command.args(["--name", "shop", "--data-dir", &scratch.file("data")]);
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    command.args(["--initial-cluster", &format!("shop={peer}")]);
    Ok(command)
}

fn sshd(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let key = scratch.file("key");
    let mut install = machine.program("ssh-keygen")?;
    install.args(["-q", "-t", "ed25519", "-N", "", "-f", &key]);
    scratch.run_as_user(&mut install)?;
    scratch.write(
        "sshd_config",
        "ListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nPasswordAuthentication no\n",
    );
    // sshd wants to be called by its whole path, to call itself again.
    let mut command = machine.program("sshd")?;
    command.args(["-D", "-e", "-f", &scratch.file("sshd_config"), "-h", &key, "-p", &port.to_string()]);
    scratch.as_user(&mut command);
    Ok(command)
}

fn redis(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.program("redis-server")?;
    command.args(["--bind", "127.0.0.1", "--save", "", "--dir", scratch.path(), "--port", &port.to_string()]);
    Ok(command)
}

fn memcached(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.program("memcached")?;
    command.args(["-l", "127.0.0.1", "-U", "0", "-p", &port.to_string()]);
    scratch.as_user(&mut command);
    Ok(command)
}

fn nginx(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let bodies: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};", scratch.file(kind)))
        .concat();
    let server = format!("server {{ listen 127.0.0.1:{port}; location / {{ return 200 shop; }} }}");
    let config = format!(
        "daemon off; pid nginx.pid; error_log stderr; events {{}} http {{ access_log off; {bodies} {server} }}"
    );
    scratch.write("nginx.conf", &config);
    let mut command = machine.program("nginx")?;
    command.args(["-e", "stderr", "-p", scratch.path(), "-c", &scratch.file("nginx.conf")]);
    Ok(command)
}

fn mosquitto(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    scratch.write("mosquitto.conf", &format!("listener {port} 127.0.0.1\nallow_anonymous true\n"));
    let mut command = machine.program("mosquitto")?;
    command.args(["-c", &scratch.file("mosquitto.conf")]);
    scratch.as_user(&mut command);
    Ok(command)
}

fn nats(machine: &Machine, _scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.program("nats-server")?;
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]);
    Ok(command)
}

fn node(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    let program =
        "require('http').createServer((_, r) => r.end('shop')).listen(+process.argv[2], '127.0.0.1')";
    scratch.write("shop.js", program);
    let mut command = machine.program("node")?;
    command.args(["shop.js", &port.to_string()]);
    Ok(command)
}

fn node_inspector(machine: &Machine, scratch: &Scratch, port: u16) -> Result<Command, String> {
    scratch.write("shop.js", "setInterval(() => {}, 1000)");
    let mut command = machine.program("node")?;
    command.args([&format!("--inspect=127.0.0.1:{port}"), "shop.js"]);
    Ok(command)
}

fn http_server(machine: &Machine, _scratch: &Scratch, port: u16) -> Result<Command, String> {
    let mut command = machine.python("http.server")?;
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
    Ok(command)
}
