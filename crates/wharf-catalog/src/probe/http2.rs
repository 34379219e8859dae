//! HTTP/2 without TLS, and gRPC on it: the preface with SETTINGS, and one call of a method that no server has.
//!
//! Source: RFC 9113, 3.4, 4.1 and 6.5; RFC 7541 (HPACK); the gRPC protocol over HTTP/2.

use std::time::Duration;

use super::Asking;
use super::finding::{Finding, Strength};

pub(super) fn opening(_nonce: u64) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    settings(answer).is_some()
}

pub(super) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let is_grpc = settings(answer)?.chunks_exact(6).any(|setting| setting.starts_with(&GRPC_SETTING));
    Some(match is_grpc {
        true => grpc(),
        false => Finding::protocol("http2", "HTTP/2", Strength::Carrier),
    })
}

/// Asks an HTTP/2 server whether it speaks gRPC, by a call that it must refuse as unimplemented.
pub(super) fn refine(asking: &Asking<'_>, finding: Finding) -> Finding {
    let headers = frame(HEADERS, END_STREAM | END_HEADERS, 1, &call());
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &headers].concat();
    let answer = asking.say(Duration::ZERO, &opening, Duration::from_millis(100), &says_grpc);
    match answer.is_some_and(|answer| says_grpc(&answer)) {
        true => grpc(),
        false => finding,
    }
}

/// Returns the settings that a server begins with, if that is what `answer` begins with.
pub(super) fn settings(answer: &[u8]) -> Option<&[u8]> {
    let (&[a, b, c, SETTINGS, 0, 0, 0, 0, 0], rest) = answer.split_first_chunk()? else { return None };
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    if length % 6 != 0 {
        return None;
    }
    rest.get(..length)
}

fn grpc() -> Finding {
    Finding::protocol("grpc", "gRPC", Strength::Family)
}

/// Returns whether the headers of an answer hold `application/grpc`, plain or in HPACK's Huffman code.
fn says_grpc(answer: &[u8]) -> bool {
    let holds = |needle: &[u8]| answer.windows(needle.len()).any(|window| window == needle);
    holds(b"application/grpc") || holds(&HUFFMAN_GRPC)
}

/// POST /wharf.Probe/None, in HPACK without an index.
fn call() -> Vec<u8> {
    // Static table: 3 is `:method: POST`, 6 is `:scheme: http`.
    let mut block = vec![0x83, 0x86];
    // Names by static index: 4 `:path`, 1 `:authority`, 31 `content-type`.
    block.extend([&[0x04, 17][..], b"/wharf.Probe/None"].concat());
    block.extend([&[0x01, 9][..], b"localhost"].concat());
    block.extend([&[0x0f, 0x10, 16][..], b"application/grpc"].concat());
    block.extend([&[0x00, 2][..], b"te", &[8], b"trailers"].concat());
    block
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// GRPC_ALLOW_TRUE_BINARY_METADATA, which only gRPC's C core sends.
const GRPC_SETTING: [u8; 2] = [0xfe, 0x03];

/// `application/grpc` in HPACK's Huffman code (RFC 7541, appendix B).
const HUFFMAN_GRPC: [u8; 11] = [0x1d, 0x75, 0xd0, 0x62, 0x0d, 0x26, 0x3d, 0x4c, 0x4d, 0x65, 0x64];
