//! PostgreSQL's messages, protocol 3.0 (the manual's chapter "Frontend/Backend Protocol", "Message Formats"): written, and
//! read out of bytes that a stranger sent.

use super::super::wire::Parsed;
use crate::facts::talk::database::Refusal;

/// What the server says before a session begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// It asks for proof, or is content.
    Authentication(Authentication),
    /// It refuses.
    Error(Refusal),
    /// It tells a setting.
    Setting(String, String),
    /// The session has begun.
    Ready,
    /// Something that does not matter here.
    Other,
}

/// What proof it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authentication {
    /// None, or it was right.
    Done,
    /// The password itself.
    Cleartext,
    /// Its MD5 with this salt.
    Md5([u8; 4]),
    /// One of these mechanisms of SASL.
    Sasl(Vec<String>),
    /// The next step of SASL.
    SaslContinue(Vec<u8>),
    /// The last step of SASL.
    SaslFinal,
    /// Another, by its number.
    Other(u32),
}

/// SSLRequest.
pub(super) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Terminate.
pub(super) const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Returns StartupMessage.
pub(super) fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    for (name, value) in [("user", user), ("database", database), ("application_name", "wharf why")] {
        for text in [name, value] {
            // A zero would end it early.
            body.extend(text.bytes().filter(|&byte| byte != 0));
            body.push(0);
        }
    }
    body.push(0);
    [length(&body), body].concat()
}

/// Returns PasswordMessage, or what else answers a question for proof.
pub(super) fn proof(body: &[u8]) -> Vec<u8> {
    [vec![b'p'], length(body), body.to_vec()].concat()
}

/// Returns SASLInitialResponse.
pub(super) fn sasl_first(mechanism: &str, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap_or(0).to_be_bytes();
    proof(&[mechanism.as_bytes(), &[0], &size, data].concat())
}

fn length(body: &[u8]) -> Vec<u8> {
    u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}

/// Reads the first message of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Parsed<Message> {
    let Some((&kind, rest)) = bytes.split_first() else { return Parsed::More };
    if !KINDS.contains(&kind) {
        return Parsed::Bad;
    }
    let Some(size) = rest.first_chunk() else { return Parsed::More };
    let size = u32::from_be_bytes(*size) as usize;
    if !(4..=LONGEST).contains(&size) {
        // A postmaster that cannot even start a process says so in protocol 2: `E`, and the text up to a zero.
        return if kind == b'E' { old_error(rest) } else { Parsed::Bad };
    }
    let Some(body) = rest.get(4..size) else { return Parsed::More };
    let message = match kind {
        b'R' => match authentication(body) {
            Some(asked) => Message::Authentication(asked),
            None => return Parsed::Bad,
        },
        b'E' => Message::Error(refusal(body)),
        b'S' => {
            let mut texts = body.split(|&byte| byte == 0).map(text);
            Message::Setting(texts.next().unwrap_or_default(), texts.next().unwrap_or_default())
        }
        b'Z' => Message::Ready,
        _ => Message::Other,
    };
    Parsed::Whole(message, size + 1)
}

fn old_error(rest: &[u8]) -> Parsed<Message> {
    if !rest.first().is_some_and(|byte| byte.is_ascii_graphic()) {
        return Parsed::Bad;
    }
    match rest.iter().position(|&byte| byte == 0) {
        Some(end) => {
            let refusal = Refusal { text: text(&rest[..end]).trim().to_owned(), ..Refusal::default() };
            Parsed::Whole(Message::Error(refusal), end + 2)
        }
        None => Parsed::More,
    }
}

fn authentication(body: &[u8]) -> Option<Authentication> {
    let (kind, rest) = body.split_first_chunk()?;
    Some(match u32::from_be_bytes(*kind) {
        0 => Authentication::Done,
        3 => Authentication::Cleartext,
        5 => Authentication::Md5(*rest.first_chunk()?),
        10 => {
            let names = rest.split(|&byte| byte == 0).filter(|name| !name.is_empty());
            Authentication::Sasl(names.take(16).map(text).collect())
        }
        11 => Authentication::SaslContinue(rest.to_vec()),
        12 => Authentication::SaslFinal,
        other => Authentication::Other(other),
    })
}

fn refusal(body: &[u8]) -> Refusal {
    let mut refusal = Refusal::default();
    for field in body.split(|&byte| byte == 0) {
        let Some((&name, value)) = field.split_first() else { continue };
        match name {
            b'C' => refusal.code = text(value),
            b'M' => refusal.text = text(value),
            b'R' => refusal.routine = text(value),
            _ => {}
        }
    }
    refusal
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(500).collect()
}

/// What the server may say before a session begins: R authentication, E error, N notice, S setting, K key, Z ready,
/// v another version.
const KINDS: &[u8] = b"RENSKZv";
/// The longest there is has a few hundred bytes.
const LONGEST: usize = 30_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Authentication, Message, read, startup};
    use crate::gather::talk::databases::wire::Parsed;

    #[test]
    fn a_startup_message_has_its_length_and_ends_with_a_zero() {
        let message = startup("me\0x", "shop");
        assert_eq!(message[..8], [0, 0, 0, u8::try_from(message.len()).unwrap(), 0, 3, 0, 0]);
        assert!(message[8..].starts_with(b"user\0mex\0database\0shop\0") && message.ends_with(b"\0\0"));
    }

    #[test]
    fn an_error_is_read_with_its_code_and_its_routine() {
        let body = b"SFATAL\0VFATAL\0C3D000\0Mdatabase \"x\" does not exist\0Fpostinit.c\0RInitPostgres\0\0";
        let mut bytes = vec![b'E', 0, 0, 0, u8::try_from(body.len() + 4).unwrap()];
        bytes.extend_from_slice(body);
        let Parsed::Whole(Message::Error(refusal), length) = read(&bytes) else { panic!() };
        assert_eq!((refusal.code.as_str(), refusal.routine.as_str()), ("3D000", "InitPostgres"));
        assert_eq!((refusal.text.as_str(), length), ("database \"x\" does not exist", bytes.len()));
        assert_eq!(read(&bytes[..bytes.len() - 1]), Parsed::More);
    }

    #[test]
    fn an_error_of_protocol_2_is_read() {
        let Parsed::Whole(Message::Error(refusal), _) = read(b"Ecould not fork: out of memory\n\0") else {
            panic!()
        };
        assert_eq!(refusal.text, "could not fork: out of memory");
    }

    #[test]
    fn questions_for_proof_are_told_apart() {
        let asked = |body: &[u8]| {
            let mut bytes = vec![b'R', 0, 0, 0, u8::try_from(body.len() + 4).unwrap()];
            bytes.extend_from_slice(body);
            read(&bytes)
        };
        let whole = |asked, length| Parsed::Whole(Message::Authentication(asked), length);
        assert_eq!(asked(&[0, 0, 0, 5, 1, 2, 3, 4]), whole(Authentication::Md5([1, 2, 3, 4]), 13));
        let sasl = Authentication::Sasl(vec!["SCRAM-SHA-256".to_owned()]);
        assert_eq!(asked(b"\0\0\0\x0aSCRAM-SHA-256\0\0"), whole(sasl, 24));
        assert_eq!(asked(&[0, 0]), Parsed::Bad);
    }

    #[test]
    fn what_others_say_is_no_message() {
        for other in [
            &b"HTTP/1.1 400 Bad Request"[..],
            b"-ERR unknown command",
            b"\x15\x03\x01\x00\x02",
            b"N\x7f\xff\xff\xff",
        ] {
            assert_eq!(read(other), Parsed::Bad, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_body_is_taken(kind in proptest::sample::select(b"RESZ".to_vec()), body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut bytes = vec![kind, 0, 0, 0, u8::try_from(body.len() + 4).unwrap()];
            bytes.extend(body);
            let _ = read(&bytes);
        }
    }
}
