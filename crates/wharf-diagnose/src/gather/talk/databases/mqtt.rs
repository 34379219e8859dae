//! MQTT 3.1.1 up to its first refusal: CONNECT with a clean session, a random client id, and user and password of the URL.
//!
//! A client id in use would throw its owner out, a session that is not clean would stay behind: neither can happen here.
//! Source: MQTT 3.1.1, sections 3.1, 3.2 and 3.14.

use ring::rand::{SecureRandom, SystemRandom};

use super::login::Login;
use super::wire::{Broken, Parsed, Wire};
use super::{Session, ended};
use crate::facts::talk::database::{End, Refusal};

/// Talks to the broker.
pub(super) fn talk(session: &mut Session<'_>, wire: Wire) {
    let login = session.login.clone();
    session.database.end = asked(wire, Some(&login)).unwrap_or_else(|broken| session.ended(broken));
}

/// Sees whether the broker speaks MQTT on `wire`, without a login.
pub(super) fn greet(wire: Wire) -> End {
    match asked(wire, None) {
        Ok(_) => End::Greeted("speaks MQTT".to_owned()),
        Err(broken) => ended(broken),
    }
}

fn asked(mut wire: Wire, login: Option<&Login>) -> Result<End, Broken> {
    let mut random = [0; 8];
    if SystemRandom::new().fill(&mut random).is_err() {
        return Ok(End::Greeted("was left alone: there is no randomness for a client id".to_owned()));
    }
    wire.send(&connect(u64::from_be_bytes(random), login.filter(|login| login.has_user)));
    let code = wire.next(read)?;
    if code == 0 {
        wire.part(&DISCONNECT);
        return Ok(End::Ready);
    }
    if matches!(code, NOT_AUTHORISED | WRONG_PASSWORD) && login.is_some_and(|login| login.password.is_none())
    {
        return Ok(End::WantsPassword);
    }
    let text = MEANINGS.get(usize::from(code)).copied().unwrap_or("connection refused").to_owned();
    Ok(End::Refused(Refusal { code: code.to_string(), text, ..Refusal::default() }))
}

fn connect(random: u64, login: Option<&Login>) -> Vec<u8> {
    let password = login.and_then(|login| login.password.as_ref());
    let flags = CLEAN_SESSION | login.map_or(0, |_| 0x80) | password.map_or(0, |_| 0x40);
    let mut body = b"\x00\x04MQTT\x04".to_vec();
    body.extend([flags, 0, KEEP_ALIVE_S]);
    // 21 bytes: every broker must take ids of up to 23.
    text(&mut body, &format!("wharf{random:016x}"));
    for word in login.map(|login| &login.user).into_iter().chain(password) {
        text(&mut body, word);
    }
    let mut packet = vec![0x10];
    let mut left = body.len();
    loop {
        let digit = u8::try_from(left % 128).unwrap_or(0);
        left /= 128;
        packet.push(if left > 0 { digit | 0x80 } else { digit });
        if left == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

fn text(body: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(0);
    body.extend(length.to_be_bytes());
    body.extend(&text.as_bytes()[..usize::from(length)]);
}

/// Reads CONNACK; returns its code.
fn read(bytes: &[u8]) -> Parsed<u8> {
    match bytes {
        [0x20, 2, 0 | 1, code, ..] => Parsed::Whole(*code, 4),
        [] | [0x20] | [0x20, 2] | [0x20, 2, 0 | 1] => Parsed::More,
        _ => Parsed::Bad,
    }
}

const CLEAN_SESSION: u8 = 0x02;
const KEEP_ALIVE_S: u8 = 5;
const DISCONNECT: [u8; 2] = [0xe0, 0];
const WRONG_PASSWORD: u8 = 4;
const NOT_AUTHORISED: u8 = 5;
/// Table 3.1 of the specification.
const MEANINGS: [&str; 6] = [
    "connection accepted",
    "unacceptable protocol version",
    "identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::login::Login;
    use super::{Parsed, connect, read};
    use crate::target::Target;

    #[test]
    fn a_login_stands_behind_the_client_id() {
        let login = Login::of(&Target::parse("mqtt://alice:secret@broker").unwrap(), None);
        let packet = connect(7, Some(&login));
        assert_eq!(usize::from(packet[1]), packet.len() - 2);
        assert_eq!(packet[9], 0xc2);
        assert!(packet.ends_with(b"\0\x15wharf0000000000000007\0\x05alice\0\x06secret"));
        assert_eq!(connect(7, None)[9], 0x02);
    }

    #[test]
    fn an_answer_is_its_code() {
        assert_eq!(read(&[0x20, 2, 0, 5]), Parsed::Whole(5, 4));
        assert_eq!((read(&[0x20]), read(b"HTTP")), (Parsed::More, Parsed::Bad));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_login_is_framed(user in ".{0,300}") {
            let login = Login::of(&Target::parse("mqtt://x@broker").unwrap(), None);
            let packet = connect(1, Some(&Login { user, ..login }));
            prop_assert!(packet.len() > 20);
        }
    }
}
