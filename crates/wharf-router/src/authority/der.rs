//! What wharf must know of a certificate that it made itself: RFC 5280, in DER.
//!
//! Not here: whether it is any good, which the verifier of rustls tells.

/// What a certificate says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The common name of its subject.
    pub common_name: String,
    /// Its organization.
    pub organization: String,
    /// Begin of its validity, in seconds since 1970.
    pub not_before: i64,
    /// End of its validity, in seconds since 1970.
    pub not_after: i64,
    /// The bits of its public key.
    pub public_key: Vec<u8>,
    /// Names that it may vouch for, and all below them.
    pub domains: Vec<String>,
}

/// Reads a certificate; `None` if it is none.
pub(super) fn read(der: &[u8]) -> Option<Facts> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut rest, _) = expect(certificate, SEQUENCE)?;
    let mut facts = Facts::default();
    // Version, serial number, signature, issuer.
    for tag in [VERSION, INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = expect(rest, tag)?;
    }
    let (validity, rest) = expect(rest, SEQUENCE)?;
    let (tag, begin, end) = next(validity)?;
    facts.not_before = time(tag, begin)?;
    let (tag, end, _) = next(end)?;
    facts.not_after = time(tag, end)?;
    let (subject, rest) = expect(rest, SEQUENCE)?;
    facts.common_name = attribute(subject, COMMON_NAME).unwrap_or_default();
    facts.organization = attribute(subject, ORGANIZATION).unwrap_or_default();
    let (key, rest) = expect(rest, SEQUENCE)?;
    let (_, key) = expect(key, SEQUENCE)?;
    let (bits, _) = expect(key, BIT_STRING)?;
    facts.public_key = bits.get(1..)?.to_vec();
    if let Some((extensions, _)) = expect(rest, EXTENSIONS) {
        let (mut each, _) = expect(extensions, SEQUENCE)?;
        while let Some((extension, others)) = expect(each, SEQUENCE) {
            each = others;
            let (oid, mut value) = expect(extension, OID)?;
            if oid == NAME_CONSTRAINTS {
                if let Some((_, after)) = expect(value, BOOLEAN) {
                    value = after;
                }
                facts.domains = domains(expect(value, OCTETS)?.0)?;
            }
        }
    }
    Some(facts)
}

/// Returns the names of the subtrees that are permitted.
fn domains(value: &[u8]) -> Option<Vec<String>> {
    let (constraints, _) = expect(value, SEQUENCE)?;
    let mut names = Vec::new();
    let Some((mut subtrees, _)) = expect(constraints, PERMITTED) else { return Some(names) };
    while let Some((subtree, others)) = expect(subtrees, SEQUENCE) {
        subtrees = others;
        if let Some((name, _)) = expect(subtree, DNS_NAME) {
            names.push(String::from_utf8(name.to_vec()).ok()?);
        }
    }
    Some(names)
}

/// Returns the text of an attribute of a distinguished name.
fn attribute(mut name: &[u8], wanted: &[u8]) -> Option<String> {
    while let Some((set, others)) = expect(name, SET) {
        name = others;
        let (pair, _) = expect(set, SEQUENCE)?;
        let (oid, value) = expect(pair, OID)?;
        if oid == wanted {
            let (_, text, _) = next(value)?;
            return String::from_utf8(text.to_vec()).ok();
        }
    }
    None
}

/// Returns seconds since 1970; RFC 5280 section 4.1.2.5.
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let number = |range: std::ops::Range<usize>| {
        text.get(range).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<i64>().ok()
    };
    let (year, at) = match tag {
        UTC_TIME => (number(0..2).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        GENERALIZED_TIME => (number(0..4)?, 4),
        _ => return None,
    };
    let part = |index: usize| number(at + 2 * index..at + 2 * index + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(1)?, part(2)?, part(3)?, part(4)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || text.len() != at + 10 {
        return None;
    }
    // Days since 1970, of years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Returns the content of the first value if it has this tag, and what follows it.
fn expect(input: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    next(input).filter(|(tag, ..)| *tag == wanted).map(|(_, content, rest)| (content, rest))
}

/// Returns tag and content of the first value, and what follows it.
fn next(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = input.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const DNS_NAME: u8 = 0x82;
const VERSION: u8 = 0xa0;
const PERMITTED: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.4.10.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// 2.5.29.30.
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{GENERALIZED_TIME, UTC_TIME, read, time};

    #[test]
    fn times_are_read() {
        assert_eq!(time(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(time(UTC_TIME, b"261123225843Z"), Some(1_795_474_723));
        assert_eq!(time(GENERALIZED_TIME, b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(time(UTC_TIME, b"240229000000Z"), Some(1_709_164_800));
        for bad in [&b""[..], b"700101000000", b"+70101000000Z", b"701301000000Z", b"7001010000001Z", b"\xff"]
        {
            assert_eq!(time(UTC_TIME, bad), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_certificate(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
