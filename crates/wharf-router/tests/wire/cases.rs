//! Requests and responses as they should be.
//!
//! Not here: what breaks ([`crate::faults`]).

use std::io::{Read, Write};
use std::thread;

use wharf_router::table::Readiness;

use crate::bench::{Bench, Wire, route};

const GET: &str = "GET /x?y=1 HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers each request on a connection with `answer`.
fn answers(answer: &'static str) -> Bench {
    Bench::new(move |_, mut wire: Wire| {
        loop {
            let mut first = [0];
            if !matches!(wire.0.read(&mut first), Ok(1)) {
                return;
            }
            let _ = wire.head();
            wire.say(answer);
        }
    })
    .0
}

#[test]
fn a_request_gets_there_and_the_response_comes_back() {
    let (bench, told) = Bench::new(|_, mut wire| {
        let head = wire.head();
        wire.say(OK);
        head
    });
    let answer = bench.ask(GET);
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok");
    let head = told.recv().unwrap();
    assert!(head.starts_with("GET /x?y=1 HTTP/1.1\r\nhost: app.localhost\r\n"), "{head}");
    let port = bench.port;
    for line in
        ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http", &format!("x-forwarded-port: {port}")]
    {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(!head.to_ascii_lowercase().contains("connection:"), "{head}");
}

#[test]
fn both_sides_are_kept_and_pipelined_requests_are_answered_in_turn() {
    let (bench, told) = Bench::new(|number, mut wire: Wire| {
        let mut count = 0;
        while let Some(head) = next_head(&mut wire) {
            count += 1;
            let path = head.split(' ').nth(1).unwrap().to_owned();
            wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()));
        }
        (number, count)
    });
    let mut client = bench.client();
    for _ in 0..3 {
        client.say(
            "GET /a HTTP/1.1\r\nHost: app.localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: app.localhost\r\n\r\n",
        );
        for path in ["/a", "/b"] {
            assert!(!client.head().contains("close"));
            assert_eq!(client.until(path), path);
        }
    }
    drop((client, bench));
    // The router lives as long as the process, so what waits is not closed: nothing more is told than that one had all.
    assert!(told.try_recv().is_err(), "one connection served all six");
}

fn next_head(wire: &mut Wire) -> Option<String> {
    let mut first = [0];
    matches!(wire.0.read(&mut first), Ok(1)).then(|| format!("{}{}", first[0] as char, wire.head()))
}

#[test]
fn a_body_goes_on_as_it_is_framed() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        let body =
            if head.contains("chunked") { wire.until("0\r\nX-Sum: 1\r\n\r\n") } else { wire.until("hello") };
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n0\r\nX-End: 2\r\n\r\n");
        (head, body)
    });
    let answer = bench
        .ask("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    assert!(answer.ends_with("\r\n\r\n3\r\nabc\r\n0\r\nX-End: 2\r\n\r\n"), "{answer}");
    assert_eq!(told.recv().unwrap().1, "hello");
    let chunked =
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let mut client = bench.client();
    client.say(chunked);
    client.say("5\r\nhel");
    client.say("lo\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert!(client.rest().contains("abc"));
    assert_eq!(told.recv().unwrap().1, "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
}

#[test]
fn who_speaks_http_1_0_gets_no_chunks() {
    let bench =
        answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let answer = bench.ask("GET / HTTP/1.0\r\nHost: app.localhost\r\n\r\n");
    assert!(answer.ends_with("\r\n\r\nabcde"), "{answer}");
    assert!(!answer.contains("chunked") && answer.contains("connection: close"), "{answer}");
}

#[test]
fn what_ends_with_the_connection_does_so_for_the_client_too() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.0 200 OK\nX-Old: 1\n\nto the end");
    });
    let answer = bench.ask("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nX-Old: 1\r\nconnection: close\r\n\r\nto the end");
}

#[test]
fn no_body_is_waited_for_where_there_is_none() {
    for (method, answer) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
    ] {
        let bench = answers(answer);
        let mut client = bench.client();
        for _ in 0..2 {
            client.say(&format!("{method} / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"));
            assert_eq!(client.head(), answer);
        }
    }
}

#[test]
fn an_event_is_seen_as_soon_as_it_is_sent() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            wire.say("9\r\ndata: 1\n\n\r\n");
            // The next is sent once the client has said that it has this one.
            let _ = wire.until("!");
        }
    });
    let mut client = bench.client();
    client.say("POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let _ = client.head();
    for _ in 0..3 {
        assert!(client.until("data: 1\n\n\r\n").starts_with("9\r\n"));
        client.say("1\r\n!\r\n");
    }
}

#[test]
fn continue_and_hints_come_before_the_answer() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        wire.say("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
        let body = wire.until("hello");
        wire.say(OK);
        (head, body)
    });
    let mut client = bench.client();
    client.say("PUT / HTTP/1.1\r\nHost: app.localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
    assert_eq!(client.head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.say("hello");
    assert!(client.rest().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(told.recv().unwrap().0.contains("Expect: 100-continue\r\n"));
}

#[test]
fn an_answer_that_comes_before_the_body_is_not_lost() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    });
    let mut client = bench.client();
    client.say("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 8000000\r\n\r\n");
    let mut sending = Wire(client.0.try_clone().unwrap());
    let sent = thread::spawn(move || {
        let piece = vec![b'x'; 64 * 1024];
        // It may be told to stop.
        (0..122).take_while(|_| sending.0.write_all(&piece).is_ok()).count()
    });
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 413") && head.contains("connection: close"), "{head}");
    assert_eq!(client.until("big"), "big");
    assert!(sent.join().unwrap() > 0);
}

#[test]
fn an_upgrade_is_a_tunnel_both_ways() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        wire.say(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly",
        );
        let said = wire.until("ping");
        wire.say("pong");
        let rest = wire.rest();
        (head, said, rest)
    });
    let mut client = bench.client();
    client.say("GET /ws HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n");
    let head = client.head();
    assert_eq!(head, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert_eq!(client.until("early"), "early");
    client.say("ping");
    assert_eq!(client.until("pong"), "pong");
    client.say("last");
    client.half_close();
    assert_eq!(client.rest(), "");
    let (head, said, rest) = told.recv().unwrap();
    assert!(head.contains("upgrade: websocket\r\n") && head.contains("Sec-WebSocket-Key: k\r\n"), "{head}");
    assert_eq!((said.as_str(), rest.as_str()), ("ping", "last"));
}

#[test]
fn who_has_half_closed_gets_the_answer_all_the_same() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        // Long enough to have seen that the client sends no more.
        thread::sleep(std::time::Duration::from_millis(100));
        wire.say(OK);
    });
    let mut client = bench.client();
    client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    client.half_close();
    assert!(client.rest().ends_with("ok"));
}

#[test]
fn heads_of_64_kib_and_many_fields_go_on() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        let cookies: String =
            (0..150).map(|number| format!("Set-Cookie: a{number}={}\r\n", "v".repeat(380))).collect();
        wire.say(&format!("HTTP/1.1 200 OK\r\n{cookies}Content-Length: 0\r\n\r\n"));
        head
    });
    let fields: String = (0..150).map(|number| format!("X-{number}: {}\r\n", "v".repeat(400))).collect();
    let answer =
        bench.ask(&format!("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n{fields}\r\n"));
    assert_eq!(answer.matches("Set-Cookie").count(), 150);
    assert_eq!(told.recv().unwrap().matches("\r\nX-").count(), 150);
    let long = "v".repeat(120_000);
    let answer = bench.ask(&format!("GET / HTTP/1.1\r\nHost: app.localhost\r\nX: {long}\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn a_large_body_comes_whole_and_routes_change_meanwhile() {
    const SIZE: usize = 32 * 1024 * 1024;
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        let bytes: Vec<u8> = (0..SIZE).map(|at| (at / 7 % 251) as u8).collect();
        wire.0.write_all(&bytes).unwrap();
    });
    let mut client = bench.client();
    client.say(GET);
    let _ = client.head();
    bench.router.put(route("app.localhost", "9"), Readiness::Ready);
    let mut bytes = Vec::new();
    client.0.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), SIZE);
    assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == (at / 7 % 251) as u8));
}

#[test]
fn a_request_waits_for_a_server_that_is_starting() {
    let bench = answers(OK);
    let upstream = bench.router.routes()[0].clone();
    bench.router.put(upstream.clone(), Readiness::Starting);
    let mut client = bench.client();
    client.say(GET);
    // It is asked nothing meanwhile.
    client.0.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    assert!(client.0.read(&mut [0]).is_err());
    client.0.set_read_timeout(None).unwrap();
    bench.router.put(upstream, Readiness::Ready);
    assert!(client.rest().ends_with("ok"));
}
