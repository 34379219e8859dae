//! SQL Server: TDS pre-login, which tells the server's version before anybody logs in.
//!
//! Source: [MS-TDS] 2.2.6.5.

use crate::probe::finding::Finding;

pub(in crate::probe) fn opening(_nonce: u64) -> Vec<u8> {
    let mut packet = vec![PRELOGIN, 1, 0, 47, 0, 0, 1, 0];
    // Option, offset, length: version, encryption, instance, thread, MARS; then the end.
    for option in [[0, 0, 26, 0, 6], [1, 0, 32, 0, 1], [2, 0, 33, 0, 1], [3, 0, 34, 0, 4], [4, 0, 38, 0, 1]] {
        packet.extend(option);
    }
    packet.push(0xff);
    // Encryption is "not supported"; everything else is zero.
    packet.extend([0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
    packet
}

pub(in crate::probe) fn is_complete(answer: &[u8]) -> bool {
    length(answer).is_some_and(|length| answer.len() >= length)
}

pub(in crate::probe) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let payload = answer.get(8..length(answer)?)?;
    // The first option of the answer is the version: major, minor, build.
    let (&[0, high, low, 0, 6], _) = payload.split_first_chunk()? else { return None };
    let at = usize::from(u16::from_be_bytes([high, low]));
    let &[major, minor, build_high, build_low] = payload.get(at..)?.first_chunk()?;
    let version = format!("{major}.{minor}.{}", u16::from_be_bytes([build_high, build_low]));
    Some(Finding::family("mssql", "mssql").version(Some(&version)))
}

fn length(answer: &[u8]) -> Option<usize> {
    let &[ANSWER, 1, high, low] = answer.first_chunk()? else { return None };
    Some(usize::from(u16::from_be_bytes([high, low])))
}

const PRELOGIN: u8 = 0x12;
const ANSWER: u8 = 0x04;
