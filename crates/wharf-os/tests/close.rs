//! One connection is closed in a network namespace of the test's own, and nothing else of the process that had it.
//!
//! The part that closes runs in the namespace: this very test, told by its environment what to close.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test runs real programs and says what it skips"
)]

use std::net::SocketAddr;

use wharf_os::close;
use wharf_os::reserved;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::skip;

/// The binary in the sandbox is this test itself.
macro_rules! sandbox {
    () => {
        match Sandbox::new(std::env::current_exe().unwrap().to_str().unwrap()) {
            Ok(sandbox) => sandbox,
            Err(why) => skip!("{why}"),
        }
    };
}

/// Tells the part inside what to close: LOCAL REMOTE.
const CLOSE: &str = "WHARF_TEST_CLOSE";
const NAME: &str = "one_connection_is_closed_and_all_else_goes_on";

/// Listens, and connects to itself three times; then says what became of each end.
const PROGRAM: &str = r#"
import errno, os, select, socket, sys
sys.path.insert(0, "scenarios")
import kit

host, port, mapped = sys.argv[1], int(sys.argv[2]), sys.argv[1] == "::ffff:127.0.0.1"
listener = kit.tcp_listener(port, "::" if mapped else host)
clients, servers = [], []
for _ in range(3):
    clients.append(socket.create_connection((host, port)))
    servers.append(listener.accept()[0])

def ends():
    return [f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in (c.getsockname()[:2] for c in clients)]

def state(end, other):
    "What the next use of it says: alive if a byte gets through to the other side."
    try:
        if select.select([end], [], [], 0)[0]:
            end.recv(1)
            return "ended"
        end.send(b"x")
        return "alive" if select.select([other], [], [], 20)[0] and other.recv(1) == b"x" else "deaf"
    except OSError as error:
        return errno.errorcode[error.errno]

def look():
    clients_are = [state(*pair) for pair in zip(clients, servers)]
    return {"clients": clients_are, "servers": [state(*pair) for pair in zip(servers, clients)]}

def again():
    with socket.create_connection((host, port)):
        return {"again": listener.accept()[1][0]}

def wait_for_it(index):
    "The reset has come to the other side."
    kit.until(lambda: select.select([servers[int(index)]], [], [], 0)[0], "the reset")

def take(port):
    """Whether somebody else may bind it, without SO_REUSEADDR."""
    family = socket.AF_INET if "." in host else socket.AF_INET6
    with socket.socket(family) as other:
        try:
            other.bind((host.removeprefix("::ffff:"), int(port)))
            return {"taken": "bound"}
        except OSError as error:
            return {"taken": errno.errorcode[error.errno]}

def bound(port):
    """A connection whose port the program itself has chosen."""
    client = socket.socket()
    client.bind((host, int(port)))
    client.connect((host, listener.getsockname()[1]))
    clients.append(client)
    servers.append(listener.accept()[0])

def over():
    """A connection in TIME_WAIT at its client's port."""
    client = socket.create_connection((host, listener.getsockname()[1]))
    server = listener.accept()[0]
    end = client.getsockname()[1]
    client.close()
    server.recv(1)
    server.close()
    return {"port": end}

kit.ready(ends=ends())
kit.obey(look=look, again=again, wait=wait_for_it, take=take, bound=bound, over=over)
"#;

#[test]
fn one_connection_is_closed_and_all_else_goes_on() {
    if let Some(ends) = std::env::var_os(CLOSE) {
        let ends = ends.into_string().unwrap();
        let ends: Vec<SocketAddr> = ends.split(' ').map(|end| end.parse().unwrap()).collect();
        match close::connection(ends[0], ends[1]) {
            Ok(()) => println!("closed"),
            Err(error) => println!("{:?}: {error}", error.kind()),
        }
        return;
    }
    for (host, port) in [("127.0.0.1", 3000), ("::1", 3001), ("::ffff:127.0.0.1", 3002)] {
        let sandbox = sandbox!();
        let port_word = port.to_string();
        let mut scene = sandbox.program(&["python3", "-c", PROGRAM, host, &port_word]).scene();
        let ends: Vec<String> = scene.told["ends"]
            .as_array()
            .unwrap()
            .iter()
            .map(|end| end.as_str().unwrap().to_owned())
            .collect();
        let server: SocketAddr =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
                .parse()
                .unwrap();
        // As others write it: without the mark of a socket of IPv6.
        let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
        let middle = plain(ends[1].parse().unwrap());
        let ends = format!("{middle} {}", plain(server));

        if sandbox.has_users() {
            let said = closing(&sandbox, &ends, Some(SOMEBODY));
            assert!(said.contains("PermissionDenied: ") && said.contains("CAP_NET_ADMIN"), "{said}");
        }
        let take = format!("take {}", middle.port());
        assert_eq!(scene.tell(&take)["taken"], "EADDRINUSE");
        let all = serde_json::json!(["alive", "alive", "alive"]);
        let before = scene.tell("look");
        assert_eq!((&before["clients"], &before["servers"]), (&all, &all), "{host}");

        let said = closing(&sandbox, &ends, None);
        assert!(said.contains("closed\n"), "{said}");
        scene.tell("wait 1");
        let after = scene.tell("look");
        assert_eq!(after["clients"], serde_json::json!(["alive", "ECONNABORTED", "alive"]), "{host}");
        assert_eq!(after["servers"], serde_json::json!(["alive", "ECONNRESET", "alive"]), "{host}");
        scene.tell("again");
        assert_eq!(scene.tell(&take)["taken"], "bound", "the port of an outgoing connection is free then");

        let said = closing(&sandbox, &ends, None);
        assert!(said.contains("NotFound: there is no connection from"), "{said}");
        scene.end();
    }
}

/// The other way round there is the server's end, and a listener is never closed for want of a connection.
#[test]
fn a_listener_is_not_taken_for_a_connection() {
    let sandbox = sandbox!();
    let mut scene = sandbox.program(&["python3", "-c", PROGRAM, "127.0.0.1", "3000"]).scene();
    for ends in ["127.0.0.1:3000 0.0.0.0:0", "127.0.0.1:3000 127.0.0.1:1"] {
        let said = closing(&sandbox, ends, None);
        assert!(said.contains("NotFound: "), "{ends}: {said}");
    }
    scene.tell("again");
    scene.end();
}

/// What a program has bound by number stays its own when its connection is closed (SOCK_BINDPORT_LOCK).
#[test]
fn a_port_that_a_client_has_bound_itself_is_not_free_then() {
    let sandbox = sandbox!();
    let mut scene = sandbox.program(&["python3", "-c", PROGRAM, "127.0.0.1", "3000"]).scene();
    scene.tell("bound 4000");
    assert!(closing(&sandbox, "127.0.0.1:4000 127.0.0.1:3000", None).contains("closed\n"));
    scene.tell("wait 3");
    assert_eq!(scene.tell("take 4000")["taken"], "EADDRINUSE");
    scene.end();
}

/// Nobody has it open any more, and the kernel ends the wait at once.
#[test]
fn a_connection_in_time_wait_can_be_closed_too() {
    let sandbox = sandbox!();
    let mut scene = sandbox.program(&["python3", "-c", PROGRAM, "127.0.0.1", "3000"]).scene();
    let port = scene.tell("over")["port"].as_u64().unwrap();
    assert_eq!(scene.tell(&format!("take {port}"))["taken"], "EADDRINUSE");
    let said = closing(&sandbox, &format!("127.0.0.1:{port} 127.0.0.1:3000"), None);
    assert!(said.contains("closed\n"), "{said}");
    assert_eq!(scene.tell(&format!("take {port}"))["taken"], "bound");
    scene.end();
}

#[test]
fn the_kernel_takes_the_reserved_ports_as_they_are_written() {
    let sandbox = sandbox!();
    let file = "/proc/sys/net/ipv4/ip_local_reserved_ports";
    let mut text = String::new();
    for port in [8011, 3000, 8010, 65535, 1, 8012] {
        text = reserved::with_port(&text, port).unwrap();
        let write = format!("echo '{text}' >{file} && cat {file}");
        let kernels = sandbox.program(&["sh", "-c", &write]).output().expect_code(0).text();
        assert_eq!(kernels.trim(), text);
        text = kernels;
    }
}

/// Closes in the sandbox, as root or as another user, and returns what was said.
fn closing(sandbox: &Sandbox, ends: &str, user: Option<u32>) -> String {
    let run = sandbox.wharf(&["--exact", NAME, "--nocapture"]).env(CLOSE, ends);
    let run = match user {
        Some(user) => run.as_user(user),
        None => run,
    };
    run.output().expect_code(0).text()
}
