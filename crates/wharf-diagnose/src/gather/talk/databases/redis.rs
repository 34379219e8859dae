//! Redis (and what speaks RESP like it) up to its first refusal: AUTH with the password of the URL, SELECT, PING.

use super::wire::{Broken, Parsed, Wire};
use super::{Session, ended};
use crate::facts::talk::database::{End, Refusal};

/// One line of RESP.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Good,
    Error(Refusal),
}

/// Talks to the server.
pub(super) fn talk(session: &mut Session<'_>, wire: Wire) {
    session.database.end = asked(session, wire).unwrap_or_else(|broken| session.ended(broken));
}

/// Sees whether the server speaks RESP on `wire`, without a login.
pub(super) fn greet(mut wire: Wire) -> End {
    wire.send(&command(&["PING"]));
    match wire.next(read) {
        Ok(_) => End::Greeted("speaks RESP".to_owned()),
        Err(broken) => ended(broken),
    }
}

/// Returns what it means that the server spoke first: a refusal, or another protocol.
pub(super) fn unasked(heard: Vec<u8>) -> End {
    match read(&heard) {
        Parsed::Whole(Reply::Error(refusal), _) => End::Refused(refusal),
        _ => End::Foreign(heard),
    }
}

fn asked(session: &mut Session<'_>, mut wire: Wire) -> Result<End, Broken> {
    let login = session.login.clone();
    if let Some(password) = &login.password {
        let words = if login.has_user && login.user != "default" {
            vec!["AUTH", &login.user, password]
        } else {
            // Redis before 6 knows no users.
            vec!["AUTH", password]
        };
        if let Some(end) = refused(&mut wire, &words)? {
            return Ok(end);
        }
    }
    if let Some(number) =
        login.database.as_deref().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        && let Some(end) = refused(&mut wire, &["SELECT", number])?
    {
        return Ok(end);
    }
    Ok(refused(&mut wire, &["PING"])?.unwrap_or(End::Ready))
}

/// Gives a command; returns how it ended if it was refused.
fn refused(wire: &mut Wire, words: &[&str]) -> Result<Option<End>, Broken> {
    wire.send(&command(words));
    match wire.next(read)? {
        Reply::Good => Ok(None),
        // Logged in, and not allowed this command: the server is there, and knows the user.
        Reply::Error(refusal) if refusal.code == "NOPERM" => Ok(None),
        Reply::Error(refusal) if refusal.code == "NOAUTH" && words.len() < 3 && words[0] != "AUTH" => {
            Ok(Some(End::WantsPassword))
        }
        Reply::Error(refusal) => Ok(Some(End::Refused(refusal))),
    }
}

fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    bytes
}

fn read(bytes: &[u8]) -> Parsed<Reply> {
    let Some((&kind, rest)) = bytes.split_first() else { return Parsed::More };
    if !matches!(kind, b'+' | b'-') {
        return Parsed::Bad;
    }
    let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
        return if rest.len() > LONGEST { Parsed::Bad } else { Parsed::More };
    };
    let line = String::from_utf8_lossy(&rest[..end]).trim_end().chars().take(500).collect::<String>();
    if kind == b'+' {
        return Parsed::Whole(Reply::Good, end + 2);
    }
    // The first word is the code. POP3 says -ERR, too, but it has greeted with +OK before.
    let code = line.split(' ').next().unwrap_or_default().to_owned();
    Parsed::Whole(Reply::Error(Refusal { code, text: line, ..Refusal::default() }), end + 2)
}

const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Parsed, Reply, command, read};

    #[test]
    fn a_command_is_an_array_of_strings() {
        assert_eq!(command(&["AUTH", "a b"]), b"*2\r\n$4\r\nAUTH\r\n$3\r\na b\r\n");
    }

    #[test]
    fn replies_are_read_by_line() {
        assert_eq!(read(b"+PONG\r\n"), Parsed::Whole(Reply::Good, 7));
        let Parsed::Whole(Reply::Error(refusal), 27) = read(b"-WRONGPASS invalid pair x\r\nrest") else {
            panic!()
        };
        assert_eq!(refusal.code, "WRONGPASS");
        assert_eq!((read(b"+PO"), read(b"HTTP/1.1")), (Parsed::More, Parsed::Bad));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&bytes);
        }
    }
}
