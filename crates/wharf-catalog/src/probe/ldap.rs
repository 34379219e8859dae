//! LDAP: a search of the root entry (rootDSE) without a bind.
//!
//! Source: RFC 4511, 4.5; RFC 4512, 5.1.

use super::finding::{Finding, Strength};

pub(super) fn opening(_nonce: u64) -> Vec<u8> {
    let filter = tagged(0x87, b"objectClass");
    let attributes = tagged(0x30, &tagged(0x04, b"supportedLDAPVersion"));
    // Base "", scope base, never dereference, size limit 1, time limit 1 s, types and values.
    let fixed = [0x04, 0, 0x0a, 1, 0, 0x0a, 1, 0, 0x02, 1, 1, 0x02, 1, 1, 0x01, 1, 0];
    let search = tagged(0x63, &[&fixed[..], &filter, &attributes].concat());
    tagged(0x30, &[&[0x02, 1, 1][..], &search].concat())
}

pub(super) fn is_complete(answer: &[u8]) -> bool {
    read(answer, 0).is_some()
}

pub(super) fn read(answer: &[u8], _nonce: u64) -> Option<Finding> {
    let body = match answer {
        // A message's length: short, or in one to four bytes (BER).
        [0x30, length @ 0..=0x7f, rest @ ..] => rest.get(..usize::from(*length).min(rest.len()))?,
        [0x30, count @ 0x81..=0x84, rest @ ..] => rest.get(usize::from(count - 0x80)..)?,
        _ => return None,
    };
    match body {
        // Message 1: an entry, a result, or a notice of disconnection (message 0).
        [0x02, 1, 1, 0x64 | 0x65, ..] | [0x02, 1, 0, 0x78, ..] => {
            Some(Finding::protocol("ldap", "LDAP", Strength::Family))
        }
        _ => None,
    }
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or_default();
    [&[tag, length][..], content].concat()
}
