//! Requests of HTTP/2, to upstreams of either version, and those of HTTP/1.1 to upstreams of HTTP/2.
//!
//! The other side is the `h2` crate, or raw text of HTTP/1.1. Not here: frames that are wrong ([`crate::frames`]).

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Method, Request, Response};

use crate::bench::{Bench, Wire};

/// Runs `then` with a client of HTTP/2 that is connected to `bench`.
fn client<F: Future<Output = ()>>(bench: &Bench, then: impl FnOnce(SendRequest<Bytes>) -> F) {
    let port = bench.port;
    run(async move {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(1 << 20).max_header_list_size(1 << 20);
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(connection);
        then(requests).await;
    });
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), test).await.expect("in time") });
}

fn request(method: Method, fields: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().method(method).uri("http://app.localhost/x?y=1");
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

async fn whole(mut body: RecvStream) -> (Vec<u8>, Option<HeaderMap>) {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
    }
    (bytes, body.trailers().await.unwrap())
}

async fn put(stream: &mut h2::SendStream<Bytes>, mut bytes: Bytes, is_end: bool) {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let count = poll_fn(|context| stream.poll_capacity(context)).await.unwrap().unwrap();
        let part = bytes.split_to(count.min(bytes.len()));
        stream.send_data(part, is_end && bytes.is_empty()).unwrap();
    }
}

/// Answers each connection's first request with `answer`, and tells its head.
fn answers(answer: &'static str) -> (Bench, Receiver<String>) {
    Bench::new(move |_, mut wire: Wire| {
        let head = wire.head();
        wire.say(answer);
        head
    })
}

#[test]
fn a_request_becomes_one_of_http1_and_its_answer_comes_back() {
    let (bench, told) = answers(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\nKeep-Alive: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nok",
    );
    client(&bench, |mut requests| async move {
        let asked =
            request(Method::GET, &[("cookie", "a=1"), ("cookie", "b=2"), ("x-forwarded-for", "6.6.6.6")]);
        let (answer, _) = requests.send_request(asked, true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["x-a"]),
            (http::StatusCode::OK, &"b".parse().unwrap())
        );
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
        assert!(!answer.headers().contains_key("keep-alive"));
        assert_eq!(whole(answer.into_body()).await, (b"ok".to_vec(), None));
    });
    let head = told.recv().unwrap();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\nhost: app.localhost\r\ncookie: a=1; b=2\r\n"), "{head}");
    assert!(head.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), "{head}");
}

#[test]
fn long_bodies_and_trailers_go_both_ways() {
    let body = Bytes::from((0..3_000_000_u32).map(|at| (at * 7) as u8).collect::<Vec<u8>>());
    let expected = body.clone();
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n");
        let mut sum = 0;
        let trailers = loop {
            let line = wire.until("\r\n");
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            if size == 0 {
                break wire.head();
            }
            let mut data = vec![0; size + 2];
            wire.0.read_exact(&mut data).unwrap();
            sum += size;
            wire.say(&format!("{size:x}\r\n"));
            wire.0.write_all(&data).unwrap();
        };
        wire.say(&format!("0\r\nX-Sum: {sum}\r\nContent-Length: 7\r\n\r\n"));
        format!("{head}{trailers}")
    });
    client(&bench, |mut requests| async move {
        let (answer, mut up) = requests.send_request(request(Method::POST, &[]), false).unwrap();
        let sending = tokio::spawn(async move {
            put(&mut up, body, false).await;
            let mut trailers = HeaderMap::new();
            trailers.insert("x-up", "1".parse().unwrap());
            trailers.insert("transfer-encoding-x", "2".parse().unwrap());
            up.send_trailers(trailers).unwrap();
        });
        let (bytes, trailers) = whole(answer.await.unwrap().into_body()).await;
        sending.await.unwrap();
        assert!(bytes == expected, "{} bytes", bytes.len());
        let trailers = trailers.unwrap();
        assert_eq!(trailers["x-sum"], "3000000");
        assert!(!trailers.contains_key("content-length"));
    });
    let head = told.recv().unwrap();
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\nx-up: 1\r\ntransfer-encoding-x: 2\r\n\r\n"), "{head}");
}

#[test]
fn hints_come_before_the_answer() {
    let (bench, _told) =
        answers("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    client(&bench, |mut requests| async move {
        let (mut answer, _) = requests.send_request(request(Method::GET, &[]), true).unwrap();
        let hint = poll_fn(|context| answer.poll_informational(context)).await.unwrap().unwrap();
        assert_eq!((hint.status().as_u16(), &hint.headers()["link"]), (103, &"</a>".parse().unwrap()));
        let answer = answer.await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert!(answer.body().is_end_stream());
    });
}

#[test]
fn an_answer_without_a_body_ends_its_stream() {
    for (method, answer) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        (Method::GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let (bench, _told) = answers(answer);
        client(&bench, |mut requests| async move {
            let (answer, _) = requests.send_request(request(method, &[]), true).unwrap();
            assert_eq!(whole(answer.await.unwrap().into_body()).await, (Vec::new(), None));
        });
    }
}

#[test]
fn a_body_that_breaks_off_resets_its_stream() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let (bench, _told) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            wire.say(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n"));
        });
        client(&bench, |mut requests| async move {
            let (answer, _) = requests.send_request(request(Method::GET, &[]), true).unwrap();
            let mut body = answer.await.unwrap().into_body();
            let error = loop {
                match body.data().await.expect("it does not end") {
                    Ok(data) => assert!(data.len() <= 10),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
        });
    }
}

#[test]
fn a_stream_that_is_reset_closes_its_upstream_and_no_other() {
    let (gone, goes) = channel();
    let (bench, _told) = Bench::new(move |_, mut wire: Wire| {
        let head = wire.head();
        if head.starts_with("GET /x") {
            let _ = gone.send(wire.0.read(&mut [0]).map_err(|error| error.kind()));
        } else {
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    client(&bench, |mut requests| async move {
        for _ in 0..500 {
            let (_, mut stream) = requests.send_request(request(Method::GET, &[]), false).unwrap();
            // It gets there before it is reset.
            tokio::task::yield_now().await;
            stream.send_reset(Reason::CANCEL);
            requests = requests.ready().await.unwrap();
        }
        let mut other = request(Method::GET, &[]);
        *other.uri_mut() = "http://app.localhost/other".parse().unwrap();
        let (answer, _) = requests.send_request(other, true).unwrap();
        assert_eq!(whole(answer.await.unwrap().into_body()).await.0, b"ok");
    });
    drop(bench);
    while let Ok(end) = goes.try_recv() {
        assert!(matches!(end, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)), "{end:?}");
    }
}

#[test]
fn an_answer_may_come_before_all_of_the_request() {
    let (bench, _told) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!");
        let _ = wire.0.shutdown(std::net::Shutdown::Write);
        let mut sink = [0; 65_536];
        while matches!(wire.0.read(&mut sink), Ok(1..)) {}
    });
    client(&bench, |mut requests| async move {
        let (answer, mut up) = requests.send_request(request(Method::POST, &[]), false).unwrap();
        up.send_data(Bytes::from_static(&[7; 1000]), false).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status().as_u16(), 413);
        assert_eq!(whole(answer.into_body()).await.0, b"no!");
        // No more is wanted, which is no error (RFC 9113 section 8.1).
        let reason = poll_fn(|context| up.poll_reset(context)).await.unwrap();
        assert_eq!(reason, Reason::NO_ERROR);
    });
}

#[test]
fn a_websocket_begins_in_http2_and_goes_on_in_http1() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        let key = head.split("sec-websocket-key: ").nth(1).unwrap().split("\r\n").next().unwrap();
        let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let sum = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let proof = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, sum.as_ref());
        let hello = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: chat\r\n";
        wire.say(&format!("{hello}Sec-WebSocket-Accept: {proof}\r\n\r\nfirst"));
        let said = wire.rest();
        wire.say("last");
        format!("{head}{said}")
    });
    client(&bench, |mut requests| async move {
        // The other side has to say first that it knows how (RFC 8441 section 3).
        while !requests.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        let mut asked =
            request(Method::CONNECT, &[("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")]);
        asked.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        let (answer, mut up) = requests.send_request(asked, false).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["sec-websocket-protocol"], "chat");
        assert!(!answer.headers().contains_key("sec-websocket-accept"));
        let mut body = answer.into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "first");
        up.send_data(Bytes::from_static(b"second"), true).unwrap();
        assert_eq!(body.data().await.unwrap().unwrap(), "last");
        assert!(whole(body).await.0.is_empty());
    });
    let head = told.recv().unwrap();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\n") && head.ends_with("\r\n\r\nsecond"), "{head}");
    let (lines, _) = bench.router.ledger().since(0, |_| true);
    assert_eq!((lines[0].status, lines[0].fault.as_deref(), lines[0].bytes), (Some(101), None, 9));
}

#[test]
fn a_server_that_takes_no_websocket_is_heard() {
    for (answer, status) in [
        ("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno", 426),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", 502),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", 502),
    ] {
        let (bench, _told) = answers(answer);
        client(&bench, |mut requests| async move {
            while !requests.is_extended_connect_protocol_enabled() {
                tokio::task::yield_now().await;
            }
            let mut asked = request(Method::CONNECT, &[("sec-websocket-version", "13")]);
            asked.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
            let (answer, _up) = requests.send_request(asked, false).unwrap();
            assert_eq!(answer.await.unwrap().status().as_u16(), status);
        });
    }
}

#[test]
fn what_leads_nowhere_is_said_in_http2_as_well() {
    let bench = Bench::before("127.0.0.1:1");
    client(&bench, |mut requests| async move {
        for (uri, status, code) in [
            ("http://app.localhost/", 502, "nothing-listens"),
            ("http://other.localhost/", 404, "unknown-host"),
            ("http://app.localhost/", 502, "nothing-listens"),
        ] {
            let mut asked = request(Method::POST, &[("accept", "application/json")]);
            *asked.uri_mut() = uri.parse().unwrap();
            requests = requests.ready().await.unwrap();
            let (answer, mut up) = requests.send_request(asked, false).unwrap();
            up.send_data(Bytes::from_static(b"body"), true).unwrap();
            let answer = answer.await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), &answer.headers()["x-wharf-fault"]),
                (status, &code.parse().unwrap())
            );
            assert!(!whole(answer.into_body()).await.0.is_empty());
        }
    });
}

#[test]
fn whoever_is_connected_is_told_to_go_when_the_router_closes() {
    let (asked, asks) = channel();
    let (bench, _told) = Bench::new(move |_, mut wire: Wire| {
        let _ = wire.head();
        asked.send(()).unwrap();
        thread::sleep(Duration::from_millis(50));
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let port = bench.port;
    run(async move {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (mut requests, connection) = h2::client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let (answer, _) = requests.send_request(request(Method::GET, &[]), true).unwrap();
        tokio::task::spawn_blocking(move || asks.recv().unwrap()).await.unwrap();
        bench.router.close(Duration::from_secs(5)).await;
        assert_eq!(whole(answer.await.unwrap().into_body()).await.0, b"ok");
        connection.await.unwrap().unwrap();
    });
}

/// Returns a router before a server of HTTP/2, which does `serve` with each request.
fn before_h2c<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(Request<RecvStream>, h2::server::SendResponse<Bytes>) -> F + Send + 'static,
) -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::before(&format!("h2c://{}", listener.local_addr().unwrap()));
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let serve = std::sync::Arc::new(std::sync::Mutex::new(serve));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serve = std::sync::Arc::clone(&serve);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        let answer = serve.lock().unwrap()(request, respond);
                        tokio::spawn(answer);
                    }
                });
            }
        });
    });
    bench
}

#[test]
fn a_server_of_http2_is_spoken_to_in_http2() {
    let bench = before_h2c(|request, mut respond| async move {
        assert_eq!(request.headers()["te"], "trailers");
        assert_eq!(request.uri().to_string(), "http://app.localhost/x?y=1");
        assert_eq!(request.headers()["x-forwarded-proto"], "http");
        let (bytes, trailers) = whole(request.into_body()).await;
        assert!(trailers.is_none());
        let mut down = respond.send_response(Response::new(()), false).unwrap();
        put(&mut down, bytes.into(), false).await;
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        down.send_trailers(trailers).unwrap();
    });
    let body = Bytes::from(vec![9; 2_000_000]);
    client(&bench, |mut requests| async move {
        for _ in 0..3 {
            requests = requests.ready().await.unwrap();
            let asked = request(Method::POST, &[("te", "trailers"), ("content-type", "application/grpc")]);
            let (answer, mut up) = requests.send_request(asked, false).unwrap();
            let sent = body.clone();
            tokio::spawn(async move { put(&mut up, sent, true).await });
            let (bytes, trailers) = whole(answer.await.unwrap().into_body()).await;
            assert!(bytes == body);
            assert_eq!(trailers.unwrap()["grpc-status"], "0");
        }
    });
}

#[test]
fn an_answer_of_trailers_alone_and_a_reset_pass() {
    let bench = before_h2c(|request, mut respond| async move {
        if request.method() == Method::GET {
            respond.send_reset(Reason::ENHANCE_YOUR_CALM);
            return;
        }
        let answer = Response::builder().header("grpc-status", "12").body(()).unwrap();
        respond.send_response(answer, true).unwrap();
    });
    client(&bench, |mut requests| async move {
        let (answer, _) = requests.send_request(request(Method::POST, &[("te", "trailers")]), true).unwrap();
        let answer = answer.await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "12");
        assert!(answer.body().is_end_stream());
        let (answer, _) = requests.send_request(request(Method::GET, &[]), true).unwrap();
        assert_eq!(answer.await.unwrap().status().as_u16(), 502);
    });
}

#[test]
fn a_client_of_http1_reaches_a_server_of_http2() {
    let bench = before_h2c(|request, mut respond| async move {
        let is_head = request.method() == Method::HEAD;
        let length = request.headers().get("x-length").is_some();
        let (bytes, trailers) = whole(request.into_body()).await;
        let mut answer = Response::builder().header("x-a", "b");
        if length {
            answer = answer.header("content-length", bytes.len());
        }
        let mut down = respond.send_response(answer.body(()).unwrap(), is_head || bytes.is_empty()).unwrap();
        if is_head || bytes.is_empty() {
            return;
        }
        down.send_data(bytes.into(), length).unwrap();
        if !length {
            let mut all = HeaderMap::new();
            all.insert("x-up", trailers.map_or("none".parse().unwrap(), |trailers| trailers["x-t"].clone()));
            down.send_trailers(all).unwrap();
        }
    });
    let mut one = bench.client();
    let post = "POST / HTTP/1.1\r\nHost: app.localhost\r\n";
    one.say(&format!("{post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: u\r\n\r\n"));
    assert_eq!(one.head(), "HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n");
    assert_eq!(one.until("\r\n\r\n"), "3\r\nabc\r\n0\r\nx-up: u\r\n\r\n");
    one.say(&format!("{post}Content-Length: 3\r\nX-Length: 1\r\n\r\nabc"));
    assert_eq!(one.until("abc"), "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 3\r\n\r\nabc");
    one.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    assert_eq!(one.head(), "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 0\r\n\r\n");
    one.say("HEAD / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    assert_eq!(one.head(), "HTTP/1.1 200 OK\r\nx-a: b\r\n\r\n");
    let mut old = bench.client();
    old.say("POST / HTTP/1.0\r\nHost: app.localhost\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(old.rest(), "HTTP/1.1 200 OK\r\nx-a: b\r\nconnection: close\r\n\r\nabc");
}

#[test]
fn a_server_that_speaks_no_http2_is_a_bad_gateway() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::before(&format!("h2c://{}", listener.local_addr().unwrap()));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.read(&mut [0; 1000]);
        }
    });
    let answer = bench.ask("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("x-wharf-fault: no-http\r\n"), "{answer}");
}
