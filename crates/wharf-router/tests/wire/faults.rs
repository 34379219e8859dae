//! Upstreams and clients that break off, and routes that lead nowhere.
//!
//! Not here: requests that are refused for their form ([`crate::smuggling`]).

use std::io::Read;
use std::sync::mpsc::channel;

use rustix::net::sockopt::set_socket_linger;
use wharf_router::table::Readiness;

use crate::bench::{Bench, Wire, route};

const GET: &str = "GET / HTTP/1.1\r\nHost: app.localhost\r\nAccept: application/json\r\n\r\n";

fn code(answer: &str) -> &str {
    answer.split("x-wharf-fault: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or_default()
}

#[test]
fn what_leads_nowhere_is_said_and_the_connection_goes_on() {
    let bench = Bench::before("127.0.0.1:1");
    let mut client = bench.client();
    for (host, status, expected) in
        [("app.localhost", "502", "nothing-listens"), ("other.localhost", "404", "unknown-host")]
    {
        client.say(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        let head = client.head();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(code(&head), expected);
        let length =
            head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        client.0.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        if status == "404" {
            assert!(head.contains("connection: close"));
        }
    }
}

#[test]
fn an_upstream_that_says_nothing_or_nonsense_is_a_bad_gateway() {
    for (answer, expected) in
        [("", "closed-early"), ("SSH-2.0-x\r\n\r\n", "no-http"), ("HTTP/1.1 200 OK\r\nX", "no-http")]
    {
        let (bench, _) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            wire.say(answer);
        });
        let answer = bench.ask(&GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        assert_eq!(code(&answer), expected);
    }
}

#[test]
fn a_body_that_breaks_off_never_looks_whole() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let (bench, _) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            wire.say(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n"));
        });
        let mut client = bench.client();
        client.say(GET);
        let _ = client.head();
        let mut bytes = Vec::new();
        let end = client.0.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        assert!(end.is_err() || !text.ends_with("0\r\n\r\n"), "{end:?} {text}");
        assert!(text.len() < 100);
    }
}

#[test]
fn a_kept_connection_that_has_died_is_not_the_clients_fault() {
    for (method, expected) in [("GET", "200"), ("PUT", "200"), ("POST", "502")] {
        // The first request of a connection is answered; at the next it is closed without a word.
        let (bench, _) = Bench::new(|_, mut wire: Wire| {
            let _ = wire.head();
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            let _ = wire.head();
        });
        let mut client = bench.client();
        client.say(GET);
        let _ = client.head();
        client.say(&format!("{method} / HTTP/1.1\r\nHost: app.localhost\r\n\r\n"));
        let head = client.head();
        assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{method}: {head}");
    }
}

#[test]
fn who_goes_away_takes_the_request_with_him() {
    for is_reset in [false, true] {
        let (tell, has_come) = channel();
        let (bench, told) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            let _ = tell.send(());
            // Ends when the router gives up on it, and not before.
            let mut bytes = Vec::new();
            matches!(wire.0.read_to_end(&mut bytes), Ok(0) | Err(_))
        });
        let mut client = bench.client();
        client.say(GET);
        has_come.recv().unwrap();
        if is_reset {
            set_socket_linger(&client.0, Some(std::time::Duration::ZERO)).unwrap();
        }
        drop(client);
        assert!(told.recv_timeout(std::time::Duration::from_secs(15)).unwrap(), "{is_reset}");
    }
}

#[test]
fn what_goes_round_in_a_circle_is_stopped() {
    let bench = Bench::before("9");
    bench.router.put(route("app.localhost", &bench.port.to_string()), Readiness::Ready);
    let answer = bench.ask(&GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 508 "), "{answer}");
    assert!(answer.contains("changeOrigin"), "{answer}");
}

#[test]
fn a_thousand_routes_come_and_go_under_load() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        loop {
            let mut first = [0];
            if !matches!(wire.0.read(&mut first), Ok(1)) {
                return;
            }
            let _ = wire.head();
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut client = bench.client();
            for _ in 0..500 {
                client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
                assert!(client.head().starts_with("HTTP/1.1 200 "));
                let _ = client.until("ok");
            }
        });
        for number in 0..1_000 {
            bench.router.put(route(&format!("r{number}.localhost"), "9"), Readiness::Ready);
            bench.router.put(
                route("app.localhost", &bench.router.routes()[0].upstream.to_string()),
                Readiness::Ready,
            );
            if number % 2 == 0 {
                bench.router.remove(&format!("r{number}.localhost"), None);
            }
        }
        load.join().unwrap();
    });
    assert_eq!(bench.router.routes().len(), 501);
}

#[test]
fn what_is_wrong_with_a_request_is_not_said_within_an_answer() {
    let (bench, _told) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
        wire.rest_or_reset()
    });
    let mut client = bench.client();
    client.say("POST / HTTP/1.1\r\nHost: app.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.until("hello");
    client.say("no chunk\r\n");
    assert_eq!(client.rest_or_reset(), "", "the answer breaks off");
}
