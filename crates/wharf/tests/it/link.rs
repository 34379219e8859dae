//! `wharf run --link`: services of one work tree reach each other at hard-coded ports, in two work trees at once; and a
//! run within a run.

use wharf_testkit::run::Run;
use wharf_testkit::sandbox;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::scenario::Scenario;

use crate::support::{runs, says, until};

/// A database, of a kind: tells on port 5432 whose it is.
const DATABASE: &str = "import socket, sys
listener = socket.create_server(('', 5432), backlog=8)
while True:
    client, _ = listener.accept()
    client.sendall(sys.argv[1].encode())
    client.close()";

/// Asks what is on port 5432, in every way that programs do.
const CLIENT: &str = "import asyncio, errno, selectors, socket, sys
def ask(host, port=5432):
    with socket.create_connection((host, port), 5) as client:
        return client.makefile().read()
def blocking():
    with socket.socket() as client:
        client.connect(('127.0.0.1', 5432))
        assert client.getpeername()[0] == '127.0.0.1'
        return client.makefile().read()
def without_waiting():
    with socket.socket() as client, selectors.DefaultSelector() as selector:
        client.setblocking(False)
        selector.register(client, selectors.EVENT_WRITE)
        assert client.connect_ex(('127.0.0.1', 5432)) in (0, errno.EINPROGRESS)
        assert selector.select(5)
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        client.setblocking(True)
        return client.makefile().read()
async def asynchronous():
    reader, _ = await asyncio.open_connection('localhost', 5432)
    return (await reader.read()).decode()
def refused():
    try: ask('127.0.0.1', 5433)
    except OSError as error: return errno.errorcode[error.errno]
print(ask('127.0.0.1'), ask('localhost'), blocking(), without_waiting(), asyncio.run(asynchronous()), refused())";

fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    let run = sandbox.wharf(arguments);
    if sandbox.has_users() { run.as_user(SOMEBODY) } else { run }
}

/// Makes a directory that is a project of its own.
fn project(sandbox: &Sandbox, name: &str) -> String {
    let folder = sandbox.folder().join("home").join(name);
    std::fs::create_dir_all(folder.join(".git")).expect("a folder is made");
    std::fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main\n").expect("a file is written");
    folder.display().to_string()
}

/// Runs wharf in a directory.
fn within<'a>(sandbox: &'a Sandbox, folder: &str, arguments: &[&str]) -> Run<'a> {
    wharf(sandbox, arguments).by(&["env", "--chdir", folder])
}

fn database(sandbox: &Sandbox, folder: &str, text: &str) -> u16 {
    let arguments = ["run", "--detach", "--json", "--name", "db", "--", "python3", "-c", DATABASE, text];
    runs(within(sandbox, folder, &arguments))[0].main_port.expect("it listens")
}

fn asks(sandbox: &Sandbox, folder: &str, options: &[&str]) -> (String, String) {
    let arguments = [&["run", "--name", "web"], options, &["--", "python3", "-c", CLIENT]].concat();
    let output = within(sandbox, folder, &arguments).output().expect_code(0);
    (output.text().trim().to_owned(), output.stderr)
}

#[test]
fn two_work_trees_reach_each_its_own() {
    let sandbox = sandbox!();
    let (shop, cart) = (project(&sandbox, "shop"), project(&sandbox, "cart"));
    assert_eq!(database(&sandbox, &shop, "shop"), 5432);
    let moved = database(&sandbox, &cart, "cart");
    assert_ne!(moved, 5432);
    let (told, _) = asks(&sandbox, &shop, &["--link"]);
    assert_eq!(told, "shop shop shop shop shop ECONNREFUSED");
    let (told, said) = asks(&sandbox, &cart, &["--link"]);
    assert_eq!(told, "cart cart cart cart cart ECONNREFUSED");
    says(&said, &["connections to port 5432 go to db.cart", &moved.to_string()]);
    // Without it, whoever has the port is reached.
    let (told, said) = asks(&sandbox, &cart, &[]);
    assert_eq!(told, "shop shop shop shop shop ECONNREFUSED");
    assert!(!said.contains("connections"), "{said}");
    // One whose sibling has ended is refused, and not led to somebody else's.
    let _ = within(&sandbox, &cart, &["stop", "db"]).output().expect_code(0);
    let script = "import socket, sys; sys.exit(socket.socket().connect_ex(('127.0.0.1', 5432)))";
    let run = within(&sandbox, &cart, &["run", "--name", "web", "--link", "--", "python3", "-c", script]);
    assert_eq!(run.output().code, Some(111));
}

#[test]
fn a_program_reaches_itself_at_the_port_that_it_asked_for() {
    let sandbox = sandbox!();
    let _holder = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000"]);
    let script = "import http.server, threading, urllib.request
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 3000), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen('http://localhost:3000', timeout=10).status)";
    let output = wharf(&sandbox, &["run", "--link", "--", "python3", "-c", script]).output().expect_code(0);
    assert_eq!(output.text(), "200\n");
    says(&output.stderr, &["connections to port 3000 go to itself"]);
}

#[test]
fn a_call_that_waits_can_be_interrupted() {
    let sandbox = sandbox!();
    let folder = project(&sandbox, "shop");
    // Its backlog is full at once, and nobody accepts.
    let script = "import socket, time
listener = socket.create_server(('', 5432), backlog=0)
time.sleep(1000)";
    let _holder = sandbox.scene("listen.py", &["tcp:0.0.0.0:5432"]);
    let arguments = ["run", "--detach", "--name", "db", "--", "python3", "-c", script];
    let _ = within(&sandbox, &folder, &arguments).output().expect_code(0);
    let script = "import signal, socket, sys
def alarm(*_): raise InterruptedError
signal.signal(signal.SIGALRM, alarm)
kept = []
signal.setitimer(signal.ITIMER_REAL, 1)
try:
    while len(kept) < 16:
        kept.append(socket.socket())
        kept[-1].connect(('127.0.0.1', 5432))
except InterruptedError: print('interrupted')";
    let arguments = ["run", "--name", "web", "--link", "--", "python3", "-c", script];
    assert_eq!(within(&sandbox, &folder, &arguments).output().expect_code(0).text(), "interrupted\n");
}

#[test]
fn a_run_in_a_run_has_a_name_and_a_port_of_its_own() {
    let sandbox = sandbox!();
    let binary = env!("CARGO_BIN_EXE_wharf");
    let inner = format!(
        "{binary} run --name web -- sh -c 'echo PORT is $PORT of $WHARF_NAME >&2; exec python3 -m http.server $PORT'"
    );
    let script = format!("{inner} & exec python3 -m http.server $PORT");
    let run = sandbox.wharf(&["run", "--name", "api", "--", "sh", "-c", &script]).by_scenario("run.py", &[]);
    let mut scene: Scenario<'_> = run.scene();
    scene.tell("says web.");
    until("both listen", || {
        let said = scene.tell("at")["said"].as_str().expect("a text").to_owned();
        said.matches(" is at http://").count() == 2
    });
    let said = scene.tell("at")["said"].as_str().expect("a text").to_owned();
    says(&said, &["is part of api.", "of web."]);
    let port = sandbox.wharf(&["port", "web"]).output().expect_code(0).text();
    says(&said, &[&format!("is at http://127.0.0.1:{}", port.trim()), &format!("PORT is {}", port.trim())]);
    assert_eq!(scene.tell("end SIGTERM")["left"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_run_in_a_run_in_the_background_has_them_too() {
    let sandbox = sandbox!();
    let inner = format!(
        "exec {} run --name web -- sh -c 'exec python3 -m http.server $PORT'",
        env!("CARGO_BIN_EXE_wharf")
    );
    let begun = sandbox.wharf(&["run", "--detach", "--name", "api", "--", "sh", "-c", &inner]);
    let _ = begun.output();
    let port = sandbox.wharf(&["port", "web"]).output().expect_code(0).text();
    until("the part listens", || sandbox.wharf(&["ls", port.trim()]).output().code == Some(0));
    let said = sandbox.wharf(&["logs", "api"]).output().expect_code(0).text();
    says(&said, &["web.", "is part of api."]);
    // By the name that it has in the list of processes, too.
    assert_eq!(sandbox.program(&["pgrep", "-x", "wharf"]).output().code, Some(0));
    let _ = sandbox.wharf(&["stop", "api"]).output().expect_code(0);
}
