//! AMQP 0-9-1 up to its first refusal: PLAIN with user and password of the URL, and the virtual host. Where the URL has no
//! user it ends at the server's first word: guest and guest, which clients use then, is a password, too.
//!
//! Source: AMQP 0-9-1 specification, sections 1.4 and 4.2; `authentication_failure_close` is RabbitMQ's.

use super::wire::{Broken, Parsed, Wire};
use super::{Session, ended};
use crate::facts::talk::database::{End, Refusal};

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Frame {
    /// Connection.Start: product with version, and mechanisms.
    Start(Option<String>, String),
    /// Connection.Tune: the rest of it is sent back as it is.
    Tune([u8; 8]),
    /// Connection.OpenOk.
    Opened,
    /// Connection.Close.
    Close(Refusal),
    /// Its own protocol header: it speaks another version.
    Version([u8; 4]),
    /// Anything else.
    Other,
}

/// Talks to the server.
pub(super) fn talk(session: &mut Session<'_>, wire: Wire) {
    session.database.end = asked(session, wire).unwrap_or_else(|broken| session.ended(broken));
}

/// Sees whether the server speaks AMQP on `wire`, without a login.
pub(super) fn greet(mut wire: Wire) -> End {
    wire.send(HEADER);
    match wire.next(read) {
        Ok(_) => End::Greeted("speaks AMQP".to_owned()),
        Err(broken) => ended(broken),
    }
}

fn asked(session: &mut Session<'_>, mut wire: Wire) -> Result<End, Broken> {
    let login = session.login.clone();
    wire.send(HEADER);
    let mut logged_in = false;
    for _ in 0..FRAMES {
        let reply = match wire.next(read) {
            Ok(Frame::Start(product, mechanisms)) => {
                session.database.version = product;
                session.database.method = Some(mechanisms.clone());
                if !login.has_user {
                    return Ok(End::Greeted("not logged in, for the URL has no user".to_owned()));
                }
                let Some(password) = &login.password else { return Ok(End::WantsPassword) };
                if !mechanisms.split(' ').any(|mechanism| mechanism == "PLAIN") {
                    let text = format!("the password was not checked: it takes {mechanisms} only");
                    return Ok(End::Greeted(text));
                }
                logged_in = true;
                start_ok(&login.user, password)
            }
            Ok(Frame::Tune(limits)) => {
                let tuned = method(31, &limits);
                let host = login.database.as_deref().unwrap_or("/");
                let mut open = vec![u8::try_from(host.len()).unwrap_or(0)];
                open.extend(host.bytes().take(255));
                open.extend([0, 0]);
                [tuned, method(40, &open)].concat()
            }
            Ok(Frame::Opened) => {
                wire.part(&method(50, &[0, 200, 0, 0, 0, 0, 0]));
                return Ok(End::Ready);
            }
            Ok(Frame::Close(refusal)) => {
                wire.part(&method(51, &[]));
                return Ok(End::Refused(refusal));
            }
            Ok(Frame::Version(version)) => {
                let text = format!("the server speaks AMQP {}-{}-{}", version[1], version[2], version[3]);
                return Ok(End::Refused(Refusal {
                    code: OTHER_VERSION.to_owned(),
                    text,
                    ..Refusal::default()
                }));
            }
            Ok(Frame::Other) => continue,
            // Servers without that capability of RabbitMQ's just hang up on a wrong password, section 4.10.2.
            Err(Broken::Closed(_)) if logged_in => {
                let text = "the server closed the connection after the login".to_owned();
                return Ok(End::Refused(Refusal { code: "403".to_owned(), text, ..Refusal::default() }));
            }
            Err(broken) => return Err(broken),
        };
        wire.send(&reply);
    }
    Ok(End::Greeted("says more than a server does".to_owned()))
}

fn start_ok(user: &str, password: &str) -> Vec<u8> {
    let mut properties = Vec::new();
    short(&mut properties, "product");
    properties.push(b'S');
    long(&mut properties, b"wharf why");
    short(&mut properties, "capabilities");
    properties.push(b'F');
    let mut capabilities = Vec::new();
    short(&mut capabilities, "authentication_failure_close");
    capabilities.extend([b't', 1]);
    long(&mut properties, &capabilities);
    let mut body = Vec::new();
    long(&mut body, &properties);
    short(&mut body, "PLAIN");
    long(&mut body, &[&[0], user.as_bytes(), &[0], password.as_bytes()].concat());
    short(&mut body, "en_US");
    method(11, &body)
}

fn short(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(u8::try_from(text.len()).unwrap_or(0));
    bytes.extend(text.bytes().take(255));
}

fn long(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend(u32::try_from(content.len()).unwrap_or(0).to_be_bytes());
    bytes.extend(content);
}

/// Returns a method frame of class 10, Connection.
fn method(number: u8, arguments: &[u8]) -> Vec<u8> {
    let mut frame = vec![1, 0, 0];
    long(&mut frame, &[&[0, CONNECTION, 0, number], arguments].concat());
    frame.push(FRAME_END);
    frame
}

fn read(bytes: &[u8]) -> Parsed<Frame> {
    if let Some(rest) = bytes.strip_prefix(b"AMQP") {
        let Some(version) = rest.first_chunk() else { return Parsed::More };
        return Parsed::Whole(Frame::Version(*version), 8);
    }
    if b"AMQP".starts_with(bytes) {
        return Parsed::More;
    }
    // A method frame or a heartbeat, on channel 0.
    if !matches!(bytes, [1 | 8] | [1 | 8, 0] | [1 | 8, 0, 0, ..]) {
        return Parsed::Bad;
    }
    let Some(size) = bytes.get(3..).and_then(<[u8]>::first_chunk) else { return Parsed::More };
    let size = u32::from_be_bytes(*size) as usize;
    if size > LONGEST {
        return Parsed::Bad;
    }
    let Some(payload) = bytes.get(7..7 + size) else { return Parsed::More };
    match bytes.get(7 + size) {
        None => Parsed::More,
        Some(&FRAME_END) => Parsed::Whole(frame(payload).unwrap_or(Frame::Other), 8 + size),
        Some(_) => Parsed::Bad,
    }
}

fn frame(payload: &[u8]) -> Option<Frame> {
    let (&[0, CONNECTION, 0, number], rest) = payload.split_first_chunk::<4>()? else { return None };
    match number {
        10 => {
            let (table, rest) = take_long(rest.get(2..)?)?;
            let (mechanisms, _) = take_long(rest)?;
            Some(Frame::Start(product(table), text(mechanisms)))
        }
        30 => Some(Frame::Tune(*rest.first_chunk()?)),
        41 => Some(Frame::Opened),
        50 => {
            let (code, rest) = rest.split_first_chunk()?;
            let (&length, rest) = rest.split_first()?;
            let reason = rest.get(..usize::from(length))?;
            let code = u16::from_be_bytes(*code).to_string();
            Some(Frame::Close(Refusal { code, text: text(reason), ..Refusal::default() }))
        }
        _ => None,
    }
}

/// Returns `RabbitMQ 3.10.8` of the server's properties, as far as they are texts at their top.
fn product(table: &[u8]) -> Option<String> {
    let named = |name: &[u8]| {
        // A text is its name with its length, `S`, its length and itself.
        let key = [&[u8::try_from(name.len()).ok()?], name, b"S"].concat();
        let at = table.windows(key.len()).position(|window| window == key)?;
        take_long(&table[at + key.len()..]).map(|(value, _)| text(value))
    };
    let product = named(b"product")?;
    Some(match named(b"version") {
        Some(version) => format!("{product} {version}"),
        None => product,
    })
}

fn take_long(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*size) as usize)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(500).collect()
}

/// The code of the refusal where the server speaks another version; no reply code of AMQP.
pub(crate) const OTHER_VERSION: &str = "version";
const HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
const CONNECTION: u8 = 10;
const FRAME_END: u8 = 0xce;
const LONGEST: usize = 32 * 1024;
/// More than any login takes.
const FRAMES: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Frame, Parsed, long, method, read, short, start_ok};

    #[test]
    fn start_names_product_and_mechanisms() {
        let mut table = Vec::new();
        for (name, value) in [("product", "RabbitMQ"), ("version", "3.10.8")] {
            short(&mut table, name);
            table.push(b'S');
            long(&mut table, value.as_bytes());
        }
        let mut body = vec![0, 9];
        long(&mut body, &table);
        long(&mut body, b"AMQPLAIN PLAIN");
        long(&mut body, b"en_US");
        let bytes = method(10, &body);
        let start = Frame::Start(Some("RabbitMQ 3.10.8".to_owned()), "AMQPLAIN PLAIN".to_owned());
        assert_eq!(read(&bytes), Parsed::Whole(start, bytes.len()));
        assert_eq!(read(&bytes[..20]), Parsed::More);
    }

    #[test]
    fn a_refusal_has_its_code_and_reason() {
        let mut body = vec![1, 0x93];
        short(&mut body, "ACCESS_REFUSED");
        body.extend([0, 10, 0, 11]);
        let Parsed::Whole(Frame::Close(refusal), _) = read(&method(50, &body)) else { panic!() };
        assert_eq!((refusal.code.as_str(), refusal.text.as_str()), ("403", "ACCESS_REFUSED"));
    }

    #[test]
    fn what_we_send_is_a_whole_frame() {
        let bytes = start_ok("me", "secret");
        assert_eq!(read(&bytes), Parsed::Whole(Frame::Other, bytes.len()));
        assert_eq!(read(b"AMQP\x03\x01\x00\x00"), Parsed::Whole(Frame::Version([3, 1, 0, 0]), 8));
        assert_eq!(read(b"HTTP/1.1 400"), Parsed::Bad);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_method_is_taken(number: u8, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&method(number, &body));
        }
    }
}
