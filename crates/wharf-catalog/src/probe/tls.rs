//! TLS: a ClientHello of version 1.2, and what the server's hello or alert says.
//!
//! Version 1.2 on purpose: there the server chooses the inner protocol (ALPN) in the clear. A server that
//! speaks only 1.3 answers with an alert, which is TLS too. Source: RFC 5246, 7.4.1; RFC 7301.

use super::finding::{Finding, Strength};

pub(super) fn opening(nonce: u64) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend(std::iter::repeat_n(nonce.to_be_bytes(), 4).flatten());
    hello.push(0);
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    hello.extend(prefixed(2, &suites));
    hello.extend([1, 0]);
    let protocols = [prefixed(1, b"h2"), prefixed(1, b"http/1.1")].concat();
    let extensions = [
        extension(SERVER_NAME, &prefixed(2, &[&[0][..], &prefixed(2, b"localhost")].concat())),
        extension(10, &prefixed(2, &[0, 29, 0, 23, 0, 24])),
        extension(11, &prefixed(1, &[0])),
        extension(13, &prefixed(2, &[4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 7])),
        extension(ALPN, &prefixed(2, &protocols)),
    ]
    .concat();
    hello.extend(prefixed(2, &extensions));
    let handshake = [&[CLIENT_HELLO][..], &prefixed(3, &hello)].concat();
    [&[HANDSHAKE, 3, 1][..], &prefixed(2, &handshake)].concat()
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    record(answer).is_some()
}

pub(super) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    match record(answer)? {
        (HANDSHAKE, [SERVER_HELLO, _, _, _, hello @ ..]) => Some(match application(hello) {
            Some(b"h2" | b"http/1.1") => Finding::protocol("https", "HTTPS", Strength::Carrier),
            _ => Finding::protocol("tls", "TLS", Strength::Carrier),
        }),
        _ => read_alert(answer),
    }
}

/// Returns the finding of a TLS alert, which is what most TLS servers say to anything else.
pub(super) fn read_alert(answer: &[u8]) -> Option<Finding> {
    match record(answer)? {
        (ALERT, [1 | 2, _]) => Some(Finding::protocol("tls", "TLS", Strength::Carrier)),
        _ => None,
    }
}

/// Returns type and content of the first record, if it is whole.
fn record(answer: &[u8]) -> Option<(u8, &[u8])> {
    let (&[kind, 3, 0..=4, high, low], rest) = answer.split_first_chunk()? else { return None };
    Some((kind, rest.get(..usize::from(u16::from_be_bytes([high, low])))?))
}

/// Returns the inner protocol that a ServerHello chose.
fn application(hello: &[u8]) -> Option<&[u8]> {
    // Version and random are 34 bytes, then the session's id, then suite and compression.
    let session = usize::from(*hello.get(34)?);
    let mut extensions = hello.get(35 + session + 3..)?.get(2..)?;
    while let Some((&[a, b, c, d], rest)) = extensions.split_first_chunk() {
        let (content, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
        if u16::from_be_bytes([a, b]) == ALPN {
            return content.get(3..);
        }
        extensions = rest;
    }
    None
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &prefixed(2, content)].concat()
}

/// Returns `content` after its length in `bytes` bytes.
fn prefixed(bytes: usize, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or_default().to_be_bytes();
    [&length[4 - bytes..], content].concat()
}

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

/// ECDHE with AES-GCM and ChaCha20, and what old servers have: ECDHE with CBC, and RSA.
const SUITES: [u16; 14] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc00a, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
    0x0035,
];
