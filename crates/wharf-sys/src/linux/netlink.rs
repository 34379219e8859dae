//! Netlink in general: requests with attributes, answers, dumps, and messages of a group; netlink(7), `linux/netlink.h`.
//!
//! A socket speaks of the network namespace it was opened in. Not here: what messages mean (whoever asks knows), and
//! sockets of the kernel (`sock_diag`).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// NETLINK_ROUTE, rtnetlink(7): links, addresses, routes, rules, queueing disciplines.
    Route,
    /// NETLINK_NETFILTER, `linux/netfilter/nfnetlink.h`.
    Netfilter,
}

/// A netlink socket.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Netlink {
    /// Opens a socket that hears `groups`: bit n-1 for group n.
    ///
    /// # Errors
    /// `EPROTONOSUPPORT` where the kernel has none of it; `EPERM` where that, or a group, is denied.
    pub fn open(protocol: Protocol, groups: u32) -> io::Result<Self> {
        let protocol = match protocol {
            // NETLINK_ROUTE is 0, which rustix takes for none.
            Protocol::Route => None,
            Protocol::Netfilter => Some(netlink::NETFILTER),
        };
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups))?;
        Ok(Self { socket, buffer: vec![0; RECEIVE_BUFFER], sequence: 0 })
    }

    /// Makes room for `bytes` of messages that are not read yet; as much as is allowed.
    pub fn make_room(&self, bytes: usize) {
        // The first takes CAP_NET_ADMIN, and neither is needed.
        if sockopt::set_socket_recv_buffer_size_force(&self.socket, bytes).is_err() {
            let _ = sockopt::set_socket_recv_buffer_size(&self.socket, bytes);
        }
    }

    /// Sends messages as they are.
    ///
    /// # Errors
    /// What send(2) said.
    pub fn send(&self, messages: &[u8]) -> io::Result<()> {
        loop {
            match rustix::net::send(&self.socket, messages, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Calls `visit` with type and body of each message of one datagram that is there already; `false` if none is.
    ///
    /// # Errors
    /// What recv(2) said: `ENOBUFS` if messages were lost; the errno of an NLMSG_ERROR.
    pub fn hear(&mut self, visit: impl FnMut(u16, &[u8])) -> io::Result<bool> {
        match self.receive(RecvFlags::DONTWAIT) {
            Ok(datagram) => messages(datagram, visit).map(|_| true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks one question, and calls `visit` with type and body of each message of the answer. `message` is one request;
    /// its flags and number are set here: with `dump`, a list is asked for, else an acknowledgement ends the answer.
    ///
    /// # Errors
    /// What the kernel answered; `InvalidData` for an answer that is not of the form of `linux/netlink.h`.
    pub fn ask(
        &mut self,
        message: &mut Message,
        dump: bool,
        mut visit: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        self.sequence += 1;
        let flags = NLM_F_REQUEST | if dump { NLM_F_DUMP } else { NLM_F_ACK };
        message.head(flags | message.flags(), self.sequence);
        self.send(&message.bytes)?;
        loop {
            let datagram = self.receive(RecvFlags::empty())?;
            if messages(datagram, &mut visit)? == Answer::Done {
                return Ok(());
            }
        }
    }

    /// Sends `batch`, which ends with a message that asks for an acknowledgement, and waits for that.
    ///
    /// # Errors
    /// The first error that the kernel answered.
    pub fn commit(&mut self, batch: &Batch) -> io::Result<()> {
        self.send(&batch.bytes)?;
        let mut acknowledged = 0;
        while acknowledged < batch.acknowledgements {
            let datagram = self.receive(RecvFlags::empty())?;
            if messages(datagram, |_, _| ())? == Answer::Done {
                acknowledged += 1;
            }
        }
        Ok(())
    }

    fn receive(&mut self, flags: RecvFlags) -> io::Result<&[u8]> {
        loop {
            match rustix::net::recv(&self.socket, self.buffer.as_mut_slice(), flags | RecvFlags::TRUNC) {
                Ok((count, length)) if length > count => return Err(malformed()),
                Ok((count, _)) => return Ok(&self.buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl AsFd for Netlink {
    /// Readable once a message is there.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// One message in the making: a header, the body of its type, and attributes.
#[derive(Clone, Debug)]
pub struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Returns a message of type `kind` with the fixed part `body`.
    #[must_use]
    pub fn new(kind: u16, body: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(body);
        Self { bytes }
    }

    /// Sets flags beside those that asking sets (NLM_F_CREATE …).
    #[must_use]
    pub fn with(mut self, flags: u16) -> Self {
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        push(&mut self.bytes, kind, value);
        self
    }

    /// Adds an attribute that is a text with a NUL at its end.
    #[must_use]
    pub fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    /// Adds an attribute that holds others.
    #[must_use]
    pub fn nested(self, kind: u16, inner: &Attributes) -> Self {
        self.attribute(kind | NLA_F_NESTED, &inner.bytes)
    }

    fn flags(&self) -> u16 {
        u16::from_ne_bytes([self.bytes[6], self.bytes[7]])
    }

    fn head(&mut self, flags: u16, sequence: u32) {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    }
}

/// Attributes within an attribute.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        push(&mut self.bytes, kind, value);
        self
    }

    /// Adds an attribute that is a text with a NUL at its end.
    #[must_use]
    pub fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    /// Adds an attribute that holds others.
    #[must_use]
    pub fn nested(self, kind: u16, inner: &Self) -> Self {
        self.attribute(kind | NLA_F_NESTED, &inner.bytes)
    }
}

/// Several messages that are carried out together, or not at all (NFNL_MSG_BATCH_BEGIN).
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    sequence: u32,
    acknowledgements: usize,
}

impl Batch {
    /// Adds a message, which the kernel need not acknowledge.
    #[must_use]
    pub fn message(self, message: Message) -> Self {
        self.push(message, NLM_F_REQUEST)
    }

    /// Adds a message that the kernel is to acknowledge.
    #[must_use]
    pub fn acknowledged(mut self, message: Message) -> Self {
        self.acknowledgements += 1;
        self.push(message, NLM_F_REQUEST | NLM_F_ACK)
    }

    fn push(mut self, mut message: Message, flags: u16) -> Self {
        self.sequence += 1;
        message.head(flags | message.flags(), self.sequence);
        self.bytes.extend_from_slice(&message.bytes);
        self
    }
}

/// Whether an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    More,
    Done,
}

/// Calls `visit` with type and body of each message.
fn messages(mut datagram: &[u8], mut visit: impl FnMut(u16, &[u8])) -> io::Result<Answer> {
    let mut answer = Answer::More;
    while datagram.len() >= HEADER {
        let length = u32_at(datagram, 0) as usize;
        let kind = u16::from_ne_bytes([datagram[4], datagram[5]]);
        if length < HEADER || length > datagram.len() {
            return Err(malformed());
        }
        let body = &datagram[HEADER..length];
        match kind {
            NLMSG_DONE => answer = Answer::Done,
            NLMSG_ERROR if body.len() < 4 => return Err(malformed()),
            NLMSG_ERROR => match i32::from_ne_bytes([body[0], body[1], body[2], body[3]]) {
                0 => answer = Answer::Done,
                errno => return Err(io::Error::from_raw_os_error(errno.saturating_neg())),
            },
            NLMSG_NOOP => {}
            kind => visit(kind, body),
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(answer)
}

/// Returns the attributes (`struct nlattr`) in `bytes` from `start` on, as far as their lengths hold.
pub fn attributes(bytes: &[u8], start: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes.get(start..).unwrap_or_default();
    std::iter::from_fn(move || {
        let header = rest.get(..ATTRIBUTE_HEADER)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & ATTRIBUTE_KIND;
        let value = rest.get(ATTRIBUTE_HEADER..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn push(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a netlink message with a wrong length")
}

// linux/netlink.h
const HEADER: usize = 16;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_DUMP: u16 = 0x300;
/// A thing that does not exist yet is made.
pub const NLM_F_CREATE: u16 = 0x400;
/// What is made stands at the end.
pub const NLM_F_APPEND: u16 = 0x800;
const ATTRIBUTE_HEADER: usize = 4;
/// Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
const ATTRIBUTE_KIND: u16 = 0x3fff;
const NLA_F_NESTED: u16 = 0x8000;
/// The kernel answers a dump in datagrams of at most 32 KiB.
const RECEIVE_BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::{Answer, Attributes, Message, Netlink, Protocol, attributes, messages};

    #[test]
    fn links_are_listed() {
        let mut route = Netlink::open(Protocol::Route, 0).unwrap();
        let mut names = Vec::new();
        // RTM_GETLINK with a `struct ifinfomsg`; IFLA_IFNAME is 3.
        route
            .ask(&mut Message::new(18, &[0; 16]), true, |_, body| {
                names
                    .extend(attributes(body, 16).find(|(kind, _)| *kind == 3).map(|(_, name)| name.to_vec()));
            })
            .unwrap();
        assert!(names.contains(&b"lo\0".to_vec()));
    }

    #[test]
    fn what_was_written_is_read_back() {
        let inner = Attributes::default().attribute(1, &[7]).text(2, "name");
        let mut message = Message::new(99, &[1, 2, 3, 4]).nested(5, &inner).text(6, "x");
        message.head(1, 3);
        let mut seen = Vec::new();
        messages(&message.bytes, |kind, body| {
            for (number, value) in attributes(body, 4) {
                seen.push((kind, number, attributes(value, 0).count()));
            }
        })
        .unwrap();
        assert_eq!(seen, [(99, 5, 2), (99, 6, 0)]);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        proptest::proptest!(|(bytes: Vec<u8>, start: u8)| {
            let _ = messages(&bytes, |_, body| { let _ = attributes(body, start.into()).count(); });
        });
        assert_eq!(messages(&[], |_, _| ()).unwrap(), Answer::More);
    }
}
