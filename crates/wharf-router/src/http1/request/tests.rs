//! What is taken for a request, and what is not.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::{BadRequest, read};
use crate::origin::Origin;

fn origin() -> Origin {
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    Origin { is_tls: true, ..Origin::new(at("127.0.0.1:50000"), at("127.0.0.1:443")) }
}

/// Returns the request as an upstream gets it, without what the router adds.
fn passed(text: &str) -> Result<String, BadRequest> {
    let mut out = Vec::new();
    read(text.as_bytes(), |request| request.write(&mut out, request.target, &origin()))?;
    let text = String::from_utf8_lossy(&out).into_owned();
    Ok(text
        .lines()
        .filter(|line| !line.starts_with("x-") && !line.starts_with("forwarded"))
        .collect::<Vec<_>>()
        .join("|"))
}

fn with(fields: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

#[test]
fn a_request_goes_on_without_what_is_this_hops_alone() {
    let text = "GET /x?y HTTP/1.1\r\nHost: A.localhost:8443\r\nAccept: */*\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\n\
        Keep-Alive: 5\r\nTE: trailers\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nProxy-Connection: x\r\nCookie: a\r\n\r\n";
    assert_eq!(passed(text).unwrap(), "GET /x?y HTTP/1.1|host: A.localhost:8443|Accept: */*|Cookie: a|");
    let mut out = Vec::new();
    read(text.as_bytes(), |request| request.write(&mut out, "/", &origin())).unwrap();
    let out = String::from_utf8(out).unwrap();
    for line in [
        "x-forwarded-for: 127.0.0.1\r\n",
        "x-forwarded-proto: https\r\n",
        "x-forwarded-host: A.localhost:8443\r\n",
        "x-forwarded-port: 443\r\n",
        "forwarded: for=127.0.0.1;host=\"A.localhost:8443\";proto=https\r\n",
        "x-wharf-hops: 1\r\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    assert!(!out.contains("6.6.6.6"));
}

#[test]
fn an_absolute_target_names_the_host() {
    let text = "GET http://b.localhost:80/p HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(passed(text).unwrap(), "GET /p HTTP/1.1|host: b.localhost:80|");
    assert_eq!(passed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").unwrap(), "OPTIONS * HTTP/1.1|host: a|");
}

#[test]
fn an_upgrade_goes_on_if_it_may() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(passed(text).unwrap(), "GET / HTTP/1.1|host: a|connection: upgrade|upgrade: websocket|");
    for text in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        assert_eq!(passed(text).unwrap(), "GET / HTTP/1.1|host: a|");
    }
    let text =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n";
    assert!(!passed(text).unwrap().contains("upgrade"));
}

#[test]
fn what_may_be_read_in_two_ways_is_refused() {
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent_Length: 6",
        "Content-Length: +5",
        "Content-Length: 5, 5",
        "Content-Length: 0x5",
        "Content-Length: ",
        "Content-Length: 99999999999999999999",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Content-Length : 5",
        "X: a\r\n folded",
        "Host: b",
        "X\0: a",
        "X: a\0b",
        ": a",
    ] {
        let outcome = passed(&with(fields)).unwrap_err();
        assert_eq!(outcome.answer().0, 400, "{fields}");
    }
    for (fields, status) in [
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: xchunked", 501),
        ("Transfer-Encoding: \x0bchunked", 400),
        ("Expect: tea", 417),
    ] {
        assert_eq!(passed(&with(fields)).unwrap_err().answer().0, status, "{fields}");
    }
    for (text, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ] {
        assert_eq!(passed(text).unwrap_err().answer().0, status, "{text}");
    }
    let many = "A: b\r\n".repeat(600);
    assert_eq!(passed(&with(many.trim_end())).unwrap_err(), BadRequest::TooLarge);
}

proptest! {
    #[test]
    fn no_bytes_are_a_fault_of_ours(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, |request| request.write(&mut Vec::new(), request.target, &origin()));
    }

    /// Whatever is taken, the upstream reads the same request: one head, with one framing.
    #[test]
    fn what_goes_on_is_one_request(
        fields in proptest::collection::vec(("[A-Za-z_-]{1,18}|Content-Length|Transfer-Encoding|Connection|Host", "[ -~]{0,12}|chunked|[0-9]{1,3}"), 0..6),
    ) {
        let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let text = format!("POST /a HTTP/1.1\r\n{lines}Host: a\r\n\r\n");
        let mut out = Vec::new();
        if read(text.as_bytes(), |request| request.write(&mut out, request.target, &origin())).is_ok() {
            let again = read(&out, |request| {
                let framed = request.fields.iter().filter(|field| {
                    field.name.eq_ignore_ascii_case("content-length") || field.name.eq_ignore_ascii_case("transfer-encoding")
                });
                framed.count()
            });
            prop_assert!(again.unwrap() <= 1);
        }
    }
}
