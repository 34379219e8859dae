//! Upstreams that break off within an answer, come back, or are reached in other ways than by IPv4.
//!
//! Not here: those that do not answer at all ([`crate::faults`]), and who is slow ([`crate::patience`]).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::bench::{Bench, Wire};

const GET: &str = "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn an_answer_that_breaks_off_is_broken_for_the_client_too() {
    for (answer, is_reset) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", false),
        // After a chunk, within one, within its size, within its end, within the trailers.
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n", false),
        // Chunks that are none.
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n-1\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\0\0\0\0", false),
        // Without a length, an end that is none.
        ("HTTP/1.1 200 OK\r\n\r\nhello", true),
    ] {
        let (tell, has_read) = channel();
        let has_read = std::sync::Arc::new(std::sync::Mutex::new(has_read));
        let (bench, _) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            wire.say(answer);
            if is_reset {
                // A reset overtakes what is still under way: the router is to have had it.
                let _ = has_read.lock().unwrap().recv();
                set_socket_linger(&wire.0, Some(Duration::ZERO)).unwrap();
            }
        });
        let mut client = bench.client();
        client.say(CLOSE);
        if is_reset {
            assert!(client.head().starts_with("HTTP/1.1 200 "));
            // As much of the body as will ever come.
            let _ = client.until(if answer.ends_with("hel") { "hel" } else { "hello" });
        }
        tell.send(()).unwrap();
        let mut rest = Vec::new();
        let is_ended = client.0.read_to_end(&mut rest).is_ok();
        let text = String::from_utf8_lossy(&rest);
        assert!(!is_ended, "{answer:?} {is_reset}: a clean end after {text:?}");
        assert!(!text.ends_with("0\r\n\r\n"), "{answer:?}: {text:?}");
    }
}

#[test]
fn an_upstream_that_hangs_is_let_go_of_with_its_client() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"] {
        let (tell, has_come) = channel();
        let (bench, told) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            wire.say(answer);
            let _ = tell.send(());
            matches!(wire.0.read(&mut [0]), Ok(0) | Err(_))
        });
        let mut client = bench.client();
        client.say(GET);
        has_come.recv().unwrap();
        // Others are served meanwhile, by a connection of their own.
        let mut other = bench.client();
        other.say("GET / HTTP/1.1\r\nHost: none.localhost\r\nConnection: close\r\n\r\n");
        assert!(other.rest().starts_with("HTTP/1.1 404 "));
        drop(client);
        assert!(told.recv_timeout(Duration::from_secs(15)).unwrap(), "{answer:?}");
    }
}

#[test]
fn a_client_that_goes_away_within_a_body_is_missed_on_the_other_side() {
    // Its own body.
    for (framing, some) in
        [("Content-Length: 100", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n")]
    {
        let (tell, has_some) = channel();
        let (bench, told) = Bench::new(move |_, mut wire: Wire| {
            let _ = wire.head();
            let _ = wire.until("hello");
            let _ = tell.send(());
            let mut rest = Vec::new();
            let _ = wire.0.read_to_end(&mut rest);
            String::from_utf8_lossy(&rest).into_owned()
        });
        let mut client = bench.client();
        client.say(&format!("POST / HTTP/1.1\r\nHost: app.localhost\r\n{framing}\r\n\r\n{some}"));
        has_some.recv().unwrap();
        drop(client);
        let rest = told.recv_timeout(Duration::from_secs(15)).unwrap();
        assert!(rest.is_empty() || rest == "\r\n", "{framing}: {rest:?} was made up");
    }
    // That of an answer without end.
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\n\r\n");
        let piece = [b'x'; 64 * 1024];
        wire.0.set_write_timeout(Some(Duration::from_secs(15))).unwrap();
        loop {
            if let Err(error) = wire.0.write_all(&piece) {
                return error.kind();
            }
        }
    });
    let mut client = bench.client();
    client.say(GET);
    let _ = client.head();
    drop(client);
    let kind = told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(
        matches!(kind, std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe),
        "it was told nothing: {kind:?}"
    );
}

#[test]
fn an_upstream_may_be_another_one_by_the_next_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let bench = Bench::before(&at.to_string());
    let mut client = bench.client();
    let serve = |listener: &TcpListener, text: &str| {
        let mut wire = Wire(listener.accept().unwrap().0);
        let head = wire.head();
        wire.say(&OK.replace("ok", text));
        (wire, head)
    };
    client.say(GET);
    let first = serve(&listener, "1.");
    assert!(client.head().starts_with("HTTP/1.1 200 ") && client.until("1.") == "1.");
    // The server ends, and another one listens there.
    drop((first, listener));
    let listener = TcpListener::bind(at).unwrap();
    for (method, text) in [("GET", "2."), ("POST", "3.")] {
        client.say(&format!("{method} / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\n\r\n"));
        let (wire, head) = serve(&listener, text);
        assert!(head.starts_with(method));
        assert!(client.head().starts_with("HTTP/1.1 200 ") && client.until(text) == text);
        drop(wire);
    }
}

#[test]
fn a_stream_of_events_breaks_with_its_server_and_goes_on_with_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let bench = Bench::before(&at.to_string());
    let begin = |listener: &TcpListener| {
        let mut client = bench.client();
        client.say(GET);
        let mut wire = Wire(listener.accept().unwrap().0);
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n");
        assert!(client.head().contains("text/event-stream"));
        assert!(client.until("\n\n\r\n").ends_with("data: 1\n\n\r\n"));
        (client, wire)
    };
    let (mut client, wire) = begin(&listener);
    drop((wire, listener));
    let mut rest = Vec::new();
    assert!(
        client.0.read_to_end(&mut rest).is_err(),
        "a stream that breaks off looks as if it had ended: {rest:?}"
    );
    let listener = TcpListener::bind(at).unwrap();
    let (mut client, mut wire) = begin(&listener);
    wire.say("0\r\n\r\n");
    assert_eq!(client.until("0\r\n\r\n"), "0\r\n\r\n");
}

#[test]
fn an_upstream_may_have_ipv6_alone_or_a_unix_socket() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for upstream in [port.to_string(), format!("[::1]:{port}")] {
        let bench = Bench::before(&upstream);
        let listener = listener.try_clone().unwrap();
        let serving = thread::spawn(move || {
            let mut wire = Wire(listener.accept().unwrap().0);
            let _ = wire.head();
            wire.say(OK);
        });
        assert!(bench.ask(CLOSE).ends_with("\r\n\r\nok"), "{upstream}");
        serving.join().unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let bench = Bench::before(&format!("unix:{}", path.display()));
    assert!(bench.ask(CLOSE).starts_with("HTTP/1.1 502 "), "nobody is there yet");
    let listener = UnixListener::bind(&path).unwrap();
    let serving = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nhello") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let answer = bench
        .ask("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    serving.join().unwrap();
}

#[test]
fn a_port_that_accepts_and_hangs_up_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bench = Bench::before(&listener.local_addr().unwrap().to_string());
    thread::spawn(move || listener.incoming().for_each(|stream: std::io::Result<TcpStream>| drop(stream)));
    let answer = bench.ask(CLOSE);
    assert!(
        answer.starts_with("HTTP/1.1 502 ") && answer.contains("x-wharf-fault: closed-early"),
        "{answer}"
    );
}
