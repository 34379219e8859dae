//! What a certificate says of itself: RFC 5280, in DER. Not here: whether that is true.

/// What a certificate says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Common name of its subject, or the organization.
    pub(super) subject: String,
    /// The same of its issuer.
    pub(super) issuer: String,
    /// Whether subject and issuer are the same name.
    pub(super) self_issued: bool,
    /// DNS names and addresses of its subject.
    pub(super) names: Vec<String>,
    /// Begin of its validity, in seconds since 1970.
    pub(super) not_before: i64,
    /// End of its validity, in seconds since 1970.
    pub(super) not_after: i64,
}

/// Reads a certificate; `None` if it is none.
pub(super) fn read(der: &[u8]) -> Option<Facts> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut rest, _) = expect(certificate, SEQUENCE)?;
    // A certificate of version 1 does not say so.
    if let Some((_, after)) = expect(rest, VERSION) {
        rest = after;
    }
    for tag in [INTEGER, SEQUENCE] {
        (_, rest) = expect(rest, tag)?;
    }
    let (issuer, rest) = expect(rest, SEQUENCE)?;
    let (validity, rest) = expect(rest, SEQUENCE)?;
    let (tag, begin, end) = next(validity)?;
    let not_before = time(tag, begin)?;
    let (tag, end, _) = next(end)?;
    let not_after = time(tag, end)?;
    let (subject, rest) = expect(rest, SEQUENCE)?;
    let (_, mut rest) = expect(rest, SEQUENCE)?;
    let mut names = Vec::new();
    while let Some((tag, content, after)) = next(rest) {
        rest = after;
        if tag == EXTENSIONS {
            names = alternative_names(content).unwrap_or_default();
        }
    }
    Some(Facts {
        subject: of_attributes(subject),
        issuer: of_attributes(issuer),
        self_issued: subject == issuer,
        names,
        not_before,
        not_after,
    })
}

/// Returns what a distinguished name is called, with its outer sequence.
pub(super) fn name(der: &[u8]) -> String {
    expect(der, SEQUENCE).map(|(attributes, _)| of_attributes(attributes)).unwrap_or_default()
}

fn of_attributes(attributes: &[u8]) -> String {
    let found = [COMMON_NAME, UNIT, ORGANIZATION].iter().find_map(|oid| attribute(attributes, oid));
    crate::facts::talk::shown(found.unwrap_or_default().as_bytes(), 80)
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let (mut each, _) = expect(extensions, SEQUENCE)?;
    while let Some((extension, others)) = expect(each, SEQUENCE) {
        each = others;
        let (oid, mut value) = expect(extension, OID)?;
        if oid != ALTERNATIVE_NAMES {
            continue;
        }
        if let Some((_, after)) = expect(value, BOOLEAN) {
            value = after;
        }
        let (octets, _) = expect(value, OCTETS)?;
        let (mut names, _) = expect(octets, SEQUENCE)?;
        let mut found = Vec::new();
        while let Some((tag, content, others)) = next(names) {
            names = others;
            if found.len() < MOST_NAMES {
                found.extend(alternative_name(tag, content));
            }
        }
        return Some(found);
    }
    None
}

fn alternative_name(tag: u8, content: &[u8]) -> Option<String> {
    match (tag, content.len()) {
        (DNS_NAME, _) => Some(crate::facts::talk::shown(content, 253)),
        (ADDRESS, 4) => Some(std::net::Ipv4Addr::from(<[u8; 4]>::try_from(content).ok()?).to_string()),
        (ADDRESS, 16) => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(content).ok()?).to_string()),
        _ => None,
    }
}

/// Returns the text of an attribute of a distinguished name.
fn attribute(mut name: &[u8], wanted: &[u8]) -> Option<String> {
    while let Some((set, others)) = expect(name, SET) {
        name = others;
        let (pair, _) = expect(set, SEQUENCE)?;
        let (oid, value) = expect(pair, OID)?;
        if oid == wanted {
            let (_, text, _) = next(value)?;
            return Some(String::from_utf8_lossy(text).into_owned());
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
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const DNS_NAME: u8 = 0x82;
const ADDRESS: u8 = 0x87;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.4.10.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// 2.5.4.11.
const UNIT: &[u8] = &[0x55, 0x04, 0x0b];
/// 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const MOST_NAMES: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{name, read};

    proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = (read(&bytes), name(&bytes));
        }

        #[test]
        fn a_broken_certificate_is_read_or_not(at in 0usize..10_000, byte: u8) {
            let mut broken = SAMPLE.to_vec();
            let at = at % broken.len();
            broken[at] = byte;
            let _ = read(&broken);
        }
    }

    const SAMPLE: &[u8] = include_bytes!("x509/sample.der");

    #[test]
    fn a_certificate_tells_its_names_and_times() {
        let facts = read(SAMPLE).unwrap();
        assert_eq!(facts.subject, "shop");
        assert!(facts.self_issued);
        assert_eq!(facts.names, ["localhost", "*.shop.test", "127.0.0.1", "::1"]);
        assert_eq!(facts.not_after - facts.not_before, 36_500 * 86_400);
    }
}
