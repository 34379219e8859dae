//! Frames of HTTP/2 that are wrong, and what RFC 9113 has them answered with.
//!
//! A table: what is sent after the preface, and by which error a stream or the connection ends. Not here: requests as they
//! should be ([`crate::http2`]).

use std::io::{Read, Write};

use crate::bench::{Bench, Wire};

/// How the other side is to react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// RST_STREAM with this code.
    Stream(u32),
    /// GOAWAY with this code.
    Connection(u32),
    /// A response, as it should be.
    Answer,
    /// A PING or SETTINGS with ACK.
    Ack(u8),
}

const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const CLOSED: u32 = 5;
const SIZE: u32 = 6;
const COMPRESSION: u32 = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
/// The flag of SETTINGS and PING.
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A field that is written out: RFC 7541 section 6.2.2, without Huffman.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, u8::try_from(name.len()).unwrap()];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(u8::try_from(value.len()).unwrap());
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name, value)).collect()
}

const GOOD: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "app.localhost")];

fn with(more: &[(&str, &str)]) -> Vec<u8> {
    block(&[GOOD, more].concat())
}

fn get(stream: u32, flags: u8) -> Vec<u8> {
    frame(HEADERS, flags | END_HEADERS, stream, &with(&[]))
}

fn headers(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, 1, block)
}

fn without(name: &str) -> Vec<u8> {
    let rest: Vec<_> = GOOD.iter().copied().filter(|(other, _)| *other != name).collect();
    headers(&block(&rest))
}

/// What is sent, and what it is answered with.
fn cases() -> Vec<(&'static str, Vec<u8>, End)> {
    let settings = |id: u16, value: u32| {
        frame(SETTINGS, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
    };
    vec![
        ("a request", get(1, END_STREAM), End::Answer),
        (
            "a request in two frames",
            [
                frame(HEADERS, END_STREAM, 1, &with(&[])[..20]),
                frame(CONTINUATION, END_HEADERS, 1, &with(&[])[20..]),
            ]
            .concat(),
            End::Answer,
        ),
        ("4.1 a frame of no known kind", [frame(0x77, 0, 0, b"x"), get(1, END_STREAM)].concat(), End::Answer),
        ("4.2 a frame that is too long", frame(DATA, 0, 1, &[0; 16_385]), End::Connection(SIZE)),
        (
            "4.3 fields that cannot be decoded",
            headers(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            End::Connection(COMPRESSION),
        ),
        (
            "4.3 another frame within fields",
            [frame(HEADERS, END_STREAM, 1, &with(&[])), frame(PING, 0, 0, &[0; 8])].concat(),
            End::Connection(PROTOCOL),
        ),
        ("5.1 data on a stream that is idle", frame(DATA, END_STREAM, 1, b"x"), End::Connection(PROTOCOL)),
        ("5.1 a reset of a stream that is idle", frame(RESET, 0, 1, &[0; 4]), End::Connection(PROTOCOL)),
        (
            "5.1 a window of a stream that is idle",
            frame(WINDOW, 0, 1, &[0, 0, 0, 1]),
            End::Connection(PROTOCOL),
        ),
        (
            "5.1 data after the end",
            [get(1, END_STREAM), frame(DATA, 0, 1, b"x")].concat(),
            End::Stream(CLOSED),
        ),
        ("5.1.1 an even stream", get(2, END_STREAM), End::Connection(PROTOCOL)),
        (
            "5.1.1 a stream before another",
            [get(5, END_STREAM), get(3, END_STREAM)].concat(),
            End::Connection(PROTOCOL),
        ),
        (
            "5.3.1 a stream that waits for itself",
            frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 9]),
            End::Stream(PROTOCOL),
        ),
        ("6.1 data on no stream", frame(DATA, 0, 0, b"x"), End::Connection(PROTOCOL)),
        (
            "6.1 more padding than frame",
            [get(1, 0), frame(DATA, PADDED, 1, &[9, 0])].concat(),
            End::Connection(PROTOCOL),
        ),
        ("6.2 fields on no stream", get(0, END_STREAM), End::Connection(PROTOCOL)),
        ("6.3 a priority of another size", frame(PRIORITY, 0, 1, &[0; 4]), End::Connection(SIZE)),
        ("6.4 a reset on no stream", frame(RESET, 0, 0, &[0; 4]), End::Connection(PROTOCOL)),
        (
            "6.4 a reset of another size",
            [get(1, 0), frame(RESET, 0, 1, &[0; 3])].concat(),
            End::Connection(SIZE),
        ),
        ("6.5 settings", frame(SETTINGS, 0, 0, &[]), End::Ack(SETTINGS)),
        ("6.5 settings of a stream", frame(SETTINGS, 0, 1, &[]), End::Connection(PROTOCOL)),
        ("6.5 settings of another size", frame(SETTINGS, 0, 0, &[0; 3]), End::Connection(SIZE)),
        ("6.5 an acknowledgement with settings", frame(SETTINGS, ACK, 0, &[0; 6]), End::Connection(SIZE)),
        ("6.5.2 push that is neither on nor off", settings(2, 2), End::Connection(PROTOCOL)),
        ("6.5.2 a window that is too large", settings(4, 0x8000_0000), End::Connection(FLOW)),
        ("6.5.2 frames that are too small", settings(5, 16_383), End::Connection(PROTOCOL)),
        ("6.6 a push of a client", frame(PUSH, END_HEADERS, 1, &[0, 0, 0, 2]), End::Connection(PROTOCOL)),
        ("6.7 a ping", frame(PING, 0, 0, b"12345678"), End::Ack(PING)),
        ("6.7 a ping of a stream", frame(PING, 0, 1, &[0; 8]), End::Connection(PROTOCOL)),
        ("6.7 a ping of another size", frame(PING, 0, 0, &[0; 7]), End::Connection(SIZE)),
        ("6.8 a farewell of a stream", frame(GOAWAY, 0, 1, &[0; 8]), End::Connection(PROTOCOL)),
        ("6.9 a window that does not grow", frame(WINDOW, 0, 0, &[0; 4]), End::Connection(PROTOCOL)),
        (
            "6.9.1 a window of more than all",
            frame(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2),
            End::Connection(FLOW),
        ),
        (
            "6.10 fields that continue nothing",
            frame(CONTINUATION, END_HEADERS, 1, &with(&[])),
            End::Connection(PROTOCOL),
        ),
        ("8.1 fields twice without an end", [get(1, 0), get(1, 0)].concat(), End::Stream(PROTOCOL)),
        (
            "8.1.1 a shorter body than was said",
            [
                frame(HEADERS, END_HEADERS, 1, &with(&[("content-length", "5")])),
                frame(DATA, END_STREAM, 1, b"x"),
            ]
            .concat(),
            End::Stream(PROTOCOL),
        ),
        ("8.2 a name in capitals", headers(&with(&[("X-A", "b")])), End::Stream(PROTOCOL)),
        ("8.2.1 a line in a value", headers(&with(&[("x-a", "b\r\nx: y")])), End::Stream(PROTOCOL)),
        ("8.2.1 a line in a name", headers(&with(&[("x\r\ny", "b")])), End::Stream(PROTOCOL)),
        (
            "8.2.2 a field of the connection",
            headers(&with(&[("connection", "close")])),
            End::Stream(PROTOCOL),
        ),
        (
            "8.2.2 a transfer coding",
            headers(&with(&[("transfer-encoding", "chunked")])),
            End::Stream(PROTOCOL),
        ),
        ("8.2.2 TE of more than trailers", headers(&with(&[("te", "gzip")])), End::Stream(PROTOCOL)),
        ("8.3 an unknown pseudo field", headers(&with(&[(":x", "y")])), End::Stream(PROTOCOL)),
        ("8.3 a pseudo field of responses", headers(&with(&[(":status", "200")])), End::Stream(PROTOCOL)),
        (
            "8.3 a pseudo field behind others",
            headers(&block(&[&[("a", "b")], GOOD].concat())),
            End::Stream(PROTOCOL),
        ),
        ("8.3 a pseudo field twice", headers(&with(&[(":path", "/")])), End::Stream(PROTOCOL)),
        ("8.3.1 without a method", without(":method"), End::Stream(PROTOCOL)),
        ("8.3.1 without a scheme", without(":scheme"), End::Stream(PROTOCOL)),
        ("8.3.1 without a path", without(":path"), End::Stream(PROTOCOL)),
    ]
}

#[test]
fn every_wrong_frame_ends_as_the_rfc_has_it() {
    let (bench, _told) = Bench::new(|_, mut wire: Wire| {
        // Some of them come so far, and are broken off then.
        let mut request = [0; 4_096];
        if matches!(wire.0.read(&mut request), Ok(1..)) {
            let _ = wire.0.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let mut wrong = Vec::new();
    for (name, bytes, end) in cases() {
        let seen = react(&bench, &bytes, end);
        if !seen.last().is_some_and(|last| fits(*last, end)) {
            wrong.push(format!("{name}: {seen:?} and not {end:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns whether `seen` is what was to be. An error of a stream may be taken for one of the connection (section 5.4.2), and
/// the `h2` crate says PROTOCOL_ERROR where a code is more exact than it knows.
fn fits(seen: End, end: End) -> bool {
    match (seen, end) {
        (End::Connection(code), End::Connection(exact) | End::Stream(exact)) => {
            code == exact || code == PROTOCOL
        }
        _ => seen == end,
    }
}

#[test]
fn a_preface_that_is_none_is_refused() {
    let bench = Bench::before("127.0.0.1:1");
    let answer = {
        let mut client = bench.client();
        client.say("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
        let mut bytes = Vec::new();
        let _ = client.0.read_to_end(&mut bytes);
        bytes
    };
    // Settings may have been sent before, and a farewell; nothing that looks like a response.
    assert!(!answer.windows(5).any(|part| part == b"HTTP/"), "{}", answer.escape_ascii());
}

/// Sends `bytes` on a connection of its own and returns how it was reacted to, up to what was expected.
fn react(bench: &Bench, bytes: &[u8], end: End) -> Vec<End> {
    let mut wire = bench.client();
    wire.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    wire.0.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    // What comes next is about what is sent next.
    while read(&mut wire) != Some(End::Ack(SETTINGS)) {}
    wire.0.write_all(bytes).unwrap();
    let mut seen = Vec::new();
    while let Some(next) = read(&mut wire) {
        seen.push(next);
        if fits(next, end) {
            break;
        }
    }
    seen
}

/// Reads a frame that says something; none at the end.
fn read(wire: &mut Wire) -> Option<End> {
    loop {
        let mut head = [0; 9];
        wire.0.read_exact(&mut head).ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        wire.0.read_exact(&mut payload).ok()?;
        let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match (head[3], head[4]) {
            (HEADERS, _) => return Some(End::Answer),
            (RESET, _) => return Some(End::Stream(code(0))),
            (GOAWAY, _) => return Some(End::Connection(code(4))),
            (SETTINGS | PING, flags) if flags & ACK != 0 => return Some(End::Ack(head[3])),
            _ => {}
        }
    }
}
