//! `wharf run` where a container's seccomp profile denies pidfd_getfd(2) and more: sockets of wharf's in the place of the
//! program's. A real container is in `engine`.

use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::cluster::CLUSTER;
use crate::running::{Way, keeps_every_promise, nginx, program, start_by, written};
use crate::support::{at, ls, says};

/// The command that denies to what follows what Docker's default profile does.
fn denied(sandbox: &Sandbox) -> [String; 3] {
    let script = sandbox.folder().join("scenarios/deny.py").display().to_string();
    ["/usr/bin/python3".to_owned(), script, DENIED.to_owned()]
}

fn keeps_every_promise_there(sandbox: &Sandbox, options: &[&str], command: &[&str], dual_stack: bool) {
    let by = denied(sandbox);
    let by = by.each_ref().map(String::as_str);
    keeps_every_promise(sandbox, Way { by: &by, options }, command, dual_stack);
}

#[test]
fn python_is_moved_there_and_it_is_said_how() {
    let sandbox = sandbox!();
    let command = ["/usr/bin/python3", "-m", "http.server", "3000"];
    keeps_every_promise_there(&sandbox, &[], &command, false);
    keeps_every_promise_there(&sandbox, &["--strict"], &command, false);
    let by = denied(&sandbox);
    let by = by.each_ref().map(String::as_str);
    let (mut scene, _) = start_by(&sandbox, &by, &[&["--"], &command[..]].concat(), None);
    says(scene.tell("at")["said"].as_str().expect("a text"), &["SYS_PTRACE", "in their place"]);
    scene.tell("end SIGTERM");
}

#[test]
fn node_is_moved_there_alone_and_as_a_cluster() {
    let sandbox = sandbox!();
    let Some(node) = program("node").filter(|path| !path.starts_with("/root")) else {
        skip!("node is not installed where every user may run it");
    };
    let text = "require('http').createServer((q, r) => r.end('hello')).listen(3000)";
    keeps_every_promise_there(&sandbox, &[], &[&node, &written(&sandbox, "server.js", text)], true);
    let cluster = written(&sandbox, "cluster.js", CLUSTER);
    keeps_every_promise_there(&sandbox, &[], &[&node, &cluster, "rr"], true);
    keeps_every_promise_there(&sandbox, &[], &[&node, &cluster, "none"], true);
}

#[test]
fn nginx_is_moved_there() {
    let sandbox = sandbox!();
    let Some(nginx) = nginx(&sandbox) else { skip!("nginx is not installed") };
    let nginx: Vec<&str> = nginx.iter().map(String::as_str).collect();
    keeps_every_promise_there(&sandbox, &[], &nginx, true);
}

#[test]
fn options_of_a_socket_that_decide_are_kept_there() {
    let sandbox = sandbox!();
    let script = "import socket, fcntl, os
def opened(address, *options):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
    for option in options: s.setsockopt(*option)
    s.bind((address, 3000))
    s.listen()
    return s
only = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
port = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
several = [opened('0.0.0.0', port), opened('0.0.0.0', port), opened('::', only, port), opened('::', port, only)]
print([s.getsockname()[0] for s in several], [s.getsockopt(*option[:2]) for s, option in zip(several[1:3], [port, only])])
print(all(not s.get_inheritable() for s in several), len({s.getsockname()[1] for s in several}))
s = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
s.bind(('127.0.0.1', 0))
name = s.getsockname()
s.listen()
print(name == s.getsockname(), bool(fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK))
s.listen()
s = socket.socket()
s.listen()
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16))
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 3000))
print(s.getsockname()[1])
";
    let by = denied(&sandbox);
    let by = by.each_ref().map(String::as_str);
    let run = sandbox.wharf(&["run", "--", "python3", "-c", script]).by(&by);
    let run = if sandbox.has_users() { run.as_user(SOMEBODY) } else { run };
    let done = run.output().expect_code(0);
    let expected = "['0.0.0.0', '0.0.0.0', '::', '::'] [1, 1]\nTrue 1\nTrue True\nb'lo\\x00'\n3000\n";
    assert_eq!(done.text(), expected, "{}", done.stderr);
}

#[test]
fn who_closes_without_listening_gives_the_port_up_there() {
    let sandbox = sandbox!();
    let script = "import socket, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
name = s.getsockname()
s.close()
for _ in range(200):
    time.sleep(0.05)
    try: socket.socket().bind(name)
    except OSError: continue
    print('free')
    break
with socket.create_server(('127.0.0.1', 3000)) as server: pass
try: socket.create_connection(('127.0.0.1', 3000))
except ConnectionRefusedError: print('closed')
";
    let by = denied(&sandbox);
    let by = by.each_ref().map(String::as_str);
    let done = sandbox.wharf(&["run", "--", "python3", "-c", script]).by(&by).output().expect_code(0);
    assert_eq!(done.text(), "free\nclosed\n", "{}", done.stderr);
    assert!(at(&ls(&sandbox, &[]), 3000).is_empty());
}

const DENIED: &str = "pidfd_getfd,process_vm_readv,process_vm_writev";
