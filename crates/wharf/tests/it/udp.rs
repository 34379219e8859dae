//! `wharf run --udp`: ports of UDP are moved and closed to others as those of TCP.

use wharf_model::endpoint::{Endpoint, Protocol};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;

use crate::support::{at, ls, says};

/// Answers datagrams on port 5000, and HTTP.
const SERVER: &str = "import socket, sys, threading, http.server
udp = socket.socket(socket.AF_INET6 if '6' in sys.argv else socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('', 5000))
def serve():
    while True:
        data, peer = udp.recvfrom(100)
        udp.sendto(data.upper(), peer)
threading.Thread(target=serve, daemon=True).start()
http.server.HTTPServer(('', 5000), http.server.SimpleHTTPRequestHandler).serve_forever()
";

fn run<'a>(sandbox: &'a Sandbox, words: &[&str]) -> Run<'a> {
    let run = sandbox.wharf(&[&["run"], words].concat());
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

fn start<'a>(sandbox: &'a Sandbox, name: &str, options: &[&str], family: &str) -> (Scenario<'a>, u16) {
    let words = [&["--udp", "--name", name], options, &["--", "python3", "-c", SERVER, family]].concat();
    let mut scene = run(sandbox, &words).by_scenario("run.py", &[]).scene();
    let port = scene.tell("at")["port"].as_u64().expect("a port");
    (scene, u16::try_from(port).expect("a port"))
}

fn udp(sandbox: &Sandbox, port: u16) -> Endpoint {
    let snapshot = ls(sandbox, &[]);
    let mut udp = at(&snapshot, port).into_iter().filter(|endpoint| endpoint.protocol == Protocol::Udp);
    let endpoint = udp.next().expect("it receives UDP").clone();
    assert_eq!(udp.next(), None, "what is only held is no endpoint");
    endpoint
}

#[test]
fn two_that_want_one_port_have_each_their_own_in_both_protocols() {
    let sandbox = sandbox!();
    for family in ["4", "6"] {
        let (mut one, first) = start(&sandbox, "one", &[], family);
        let (mut other, second) = start(&sandbox, "other", &[], family);
        assert_eq!(first, 5000);
        assert_ne!(second, 5000);
        let said = other.tell(&format!("says it receives UDP on 127.0.0.1:{second}"))["said"].clone();
        says(said.as_str().expect("a text"), &["asked for port 5000"]);
        for (scene, port) in [(&mut one, first), (&mut other, second)] {
            assert_eq!(scene.tell(&format!("ask {port}"))["answer"], "HELLO", "{family}");
            assert_eq!(udp(&sandbox, port).listeners[0].device.as_deref(), Some("lo"), "{family}");
            let taken = scene.tell(&format!("take_udp {port}"))["taken"].as_str().expect("a text").to_owned();
            // Who serves IPv4 alone leaves the other to others.
            assert!(taken.is_empty() || family == "4" && taken.starts_with("::"), "{family}: {taken}");
            scene.tell("end SIGTERM");
            assert!(at(&ls(&sandbox, &[]), port).is_empty());
        }
    }
}

#[test]
fn who_is_to_be_seen_is_moved_and_answers() {
    let sandbox = sandbox!();
    let (mut one, first) = start(&sandbox, "one", &["--host-visible"], "6");
    let (mut other, second) = start(&sandbox, "other", &["--host-visible"], "6");
    for (scene, port) in [(&mut one, first), (&mut other, second)] {
        assert_eq!(scene.tell(&format!("ask {port}"))["answer"], "HELLO");
        assert_eq!(udp(&sandbox, port).listeners[0].device, None);
    }
    one.tell("end SIGTERM");
    other.tell("end SIGTERM");
}

#[test]
fn clients_and_members_of_groups_are_left_alone() {
    let sandbox = sandbox!();
    let script = "import socket
for address in [('127.0.0.1', 0), ('224.0.0.251', 5353)]:
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind(address)
    print(s.getsockname()[0], s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(('', 6000))
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
";
    let done = run(&sandbox, &["--udp", "--", "python3", "-c", script]).output().expect_code(0);
    assert_eq!(done.text(), "127.0.0.1 b''\n224.0.0.251 b''\n0 b'lo\\x00'\n", "{}", done.stderr);
}
