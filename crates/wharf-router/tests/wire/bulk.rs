//! Bodies of many bytes, whose most part goes through a pipe.
//!
//! Not here: the pipe by itself (beside the code), and raw TCP ([`crate::tcp`]).

use std::io::{Read, Write};
use std::thread;

use crate::bench::{Bench, Wire};

const SIZE: usize = 24 << 20;

/// Bytes of which no two stretches are alike.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    (0..length.div_ceil(4)).flat_map(|_| next()).take(length).collect()
}

#[test]
fn a_large_body_arrives_whole_at_a_slow_reader_and_the_connection_goes_on() {
    for framing in ["", "Transfer-Encoding: chunked\r\n"] {
        let (bench, _) = Bench::new(move |_, mut wire: Wire| {
            for _ in 0..2 {
                let _ = wire.head();
                if framing.is_empty() {
                    wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
                    wire.0.write_all(&pattern(SIZE)).unwrap();
                } else {
                    wire.say(&format!("HTTP/1.1 200 OK\r\n{framing}\r\n{SIZE:x}\r\n"));
                    wire.0.write_all(&pattern(SIZE)).unwrap();
                    wire.say("\r\n0\r\n\r\n");
                }
            }
        });
        let mut client = bench.client();
        for _ in 0..2 {
            client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
            let _ = client.head();
            if !framing.is_empty() {
                let _ = client.until("\r\n");
            }
            let mut body = vec![0; SIZE];
            // In small reads: both sides are waited for by turns.
            body.chunks_mut(10_000).for_each(|some| client.0.read_exact(some).unwrap());
            assert!(body == pattern(SIZE));
            if !framing.is_empty() {
                let _ = client.until("\r\n0\r\n\r\n");
            }
        }
    }
}

#[test]
fn a_body_that_ends_with_the_connection_arrives_whole() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\n\r\n");
        wire.0.write_all(&pattern(SIZE)).unwrap();
    });
    let mut client = bench.client();
    client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    let _ = client.head();
    let mut body = Vec::new();
    client.0.read_to_end(&mut body).unwrap();
    assert!(body == pattern(SIZE));
}

#[test]
fn bodies_go_both_ways_at_once() {
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n"));
        let mut back = wire.0.try_clone().unwrap();
        let bytes = pattern(SIZE);
        let last = bytes[SIZE - 1];
        let writer = thread::spawn(move || back.write_all(&bytes[..SIZE - 1]).unwrap());
        let mut body = vec![0; SIZE];
        wire.0.read_exact(&mut body).unwrap();
        writer.join().unwrap();
        // The last byte says that the body was right; a response that is over ends the exchange.
        wire.0.write_all(&[last ^ u8::from(body != pattern(SIZE))]).unwrap();
    });
    let mut client = bench.client();
    client.say(&format!("PUT / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: {SIZE}\r\n\r\n"));
    let mut out = client.0.try_clone().unwrap();
    let writer = thread::spawn(move || out.write_all(&pattern(SIZE)).unwrap());
    assert!(client.head().starts_with("HTTP/1.1 200 "));
    let mut body = vec![0; SIZE];
    client.0.read_exact(&mut body).unwrap();
    writer.join().unwrap();
    assert!(body == pattern(SIZE));
}

#[test]
fn a_request_whose_body_has_gone_by_is_not_sent_again_without_it() {
    // The first request of a connection is answered; at the next it is closed once the body is there.
    let (bench, _) = Bench::new(|_, mut wire: Wire| {
        let _ = wire.head();
        wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let _ = wire.head();
        wire.0.read_exact(&mut vec![0; SIZE]).unwrap();
    });
    let mut client = bench.client();
    client.say("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n");
    let _ = client.head();
    client.say(&format!("PUT / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: {SIZE}\r\n\r\n"));
    client.0.write_all(&pattern(SIZE)).unwrap();
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
}
