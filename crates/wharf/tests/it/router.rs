//! The router in the daemon: names of what runs, from the first request to the end of a run, as an ordinary user.
//!
//! Not here: what goes over the wire byte by byte (`wharf-router/tests`), and trust in its authority ([`crate::trust`]).

use std::fs;

use serde_json::Value;
use wharf_model::route::{RequestEntry, RouteOrigin, Routes};
use wharf_testkit::run::Run;
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};
use wharf_testkit::{sandbox, skip};

use crate::running::program;
use crate::support::{daemon_status, routes, runs, says, until};

/// Lets an ordinary user run it where there are users, with a daemon and its router.
pub(crate) fn own<'a>(sandbox: &'a Sandbox, run: Run<'a>) -> Run<'a> {
    let run = run.env("WHARF_DAEMON", "1").env("WHARF_ROUTER", "1");
    if !sandbox.has_users() {
        return run;
    }
    let runtime = sandbox.folder().join("home/own").display().to_string();
    let make = sandbox.program(&["mkdir", "-p", "-m", "700", &runtime]).as_user(SOMEBODY);
    let _ = make.output().expect_code(0);
    run.as_user(SOMEBODY).env("XDG_RUNTIME_DIR", &runtime)
}

fn wharf<'a>(sandbox: &'a Sandbox, arguments: &[&str]) -> Run<'a> {
    own(sandbox, sandbox.wharf(arguments))
}

fn done(sandbox: &Sandbox, arguments: &[&str]) -> String {
    wharf(sandbox, arguments).output().expect_code(0).text()
}

/// Returns the status code, a blank and the body that curl gets of `url`, of a name that leads here.
fn curl(sandbox: &Sandbox, url: &str, more: &[&str]) -> String {
    let root = sandbox.folder().join("home/state/wharf/authority/root.pem").display().to_string();
    let is_there = || own(sandbox, sandbox.program(&["test", "-f", &root])).output().code == Some(0);
    until("the authority is made", is_there);
    let words = [
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "20",
        "--cacert",
        &root,
        "--write-out",
        "%{http_code} ",
    ];
    let run = own(sandbox, sandbox.program(&[&words, more, &[url]].concat()));
    let output = run.output();
    format!("{}{}", output.text(), output.stderr)
}

/// Starts a server in the background, and returns its URL by name.
fn serve(sandbox: &Sandbox, name: &str) -> String {
    let words = ["run", "--detach", "--json", "--name", name, "--", "python3", "-m", "http.server"];
    let begun = runs(wharf(sandbox, &words));
    begun[0].named_url.clone().expect("there is a router")
}

/// A sandbox in which curl is.
macro_rules! sandbox_with_curl {
    () => {{
        let sandbox = sandbox!();
        if program("curl").is_none() {
            skip!("curl is not installed");
        }
        sandbox
    }};
}

#[test]
fn what_runs_has_a_name_over_https_until_it_ends() {
    let sandbox = sandbox_with_curl!();
    let url = serve(&sandbox, "api");
    let port = if sandbox.has_users() { ":8443" } else { "" };
    assert!(url.starts_with("https://") && url.ends_with(&format!(".localhost{port}")), "{url}");
    assert_eq!(done(&sandbox, &["url", "api"]).trim(), url);
    let page = curl(&sandbox, &url, &[]);
    assert!(page.ends_with("200 ") && page.contains("Directory listing"), "{page}");
    // Nobody vouches for a name that is no route, and whoever comes without TLS is sent to it.
    let port = if port.is_empty() { ":443" } else { port };
    says(&curl(&sandbox, &format!("https://evil.localhost{port}/"), &[]), &["000 ", "alert"]);
    let plain = url.replace("https:", "http:").trim_end_matches(port).to_owned() + port;
    let sent = curl(
        &sandbox,
        &format!("{plain}/a?b"),
        &["--output", "/dev/null", "--write-out", " %{redirect_url}"],
    );
    assert!(sent.ends_with(&format!(" {url}/a?b")), "{sent}");
    // It is there as long as its lease is, and says what is wrong.
    let _ = done(&sandbox, &["stop", "api"]);
    until("its route leads to nobody", || curl(&sandbox, &url, &[]).ends_with("502 "));
    says(
        &curl(&sandbox, &url, &[]),
        &[
            "\"nothing-listens\"",
            "\"cause\": \"leased-and-not-running\"",
            "wharf lease ls",
            "wharf run --name api",
        ],
    );
    let page = curl(&sandbox, &url, &["--header", "Accept: text/html"]);
    says(&page, &["<!doctype html>", "prefers-color-scheme:dark", "502 "]);
    assert!(!page.contains("http://") || page.len() < 20 * 1024);
}

/// Opens a port as root, and gives its rights up before it answers, as nginx and PostgreSQL do.
const GIVES_UP_ROOT: &str = "
import os, socket
listener = socket.create_server(('127.0.0.1', 4300), backlog=64)
os.setgid(65534); os.setuid(65534)
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok')
    client.close()
";

#[test]
fn a_server_that_gives_up_root_is_still_the_one_that_was_meant() {
    let sandbox = sandbox_with_curl!();
    if !sandbox.has_users() {
        skip!("there are no other users");
    }
    let mut server = sandbox.program(&["python3", "-c", GIVES_UP_ROOT]).start();
    let _ = done(&sandbox, &["route", "add", "old.shop", "4300"]);
    let url = done(&sandbox, &["url", "old.shop", "--wait", "20s"]).trim().to_owned();
    for _ in 0..20 {
        assert_eq!(curl(&sandbox, &url, &[]), "ok200 ");
    }
    server.kill().expect("it is ours");
    let _ = server.wait();
}

#[test]
fn a_route_by_hand_is_kept_beyond_the_daemon_and_goes_when_it_is_told_to() {
    let sandbox = sandbox_with_curl!();
    let mut server =
        own(&sandbox, sandbox.program(&["python3", "-m", "http.server", "4100", "--bind", "::1"])).start();
    let added = done(&sandbox, &["route", "add", "admin.shop", "4100"]);
    says(&added, &["https://admin.shop.localhost", "http://localhost:4100"]);
    let url = done(&sandbox, &["url", "admin.shop", "--wait", "20s"]).trim().to_owned();
    assert!(curl(&sandbox, &url, &[]).ends_with("200 "), "::1 is tried, too");
    for way in ["restart", "stop"] {
        let _ = done(&sandbox, &["daemon", way]);
        let listed = routes(wharf(&sandbox, &["route", "ls", "admin.shop", "--json"]));
        assert_eq!(listed[0].host, "admin.shop.localhost");
        assert!(curl(&sandbox, &url, &[]).ends_with("200 "), "after {way}");
    }
    let log = || wharf(&sandbox, &["route", "log", "admin.shop", "--json"]).output().expect_code(0).text();
    // A request is written down once it is over, which its client may see first.
    until("the request is in the log", || !log().is_empty());
    let log = log();
    let last: RequestEntry = serde_json::from_str(log.lines().last().expect("a line")).expect("an entry");
    assert_eq!((last.method.as_str(), last.status), ("GET", Some(200)));
    assert_eq!(last.url, format!("{url}/"));
    assert!(last.bytes > 0 && last.first_byte_ms.is_some_and(|first| first <= last.total_ms));
    let metrics =
        own(&sandbox, sandbox.scenario("api.py", &["GET", "/metrics"])).output().expect_code(0).text();
    says(&metrics, &["wharf_router_requests_total{host=\"admin.shop.localhost\",path=\"/\",code=\"2xx\"} 1"]);
    says(&done(&sandbox, &["route", "rm", "admin.shop"]), &["admin.shop.localhost"]);
    for words in [
        &["url", "admin.shop"][..],
        &["route", "rm", "admin.shop"],
        &["url", "admin.shop", "--wait", "100ms"],
    ] {
        let _ = wharf(&sandbox, words).output().expect_code(1);
    }
    server.kill().expect("it is ours");
    let _ = server.wait();
}

#[test]
fn a_route_ends_with_the_process_that_it_was_made_for() {
    let sandbox = sandbox!();
    let mut process =
        own(&sandbox, sandbox.program(&["sh", "-c", "echo $$ > home/pid; exec sleep 1000"])).start();
    let pid = || fs::read_to_string(sandbox.folder().join("home/pid")).unwrap_or_default().trim().to_owned();
    until("it runs", || !pid().is_empty());
    let list = || {
        let text = wharf(&sandbox, &["route", "ls", "--json"]).output().expect_code(0).text();
        serde_json::from_str::<Routes>(&text).expect("a document").routes
    };
    let _ = done(&sandbox, &["route", "add", "tmp.shop", "4100", "--pid", &pid()]);
    assert_eq!(list().len(), 1);
    process.kill().expect("it is ours");
    let _ = process.wait();
    let _ = sandbox.program(&["kill", "-KILL", &pid()]).output();
    until("its route is gone", || list().is_empty());
}

#[test]
fn nothing_is_sent_to_another_users_listener() {
    let sandbox = sandbox_with_curl!();
    if !sandbox.has_users() {
        skip!("no other users in this user namespace: subordinate user ids are needed");
    }
    let _ = done(&sandbox, &["route", "add", "api.shop", "4100"]);
    let mut stranger = sandbox
        .program(&["python3", "-m", "http.server", "4100", "--bind", "127.0.0.1"])
        .as_user(SOMEBODY + 1)
        .start();
    let url = done(&sandbox, &["url", "api.shop", "--wait", "20s"]).trim().to_owned();
    let told = curl(&sandbox, &url, &[]);
    says(&told, &["other-user", &(SOMEBODY + 1).to_string()]);
    assert!(told.ends_with("502 "));
    // Whoever names it while it is there means that one.
    let _ = done(&sandbox, &["route", "add", "api.shop", "4100"]);
    assert!(curl(&sandbox, &url, &[]).ends_with("200 "));
    stranger.kill().expect("it is ours");
    let _ = stranger.wait();
}

#[test]
fn what_makes_no_sense_is_said() {
    let sandbox = sandbox!();
    for (words, told) in [
        (&["route", "add", "api shop", "3000"][..], "is no host name"),
        (&["route", "add", "<b>.shop", "3000"], "is no host name"),
        (&["route", "add", "api.shop", "example.com:80"], "is no upstream"),
        (&["route", "add", "api.shop", "no.lease"], "the name of a lease"),
        (&["route", "add", "api.shop", "tcp://3000", "--path", "/x"], "has no paths"),
        (&["route", "add", "api.shop", "3000", "--pid", "4000000"], "no process"),
        (&["route", "add", "api.shop", "3000", "--path", "x"], "begins with /"),
        (&["route", "rm", "api.shop"], "nothing was added"),
        (&["url", "api.shop"], "no route is called"),
        (&["open", "api.shop"], "no route is called"),
    ] {
        says(&wharf(&sandbox, words).output().expect_code(1).stderr, &[told]);
    }
    let off =
        |name: &str, words: &[&str]| wharf(&sandbox, words).env(name, "0").output().expect_code(1).stderr;
    says(&off("WHARF_DAEMON", &["route", "ls"]), &["WHARF_DAEMON=0"]);
    let _ = done(&sandbox, &["daemon", "stop"]);
    says(&off("WHARF_ROUTER", &["route", "ls"]), &["the router is off"]);
}

#[test]
fn no_request_fails_while_the_daemon_goes_on_as_another_program() {
    let sandbox = sandbox!();
    let url = serve(&sandbox, "api");
    let (host, port) = url
        .trim_start_matches("https://")
        .split_once(':')
        .unwrap_or((url.trim_start_matches("https://"), "443"));
    // Each request by a connection of its own: one that is kept may be closed at any time.
    let script = "import http.client, os, ssl, sys
host, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
count = failed = 0
while not os.path.exists(file) or count < 50:
    count += 1
    try:
        raw = http.client.HTTPSConnection(host, port, timeout=10, context=context)
        raw.request('GET', '/', headers={'Connection': 'close'})
        failed += raw.getresponse().status != 200
        raw.close()
    except Exception as error:
        failed += 1
        print(error)
print(count, failed)";
    let file = sandbox.folder().join("home/done").display().to_string();
    let hosts = "echo 127.0.0.1 localhost HOST > home/hosts; mount --bind home/hosts /etc/hosts"
        .replace("HOST", host);
    let load = sandbox.program(&["python3", "-c", script, host, port, &file]).after_mounting(&hosts);
    let before = daemon_status(wharf(&sandbox, &["daemon", "status", "--json"])).process.pid;
    let told = std::thread::scope(|scope| {
        let load = scope.spawn(|| load.output().expect_code(0).text());
        for _ in 0..3 {
            let _ = done(&sandbox, &["daemon", "restart"]);
        }
        fs::write(&file, "").expect("the sandbox is ours");
        load.join().expect("it ran")
    });
    let last: Vec<u32> =
        told.lines().last().expect("a line").split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(last[0] >= 50 && last[1] == 0, "{told}");
    assert_eq!(daemon_status(wharf(&sandbox, &["daemon", "status", "--json"])).process.pid, before);
}

#[test]
fn routes_that_are_added_while_leases_change_are_all_there() {
    let sandbox = sandbox!();
    let _ = done(&sandbox, &["route", "ls"]);
    let words = |number: usize, host: bool| {
        let name = format!("r{number}.shop");
        if host {
            vec!["route".to_owned(), "add".into(), name, "4100".into()]
        } else {
            vec!["port".to_owned(), format!("p{number}")]
        }
    };
    let mut all: Vec<_> = Vec::new();
    for number in 0..60 {
        for is_route in [true, false] {
            let words = words(number, is_route);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            all.push(wharf(&sandbox, &words).start());
        }
    }
    for child in &mut all {
        assert!(child.wait().expect("it is ours").success());
    }
    let listed = routes(wharf(&sandbox, &["route", "ls", "--json"]));
    let added = listed.iter().filter(|route| route.origin == RouteOrigin::Added).count();
    let leased = listed.iter().filter(|route| route.origin == RouteOrigin::Lease).count();
    assert_eq!((added, leased), (60, 60));
}

#[test]
fn the_document_of_the_router_tells_where_it_listens() {
    let sandbox = sandbox!();
    let _ = done(&sandbox, &["route", "ls"]);
    let ask = |path: &str| -> Value {
        let text = own(&sandbox, sandbox.scenario("api.py", &["GET", path])).output().expect_code(0).text();
        serde_json::from_str(text.lines().nth(1).unwrap_or_default()).unwrap_or_default()
    };
    let told = ask("/v1/router");
    let wanted = if sandbox.has_users() { 8443 } else { 443 };
    assert_eq!((&told["schema"], &told["https"]), (&"wharf.router/v1".into(), &wanted.into()), "{told}");
    assert_eq!(told["domains"][0], "localhost");
}
