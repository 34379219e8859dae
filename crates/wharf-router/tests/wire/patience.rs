//! Clients that are slow, many, or silent: what they cost, and whom they hold up.
//!
//! Not here: those that go away ([`crate::upstreams`]).

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::bench::{Bench, Wire};

/// More than any memory on the way may hold: that of four sockets, which the kernel lets grow, and of the router.
const HELD: usize = 48 << 20;
const PIECE: usize = 64 << 10;

/// Returns once nothing has been added to `count` for a while.
fn rest(count: &AtomicUsize) -> usize {
    let mut last = usize::MAX;
    loop {
        let now = count.load(Ordering::SeqCst);
        if now == last && now > 0 {
            return now;
        }
        last = now;
        thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn a_server_is_held_back_by_a_client_that_does_not_read() {
    const SIZE: usize = 4 * HELD;
    let sent = Arc::new(AtomicUsize::new(0));
    let (count, piece) = (Arc::clone(&sent), [b'x'; PIECE]);
    let (bench, _) = Bench::new(move |_, mut wire: Wire| {
        let _ = wire.head();
        wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        for _ in 0..SIZE / PIECE {
            wire.0.write_all(&piece).unwrap();
            count.fetch_add(PIECE, Ordering::SeqCst);
        }
    });
    let mut client = bench.client();
    client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n");
    let _ = client.head();
    let held = rest(&sent);
    assert!(held < HELD, "{held} bytes were taken from the server and lie somewhere");
    let mut body = vec![0; PIECE];
    let mut left = SIZE;
    while left > 0 {
        let count = client.0.read(&mut body).unwrap();
        assert!(count > 0, "{left} bytes are missing");
        left -= count;
    }
    assert_eq!(client.0.read(&mut body).unwrap(), 0);
}

#[test]
fn a_client_is_held_back_by_a_server_that_does_not_read() {
    const SIZE: usize = 4 * HELD;
    let (bench, told) = Bench::new(|number, mut wire: Wire| {
        let _ = wire.head();
        // Until the other one, that is asked once the client has come to rest.
        if number > 0 {
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            return 0;
        }
        let mut wait =
            Wire(std::net::TcpStream::connect(("127.0.0.1", GATE.load(Ordering::SeqCst) as u16)).unwrap());
        let _ = wait.0.read(&mut [0]);
        let mut left = SIZE;
        let mut body = vec![0; PIECE];
        while left > 0 {
            left -= wire.0.read(&mut body).unwrap();
        }
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        SIZE
    });
    let gate = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    GATE.store(usize::from(gate.local_addr().unwrap().port()), Ordering::SeqCst);
    let mut client = bench.client();
    client.say(&format!(
        "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n"
    ));
    let sent = Arc::new(AtomicUsize::new(0));
    let (count, mut sending) = (Arc::clone(&sent), client.0.try_clone().unwrap());
    let sending = thread::spawn(move || {
        for _ in 0..SIZE / PIECE {
            sending.write_all(&[b'x'; PIECE]).unwrap();
            count.fetch_add(PIECE, Ordering::SeqCst);
        }
    });
    let held = rest(&sent);
    assert!(held < HELD, "{held} bytes were taken from the client and lie somewhere");
    // Nobody else is held up by it.
    assert!(
        bench.ask("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n").contains(" 200 ")
    );
    drop(gate.accept().unwrap());
    assert!(client.rest().ends_with("ok"));
    sending.join().unwrap();
    assert!(told.iter().take(2).any(|count| count == SIZE));
}

/// Port of the gate that the test above opens.
static GATE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_request_may_come_byte_by_byte_and_so_may_its_answer() {
    let (bench, told) = Bench::new(|_, mut wire: Wire| {
        let head = wire.head();
        for expected in b"hello" {
            let mut byte = [0];
            wire.0.read_exact(&mut byte).unwrap();
            assert_eq!(byte[0], *expected);
            // The next is sent once the client has this one back.
            wire.say(if *expected == b'h' { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" } else { "" });
            wire.0.write_all(&byte).unwrap();
        }
        head
    });
    let mut client = bench.client();
    for byte in b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nh" {
        client.0.write_all(&[*byte]).unwrap();
    }
    assert!(client.head().starts_with("HTTP/1.1 200 "));
    assert_eq!(client.until("h"), "h");
    for letter in ["e", "l", "l", "o"] {
        client.say(letter);
        assert_eq!(client.until(letter), letter);
    }
    assert_eq!(client.rest(), "");
    assert!(told.recv().unwrap().starts_with("POST / HTTP/1.1\r\n"));
}

#[test]
fn many_that_have_begun_and_say_nothing_hold_nobody_up() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let waiting: Vec<Wire> = (0..300)
        .map(|_| {
            let mut client = bench.client();
            client.say("GET / HTTP/1.1\r\nHost: app.local");
            client
        })
        .collect();
    assert!(bench.ask("GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n").ends_with("ok"));
    for mut client in waiting.into_iter().take(50) {
        client.say("host\r\nConnection: close\r\n\r\n");
        assert!(client.rest().ends_with("ok"));
    }
}
