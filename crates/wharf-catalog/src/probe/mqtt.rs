//! MQTT 3.1.1: CONNECT with a clean session and a random client id, then DISCONNECT.
//!
//! A client id in use would throw its owner out, a session that is not clean would stay behind; neither
//! can happen here. Source: MQTT 3.1.1, sections 3.1, 3.2 and 3.14.

use super::finding::{Finding, Strength};

pub(super) fn opening(nonce: u64) -> Vec<u8> {
    let id = format!("wharf{nonce:016x}");
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    body.extend([CLEAN_SESSION, 0, KEEP_ALIVE_S, 0, ID_LENGTH]);
    body.extend(id.as_bytes());
    let mut packet = vec![0x10, u8::try_from(body.len()).unwrap_or_default()];
    packet.extend(body);
    // Said at once, so that the broker does not log a client that vanished.
    packet.extend([0xe0, 0x00]);
    packet
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    answer.len() >= 4
}

pub(super) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    match answer {
        // CONNACK: flags 0 for a clean session, return code 0 to 5.
        [0x20, 0x02, 0x00, 0..=5, ..] => Some(Finding::protocol("mqtt", "MQTT broker", Strength::Family)),
        _ => None,
    }
}

const CLEAN_SESSION: u8 = 0x02;
const KEEP_ALIVE_S: u8 = 5;

/// 21 bytes: every broker must take ids of up to 23.
const ID_LENGTH: u8 = 21;
