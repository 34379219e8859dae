//! A network namespace for one run: a process that stays in it and makes sockets there for wharf, and programs that are
//! started beside it; network_namespaces(7), unix(7).
//!
//! A socket is of the namespace that it was made in, whoever has it. So wharf itself listens, connects and asks there,
//! and the process inside, the inlet, does nothing but make sockets. When wharf ends without a word, it ends everything
//! in the namespace. Not here: what is relayed ([`crate::relay`]), and which port leads where (`wharf-run`).

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, netlink};
use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_sys::linux::isolate;
use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::process_control::{pidfd_open, send_signal};
use wharf_sys::linux::sock_diag::{CLOSE, Family, LISTEN, Record, Request, SockDiag, Transport};
use wharf_sys::linux::socket_control as control;

use crate::facts::SocketQuery;
use crate::launch::Launch;
use crate::linux::{namespaces, pasta, sockets};
use crate::local;

/// A network namespace of its own, until this is dropped.
#[derive(Debug)]
pub struct Isolation {
    /// The inlet's.
    pid: u32,
    /// The inlet, and what connects it with the network outside.
    servants: Mutex<Vec<Child>>,
    /// Whether it belongs to a user namespace of its own.
    with_user: bool,
    cookie: u64,
    line: Mutex<Line>,
    /// `None` where netlink is denied.
    diag: Mutex<Option<SockDiag>>,
    /// What connects it with the network outside: readable once that has ended.
    way_out: Mutex<Option<OwnedFd>>,
}

/// A listener in the namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inner {
    /// Where it listens.
    pub at: SocketAddr,
    /// Whether it takes IPv6 alone, where it listens on `::`.
    pub v6_only: bool,
}

/// The way to the inlet, and the sockets that it has made and nobody has used.
#[derive(Debug)]
struct Line {
    end: OwnedFd,
    spare: [Vec<OwnedFd>; 2],
}

impl Isolation {
    /// Makes a namespace with `inlet` in it, which is to call [`serve`] with the number that is added to its arguments.
    ///
    /// # Errors
    /// In words, where no such namespace can be had.
    pub fn new(inlet: &Launch) -> Result<Self, String> {
        Self::start(inlet).map_err(|error| denial(&error))
    }

    fn start(launch: &Launch) -> io::Result<Self> {
        let proc = ProcDir::open()?;
        let mut command = launch.command();
        command.arg(proc.inode("self/ns/net")?.to_string());
        isolate::isolate(&mut command);
        let (theirs, ours) = local::pair()?;
        // In a process group of its own: no key of a terminal ends it.
        let spawned =
            command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        let inlet = spawned?;
        let pid = inlet.id();
        let link = |who: &str| proc.link(&format!("{who}/ns/user"));
        let mut isolation = Self {
            pid,
            with_user: link("self").ok() != link(&pid.to_string()).ok(),
            servants: Mutex::new(vec![inlet]),
            cookie: 0,
            line: Mutex::new(Line { end: ours, spare: [Vec::new(), Vec::new()] }),
            diag: Mutex::new(None),
            way_out: Mutex::new(None),
        };
        isolation.cookie = control::netns_cookie(isolation.socket(false)?.as_fd())?;
        let diag = isolation.line().ask(DIAG, None);
        isolation.diag = Mutex::new(diag.ok().and_then(|mut sockets| sockets.pop()).map(SockDiag::of));
        Ok(isolation)
    }

    /// Connects the namespace with the network outside by pasta(1), and waits until it is.
    ///
    /// # Errors
    /// `NotFound` if it is not installed; else what it said.
    pub fn reach_out(&self) -> io::Result<()> {
        let pasta = pasta::attach(self.pid, self.with_user)?;
        let pidfd = pidfd_open(pasta.id());
        self.servants().push(pasta);
        let pidfd = pidfd?;
        // It is nobody's child once wharf was killed, and some versions do not end by themselves.
        self.line().tell(ENDS_TOO, Some(pidfd.as_fd()))?;
        *self.way_out() = Some(pidfd);
        Ok(())
    }

    /// Returns whether there was a way out, and has ended by itself; once.
    pub fn lost_way_out(&self) -> bool {
        let mut way_out = self.way_out();
        let now = Timespec::default();
        let has_ended = way_out.as_ref().is_some_and(|pidfd| {
            poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&now)).is_ok_and(|count| count > 0)
        });
        way_out.take_if(|_| has_ended).is_some()
    }

    /// Makes `command`, once it is started, one in this namespace.
    ///
    /// # Errors
    /// What pidfd_open(2) said.
    pub(crate) fn enter(&self, command: &mut Command) -> io::Result<()> {
        isolate::enter(command, pidfd_open(self.pid)?, self.with_user);
        Ok(())
    }

    /// Returns a TCP socket of the namespace, of IPv6 or IPv4, that does not wait.
    ///
    /// # Errors
    /// What socket(2) said inside; `BrokenPipe` if the inlet has ended.
    pub fn socket(&self, is_v6: bool) -> io::Result<OwnedFd> {
        let mut line = self.line();
        let family = usize::from(is_v6);
        if line.spare[family].is_empty() {
            line.spare[family] = line.ask([V4, V6][family], None)?;
        }
        line.spare[family].pop().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Returns a UDP socket of the namespace.
    ///
    /// # Errors
    /// As [`Isolation::socket`].
    pub fn datagram_socket(&self, is_v6: bool) -> io::Result<OwnedFd> {
        let mut sockets = self.line().ask(if is_v6 { UDP_V6 } else { UDP_V4 }, None)?;
        sockets.pop().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Returns what listens in the namespace, by TCP.
    ///
    /// # Errors
    /// What netlink said, or where that is denied, reading /proc.
    pub fn listeners(&self) -> io::Result<Vec<Inner>> {
        let Some(records) = self.records(Transport::Tcp, LISTEN)? else { return self.listeners_by_table() };
        let inner = |at, v6_only: Option<bool>| Inner { at, v6_only: v6_only.unwrap_or(false) };
        Ok(records.iter().map(|record| inner(record.local, record.v6_only)).collect())
    }

    /// Returns where UDP is received in the namespace from anybody; nothing where netlink is denied.
    ///
    /// # Errors
    /// What netlink said.
    pub fn receivers(&self) -> io::Result<Vec<SocketAddr>> {
        let records = self.records(Transport::Udp, CLOSE)?.unwrap_or_default();
        Ok(records.iter().map(|record| record.local).collect())
    }

    fn records(&self, transport: Transport, state: u8) -> io::Result<Option<Vec<Record>>> {
        let mut diag = self.diag.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(diag) = diag.as_mut() else { return Ok(None) };
        let mut records = Vec::new();
        for family in [Family::V4, Family::V6] {
            let request = Request { family, transport, states: 1 << state, local_port: 0, remote_port: 0 };
            diag.dump(&request, &mut records)?;
        }
        Ok(Some(records))
    }

    /// Any process of the namespace is a window into it.
    fn listeners_by_table(&self) -> io::Result<Vec<Inner>> {
        let query = SocketQuery {
            protocols: vec![Protocol::Tcp],
            states: vec![TcpState::Listen],
            local_port: None,
            remote_port: None,
        };
        let listed = sockets::tables(&ProcDir::open()?, &self.pid.to_string(), &query)?;
        Ok(listed.iter().map(|socket| Inner { at: socket.local, v6_only: false }).collect())
    }

    /// Returns the cookie of the namespace (SO_NETNS_COOKIE, socket(7)); 0 if the kernel tells none.
    #[must_use]
    pub fn cookie(&self) -> u64 {
        self.cookie
    }

    /// Returns the processes that serve the namespace, and are no part of what runs in it.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.servants().iter().map(Child::id).collect()
    }

    /// Ends them.
    pub fn dismiss(&self) {
        *self.way_out() = None;
        for mut servant in self.servants().drain(..) {
            // Whoever waits for all children may have taken leave of it.
            let _ = servant.kill();
            let _ = servant.wait();
        }
    }

    fn way_out(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.way_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn servants(&self) -> MutexGuard<'_, Vec<Child>> {
        self.servants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Isolation {
    fn drop(&mut self) {
        self.dismiss();
    }
}

impl Line {
    /// Asks for sockets.
    fn ask(&mut self, what: u8, beside: Option<BorrowedFd<'_>>) -> io::Result<Vec<OwnedFd>> {
        self.tell(what, beside)?;
        let deadline = Instant::now() + PATIENCE;
        let (mut answer, mut sockets) = ([0; 4], Vec::new());
        loop {
            match local::receive(self.end.as_fd(), &mut answer, &mut sockets) {
                Ok(4) if answer == [0; 4] => return Ok(sockets),
                Ok(4) => return Err(io::Error::from_raw_os_error(i32::from_ne_bytes(answer))),
                Ok(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    wait(self.end.as_fd(), Some(left))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn tell(&mut self, what: u8, beside: Option<BorrowedFd<'_>>) -> io::Result<()> {
        local::send(self.end.as_fd(), &[what], beside.as_slice()).map(drop)
    }
}

/// Makes sockets for whoever has the other end of standard input, until nobody has; then ends everything else in this
/// network namespace, unless that is `outside`, the inode of the one which the other end lives in.
///
/// # Errors
/// `InvalidInput` if it is; what recvmsg(2) or sendmsg(2) said, and nothing is ended then.
pub fn serve(outside: u64) -> io::Result<()> {
    if ProcDir::open()?.inode("self/ns/net")? == outside {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is to be started by wharf run --isolate",
        ));
    }
    let stdin = io::stdin();
    let (line, mut end_too) = (stdin.as_fd(), Vec::new());
    let (mut asked, mut has_served) = ([0], false);
    loop {
        let mut beside = Vec::new();
        match local::receive(line, &mut asked, &mut beside) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(line, None)?;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        end_too.append(&mut beside);
        if asked[0] != ENDS_TOO {
            let (code, sockets) = match make(asked[0]) {
                Ok(sockets) => (0, sockets),
                Err(error) => {
                    (error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error()), Vec::new())
                }
            };
            let sockets: Vec<BorrowedFd<'_>> = sockets.iter().map(AsFd::as_fd).collect();
            local::send(line, &code.to_ne_bytes(), &sockets)?;
        }
        has_served = true;
    }
    for servant in end_too {
        // It may have ended by itself.
        let _ = send_signal(servant.as_fd(), crate::signals::KILL);
    }
    if has_served {
        end_all();
    }
    Ok(())
}

fn make(what: u8) -> io::Result<Vec<OwnedFd>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (family, kind, protocol, count) = match what {
        V4 => (AddressFamily::INET, SocketType::STREAM, None, AT_ONCE),
        V6 => (AddressFamily::INET6, SocketType::STREAM, None, AT_ONCE),
        UDP_V4 => (AddressFamily::INET, SocketType::DGRAM, None, 1),
        UDP_V6 => (AddressFamily::INET6, SocketType::DGRAM, None, 1),
        _ => (AddressFamily::NETLINK, SocketType::DGRAM, Some(netlink::SOCK_DIAG), 1),
    };
    // Netlink is asked, and waited for.
    let flags = if count == 1 { SocketFlags::CLOEXEC } else { flags };
    (0..count).map(|_| Ok(rustix::net::socket_with(family, kind, flags, protocol)?)).collect()
}

/// Ends every other process of this network namespace: asks first, and kills what does not obey.
fn end_all() {
    let begin = Instant::now();
    let mut asked = Vec::new();
    loop {
        let others = namespaces::neighbours();
        if others.is_empty() {
            return;
        }
        for pid in others {
            let Ok(process) = pidfd_open(pid) else { continue };
            // Whoever has ended needs no signal, and one of another user cannot be told.
            let _ = if begin.elapsed() > GRACE {
                send_signal(process.as_fd(), crate::signals::KILL)
            } else if asked.contains(&pid) {
                Ok(())
            } else {
                asked.push(pid);
                send_signal(process.as_fd(), crate::signals::TERM)
            };
        }
        if begin.elapsed() > GRACE * 2 {
            return;
        }
        std::thread::sleep(STEP);
    }
}

fn wait(line: BorrowedFd<'_>, patience: Option<Duration>) -> io::Result<()> {
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut [PollFd::from_borrowed_fd(line, PollFlags::IN)], patience.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Says what denies a network namespace, as far as can be told.
fn denial(error: &io::Error) -> String {
    let setting = |path: &str| fs::read_to_string(format!("/proc/sys/{path}")).unwrap_or_default();
    let is = |path: &str, value: &str| setting(path).trim() == value;
    let why = if is("kernel/unprivileged_userns_clone", "0") {
        "sysctl kernel.unprivileged_userns_clone is 0".to_owned()
    } else if is("user/max_user_namespaces", "0") || is("user/max_net_namespaces", "0") {
        "sysctl user.max_user_namespaces or user.max_net_namespaces is 0".to_owned()
    } else if error.raw_os_error() == Some(rustix::io::Errno::NOSPC.raw_os_error()) {
        "there are as many as sysctl user.max_user_namespaces or user.max_net_namespaces allows".to_owned()
    } else if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        "AppArmor denies it (sysctl kernel.apparmor_restrict_unprivileged_userns is 1)".to_owned()
    } else {
        format!("{error}: a container or a security module may deny it")
    };
    format!("no network namespace can be had, so --isolate cannot: {why}")
}

/// Least port that the kernel chooses in the namespace of a run, where that could be arranged.
pub const CHOSEN_BY_KERNEL: u16 = isolate::CHOSEN_BY_KERNEL;
/// What the inlet is asked for: a byte.
const V4: u8 = b'4';
const V6: u8 = b'6';
const UDP_V4: u8 = b'u';
const UDP_V6: u8 = b'U';
const DIAG: u8 = b'd';
/// What is handed over with it, a pidfd, ends with wharf.
const ENDS_TOO: u8 = b'e';
/// How many sockets are made at once: each costs little, a question and its answer more.
const AT_ONCE: usize = 16;
/// How long the inlet may take for an answer, from its start on.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(5);
