//! The socket to a service manager as zbus can bear it: the name of the sender is made a unique one.
//!
//! On a connection without a bus a peer may call itself what it likes (D-Bus specification, "Header Fields"), and systemd calls
//! itself `org.freedesktop.systemd1`. zbus 5 takes any name that does not begin with a colon for a fault of its own, and
//! panics (<https://github.com/z-galaxy/zbus/issues/1497>). So the first letter of that name becomes a colon; nothing here or
//! in zbus asks who the sender is. What else a header may have in that field is refused. Messages are followed by their
//! lengths, because a read may end anywhere. Not here: any other reading of messages.

use std::io;

use zbus::AuthMechanism;
use zbus::conn::socket::{ReadHalf, Socket, Split};

use super::DESTINATION;

/// A connected socket whose messages come with a sender that zbus can bear.
#[derive(Debug)]
pub(super) struct Wire<S>(pub(super) S);

impl<S: Socket> Socket for Wire<S> {
    type ReadHalf = Reader<S::ReadHalf>;
    type WriteHalf = S::WriteHalf;

    fn split(self) -> Split<Self::ReadHalf, Self::WriteHalf> {
        let (read, write) = self.0.split().take();
        Split::new(Reader { inner: read, filter: Filter::default() }, write)
    }
}

/// The half that reads.
#[derive(Debug)]
pub(super) struct Reader<R> {
    inner: R,
    filter: Filter,
}

#[async_trait::async_trait]
impl<R: ReadHalf> ReadHalf for Reader<R> {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<std::os::fd::OwnedFd>)> {
        while self.filter.good.is_empty() {
            // Descriptors were not agreed on, so none come.
            let (length, _) = self.inner.recvmsg(buffer).await?;
            if length == 0 {
                return Ok((0, Vec::new()));
            }
            self.filter.take(&buffer[..length])?;
        }
        let length = self.filter.good.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.filter.good.drain(..length)) {
            *to = from;
        }
        Ok((length, Vec::new()))
    }

    fn auth_mechanism(&self) -> AuthMechanism {
        self.inner.auth_mechanism()
    }
}

/// What was read: first lines of text (the handshake), then messages.
#[derive(Debug, Default)]
struct Filter {
    /// Not looked at yet: the beginning of a line or of a message's header.
    raw: Vec<u8>,
    /// What is left of a message's body and of the padding before it.
    body: usize,
    /// To be handed on.
    good: std::collections::VecDeque<u8>,
}

impl Filter {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw.extend_from_slice(bytes);
        while let Some(length) = self.next()? {
            self.good.extend(self.raw.drain(..length));
        }
        Ok(())
    }

    /// Returns how much of what is there can be handed on; none if more has to come first.
    fn next(&mut self) -> io::Result<Option<usize>> {
        if self.body > 0 {
            let length = self.body.min(self.raw.len());
            self.body -= length;
            return Ok((length > 0).then_some(length));
        }
        let big = match self.raw.first() {
            None => return Ok(None),
            Some(b'l') => false,
            Some(b'B') => true,
            // Lines of a server begin with OK, AGREE_UNIX_FD, DATA, ERROR or REJECTED.
            Some(_) if self.raw.len() > HEADER => return self.line(),
            Some(_) => return Ok(self.end_of_line()),
        };
        let Some(fixed) = self.raw.first_chunk::<FIXED>() else { return Ok(None) };
        let number = |at: usize| {
            let bytes = [fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]];
            let number = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            usize::try_from(number).unwrap_or(usize::MAX)
        };
        let (body, fields) = (number(4), number(12));
        if fields > HEADER || body > BODY {
            return Err(invalid("a message is too long"));
        }
        let header = FIXED + fields;
        if self.raw.len() < header {
            return Ok(None);
        }
        rename(&mut self.raw[FIXED..header], big)?;
        self.body = header.next_multiple_of(8) - header + body;
        Ok(Some(header))
    }

    fn line(&self) -> io::Result<Option<usize>> {
        self.end_of_line().map(Some).ok_or_else(|| invalid("a line is too long"))
    }

    fn end_of_line(&self) -> Option<usize> {
        self.raw.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
    }
}

/// Makes the sender among the fields of a header one that zbus can bear.
///
/// A field is its code, the length and text of its signature with a zero, and its value; each begins at a multiple of 8
/// bytes. The value of those that have text is its length (4 bytes), the text and a zero.
fn rename(fields: &mut [u8], big: bool) -> io::Result<()> {
    let mut at = 0;
    while at < fields.len() {
        let rest = &mut fields[at..];
        let (Some(&code), Some(&[_, kind, _])) = (rest.first(), rest.get(1..4)) else {
            return Err(invalid("a field of a header is cut short"));
        };
        let size = match kind {
            b'u' => 8,
            b'g' => 4 + 1 + usize::from(*rest.get(4).unwrap_or(&0)) + 1,
            b's' | b'o' => {
                let Some(length) = rest.get(4..8).and_then(|bytes| bytes.first_chunk()) else {
                    return Err(invalid("a field of a header is cut short"));
                };
                let length = if big { u32::from_be_bytes(*length) } else { u32::from_le_bytes(*length) };
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let end = length.checked_add(8).filter(|end| *end < rest.len());
                let Some(text) = end.and_then(|end| rest.get_mut(8..end)) else {
                    return Err(invalid("a field of a header is cut short"));
                };
                if code == SENDER {
                    rename_sender(text)?;
                }
                8 + length + 1
            }
            _ => return Err(invalid("a field of a header has a type that none has")),
        };
        at += size.next_multiple_of(8);
    }
    Ok(())
}

fn rename_sender(name: &mut [u8]) -> io::Result<()> {
    if name == DESTINATION.as_bytes() {
        name[0] = b':';
        return Ok(());
    }
    let is_unique = name.starts_with(b":")
        && name.len() < NAME
        && name[1..].contains(&b'.')
        && name[1..].split(|byte| *byte == b'.').all(|part| {
            !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        });
    let is_bus = name == b"org.freedesktop.DBus";
    if is_unique || is_bus { Ok(()) } else { Err(invalid("a message is from nobody that has to be here")) }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// What of a header has always the same length, and at its end that of the fields.
const FIXED: usize = 16;
/// The code of the field that names the sender.
const SENDER: u8 = 7;
/// What fields of a header may take at most; those of systemd take 200 bytes.
const HEADER: usize = 64 * 1024;
/// What the body of a message may take at most; all properties of a unit are 20 kB.
const BODY: usize = 16 * 1024 * 1024;
/// What a name may take at most, by the specification.
const NAME: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message as systemd writes one: sender and reply serial, and a body of four bytes.
    fn message(sender: &str) -> Vec<u8> {
        let mut fields = vec![SENDER, 1, b's', 0];
        fields.extend(u32::try_from(sender.len()).unwrap().to_le_bytes());
        fields.extend(sender.as_bytes());
        fields.push(0);
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.extend([5, 1, b'u', 0, 9, 0, 0, 0]);
        fields.extend([8, 1, b'g', 0, 1, b'u', 0]);
        let mut bytes = vec![b'l', 2, 1, 1, 4, 0, 0, 0, 1, 0, 0, 0];
        bytes.extend(u32::try_from(fields.len()).unwrap().to_le_bytes());
        bytes.extend(fields);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        // It looks like the beginning of a line.
        bytes.extend(b"OK\r\n");
        bytes
    }

    fn filtered(bytes: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut filter = Filter::default();
        for part in bytes.chunks(step) {
            filter.take(part)?;
        }
        Ok(filter.good.into_iter().collect())
    }

    #[test]
    fn systemd_becomes_a_unique_name_wherever_a_read_ends() {
        let text = b"OK 1234deadbeef\r\nAGREE_UNIX_FD\r\n".to_vec();
        let (from, to) = (message(DESTINATION), message(":rg.freedesktop.systemd1"));
        let sent = [text.clone(), from.clone(), message(":1.5"), from].concat();
        let wanted = [text, to.clone(), message(":1.5"), to].concat();
        for step in 1..sent.len() {
            assert_eq!(filtered(&sent, step).unwrap(), wanted, "in steps of {step}");
        }
    }

    #[test]
    fn other_senders_are_refused_before_zbus_sees_them() {
        for sender in ["", ":", ":1", ":1.", ":1.é", "org.example.Other", "a.b"] {
            assert!(filtered(&message(sender), 64).is_err(), "{sender:?}");
        }
        for sender in [":1.5", ":rg.freedesktop.systemd1", "org.freedesktop.DBus"] {
            assert_eq!(filtered(&message(sender), 64).unwrap(), message(sender));
        }
    }

    #[test]
    fn what_is_too_long_is_refused_and_not_kept() {
        assert!(filtered(&[b'l', 2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255], 16).is_err());
        assert!(filtered(&[b'l', 2, 1, 1, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0], 16).is_err());
        assert!(filtered(&vec![b'x'; HEADER + 1], 4096).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(start in "(OK x\r\n)?", bytes: Vec<u8>, step in 1_usize..40) {
            let _ = filtered(&[start.as_bytes(), &bytes].concat(), step);
            let mut told = message(DESTINATION);
            for (at, byte) in bytes.iter().enumerate() {
                let place = (at * 7 + step) % told.len();
                told[place] = *byte;
            }
            let _ = filtered(&told, step);
        }
    }
}
