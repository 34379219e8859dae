//! Rules of heads in HTTP/2. Not here: frames, which are tried over the wire.

use http::{Method, Request as Http};

use super::super::websocket::Key;
use super::{BadRequest, read};
use crate::origin::Origin;

fn origin() -> Origin {
    Origin::new("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8443".parse().unwrap())
}

fn parts(method: &str, uri: &str, fields: &[(&str, &str)]) -> http::request::Parts {
    let mut builder = Http::builder().method(method).uri(uri);
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn written(parts: &http::request::Parts, has_body: bool, key: Option<&Key>) -> String {
    let mut out = Vec::new();
    let request = read(parts).unwrap();
    request.write(&mut out, request.target, &origin(), has_body, key);
    String::from_utf8(out).unwrap().replace("\r\n", "|")
}

#[test]
fn a_request_is_written_for_a_server_of_http1() {
    let asked = parts(
        "POST",
        "https://api.shop.localhost/a?b=c",
        &[
            ("cookie", "a=1"),
            ("x", "y"),
            ("cookie", "b=2"),
            ("x-forwarded-for", "6.6.6.6"),
            ("te", "trailers"),
        ],
    );
    let text = written(&asked, true, None);
    assert!(
        text.starts_with("POST /a?b=c HTTP/1.1|host: api.shop.localhost|x: y|cookie: a=1; b=2|"),
        "{text}"
    );
    assert!(text.contains("|transfer-encoding: chunked|x-forwarded-for: 127.0.0.1|"), "{text}");
    assert!(text.ends_with("|x-wharf-hops: 1||") && !text.contains("6.6.6.6"), "{text}");
    let sized = parts("POST", "https://a/", &[("content-length", "5")]);
    let text = written(&sized, true, None);
    assert!(text.contains("|content-length: 5|") && !text.contains("chunked"), "{text}");
}

#[test]
fn a_websocket_is_asked_for_as_http1_does() {
    let mut asked =
        parts("CONNECT", "https://a/live", &[("sec-websocket-version", "13"), ("sec-websocket-key", "x")]);
    assert_eq!(read(&asked).unwrap_err(), BadRequest::Connect);
    asked.extensions.insert(h2::ext::Protocol::from_static("websocket"));
    let key = Key::new().unwrap();
    let text = written(&asked, true, Some(&key));
    assert!(text.starts_with("GET /live HTTP/1.1|host: a|sec-websocket-version: 13|"), "{text}");
    assert!(
        text.contains(&format!("|sec-websocket-key: {}|connection: upgrade|upgrade: websocket|", key.text()))
    );
    assert!(!text.contains("chunked"), "{text}");
}

#[test]
fn what_servers_may_read_in_two_ways_is_refused() {
    let refused = |fields: &[(&str, &str)]| {
        matches!(read(&parts("GET", "https://a/", fields)), Err(BadRequest::Malformed(_)))
    };
    assert!(refused(&[("content-length", "1"), ("content-length", "1")]));
    assert!(refused(&[("content-length", "+1")]));
    assert!(refused(&[("content_length", "1")]));
    assert!(refused(&[("transfer_encoding", "chunked")]));
    assert!(refused(&[("host", "b")]));
    assert!(refused(&[("host", "a"), ("host", "a")]));
    assert!(!refused(&[("host", "A")]));
    assert!(read(&parts("GET", "https://u@a/", &[])).is_err());
    assert!(read(&parts("GET", "/", &[])).is_err(), "it names no host");
    assert!(read(&parts("OPTIONS", "*", &[("host", "a")])).is_ok());
    assert_eq!(read(&parts("GET", "https://a/", &[("expect", "x")])).unwrap_err(), BadRequest::Expectation);
}

#[test]
fn a_server_of_http2_learns_the_same() {
    let asked = parts(
        "GET",
        "https://a:8443/x",
        &[("te", "trailers"), ("x-forwarded-host", "evil"), ("cookie", "a=1")],
    );
    let forwarded = read(&asked).unwrap().forward("/y", &origin(), false).unwrap();
    assert_eq!((forwarded.method(), forwarded.uri().to_string().as_str()), (&Method::GET, "http://a:8443/y"));
    let fields = forwarded.headers();
    assert_eq!(fields["te"], "trailers");
    assert_eq!(fields["x-forwarded-host"], "a:8443");
    assert_eq!(fields["forwarded"], "for=127.0.0.1;host=\"a:8443\";proto=http");
    assert_eq!(fields["x-wharf-hops"], "1");
}
