//! Two sockets whose bytes go from each to the other, until both have ended: half-closes, resets and a slow reader are
//! passed on, too; tcp(7).
//!
//! Not here: waiting (`relay.rs`).

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown, sockopt};

use super::Network;

/// A connection of a client, and the one on which it goes on.
pub(super) struct Pair {
    /// The client's, and the one that it goes on to.
    ends: [End; 2],
    /// Where else it may go on, while it is not known that it does.
    connecting: Option<Vec<SocketAddr>>,
    network: Network,
    /// The end that failed: it is read to its end, and then the other is reset.
    broken: Option<usize>,
    is_over: bool,
}

#[derive(Default)]
struct End {
    socket: Option<OwnedFd>,
    /// What is to be written to it, and how much of that has been.
    pending: Vec<u8>,
    written: usize,
    /// Nothing more comes from it.
    has_ended: bool,
    /// It was told that nothing more comes.
    is_told: bool,
    watched: EventFlags,
}

/// What is to be done about waiting for a socket.
pub(super) enum Watch {
    Begin(EventFlags),
    Change(EventFlags),
    End,
}

impl Pair {
    pub(super) fn new(client: OwnedFd, targets: Vec<SocketAddr>, network: Network) -> Self {
        let ends = [End { socket: Some(client), ..End::default() }, End::default()];
        Self { ends, connecting: Some(targets), network, broken: None, is_over: false }
    }

    /// Connects to the first of the targets that can be tried; to be called again if that did not answer.
    ///
    /// # Errors
    /// That of the last one; the client is reset then.
    pub(super) fn connect(&mut self) -> io::Result<()> {
        let mut last = io::Error::from(io::ErrorKind::ConnectionRefused);
        while let Some(targets) = self.connecting.as_mut().filter(|targets| !targets.is_empty()) {
            let target = targets.remove(0);
            match connect(&self.network, target) {
                Ok((socket, is_connected)) => {
                    self.ends[1] = End { socket: Some(socket), ..End::default() };
                    if is_connected {
                        self.begin();
                    }
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        self.reset();
        Err(last)
    }

    fn begin(&mut self) {
        self.connecting = None;
        for socket in self.ends.iter().filter_map(|end| end.socket.as_ref()) {
            // What one side has sent is on its way already.
            let _ = sockopt::set_tcp_nodelay(socket, true);
        }
    }

    /// Does what can be done, after something happened at `end`: it `may_read` there, or has failed.
    pub(super) fn handle(&mut self, end: usize, may_read: bool, buffer: &mut [u8]) {
        if self.connecting.is_some() {
            let Some(socket) = &self.ends[1].socket else { return };
            match sockopt::socket_error(socket) {
                Ok(Ok(())) => self.begin(),
                // The next one may answer; else the client is reset.
                _ => return drop(self.connect()),
            }
        }
        self.flush(end);
        if may_read {
            self.carry(end, buffer);
        }
        self.settle();
    }

    /// Reads from one end and writes to the other.
    fn carry(&mut self, from: usize, buffer: &mut [u8]) {
        let to = 1 - from;
        for _ in 0..ROUNDS {
            if !self.is_read(from) {
                return;
            }
            let Some(socket) = &self.ends[from].socket else { return };
            match rustix::io::read(socket, &mut *buffer) {
                Ok(0) => self.ends[from].has_ended = true,
                Ok(count) => {
                    let bytes = &buffer[..count];
                    let sent = match self.send(to, bytes) {
                        Ok(sent) => sent,
                        Err(_) => return self.fail(to),
                    };
                    self.ends[to].pending.extend_from_slice(&bytes[sent..]);
                    if count < buffer.len() {
                        // Most often that was all, and one look saved.
                        return;
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    self.ends[from].has_ended = true;
                    self.fail(from);
                }
            }
        }
    }

    /// Writes what waits to be written to an end.
    fn flush(&mut self, to: usize) {
        if self.ends[to].pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.ends[to].pending);
        match self.send(to, &pending[self.ends[to].written..]) {
            Ok(sent) if self.ends[to].written + sent < pending.len() => {
                self.ends[to].written += sent;
                self.ends[to].pending = pending;
            }
            Ok(_) => self.ends[to].written = 0,
            Err(_) => {
                self.ends[to].written = 0;
                self.fail(to);
            }
        }
    }

    /// Sends as many of `bytes` as an end takes.
    fn send(&self, to: usize, bytes: &[u8]) -> io::Result<usize> {
        let Some(socket) = &self.ends[to].socket else { return Err(io::ErrorKind::NotConnected.into()) };
        loop {
            match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(count) => return Ok(count),
                Err(Errno::AGAIN) => return Ok(0),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn fail(&mut self, end: usize) {
        if self.broken.is_some_and(|other| other != end) {
            return self.reset();
        }
        self.broken = Some(end);
        self.ends[end].pending = Vec::new();
    }

    /// Passes on what has come to an end.
    fn settle(&mut self) {
        if let Some(end) = self.broken {
            // What it sent before it failed has arrived, and belongs to the other.
            if self.ends[end].has_ended && self.ends[1 - end].pending.is_empty() {
                self.reset();
            }
            return;
        }
        for from in 0..2 {
            let to = &self.ends[1 - from];
            if self.ends[from].has_ended && to.pending.is_empty() && !to.is_told {
                if let Some(socket) = &to.socket {
                    // One that has failed meanwhile says so when it is read.
                    let _ = rustix::net::shutdown(socket, Shutdown::Write);
                }
                self.ends[1 - from].is_told = true;
            }
        }
        self.is_over |= self.ends.iter().all(|end| end.is_told);
    }

    /// Ends both at once, by a reset (RST).
    fn reset(&mut self) {
        for socket in self.ends.iter().filter_map(|end| end.socket.as_ref()) {
            // Then it is closed in the ordinary way.
            let _ = sockopt::set_socket_linger(socket, Some(Duration::ZERO));
        }
        self.is_over = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether an end is to be read: the other takes what comes.
    fn is_read(&self, from: usize) -> bool {
        !self.ends[from].has_ended
            && self.ends[1 - from].pending.is_empty()
            && self.broken != Some(1 - from)
            && self.connecting.is_none()
    }

    /// Returns what has changed of what an end is watched for. One that is watched for nothing is not watched: epoll(7)
    /// tells of hang-ups in any case, again and again.
    pub(super) fn news(&mut self, end: usize) -> Option<(&OwnedFd, Watch)> {
        let reads = self.is_read(end);
        let writes = !self.ends[end].pending.is_empty() || (end == 1 && self.connecting.is_some());
        let mut wanted = EventFlags::empty();
        wanted.set(EventFlags::IN, reads);
        wanted.set(EventFlags::OUT, writes);
        let End { socket, watched, .. } = &mut self.ends[end];
        let before = std::mem::replace(watched, wanted);
        let watch = match (before.is_empty(), wanted.is_empty()) {
            (true, true) => return None,
            (true, false) => Watch::Begin(wanted),
            (false, true) => Watch::End,
            (false, false) if before == wanted => return None,
            (false, false) => Watch::Change(wanted),
        };
        Some((socket.as_ref()?, watch))
    }
}

/// Returns a socket that connects to `target`, and whether it has.
fn connect(network: &Network, target: SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let socket = network.socket(target.is_ipv6())?;
    match rustix::net::connect(&socket, &target) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS) => Ok((socket, false)),
        Err(errno) => Err(errno.into()),
    }
}

/// How often one end is read before others have their turn.
const ROUNDS: usize = 8;
