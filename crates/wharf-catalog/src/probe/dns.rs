//! DNS over TCP: the question `version.bind CH TXT`, which asks the server for its own name.
//!
//! Source: RFC 1035, 4.1 and 4.2.2; RFC 4892.

use super::finding::{Finding, Strength};

pub(super) fn opening(nonce: u64) -> Vec<u8> {
    let mut message = id(nonce).to_vec();
    // No flags, one question, no records.
    message.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(b"\x07version\x04bind\x00");
    message.extend([0, TXT, 0, CHAOS]);
    let length = u16::try_from(message.len()).unwrap_or_default().to_be_bytes();
    [&length[..], &message].concat()
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    answer.first_chunk().is_some_and(|length| answer.len() >= 2 + usize::from(u16::from_be_bytes(*length)))
}

pub(super) fn read(answer: &[u8], nonce: u64) -> Option<Finding> {
    let message = answer.get(2..)?;
    let is_response = message.starts_with(&id(nonce)) && message.get(2)? & 0x80 != 0;
    if !is_response || message.len() < 12 {
        return None;
    }
    // dnsmasq and unbound name themselves in the text of the answer.
    let text = message.windows(DNSMASQ.len()).position(|window| window == DNSMASQ);
    match text.and_then(|at| message.get(at + DNSMASQ.len()..)) {
        Some(version) => {
            Some(Finding::product("dnsmasq", "dns").version(Some(&String::from_utf8_lossy(version))))
        }
        None => Some(Finding::protocol("dns", "DNS", Strength::Family)),
    }
}

fn id(nonce: u64) -> [u8; 2] {
    let [high, low, ..] = nonce.to_be_bytes();
    [high, low]
}

const TXT: u8 = 16;
const CHAOS: u8 = 3;
const DNSMASQ: &[u8] = b"dnsmasq-";
