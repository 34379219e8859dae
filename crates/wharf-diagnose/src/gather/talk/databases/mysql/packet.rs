//! MySQL's packets before a session begins (MySQL's "Client/Server Protocol", connection phase; MariaDB's is the same up to
//! here): written, and read out of bytes that a stranger sent.

use super::super::wire::Parsed;
use crate::facts::talk::database::Refusal;

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// Its greeting.
    Greeting(Greeting),
    /// It refuses.
    Error(Refusal),
    /// The session has begun.
    Ok,
    /// It wants another proof: the plugin, and its salt. No plugin is the scheme from before MySQL 4.1.
    Switch(Option<(String, Vec<u8>)>),
    /// A plugin goes on.
    More(Vec<u8>),
}

/// The greeting, version 10.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Greeting {
    /// Version of the server.
    pub(super) version: String,
    /// What it can do.
    pub(super) capabilities: u32,
    /// Salt, 20 bytes.
    pub(super) salt: Vec<u8>,
    /// How it would have the user prove who they are.
    pub(super) plugin: String,
}

/// CLIENT_SSL.
pub(super) const TLS: u32 = 0x800;
const LONG_PASSWORD: u32 = 1;
const WITH_DATABASE: u32 = 8;
const PROTOCOL_41: u32 = 0x200;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTH: u32 = 0x8_0000;

/// Returns a packet with its number.
pub(super) fn framed(number: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap_or(0).to_le_bytes();
    [&size[..3], &[number], body].concat()
}

/// Returns the head of the answer to a greeting, which alone asks for TLS.
pub(super) fn head(with_database: bool, tls: bool) -> Vec<u8> {
    let mut wanted = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
    wanted |= if with_database { WITH_DATABASE } else { 0 } | if tls { TLS } else { 0 };
    // 16 MiB at most; utf8mb4_general_ci.
    [&wanted.to_le_bytes()[..], &[0, 0, 0, 1, 45], &[0; 23]].concat()
}

/// Returns the answer to a greeting.
pub(super) fn answer(
    head: Vec<u8>,
    user: &str,
    proof: &[u8],
    database: Option<&str>,
    plugin: &str,
) -> Vec<u8> {
    let mut body = head;
    zero_ended(&mut body, user);
    body.push(u8::try_from(proof.len()).unwrap_or(0));
    body.extend(proof);
    if let Some(database) = database {
        zero_ended(&mut body, database);
    }
    zero_ended(&mut body, plugin);
    body
}

fn zero_ended(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|&byte| byte != 0));
    body.push(0);
}

/// Reads the first packet of `bytes`: its number, and what it says.
pub(super) fn read(bytes: &[u8], is_first: bool) -> Parsed<(u8, Packet)> {
    let Some((&[a, b, c, number], rest)) = bytes.split_first_chunk::<4>() else { return Parsed::More };
    let size = u32::from_le_bytes([a, b, c, 0]) as usize;
    if size == 0 || size > LONGEST || (is_first && number > 1) {
        return Parsed::Bad;
    }
    let Some(body) = rest.get(..size) else { return Parsed::More };
    let packet = match (body[0], is_first) {
        (0xff, _) => error(&body[1..]),
        (10, true) => greeting(&body[1..]).map(Packet::Greeting),
        (0, false) => Some(Packet::Ok),
        (1, false) => Some(Packet::More(body[1..].to_vec())),
        (0xfe, false) => Some(switch(&body[1..])),
        _ => None,
    };
    packet.map_or(Parsed::Bad, |packet| Parsed::Whole((number, packet), size + 4))
}

fn error(body: &[u8]) -> Option<Packet> {
    let (code, rest) = body.split_first_chunk()?;
    // The SQLSTATE after `#` is absent before the client has said what it can do.
    let text = match rest.split_first() {
        Some((b'#', rest)) => rest.get(5..).unwrap_or_default(),
        _ => rest,
    };
    let code = u16::from_le_bytes(*code).to_string();
    Some(Packet::Error(Refusal { code, text: self::text(text), ..Refusal::default() }))
}

fn greeting(body: &[u8]) -> Option<Greeting> {
    let end = body.iter().position(|&byte| byte == 0)?;
    let (version, rest) = (text(&body[..end]), &body[end + 1..]);
    let mut salt = rest.get(4..12)?.to_vec();
    let low = u16::from_le_bytes(*rest.get(13..15)?.first_chunk()?);
    let mut greeting = Greeting { version, capabilities: low.into(), ..Greeting::default() };
    if let Some(high) = rest.get(18..20).and_then(<[u8]>::first_chunk) {
        greeting.capabilities |= u32::from(u16::from_le_bytes(*high)) << 16;
        let length = usize::from(*rest.get(20)?).saturating_sub(8).max(13);
        let further = rest.get(31..)?;
        let further_salt = further.get(..length.min(further.len()))?;
        salt.extend(further_salt.iter().take(12));
        let plugin = further.get(length..).unwrap_or_default();
        greeting.plugin = text(plugin.split(|&byte| byte == 0).next().unwrap_or_default());
    }
    greeting.salt = salt;
    Some(greeting)
}

fn switch(body: &[u8]) -> Packet {
    if body.is_empty() {
        return Packet::Switch(None);
    }
    let end = body.iter().position(|&byte| byte == 0).unwrap_or(body.len());
    let salt = body.get(end + 1..).unwrap_or_default();
    let salt = salt.strip_suffix(&[0]).unwrap_or(salt);
    Packet::Switch(Some((text(&body[..end]), salt.to_vec())))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(500).collect()
}

/// No packet of this phase is longer.
const LONGEST: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Packet, TLS, framed, read};
    use crate::gather::talk::databases::wire::Parsed;

    fn packet(body: &[u8], is_first: bool) -> Option<Packet> {
        match read(&framed(0, body), is_first) {
            Parsed::Whole((0, packet), length) if length == body.len() + 4 => Some(packet),
            _ => None,
        }
    }

    #[test]
    fn a_greeting_is_read() {
        let mut body = b"\x0a8.0.36\0\x01\0\0\0saltsalt\0\xff\xff\x21\x02\0\xff\xcf\x15".to_vec();
        body.extend([0; 10]);
        body.extend(b"moresaltmore\0caching_sha2_password\0");
        let Some(Packet::Greeting(greeting)) = packet(&body, true) else { panic!() };
        assert_eq!(
            (greeting.version.as_str(), greeting.plugin.as_str()),
            ("8.0.36", "caching_sha2_password")
        );
        assert_eq!(greeting.salt, b"saltsaltmoresaltmore");
        assert_ne!(greeting.capabilities & TLS, 0);
    }

    #[test]
    fn an_error_is_read_with_and_without_its_state() {
        for body in [&b"\xff\x15\x04#28000Access denied"[..], b"\xff\x15\x04Access denied"] {
            let Some(Packet::Error(refusal)) = packet(body, false) else { panic!() };
            assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("1045", "Access denied"));
        }
    }

    #[test]
    fn a_change_of_plugin_is_read() {
        assert_eq!(packet(b"\xfe", false), Some(Packet::Switch(None)));
        let switch = Packet::Switch(Some(("mysql_native_password".to_owned(), b"salt".to_vec())));
        assert_eq!(packet(b"\xfemysql_native_password\0salt\0", false), Some(switch));
        assert_eq!(packet(b"\x01\x04", false), Some(Packet::More(vec![4])));
    }

    #[test]
    fn what_others_say_is_no_packet() {
        for other in
            [&b"SSH-2.0-OpenSSH_9.2"[..], b"HTTP/1.1 400 Bad Request\r\n", b"+PONG\r\n", b"\x05\0\0\0hello"]
        {
            assert_eq!(read(other, true), Parsed::Bad, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200), first: bool) {
            let _ = read(&bytes, first);
            let _ = read(&framed(0, &bytes), first);
        }

        #[test]
        fn any_greeting_is_taken(mut body in proptest::collection::vec(any::<u8>(), 1..120)) {
            body[0] = 10;
            let _ = read(&framed(0, &body), true);
        }
    }
}
