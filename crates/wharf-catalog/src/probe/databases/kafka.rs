//! Kafka: ApiVersions, the request that every client begins with, before authentication.
//!
//! Source: Kafka protocol guide, ApiVersions v0.

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(nonce: u64) -> Vec<u8> {
    let mut request = 10_u32.to_be_bytes().to_vec();
    request.extend([0, 18, 0, 0]);
    request.extend(correlation(nonce));
    // No client id.
    request.extend([0xff, 0xff]);
    request
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    answer.len() >= 10
}

pub(in crate::probe) fn read(answer: &[u8], nonce: u64) -> Option<Finding> {
    // Length, our number again, error code 0 or 35 (unsupported version).
    let is_kafka = answer.get(4..8)? == correlation(nonce) && matches!(answer.get(8..10)?, [0, 0 | 35]);
    is_kafka.then(|| Finding::family("kafka", "kafka"))
}

fn correlation(nonce: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = nonce.to_be_bytes();
    [a & 0x7f, b, c, d]
}
