//! Bolt (Neo4j, Memgraph): the handshake that agrees on a version.
//!
//! Source: Bolt protocol, "Handshake".

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(_nonce: u64) -> Vec<u8> {
    let magic = [0x60, 0x60, 0xb0, 0x17];
    [magic, [0, 4, 4, 5], [0, 0, 4, 4], [0, 0, 1, 4], [0, 0, 0, 3]].concat()
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    answer.len() >= 4
}

pub(in crate::probe) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    matches!(answer, [0, 0, 0..=8, 3..=5]).then(|| Finding::family("neo4j", "bolt"))
}
