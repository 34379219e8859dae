//! Requests and responses by a grammar that knows where programs differ, with some bytes changed afterwards.
//!
//! Not here: what must hold for them (`fuzzing.rs`).

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{authority, chunks, requests, response, table};

/// Returns one of `words`.
fn one(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(words).prop_map(str::to_owned)
}

/// Returns mostly one of `words`, seldom one of `odd` ones.
fn mostly(words: &'static [&'static str], odd: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![9 => one(words), 1 => one(odd)]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => one(&[
            "Accept: */*", "Cookie: a=b; c=d", "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "TE: trailers",
            "Keep-Alive: 5", "Expect: 100-continue", "Connection: keep-alive", "X-Empty:", "X-Bytes: \u{80}\u{ff}",
            "X-Wharf-Hops: 2", "X_Real_IP: 6.6.6.6", "Connection: X-Mine", "X-Mine: 1", "Upgrade: websocket",
        ]),
        1 => one(&[
            "Connection: close", "Connection: Content-Length", "Connection: Host, Transfer-Encoding", "Connection: upgrade",
            "Host: other.localhost", "HOST: app.localhost", "host : app.localhost", "Proxy-Connection: close",
        ]),
        1 => one(&[
            "Content-Length: 5", "Content-Length: 0", "content_length: 5", "Content-Length : 5", "Content-Length: 5, 5",
            "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 5 5", "Content-Length:", "Content-Length: -0",
            "Content-Length: 18446744073709551617", "Content-Length: 00005", "Content-Length: 5\t", "X: y\nContent-Length: 5",
            "X: y\rContent-Length: 5", "X: y\r\n Content-Length: 5", "X: y\0Content-Length: 5", " Content-Length: 5",
        ]),
        1 => one(&[
            "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer_Encoding: chunked",
            "Transfer-Encoding : chunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked;q=1",
            "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: \u{b}chunked", "Transfer-Encoding:\r\n chunked",
            "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked,", "Transfer-Encoding:", "X: y\nTransfer-Encoding: chunked",
        ]),
    ]
}

/// A body with the field that frames it.
fn framed() -> impl Strategy<Value = (String, String)> {
    let chunk = (
        proptest::sample::select(
            &["", "a", "hello", "0\r\n\r\n", "GET /evil HTTP/1.1\r\nHost: app.localhost\r\n\r\n"][..],
        ),
        mostly(&["", ";a", ";a=\"b\"", ";a=b;c"], &[" ", ";\t", ";\n", "\t;a", ";a\rb", "\u{80}"]),
        mostly(&["\r\n"], &["\n", "\r", "", "\r\n\r\n", "X"]),
        mostly(&["\r\n"], &["\n", "\r", "", "X\r\n"]),
    );
    let chunk = chunk.prop_filter_map("the last is apart", |(data, extension, first, last)| {
        (!data.is_empty()).then(|| format!("{:x}{extension}{first}{data}{last}", data.len()))
    });
    let end = mostly(
        &["0\r\n\r\n", "0;a\r\n\r\n", "000\r\nX-Sum: 1\r\n\r\n", "0\r\nA: b\r\nC:\r\n\r\n"],
        &[
            "",
            "0",
            "0\r\n",
            "0\n\n",
            "0\r\n\r",
            "-0\r\n\r\n",
            "0x0\r\n\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\n: y\r\n\r\n",
            "0\r\na b: c\r\n\r\n",
            "00000000000000000000\r\n\r\n",
            "0\r\nX: y\nZ: 1\r\n\r\n",
            "0\r\n(x): y\r\n\r\n",
        ],
    );
    let chunked = (proptest::collection::vec(chunk, 0..4), end)
        .prop_map(|(chunks, end)| ("Transfer-Encoding: chunked".to_owned(), chunks.concat() + &end));
    let length = one(&["", "hello", "0\r\n\r\n", "GET /evil HTTP/1.1\r\nHost: app.localhost\r\n\r\n"]);
    let length = (length, mostly(&["0"], &["1", "7"])).prop_map(|(body, more)| {
        (format!("Content-Length: {}", body.len() + more.parse::<usize>().unwrap()), body)
    });
    let none = Just((String::new(), String::new()));
    prop_oneof![4 => chunked, 3 => length, 3 => none]
}

fn a_request() -> impl Strategy<Value = String> {
    let method = mostly(
        &["GET", "POST", "PUT", "HEAD", "OPTIONS"],
        &["CONNECT", "get", "P(ST", "GET\t", "", "PRI", "\r\nGET"],
    );
    let target = mostly(
        &[
            "/",
            "/x?y=1",
            "/strip",
            "/strip/x",
            "/strip?x",
            "http://app.localhost/p",
            "HTTP://APP.localhost:80",
            "/a%0d%0ab",
            "/\"<>",
        ],
        &[
            "*",
            "x",
            "//x",
            "/a b",
            "/a\tb",
            "/#x",
            "http://",
            "http://u@app.localhost/",
            "https://a/../b",
            "/\u{e9}",
            "/\u{1}",
            "/strip//x",
        ],
    );
    let version = mostly(
        &[" HTTP/1.1\r\n"],
        &[" HTTP/1.0\r\n", " HTTP/1.1\n", " HTTP/1.1 \r\n", " http/1.1\r\n", " HTTP/2.0\r\n", "\r\n"],
    );
    let host = mostly(
        &["Host: app.localhost\r\n", "Host: APP.localhost.:8443\r\n", "Host:[::1]\r\n"],
        &[
            "",
            "Host:\r\n",
            "Host: a b\r\n",
            "Host: app.localhost\n",
            "Host: a/b\r\n",
            "Host: a@b\r\n",
            "Host: \u{e9}\r\n",
        ],
    );
    let fields = proptest::collection::vec(field(), 0..4);
    (method, target, version, host, fields, framed()).prop_map(
        |(method, target, version, host, fields, (framing, body))| {
            let mut fields = fields;
            // Before or behind the others.
            let at = body.len() % (fields.len() + 1);
            if !framing.is_empty() {
                fields.insert(at, framing);
            }
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            format!("{method} {target}{version}{host}{fields}\r\n{body}")
        },
    )
}

fn a_response() -> impl Strategy<Value = String> {
    let first = mostly(
        &[
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 200 OK\r\n",
            "HTTP/1.1 404 \r\n",
            "HTTP/1.1 204 No\r\n",
            "HTTP/1.1 200\r\n",
            "HTTP/1.1 304 x\r\n",
        ],
        &[
            "HTTP/1.1  200 OK\r\n",
            "HTTP/1.1 200 OK\n",
            "HTTP/2 200\r\n",
            "HTTP/1.1 099 x\r\n",
            "HTTP/1.1 1000 x\r\n",
            "HTTP/1.1 101 x\r\n",
        ],
    );
    (first, proptest::collection::vec(field(), 0..4), framed()).prop_map(
        |(first, mut fields, (framing, body))| {
            let at = body.len() % (fields.len() + 1);
            if !framing.is_empty() {
                fields.insert(at, framing);
            }
            let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
            format!("{first}{fields}\r\n{body}")
        },
    )
}

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize, usize),
    Put(usize, u8),
    Insert(usize, u8),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![
        proptest::sample::select(&b"\r\n\t :;,0159afAF_-\0\x0b\x7f\x80\xff(\"/"[..]),
        any::<u8>(),
    ];
    let byte = byte.boxed();
    prop_oneof![
        (any::<usize>(), 1..9_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<usize>(), byte.clone()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<usize>(), byte).prop_map(|(at, byte)| Change::Insert(at, byte)),
        (any::<usize>(), 1..60_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

/// Returns the bytes of a text, each of whose characters is one, with `changes`.
fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    for change in changes {
        let length = bytes.len().max(1);
        match *change {
            Change::Remove(at, count) => {
                let at = at % length;
                let end = (at + count).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            Change::Put(at, byte) => {
                if let Some(place) = bytes.get_mut(at % length) {
                    *place = byte;
                }
            }
            Change::Insert(at, byte) => bytes.insert(at % length, byte),
            Change::Repeat(at, count) => {
                let at = at % length;
                let some = bytes[at.min(bytes.len())..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, some);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_upstream_sees_the_request_that_the_router_saw(
        all in proptest::collection::vec(a_request(), 1..4),
        changes in proptest::collection::vec(change(), 0..4),
    ) {
        requests(&changed(&all.concat(), &changes));
    }

    #[test]
    fn a_client_sees_the_response_that_the_router_saw(
        text in a_response(),
        changes in proptest::collection::vec(change(), 0..3),
    ) {
        response(&changed(&text, &changes));
    }

    #[test]
    fn chunks_are_the_same_however_they_come(
        (_, body) in framed(),
        changes in proptest::collection::vec(change(), 0..3),
        step in 1..20_usize,
    ) {
        chunks(&changed(&body, &changes), step);
    }

    #[test]
    fn a_host_has_one_name(text in "\\PC{0,20}|[a-zA-Z.:\\[\\]0-9_@/-]{0,30}") {
        authority(&text);
    }

    #[test]
    fn a_table_is_a_list_with_an_index(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        table(&bytes);
    }
}

#[test]
fn enough_of_them_are_taken_for_the_others_to_mean_something() {
    let mut runner = TestRunner::deterministic();
    let (mut taken, mut answers) = (0, 0);
    for _ in 0..1_000 {
        taken += requests(&changed(&a_request().new_tree(&mut runner).unwrap().current(), &[]));
        answers +=
            usize::from(response(&changed(&a_response().new_tree(&mut runner).unwrap().current(), &[])));
    }
    assert!(taken > 200 && answers > 200, "{taken} {answers}");
}
