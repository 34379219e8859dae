//! Starting a program under supervision of its bind(2) and listen(2), by seccomp user notification; seccomp(2),
//! seccomp_unotify(2).
//!
//! wharf makes each of these calls itself, on a duplicate of the program's socket and with the address as it was
//! read once, so that nothing can be changed between the look and the call. Not here: where a socket goes
//! ([`Harbour`]), what is told to a cluster of Node (`cluster`), and the life of the program after its start (`wharf-run`).

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use wharf_sys::linux::seccomp::{
    self, Answer, Call, Filter, Notification, Notifications, Refusal, SocketCallKind,
};
use wharf_sys::linux::socket_control::{self as control, Domain, Kind};
use wharf_sys::linux::{descriptor, landlock, process_memory, session};

use crate::guard::Post;
use crate::isolation::Isolation;
use crate::launch::{Harbour, Launch, LaunchError, Place, Remark, Supervision};
use crate::linux::binding::{
    PRIVILEGED, answer_of, bind_beside, bind_udp, confine, is_server, name_family, read_address,
};
use crate::linux::guests::{self, Guests, handed_over};
use crate::linux::substitute::{self, Substitutes};
use crate::linux::{cluster, hidden, link};
use crate::ports::{Held, namespace};

/// A program that runs, and its calls.
#[derive(Debug)]
pub struct Supervised {
    /// The program.
    pub child: Child,
    /// Its calls, and those of all that it starts; `None` if it is isolated where calls cannot be supervised.
    pub calls: Option<Calls>,
}

/// The calls that wait for an answer.
#[derive(Debug)]
pub struct Calls {
    notifications: Notifications,
    /// The network namespace whose sockets are wharf's business.
    own_namespace: Option<u64>,
    is_isolated: bool,
    supervision: Supervision,
    /// Where sockets cannot be duplicated.
    substitutes: Option<Substitutes>,
    guests: Guests,
    /// Held while a call is answered: nothing is started then, which would have the program's socket open for a moment.
    busy: Arc<Mutex<()>>,
    /// Where a program listens, to be told once it knows.
    listens: Option<SocketAddr>,
    /// Whose descriptors were duplicated last.
    caller: Option<descriptor::Thread>,
    /// Where the call that is being answered is written down, for a guard.
    in_hand: Option<File>,
}

/// Becomes `launch`: this process goes on as that program. Returns only if it cannot.
#[must_use]
pub fn become_program(launch: &Launch) -> LaunchError {
    not_started(launch, launch.command().exec())
}

/// Returns whether system calls of this process are filtered: by a supervisor, or by a container.
#[must_use]
pub fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}

/// Tells the wharf that supervises this process that this is one, too, so that it leaves this one's own ports alone. Only
/// the first thread of a process may.
///
/// # Errors
/// EINVAL if nobody who understands it supervises this process.
pub fn announce() -> io::Result<()> {
    guests::announce()
}

/// Hands `held` to that wharf, which keeps it for the program that this process is about to become.
///
/// # Errors
/// As [`announce`].
pub fn hand_over(held: &Held) -> io::Result<()> {
    guests::hand_over(held)
}

/// Starts `launch`; its calls wait until [`Calls::serve`] answers them. With `terminal`, its end of one, it leads a
/// session there, and has wharf's standard streams no more. In an `isolation` it binds and listens as it asks, and only
/// the harbour is told.
///
/// # Errors
/// Any [`LaunchError`].
pub fn start(
    launch: &Launch,
    supervision: Supervision,
    terminal: Option<OwnedFd>,
    isolation: Option<&Isolation>,
) -> Result<Supervised, LaunchError> {
    let mut command = launch.command();
    if let Some(isolation) = isolation {
        isolation.enter(&mut command)?;
    }
    if let Some(terminal) = terminal {
        command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
        session::lead_with_terminal(&mut command);
    }
    let Supervision { names, connects, strict, .. } = supervision;
    if strict {
        landlock::deny_tcp_bind(&mut command).map_err(|_| LaunchError::NotStrict)?;
    }
    let is_needed = isolation.is_none() && substitute::is_needed();
    let substitutes = is_needed.then(Substitutes::new).transpose()?;
    let filter = Filter { names, connects, no_io_uring: strict, options: substitutes.is_some() };
    let started = seccomp::spawn(&mut command, &filter.program());
    let is_isolated = isolation.is_some();
    if is_isolated && started.as_ref().is_err_and(|error| Refusal::of(error).is_some()) {
        // What listens is looked for all the same.
        let child = command.spawn().map_err(|error| not_started(launch, error))?;
        return Ok(Supervised { child, calls: None });
    }
    let started = started.map_err(|error| match Refusal::of(&error) {
        Some(Refusal::Nested) => LaunchError::Nested,
        Some(_) => LaunchError::TooOld,
        None => not_started(launch, error),
    })?;
    let own_namespace = isolation.map(Isolation::cookie).or_else(|| namespace().ok());
    let notifications = started.notifications;
    let calls = Calls {
        notifications,
        own_namespace,
        is_isolated,
        supervision,
        substitutes,
        guests: Guests::default(),
        busy: Arc::default(),
        listens: None,
        caller: None,
        in_hand: None,
    };
    Ok(Supervised { child: started.child, calls: Some(calls) })
}

impl Calls {
    /// Returns what a guard is to take over.
    ///
    /// # Errors
    /// What memfd_create(2) or dup(2) said.
    pub fn post(&mut self) -> io::Result<Post> {
        let in_hand = File::from(rustix::fs::memfd_create("wharf-in-hand", MemfdFlags::CLOEXEC)?);
        let listener = self.notifications.as_fd().try_clone_to_owned()?;
        let post = Post { listener, in_hand, busy: Arc::clone(&self.busy) };
        self.in_hand = Some(post.in_hand.try_clone()?);
        Ok(post)
    }

    /// Writes down which call is being answered: without an answer its caller would wait for ever.
    fn write_down(&self, id: u64) {
        if let Some(in_hand) = &self.in_hand {
            // Memory of our own has room for eight bytes.
            let _ = in_hand.write_all_at(&id.to_ne_bytes(), 0);
        }
    }

    /// Answers calls until no process is left that could make one.
    ///
    /// # Errors
    /// What poll(2) or ioctl(2) said; calls that come later fail with ENOSYS.
    pub fn serve(&mut self, harbour: &mut dyn Harbour) -> io::Result<()> {
        loop {
            let mut watched = [PollFd::new(&self.notifications, PollFlags::IN)];
            let keeps_some = self.substitutes.as_ref().is_some_and(Substitutes::keeps_some);
            match poll(&mut watched, keeps_some.then_some(&SETTLE)) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            let events = watched[0].revents();
            if let Some(substitutes) = self.substitutes.as_mut().filter(|_| keeps_some) {
                substitutes.settle();
            }
            if events.contains(PollFlags::IN) {
                if let Some(call) = self.notifications.receive()? {
                    self.write_down(call.id);
                    // No duplicate of its socket is open any more by then: what the program closes is closed.
                    let busy = Arc::clone(&self.busy);
                    let answering = busy.lock().unwrap_or_else(PoisonError::into_inner);
                    let answer = self.answer(&call, harbour);
                    drop(answering);
                    self.notifications.answer(call.id, answer)?;
                    self.write_down(NONE);
                    // Its caller need not wait for that.
                    if let Some(at) = self.listens.take() {
                        harbour.listens(at);
                    }
                }
            } else if events.intersects(PollFlags::HUP | PollFlags::ERR) {
                return Ok(());
            }
        }
    }

    fn answer(&mut self, notification: &Notification, harbour: &mut dyn Harbour) -> Answer {
        let tid = notification.tid;
        let outcome = match notification.call {
            Call::Bind { fd, address, length } => {
                self.bind(notification, fd, [address, length.into()], harbour)
            }
            Call::Listen { fd, backlog } => self.listen(notification, fd, backlog, harbour),
            Call::Connect { fd, address, length } => self.connect(notification, fd, address, length, harbour),
            Call::SocketCall { kind, arguments } => words(tid, arguments).and_then(|[fd, second, third]| {
                let fd = fd.cast_signed();
                match kind {
                    SocketCallKind::Bind => {
                        self.bind(notification, fd, [second, third].map(u64::from), harbour)
                    }
                    SocketCallKind::Connect => self.connect(notification, fd, second.into(), third, harbour),
                    SocketCallKind::Listen => self.listen(notification, fd, second.cast_signed(), harbour),
                }
            }),
            Call::Name { fd, address, length } => self.name(notification, fd, [address, length], harbour),
            Call::Option { fd, level, name, value } => {
                if let Some(substitutes) = &mut self.substitutes {
                    // Whoever cannot be looked into is told of at its bind(2).
                    let _ = substitutes.remember(tid, fd, [level, name], value);
                }
                Ok(Answer::Continue)
            }
            Call::Other => Ok(Answer::Continue),
        };
        outcome.unwrap_or_else(|error| {
            harbour.passed(&hidden::explain(tid, error));
            unseen(&notification.call, self.supervision.strict)
        })
    }

    /// Makes a bind(2) for the program. An error means that it could not be looked into.
    fn bind(
        &mut self,
        notification: &Notification,
        fd: i32,
        [address, length]: [u64; 2],
        harbour: &mut dyn Harbour,
    ) -> io::Result<Answer> {
        let mut bytes = [0; LONGEST_ADDRESS];
        if self.is_isolated {
            return Ok(Answer::Continue);
        }
        let Some(bytes) = read_address(notification.tid, address, length as u32, &mut bytes)? else {
            return Ok(Answer::Continue);
        };
        name_family(bytes);
        // A strict run may not bind to a port that the kernel chooses either; and what is to be bound when it listens must
        // be wharf's by now.
        let takes_all = self.supervision.strict || self.substitutes.is_some();
        let is_ours = |asked: &SocketAddr| asked.port() != 0 || takes_all;
        let Some(asked) = control::parse_sockaddr(bytes).filter(is_ours) else {
            return Ok(Answer::Continue);
        };
        let Some(socket) = self.socket(notification, fd)? else { return Ok(Answer::Continue) };
        if let Some(held) = handed_over(&socket, asked) {
            if self.guests.leave(notification.tid) {
                harbour.join(held);
            } else {
                self.guests.enter(notification.tid);
            }
            return Ok(Answer::Value(0));
        }
        if self.guests.has(notification.tid) {
            return Ok(Answer::Continue);
        }
        if self.supervision.udp && control::socket_kind(socket.as_fd())?.1 == Kind::Datagram {
            return bind_udp(socket.as_fd(), bytes, asked, harbour);
        }
        if self.substitutes.is_some() {
            harbour.remark(Remark::Substituted);
        }
        if asked.port() == 0 {
            return Ok(answer_of(control::bind(socket.as_fd(), bytes)));
        }
        let outcome = match harbour.place(asked) {
            // The kernel judges privilege by the program, not by wharf.
            Place::AsAsked if asked.port() < PRIVILEGED => return Ok(Answer::Continue),
            Place::AsAsked => control::bind(socket.as_fd(), bytes),
            Place::Port(port) => {
                control::write_port(bytes, port);
                control::bind(socket.as_fd(), bytes)
            }
            Place::Held(held) => {
                if held.port() != asked.port()
                    && !self.supervision.names
                    && cluster::is_member(notification.tid)
                {
                    harbour.remark(Remark::RefusedByCluster);
                }
                control::write_port(bytes, held.port());
                bind_beside(
                    &held,
                    socket.as_fd(),
                    bytes,
                    harbour.confines() && is_server(socket.as_fd(), asked)?,
                )
            }
        };
        Ok(answer_of(outcome))
    }

    /// Makes a connect(2) to a sibling of the program; all others it makes itself.
    fn connect(
        &mut self,
        notification: &Notification,
        fd: i32,
        address: u64,
        length: u32,
        harbour: &mut dyn Harbour,
    ) -> io::Result<Answer> {
        let mut bytes = [0; LONGEST_ADDRESS];
        let Some(bytes) = read_address(notification.tid, address, length, &mut bytes)? else {
            return Ok(Answer::Continue);
        };
        let Some(port) = control::parse_sockaddr(bytes).and_then(|to| link::sibling(to, harbour)) else {
            return Ok(Answer::Continue);
        };
        if self.substitutes.is_some() {
            harbour.remark(Remark::NotLinked);
            return Ok(Answer::Continue);
        }
        let Some(socket) = self.socket(notification, fd)? else { return Ok(Answer::Continue) };
        if control::socket_kind(socket.as_fd())?.1 != Kind::Stream {
            return Ok(Answer::Continue);
        }
        control::write_port(bytes, port);
        link::connect(socket.as_fd(), bytes)
    }

    fn listen(
        &mut self,
        notification: &Notification,
        fd: i32,
        backlog: i32,
        harbour: &mut dyn Harbour,
    ) -> io::Result<Answer> {
        let Some(socket) = self.socket(notification, fd)? else { return Ok(Answer::Continue) };
        let socket = socket.as_fd();
        if harbour.confines()
            && let Err(error) = confine(socket)
        {
            return Ok(answer_of(Err(error)));
        }
        let port = control::local_address(socket)?.map_or(0, |at| at.port());
        let outcome = match harbour.held(port).filter(|_| port != 0) {
            // The port is looked at again by listen(2).
            Some(held) if harbour.confines() && held.step_aside().is_ok() => control::listen(socket, backlog),
            Some(held) => held.let_in(|| control::listen(socket, backlog)).and_then(|outcome| outcome),
            None => control::listen(socket, backlog),
        };
        if outcome.is_ok()
            && let Ok(Some(at)) = control::local_address(socket)
        {
            if self.is_isolated {
                // Whoever asks the program where it is finds it there.
                harbour.listens(at);
            } else {
                self.listens = Some(at);
            }
        }
        if let Some(substitutes) = self.substitutes.as_mut().filter(|_| outcome.is_ok()) {
            substitutes.let_go(socket);
        }
        Ok(answer_of(outcome))
    }

    /// Tells a cluster of Node that its socket has the port that it asked for.
    fn name(
        &mut self,
        notification: &Notification,
        fd: i32,
        result: [u64; 2],
        harbour: &mut dyn Harbour,
    ) -> io::Result<Answer> {
        let Some(mut at) = self.address(notification, fd)? else { return Ok(Answer::Continue) };
        match harbour.asked(at.port()) {
            Some(asked) if cluster::is_member(notification.tid) => at.set_port(asked),
            _ => return Ok(Answer::Continue),
        }
        cluster::tell(notification.tid, &control::sockaddr(at), result).map(|told| match told {
            true => Answer::Value(0),
            false => Answer::Continue,
        })
    }

    /// Returns where a TCP socket is bound. A connection is where its client sees it, which the kernel tells.
    fn address(&mut self, notification: &Notification, fd: i32) -> io::Result<Option<SocketAddr>> {
        if let Some(substitutes) = &self.substitutes {
            return Ok(substitutes.address(notification.tid, fd));
        }
        let socket = self.socket(notification, fd)?.filter(|socket| !control::is_connected(socket.as_fd()));
        socket.map_or(Ok(None), |socket| control::local_address(socket.as_fd()))
    }

    /// Returns a duplicate of a thread's descriptor. Most calls come from the thread of the last one.
    fn duplicate(&mut self, tid: u32, fd: i32) -> io::Result<OwnedFd> {
        if let Some(known) = self.caller.as_ref().filter(|known| known.is(tid)) {
            match known.duplicate(fd) {
                // That thread has ended, and another has its number.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => {}
                other => return other,
            }
        }
        self.caller.insert(descriptor::Thread::open(tid)?).duplicate(fd)
    }

    /// Returns a duplicate of the program's descriptor if it is a TCP socket, or a UDP socket where these are supervised,
    /// in wharf's own network namespace, and the caller still waits: else its number may be another's by now, and so what was read of it.
    fn socket(&mut self, notification: &Notification, fd: i32) -> io::Result<Option<OwnedFd>> {
        if let Some(substitutes) = &mut self.substitutes {
            return substitutes.socket(&self.notifications, notification, fd);
        }
        let socket = match self.duplicate(notification.tid, fd) {
            Ok(socket) => socket,
            // No such descriptor: the kernel will tell the program.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let is_ours = match control::socket_kind(socket.as_fd()) {
            Ok((Domain::Inet | Domain::Inet6, Kind::Stream)) => true,
            Ok((Domain::Inet | Domain::Inet6, Kind::Datagram)) => self.supervision.udp,
            _ => false,
        };
        let is_here = || {
            self.own_namespace.is_none() || control::netns_cookie(socket.as_fd()).ok() == self.own_namespace
        };
        let waits = self.notifications.is_valid(notification.id);
        Ok((waits && is_ours && is_here()).then_some(socket))
    }
}

/// Returns the answer to a call that cannot be looked into. In a strict run the kernel denies bind(2) on TCP sockets then,
/// but a socket that was not bound gets a port by listen(2), too.
pub(crate) fn unseen(call: &Call, strict: bool) -> Answer {
    match call {
        Call::Listen { .. } | Call::SocketCall { kind: SocketCallKind::Listen, .. } if strict => {
            Answer::Errno(rustix::io::Errno::ACCESS.raw_os_error())
        }
        _ => Answer::Continue,
    }
}

/// Returns the three words that a call through socketcall(2) has in memory.
fn words(tid: u32, address: u64) -> io::Result<[u32; 3]> {
    let mut bytes = [0; 12];
    if process_memory::read(tid, address, &mut bytes)? != bytes.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok([0, 4, 8].map(|at| u32::from_ne_bytes(std::array::from_fn(|index| bytes[at + index]))))
}

fn not_started(launch: &Launch, error: io::Error) -> LaunchError {
    let program = launch.program.to_string_lossy().into_owned();
    match error.kind() {
        io::ErrorKind::NotFound => LaunchError::NotFound(program),
        io::ErrorKind::PermissionDenied => LaunchError::NotExecutable(program, error),
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            LaunchError::NotExecutable(program, error)
        }
        _ => LaunchError::Other(error),
    }
}

/// Stands where no call is being answered.
pub(crate) const NONE: u64 = 0;
/// Largest `struct sockaddr`, `sockaddr_storage(3type)`.
const LONGEST_ADDRESS: usize = 128;
/// How long a socket may stay open that the program has closed without listening.
const SETTLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

#[cfg(test)]
mod tests {
    use wharf_sys::linux::seccomp::SocketCallKind;

    use super::unseen;
    use wharf_sys::linux::seccomp::{Answer, Call};

    #[test]
    fn what_cannot_be_looked_into_does_not_listen_in_a_strict_run() {
        let bind = Call::Bind { fd: 3, address: 0, length: 16 };
        let listen = Call::Listen { fd: 3, backlog: 5 };
        let socketcall = |kind| Call::SocketCall { kind, arguments: 0 };
        for (call, denied) in [
            (bind, false),
            (listen, true),
            (socketcall(SocketCallKind::Bind), false),
            (socketcall(SocketCallKind::Connect), false),
            (socketcall(SocketCallKind::Listen), true),
        ] {
            assert_eq!(unseen(&call, false), Answer::Continue);
            assert_eq!(unseen(&call, true) != Answer::Continue, denied, "{call:?}");
        }
    }
}
