//! Requests that two programs may read in two ways: nothing of them reaches the upstream.
//!
//! Not here: their rules one by one (`http1/request/tests.rs`).

use crate::bench::{Bench, Wire};

#[test]
fn nothing_of_an_ambiguous_request_reaches_the_upstream() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| wire.head());
    let with = |fields: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: app.localhost\r\n{fields}\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
        )
    };
    for (request, status) in [
        (with("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400),
        (with("Content-Length: 5\r\nContent-Length: 6"), 400),
        (with("Content-Length: +5"), 400),
        (with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), 400),
        (with("Transfer-Encoding: xchunked"), 501),
        (with("Transfer-Encoding : chunked"), 400),
        (with("Transfer-Encoding:\r\n chunked"), 400),
        (with("X: a\nTransfer-Encoding: chunked"), 400),
        (with("Host: other.localhost"), 400),
        ("GET / HTTP/1.1\nHost: app.localhost\n\n".to_owned(), 400),
        ("CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost\r\n\r\n".to_owned(), 405),
        ("PRI / HTTP/2.0\r\nHost: app.localhost\r\n\r\n".to_owned(), 505),
        ("\x16\x03\x01\x02\x00\x01\x00\n".to_owned(), 400),
    ] {
        let answer = bench.ask(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert_eq!(answer.matches("x-wharf-fault").count(), 1, "{request}: {answer}");
    }
    assert!(told.try_recv().is_err(), "nobody was asked");
}

#[test]
fn a_bad_chunk_ends_both_sides() {
    let (tell, has_first) = std::sync::mpsc::channel();
    let (bench, told) = Bench::new(move |_, mut wire: Wire| {
        let _ = wire.until("hello\r\n");
        let _ = tell.send(());
        wire.rest()
    });
    let mut client = bench.client();
    client.say("POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    has_first.recv().unwrap();
    client.say("5\nhello\r\n0\r\n\r\n");
    assert!(client.rest().starts_with("HTTP/1.1 400 "));
    let got = told.recv().unwrap();
    assert_eq!(got, "");
}
