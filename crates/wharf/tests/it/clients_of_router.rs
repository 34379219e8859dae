//! Real clients against the router: curl, Node's fetch, Python's requests, WebSockets by two implementations, gRPC.
//!
//! Their servers and scripts are in `clients_of_router/`. Not here: browsers ([`crate::browser`]), and what goes over the
//! wire byte by byte (`wharf-router/tests`).

use std::path::Path;

use serde_json::Value;
use wharf_testkit::sandbox::Sandbox;
use wharf_testkit::{sandbox, skip};

use crate::outside;
use crate::routed::Shop;
use crate::running::{program, written};
use crate::support::says;

/// A project with the server that clients ask, and what asks it.
struct Asked<'a> {
    shop: Shop<'a>,
    /// Host and port of the server, by name.
    place: String,
    curl: String,
    script: String,
}

impl<'a> Asked<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        Self::in_shop(Shop::of_anybody(sandbox))
    }

    fn in_shop(shop: Shop<'a>) -> Self {
        with_names(shop.sandbox);
        let script = written(shop.sandbox, "shop.py", include_str!("clients_of_router/shop.py"));
        let _ = shop.wharf(&["port", "web"]).output().expect_code(0);
        let url = shop.serve("api", &["python3", &script]);
        let _ = shop.wharf(&["url", "api", "--wait", "20s"]).output().expect_code(0);
        let curl = format!("curl -sS --fail-with-body --max-time 100 --cacert {}", shop.root_certificate());
        Self { shop, place: url.trim_start_matches("https://").to_owned(), curl, script }
    }

    /// Returns what a script of sh prints; in it `$curl` and `$place` stand for themselves.
    #[track_caller]
    fn sh(&self, script: &str) -> String {
        let Self { curl, place, .. } = self;
        let all = format!("set -e\ncurl='{curl}' place={place}\ncd scratch\n{script}");
        self.shop.sh(&all).expect_code(0).text()
    }

    #[track_caller]
    fn json(&self, script: &str) -> Value {
        let text = self.sh(script);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// Makes names known to whoever does not know that those below localhost lead here.
fn with_names(sandbox: &Sandbox) {
    let names = "127.0.0.1 localhost api.shop.localhost web.shop.localhost\n::1 localhost\n";
    let file = written(sandbox, "hosts", names);
    outside::bind(sandbox, Path::new(&file), Path::new("/etc/hosts"));
}

macro_rules! sandbox_with {
    ($($name:literal)*) => {{
        let sandbox = sandbox!();
        $(
            if program($name).is_none_or(|path| path.starts_with("/root")) {
                skip!("{} is not installed where every user may run it", $name);
            }
        )*
        sandbox
    }};
}

/// Returns the Python of the tests, or ends the test as skipped.
macro_rules! python_with {
    ($sandbox:expr, $module:literal) => {
        match outside::python($sandbox, $module) {
            Ok(python) => python,
            Err(why) => skip!("{why}"),
        }
    };
}

/// Both versions of HTTP, as curl has them.
const VERSIONS: [(&str, &str); 2] = [("--http1.1", "1.1"), ("--http2", "2")];

#[test]
fn curl_gets_and_sends_all_of_what_is_large() {
    let sandbox = sandbox_with!("curl");
    let asked = Asked::new(&sandbox);
    let sum = asked.sh(&format!("python3 {} {SIZE}", asked.script));
    let sent = asked.sh(&format!("head -c {SIZE} /dev/urandom > big; sha256sum big | cut -d' ' -f1"));
    for (option, version) in VERSIONS {
        let got = format!(
            "$curl {option} -w '%{{stderr}}%{{http_version}}' -o got https://$place/bytes?{SIZE} 2> version; \
             cat version; echo; sha256sum got | cut -d' ' -f1"
        );
        assert_eq!(asked.sh(&got), format!("{version}\n{sum}"), "{option}");
        // By its length, with Expect: 100-continue, and in chunks.
        for way in ["-T big", "-H 'Expect: 100-continue' -T big", "-T - < big", "--data-binary @big"] {
            let told = asked.json(&format!("$curl {option} https://$place/ {way}"));
            assert_eq!(
                (&told["size"], told["sha256"].as_str()),
                (&SIZE.into(), Some(sent.trim())),
                "{option} {way}"
            );
        }
    }
}

#[test]
fn curl_asks_in_every_way_it_can() {
    let sandbox = sandbox_with!("curl");
    let asked = Asked::new(&sandbox);
    for (option, version) in VERSIONS {
        let range = format!("$curl {option} -r 32-34 -i https://$place/bytes?5000 | tr -d '\\r'");
        let told = asked.sh(&range).to_lowercase();
        says(
            &told,
            &[&format!("http/{version} 206"), "content-range: bytes 32-34/5000", "content-length: 3\n"],
        );
        let head = asked.sh(&format!("$curl {option} -I https://$place/bytes?5000 | tr -d '\\r'"));
        says(&head, &[&format!("http/{version} 200"), "content-length: 5000\n", "accept-ranges: bytes"]);
        let both =
            format!("$curl {option} -w '%{{num_connects}} ' -o a https://$place/a -o b https://$place/b");
        assert_eq!(asked.sh(&both), "1 0 ", "one connection is enough");
    }
    let told = asked.json("$curl https://$place/x?y=%20z");
    assert_eq!(told["path"], "/x?y=%20z");
    let fields = told["fields"].as_object().expect("fields");
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!((field("host"), field("x-forwarded-proto")), (asked.place.as_str(), "https"), "{told:#}");
    let close = "$curl --http1.1 -H 'Connection: close' -w '%{num_connects} ' -o a https://$place/a -o b https://$place/b";
    assert_eq!(asked.sh(close), "1 1 ");
    let old = asked.sh("$curl -0 -i https://$place/a 2>&1 | tr -d '\\r'");
    says(&old, &["http/1.1 200 ok\n", "\"path\": \"/a\""]);
    // Without TLS on the port of TLS: a proxy is asked for the whole URL, and says where to go.
    let port = asked.place.split_once(':').map_or("443", |(_, port)| port).to_owned();
    let proxied = format!(
        "$curl -x http://127.0.0.1:{port} http://api.shop.localhost/a?b -o page -w '%{{http_code}} %{{redirect_url}}'"
    );
    assert_eq!(asked.sh(&proxied), format!("307 https://{}/a?b", asked.place));
    let tunnel = asked.sh(&format!("$curl -x http://127.0.0.1:{port} https://$place/ 2>&1 || true"));
    says(&tunnel, &["405"]);
}

#[test]
fn curl_is_answered_without_tls_where_that_is_wanted() {
    let sandbox = sandbox_with!("curl");
    let shop = Shop::of_anybody(&sandbox);
    let config = "[router]\\nhttp = 8080\\nplain_http = true\\n";
    let _ =
        shop.sh(&format!("mkdir -p home/config/wharf; printf '{config}' > home/config/wharf/config.toml"));
    let asked = Asked::in_shop(shop);
    let told = asked.json("$curl http://api.shop.localhost:8080/a");
    assert_eq!((&told["path"], &told["version"]), (&"/a".into(), &"HTTP/1.1".into()));
    // As a proxy is asked: for the whole URL.
    let told = asked.json("$curl -x http://127.0.0.1:8080 http://api.shop.localhost/a?b");
    assert_eq!(told["path"], "/a?b");
    let told = asked.json("$curl -0 http://api.shop.localhost:8080/old");
    assert_eq!(told["path"], "/old");
    let told = asked.json("$curl --http2-prior-knowledge http://api.shop.localhost:8080/two");
    assert_eq!(told["path"], "/two");
}

#[test]
fn a_run_calls_another_by_its_name() {
    let sandbox = sandbox_with!("node");
    let python = python_with!(&sandbox, "requests");
    let asked = Asked::new(&sandbox);
    let place = &asked.place;
    let fetch = format!(
        "const body = new Uint8Array(3000000).fill(7);
        const told = await (await fetch('https://{place}/a')).json();
        const sent = await (await fetch('https://{place}/', {{ method: 'POST', body }})).json();
        const parts = new ReadableStream({{
            start(it) {{ for (let n = 0; n < 50; n++) it.enqueue(body.slice(0, 1000)); it.close(); }}
        }});
        const streamed = await (await fetch('https://{place}/', {{ method: 'POST', body: parts, duplex: 'half' }})).json();
        console.log(told.path, sent.size, streamed.size);"
    );
    let requests = format!(
        "import requests
with requests.Session() as session:
    told = session.get('https://{place}/a').json()
    sent = session.post('https://{place}/', data=bytes(3000000)).json()
    streamed = session.post('https://{place}/', data=(bytes(1000) for _ in range(50))).json()
print(told['path'], sent['size'], streamed['size'])"
    );
    for words in [&["node", "--input-type=module", "-e", &fetch][..], &[&python, "-c", &requests]] {
        let run = |before: &[&str]| asked.shop.wharf(&[before, words].concat());
        let output = run(&["run", "--name", "caller", "--"]).output().expect_code(0);
        assert!(output.text().ends_with("/a 3000000 50000\n"), "{}", output.text());
        let refused = asked.shop.own(sandbox.program(words)).output();
        assert_ne!(refused.code, Some(0), "outside of a run nobody tells it whom to trust");
    }
}

#[test]
fn the_very_first_run_is_told_whom_to_trust() {
    let sandbox = sandbox!();
    let shop = Shop::of_anybody(&sandbox);
    let script = "cat \"$NODE_EXTRA_CA_CERTS\" > /dev/null && grep -c BEGIN \"$CURL_CA_BUNDLE\"";
    let count = || {
        let text =
            shop.wharf(&["run", "--name", "api", "--", "sh", "-c", script]).output().expect_code(0).text();
        text.trim().parse::<u32>().expect("a number")
    };
    assert!(count() >= 1);
    assert_eq!(count(), count(), "the daemon makes no other");
}

#[test]
fn websockets_pass_frame_by_frame() {
    let sandbox = sandbox!();
    let python = python_with!(&sandbox, "websockets, wsproto");
    let shop = Shop::of_anybody(&sandbox);
    with_names(&sandbox);
    let script = written(&sandbox, "sockets.py", include_str!("clients_of_router/sockets.py"));
    let _ = shop.wharf(&["port", "web"]).output().expect_code(0);
    let url = shop.serve("api", &[&python, &script, "server"]).replace("https:", "wss:");
    let _ = shop.wharf(&["url", "api", "--wait", "20s"]).output().expect_code(0);
    for client in ["client", "wire"] {
        let _ = shop
            .wharf(&["run", "--name", "caller", "--", &python, &script, client, &url])
            .output()
            .expect_code(0);
    }
    let told = shop.wharf(&["logs", "api"]).output().expect_code(0).text();
    says(&told, &["closed with 4000 done", "closed with 1000 over"]);
}

#[test]
fn calls_of_grpc_of_every_kind_are_answered() {
    let sandbox = sandbox!();
    let python = python_with!(&sandbox, "grpc");
    let shop = Shop::of_anybody(&sandbox);
    let script = written(&sandbox, "calls.py", include_str!("clients_of_router/calls.py"));
    let _ = shop.serve("server", &[&python, &script, "server"]);
    let _ = shop.wharf(&["url", "server", "--wait", "20s"]).output().expect_code(0);
    let port = shop.wharf(&["port", "server"]).output().expect_code(0).text();
    let _ = shop
        .wharf(&["route", "add", "calls.shop", &format!("h2c://{}", port.trim())])
        .output()
        .expect_code(0);
    let url = shop.wharf(&["url", "calls.shop"]).output().expect_code(0).text();
    let (host, port) =
        url.trim().trim_start_matches("https://").split_once(':').unwrap_or(("calls.shop.localhost", "443"));
    let root = shop.root_certificate();
    let words = [&python, &script, "client", host, port, &root];
    let _ = shop.own(sandbox.program(&words)).output().expect_code(0);
}

/// Bytes of what is large.
const SIZE: u64 = 100 << 20;
