//! MongoDB: the command `hello`, which every driver sends before it logs in.
//!
//! Source: MongoDB wire protocol, OP_MSG.

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(nonce: u64) -> Vec<u8> {
    let document = b"\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00";
    let mut message = Vec::new();
    // Header: length, request id, response to nothing, opcode; then no flags, one section of kind 0.
    let length = 16 + 4 + 1 + 4 + document.len();
    for word in [u32::try_from(length).unwrap_or_default(), request_id(nonce), 0, OP_MSG, 0] {
        message.extend(word.to_le_bytes());
    }
    message.push(0);
    message.extend(u32::try_from(4 + document.len()).unwrap_or_default().to_le_bytes());
    message.extend(document);
    message
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    answer.len() >= 16
}

pub(in crate::probe) fn read(answer: &[u8], nonce: u64) -> Option<Finding> {
    let response_to = u32::from_le_bytes(*answer.get(8..)?.first_chunk()?);
    let opcode = u32::from_le_bytes(*answer.get(12..)?.first_chunk()?);
    (response_to == request_id(nonce) && opcode == OP_MSG).then(|| Finding::family("mongodb", "mongodb"))
}

fn request_id(nonce: u64) -> u32 {
    // Positive as a signed number, and never 0.
    u32::try_from(nonce >> 34).unwrap_or_default() | 1
}

const OP_MSG: u32 = 2013;
