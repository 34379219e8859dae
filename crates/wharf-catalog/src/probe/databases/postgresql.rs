//! PostgreSQL: SSLRequest, eight bytes that ask whether TLS is on offer, and nothing more.
//!
//! Source: PostgreSQL documentation, 55.2.11 "SSL Session Encryption".

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(_nonce: u64) -> Vec<u8> {
    [8_u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat()
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    !answer.is_empty()
}

pub(in crate::probe) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    matches!(answer, b"S" | b"N").then(|| Finding::family("postgresql", "postgresql"))
}

const SSL_REQUEST: u32 = 80_877_103;
