//! Java RMI: the stream header, which the server acknowledges with the address that it sees.
//!
//! Source: Java RMI specification, 10.2.

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(_nonce: u64) -> Vec<u8> {
    b"JRMI\x00\x02\x4b".to_vec()
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    end(answer).is_some_and(|end| answer.len() >= end)
}

pub(in crate::probe) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    (end(answer)? == answer.len()).then(|| Finding::family("rmiregistry", "rmi"))
}

/// ProtocolAck, a host name after its length, and a port of four bytes.
fn end(answer: &[u8]) -> Option<usize> {
    let &[0x4e, high, low] = answer.first_chunk()? else { return None };
    Some(3 + usize::from(u16::from_be_bytes([high, low])) + 4)
}
