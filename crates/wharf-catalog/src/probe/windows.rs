//! SMB's negotiation and RDP's connection request: neither says who asks.
//!
//! Source: [MS-SMB2] 2.2.3; [MS-RDPBCGR] 2.2.1.1.

use super::finding::{Finding, Strength};

pub(super) fn smb_opening(_nonce: u64) -> Vec<u8> {
    let mut packet = b"\xfeSMB\x40\x00".to_vec();
    packet.resize(64, 0);
    let mut negotiate = vec![36, 0, 2, 0, 1, 0, 0, 0];
    negotiate.resize(36, 0);
    // Dialects 2.0.2 and 2.1.
    negotiate.extend([0x02, 0x02, 0x10, 0x02]);
    packet.extend(negotiate);
    let length = u32::try_from(packet.len()).unwrap_or_default().to_be_bytes();
    [&length[..], &packet].concat()
}

pub(super) fn smb_is_complete(answer: &[u8]) -> bool {
    answer.len() >= 8
}

pub(super) fn smb_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let is_smb = answer.first() == Some(&0) && matches!(answer.get(4..8), Some(b"\xfeSMB" | b"\xffSMB"));
    is_smb.then(|| Finding::protocol("smb", "SMB", Strength::Family))
}

pub(super) fn rdp_opening(_nonce: u64) -> Vec<u8> {
    vec![3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]
}

pub(super) fn rdp_is_complete(answer: &[u8]) -> bool {
    answer.len() >= 11
}

pub(super) fn rdp_read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    // TPKT version 3, then an X.224 connection confirm.
    let confirms = answer.starts_with(&[3, 0]) && answer.get(5) == Some(&0xd0);
    confirms.then(|| Finding::protocol("rdp", "RDP", Strength::Family))
}
