//! AMQP 0-9-1: the protocol header, and the server's Connection.Start, which comes before any login.
//!
//! Source: AMQP 0-9-1 specification, 4.2.2 and 1.4.2.1.

use std::time::Duration;

use super::Asking;
use super::finding::{Finding, Strength};

pub(super) fn opening(_nonce: u64) -> Vec<u8> {
    b"AMQP\x00\x00\x09\x01".to_vec()
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    match answer {
        [b'A', b'M', b'Q', b'P', ..] => answer.len() >= 8,
        _ => length(answer).is_some_and(|length| answer.len() > HEADER + length),
    }
}

pub(super) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    // Its own header back: the server speaks another version, or heard another protocol.
    if answer.len() == 8 && answer.starts_with(b"AMQP") {
        return Some(plain());
    }
    let length = length(answer)?;
    let payload = answer.get(HEADER..HEADER + length)?;
    // Class 10, method 10 is Connection.Start; then two bytes of version, then the server's properties.
    let table = payload.strip_prefix(&[0, 10, 0, 10])?.get(2..)?;
    let (size, table) = table.split_first_chunk()?;
    let table = table.get(..usize::try_from(u32::from_be_bytes(*size)).ok()?)?;
    let (product, version) = properties(table);
    let finding = match product.as_deref() {
        Some("RabbitMQ") => Finding::product("rabbitmq", "amqp"),
        Some("LavinMQ") => Finding::protocol("amqp", "LavinMQ", Strength::Product).renamed("lavinmq"),
        _ => plain(),
    };
    Some(finding.version(version.as_deref()))
}

/// Asks a server that gave away only its protocol for its name.
pub(super) fn refine(asking: &Asking<'_>, finding: Finding) -> Finding {
    let answer = asking.say(Duration::ZERO, &opening(0), Duration::from_millis(150), &is_complete);
    answer.and_then(|answer| read(&answer, 0)).unwrap_or(finding)
}

fn plain() -> Finding {
    Finding::protocol("amqp", "AMQP broker", Strength::Family)
}

/// Returns the length of the first frame's payload, if it is a method frame on channel 0.
fn length(answer: &[u8]) -> Option<usize> {
    let size = answer.strip_prefix(&[1, 0, 0])?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*size)).ok()
}

/// Reads product and version out of a field table, as far as its types are known.
fn properties(mut table: &[u8]) -> (Option<String>, Option<String>) {
    let (mut product, mut version) = (None, None);
    while let Some((name, kind, rest)) = field(table) {
        let size = match kind {
            b'S' | b'F' | b'A' => {
                let Some((size, _)) = rest.split_first_chunk() else { break };
                4 + usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX - 4)
            }
            b't' | b'b' | b'B' => 1,
            b's' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'l' | b'd' | b'T' => 8,
            b'V' => 0,
            _ => break,
        };
        let Some((value, rest)) = rest.split_at_checked(size) else { break };
        if kind == b'S' {
            let text = value.get(4..).map(|text| String::from_utf8_lossy(text).into_owned());
            match name {
                b"product" => product = text,
                b"version" => version = text,
                _ => {}
            }
        }
        table = rest;
    }
    (product, version)
}

fn field(table: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (&length, rest) = table.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(length))?;
    let (&kind, rest) = rest.split_first()?;
    Some((name, kind, rest))
}

const HEADER: usize = 7;
