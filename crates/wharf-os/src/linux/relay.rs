//! Relaying TCP connections from doors, which are listeners, to sockets that may be of another network namespace; epoll(7).
//!
//! One thread for all of them. A connection that is silent costs two descriptors and no buffer. Not here: what becomes
//! of the bytes of one connection (`relay/pair.rs`), and which door leads where (`wharf-run`).

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use wharf_sys::linux::socket_control as control;

use self::pair::{Pair, Watch};
use crate::isolation::Isolation;
use crate::ports::Held;

#[path = "relay/pair.rs"]
mod pair;

/// Where connections are taken, and where they lead.
#[derive(Debug)]
pub struct Door {
    /// Listeners that do not wait.
    pub listeners: Vec<OwnedFd>,
    /// Where it leads: the first that answers, and before others those of the family that the client came by.
    pub targets: Vec<SocketAddr>,
    /// The network that the targets are in.
    pub to: Network,
}

/// A network to connect to.
#[derive(Clone, Debug)]
pub enum Network {
    /// That of this process.
    Own,
    /// That of a run.
    Of(Arc<Isolation>),
}

/// A thread that relays. It goes on, with the connections that there are, when this is dropped.
#[derive(Debug)]
pub struct Relay {
    orders: Mutex<Sender<Order>>,
    wake: Arc<OwnedFd>,
    next: AtomicU64,
}

#[derive(Debug)]
enum Order {
    Open(u64, Door),
    Aim(u64, Vec<SocketAddr>),
    Close(u64),
}

impl Relay {
    /// Starts the thread.
    ///
    /// # Errors
    /// What epoll_create(2) or eventfd(2) said.
    pub fn start() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        epoll::add(&epoll, &wake, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        let (send, orders) = mpsc::channel();
        let mut worker = Worker {
            epoll,
            wake: Arc::clone(&wake),
            orders,
            doors: HashMap::new(),
            pairs: HashMap::new(),
            next: 0,
            buffer: vec![0; BUFFER],
            closed_until: None,
        };
        std::thread::spawn(move || while worker.turn().is_ok() {});
        Ok(Self { orders: Mutex::new(send), wake, next: AtomicU64::new(0) })
    }

    /// Opens a door, and returns its number.
    pub fn open(&self, door: Door) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.order(Order::Open(number, door));
        number
    }

    /// Lets a door lead elsewhere from now on.
    pub fn aim(&self, number: u64, targets: Vec<SocketAddr>) {
        self.order(Order::Aim(number, targets));
    }

    /// Closes a door. What came through it goes on.
    pub fn close(&self, number: u64) {
        self.order(Order::Close(number));
    }

    fn order(&self, order: Order) {
        // The thread ends with the process alone, and a full counter has woken it already.
        let _ = self.orders.lock().unwrap_or_else(PoisonError::into_inner).send(order);
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }
}

/// Listens on 127.0.0.1 and ::1, or with `host_visible` on every address, at a port that is held.
///
/// # Errors
/// What bind(2) or listen(2) said: of IPv4, since a machine may have no IPv6.
pub fn listen_beside(held: &Held, host_visible: bool) -> io::Result<Vec<OwnedFd>> {
    let [v4, v6] = if host_visible { ["0.0.0.0", "::"] } else { ["127.0.0.1", "::1"] };
    let listen = |address: &str| -> io::Result<OwnedFd> {
        let ip = address.parse().map_err(io::Error::other)?;
        let at = SocketAddr::new(ip, held.port());
        let socket = tcp_socket(at.is_ipv6())?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if at.is_ipv6() {
            sockopt::set_ipv6_v6only(&socket, true)?;
        }
        if host_visible {
            held.let_in(|| listen_at(&socket, at))??;
        } else {
            control::bind_to_device(socket.as_fd(), "lo")?;
            held.step_aside()?;
            listen_at(&socket, at)?;
        }
        Ok(socket)
    };
    let mut listeners = vec![listen(v4)?];
    listeners.extend(listen(v6).ok());
    Ok(listeners)
}

/// Listens at `places` of another network namespace, so that what is there finds what is here.
///
/// # Errors
/// What bind(2) or listen(2) said of the first: a machine may have no IPv6, which comes after it.
pub fn listen_inside(isolation: &Isolation, places: &[SocketAddr]) -> io::Result<Vec<OwnedFd>> {
    let listen = |at: SocketAddr| -> io::Result<OwnedFd> {
        let socket = isolation.socket(at.is_ipv6())?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        listen_at(&socket, at)?;
        Ok(socket)
    };
    let [first, others @ ..] = places else { return Ok(Vec::new()) };
    let mut listeners = vec![listen(*first)?];
    listeners.extend(others.iter().filter_map(|&at| listen(at).ok()));
    Ok(listeners)
}

/// Returns 127.0.0.1 and ::1 with `port`.
#[must_use]
pub fn loopback(port: u16) -> [SocketAddr; 2] {
    [([127, 0, 0, 1], port).into(), (std::net::Ipv6Addr::LOCALHOST, port).into()]
}

fn listen_at(socket: &OwnedFd, at: SocketAddr) -> io::Result<()> {
    rustix::net::bind(socket, &at)?;
    // The kernel cuts it to net.core.somaxconn.
    control::listen(socket.as_fd(), -1)
}

fn tcp_socket(is_v6: bool) -> io::Result<OwnedFd> {
    let family = if is_v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
}

impl Network {
    fn socket(&self, is_v6: bool) -> io::Result<OwnedFd> {
        match self {
            Self::Own => tcp_socket(is_v6),
            Self::Of(isolation) => isolation.socket(is_v6),
        }
    }
}

struct Worker {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
    orders: Receiver<Order>,
    doors: HashMap<u64, Door>,
    pairs: HashMap<u64, Pair>,
    next: u64,
    buffer: Vec<u8>,
    /// Until when nobody is let in, for want of descriptors.
    closed_until: Option<Instant>,
}

impl Worker {
    /// Waits for something to do, and does it.
    fn turn(&mut self) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); EVENTS];
        let patience = self.closed_until.map(|until| until.saturating_duration_since(Instant::now()));
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let (events, _) = match epoll::wait(&self.epoll, &mut space, patience.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
            outcome => outcome?,
        };
        if self.closed_until.is_some_and(|until| Instant::now() >= until) {
            self.closed_until = None;
            self.doors.iter().for_each(|(&number, door)| watch_door(&self.epoll, number, door));
        }
        for event in events {
            let (data, flags) = (event.data.u64(), event.flags);
            match data & KINDS {
                WAKE => self.obey(),
                DOOR => self.admit(data >> KIND_BITS),
                kind => self.relay(data >> KIND_BITS, usize::from(kind == SECOND), flags),
            }
        }
        Ok(())
    }

    fn obey(&mut self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Open(number, door) => {
                    watch_door(&self.epoll, number, &door);
                    self.doors.insert(number, door);
                }
                Order::Aim(number, targets) => {
                    if let Some(door) = self.doors.get_mut(&number) {
                        door.targets = targets;
                    }
                }
                // Closed, its listeners are watched no more.
                Order::Close(number) => drop(self.doors.remove(&number)),
            }
        }
    }

    /// Accepts who waits at a door.
    fn admit(&mut self, number: u64) {
        let Some(door) = self.doors.get(&number) else { return };
        let mut admitted = Vec::new();
        for listener in &door.listeners {
            for _ in 0..AT_ONCE {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                match rustix::net::accept_with(listener, flags) {
                    Ok(client) => {
                        let is_v6 = sockopt::socket_domain(listener) == Ok(AddressFamily::INET6);
                        let mut targets = door.targets.clone();
                        targets.sort_by_key(|target| target.is_ipv6() != is_v6);
                        admitted.push(Pair::new(client, targets, door.to.clone()));
                    }
                    Err(Errno::AGAIN) => break,
                    Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                        self.closed_until = Some(Instant::now() + REST);
                        break;
                    }
                    // It has gone while it waited.
                    Err(_) => {}
                }
            }
        }
        if self.closed_until.is_some() {
            for listener in self.doors.values().flat_map(|door| &door.listeners) {
                let _ = epoll::delete(&self.epoll, listener);
            }
        }
        for mut pair in admitted {
            self.next += 1;
            if pair.connect().is_ok() {
                self.pairs.insert(self.next, pair);
                self.watch(self.next);
            }
        }
    }

    fn relay(&mut self, number: u64, end: usize, flags: epoll::EventFlags) {
        // It may have ended by an event before this one.
        let Some(pair) = self.pairs.get_mut(&number) else { return };
        let wants_in = flags.intersects(
            epoll::EventFlags::IN
                | epoll::EventFlags::HUP
                | epoll::EventFlags::ERR
                | epoll::EventFlags::RDHUP,
        );
        pair.handle(end, wants_in, &mut self.buffer);
        self.watch(number);
    }

    /// Waits for what can be done next with a pair, or lets go of it.
    fn watch(&mut self, number: u64) {
        let Some(pair) = self.pairs.get_mut(&number) else { return };
        if pair.is_over() {
            // Closed, they are watched no more.
            self.pairs.remove(&number);
            return;
        }
        for end in 0..2 {
            let data = epoll::EventData::new_u64(number << KIND_BITS | if end == 0 { FIRST } else { SECOND });
            let Some((fd, watch)) = pair.news(end) else { continue };
            let outcome = match watch {
                Watch::Begin(flags) => epoll::add(&self.epoll, fd, data, flags),
                Watch::Change(flags) => epoll::modify(&self.epoll, fd, data, flags),
                Watch::End => epoll::delete(&self.epoll, fd),
            };
            if outcome.is_err() {
                // For want of memory: it cannot be looked after.
                self.pairs.remove(&number);
                return;
            }
        }
    }
}

fn watch_door(epoll: &OwnedFd, number: u64, door: &Door) {
    for listener in &door.listeners {
        // Without memory nobody is let in.
        let _ = epoll::add(
            epoll,
            listener,
            epoll::EventData::new_u64(number << KIND_BITS | DOOR),
            epoll::EventFlags::IN,
        );
    }
}

/// What an event is about: in its lowest bits the kind, above them the number.
const KIND_BITS: u32 = 2;
const KINDS: u64 = 0b11;
const WAKE: u64 = 0;
const DOOR: u64 = 1;
const FIRST: u64 = 2;
const SECOND: u64 = 3;
/// Events taken at once.
const EVENTS: usize = 64;
/// Connections that are accepted at one door before others have their turn.
const AT_ONCE: usize = 64;
/// Bytes that are read at once.
const BUFFER: usize = 128 * 1024;
/// How long nobody is let in where there are no descriptors left.
const REST: Duration = Duration::from_millis(100);

#[cfg(test)]
#[path = "relay/tests.rs"]
mod tests;
