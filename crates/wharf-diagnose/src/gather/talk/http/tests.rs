//! Requests, and answers as they come: whole, cut off, and none at all.

use proptest::prelude::*;

use super::*;

fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

#[test]
fn a_request_is_that_of_the_client() {
    let request = |text: &str, origin| String::from_utf8(Request::of(&target(text), origin).bytes()).unwrap();
    let plain = request("http://shop.test:3000/a b?x=1", None);
    assert!(plain.starts_with("GET /a%20b?x=1 HTTP/1.1\r\nHost: shop.test:3000\r\n"), "{plain}");
    assert!(request("http://[::1]/", None).contains("\r\nHost: [::1]\r\n"));
    assert!(request("https://localhost/", None).contains("\r\nHost: localhost\r\n"));
    assert!(request("http://me:pw@localhost/", None).contains("\r\nAuthorization: Basic bWU6cHc=\r\n"));
    assert!(request("ws://localhost/", Some("https://x.test")).contains("\r\nOrigin: https://x.test\r\n"));
    assert!(
        request("ws://localhost/", None).ends_with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    );
    let split = request("http://localhost:1/\r\nX: y", None);
    assert_eq!(split.matches("\r\n").count(), 6, "{split}");
}

#[test]
fn an_answer_is_taken_apart() {
    let http = parse(
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n\
          5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    )
    .unwrap();
    assert_eq!((http.status, http.line().as_str(), http.body.as_str()), (403, "403 Forbidden", "hello!"));
    assert_eq!(http.field("transfer-encoding"), Some("chunked"));
    assert!(parse(b"SSH-2.0-x\r\n").is_none() && parse(b"HTTP/1.1 200 OK\r\n").is_none());
}

#[test]
fn no_more_is_read_than_tells() {
    for (heard, enough) in [
        (&b"HTTP/1.1 200 OK\r\n"[..], false),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", true),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", true),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nInvalid", false),
        (b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno", false),
        (b"HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!", true),
        (b"HTTP/1.1 101 Switching\r\n\r\n", true),
        (b"HT", false),
        (b"220 x ESMTP\r\n", true),
    ] {
        assert_eq!(is_enough(heard), enough, "{}", String::from_utf8_lossy(heard));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_none(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = (parse(&bytes), is_enough(&bytes));
        let after_head = [b"HTTP/1.1 400 x\r\ntransfer-encoding: chunked\r\n\r\n", &bytes[..]].concat();
        let _ = (parse(&after_head), is_enough(&after_head));
    }
}
