//! Cassandra and ScyllaDB: OPTIONS, which any client may ask before STARTUP.
//!
//! Source: CQL binary protocol v4, sections 2 and 4.1.3.

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(_nonce: u64) -> Vec<u8> {
    vec![4, 0, 0, 0, 5, 0, 0, 0, 0]
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    body(answer).is_some()
}

pub(in crate::probe) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    // SUPPORTED, or ERROR from a server of another version.
    let is_cql = matches!(answer, [0x83..=0x85, 0, 0, 0, 0 | 6, ..]) && body(answer).is_some();
    is_cql.then(|| Finding::family("cassandra", "cassandra"))
}

fn body(answer: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(*answer.get(5..)?.first_chunk()?);
    answer.get(9..9_usize.checked_add(usize::try_from(length).ok()?)?)
}
