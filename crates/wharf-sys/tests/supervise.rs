//! Real programs under a supervisor of bind(2) and listen(2), on loopback and on ports that the kernel chooses.
//!
//! Not here: that other ways around the filter exist (io_uring), and what a supervisor should answer.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests start programs and print")]

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use wharf_sys::linux::seccomp::{
    Answer, Call, Filter, Notification, Refusal, SocketCallKind, Supervised, spawn,
};
use wharf_sys::linux::socket_control::{self, Domain, Kind};
use wharf_sys::linux::{descriptor, process_memory};
use wharf_testkit::skip;

/// Starts a program with its output in a pipe, or ends the test as skipped where seccomp is denied.
macro_rules! supervised {
    ($command:expr) => {
        match spawn($command.stdin(Stdio::null()).stdout(Stdio::piped()), &Filter::default().program()) {
            Ok(run) => run,
            Err(error) => match Refusal::of(&error) {
                Some(refusal) => skip!("{refusal}"),
                None => panic!("{error}"),
            },
        }
    };
}

/// What a program did: how it ended and what it wrote.
struct Outcome {
    status: ExitStatus,
    text: String,
}

/// Waits for the next call; `None` once no process is left under the filter.
fn next(run: &Supervised, deadline: Instant) -> Option<Notification> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "the program neither calls nor ends");
        let mut fds = [PollFd::new(&run.notifications, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::try_from(left).unwrap())).unwrap();
        let seen = fds[0].revents();
        if seen.contains(PollFlags::IN) {
            if let Some(call) = run.notifications.receive().unwrap() {
                return Some(call);
            }
        } else if seen.contains(PollFlags::HUP) {
            return None;
        }
    }
}

/// Answers all calls of a program until it ends.
fn supervise(mut run: Supervised, mut on: impl FnMut(&Supervised, Notification) -> Answer) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Some(call) = next(&run, deadline) {
        let answer = on(&run, call);
        run.notifications.answer(call.id, answer).unwrap();
    }
    let mut text = String::new();
    run.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    Outcome { status: run.child.wait().unwrap(), text }
}

fn python(program: &str, port: u16) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", program, &port.to_string()]);
    command
}

/// A port of loopback that is taken for as long as the listener lives.
fn taken() -> (TcpListener, u16) {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    (holder, port)
}

fn read(tid: u32, address: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let read = process_memory::read(tid, address, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

const SERVER: &str = "
import socket, sys
s = socket.socket()
s.bind(('127.0.0.1', int(sys.argv[1])))
s.listen(7)
print(s.getsockname()[1], flush=True)
s.accept()
";

/// Binds in the caller's stead, to a port that the kernel chooses; listens in its stead, on `lo` alone.
fn carry_out(
    run: &Supervised,
    call: Notification,
    asked: u16,
    got: &mut Option<(OwnedFd, u16)>,
) -> io::Result<()> {
    match call.call {
        Call::Bind { fd, address, length } => {
            let mut bytes = read(call.tid, address, length as usize)?;
            let socket = descriptor::duplicate(call.tid, fd)?;
            assert!(run.notifications.is_valid(call.id));
            assert_eq!(
                socket_control::parse_sockaddr(&bytes),
                Some(SocketAddr::from(([127, 0, 0, 1], asked)))
            );
            assert_eq!(socket_control::socket_kind(socket.as_fd())?, (Domain::Inet, Kind::Stream));
            let own = TcpListener::bind("127.0.0.1:0")?;
            let cookie = socket_control::netns_cookie(own.as_fd())?;
            assert_eq!(socket_control::netns_cookie(socket.as_fd())?, cookie);
            socket_control::write_port(&mut bytes, 0);
            socket_control::bind(socket.as_fd(), &bytes)?;
            let port = socket_control::local_address(socket.as_fd())?.unwrap().port();
            *got = Some((socket, port));
        }
        Call::Listen { fd, backlog } => {
            assert_eq!(backlog, 7);
            let socket = descriptor::duplicate(call.tid, fd)?;
            socket_control::bind_to_device(socket.as_fd(), "lo")?;
            socket_control::listen(socket.as_fd(), backlog)?;
            // Its accept(2) then returns, and the program ends.
            let (_, port) = got.as_ref().unwrap();
            std::net::TcpStream::connect(("127.0.0.1", *port))?;
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_supervisor_binds_elsewhere_and_the_program_tells_that_port() {
    let (_holder, asked) = taken();
    let run = supervised!(python(SERVER, asked));
    let mut got = None;
    let mut denied = None;
    let outcome = supervise(run, |run, call| match carry_out(run, call, asked, &mut got) {
        Ok(()) => Answer::Value(0),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            denied = Some(error);
            Answer::Errno(errno)
        }
    });
    match denied {
        Some(error) if error.kind() == io::ErrorKind::PermissionDenied => skip!("{error}"),
        Some(error) => panic!("{error}"),
        None => {}
    }
    assert!(outcome.status.success());
    let (socket, port) = got.unwrap();
    assert_ne!(port, asked);
    assert_eq!(outcome.text, format!("{port}\n"));
    assert_eq!(socket_control::bound_device(socket.as_fd()).unwrap().as_deref(), Some("lo"));
}

const TRY: &str = "
import socket, sys
s = socket.socket()
try:
    s.bind(('127.0.0.1', int(sys.argv[1])))
    s.listen()
    print(s.getsockname()[1])
except OSError as error:
    print('errno', error.errno)
";

#[test]
fn a_call_that_continues_is_made_by_the_kernel() {
    let mut calls = Vec::new();
    let run = supervised!(python(TRY, 0));
    let outcome = supervise(run, |_, call| {
        calls.push(call);
        Answer::Continue
    });
    assert_ne!(outcome.text.trim().parse::<u16>().unwrap(), 0);
    let [Call::Bind { fd, length: 16, .. }, Call::Listen { fd: same, .. }] = [calls[0].call, calls[1].call]
    else {
        panic!("{calls:?}")
    };
    assert_eq!((fd, calls.len()), (same, 2));
    assert_ne!(calls[0].id, calls[1].id);

    let (_holder, asked) = taken();
    let outcome = supervise(supervised!(python(TRY, asked)), |_, _| Answer::Continue);
    assert_eq!(outcome.text, format!("errno {}\n", libc::EADDRINUSE));
}

#[test]
fn a_refused_call_fails_with_that_error() {
    let run = supervised!(python(TRY, 0));
    let outcome = supervise(run, |_, _| Answer::Errno(libc::EADDRNOTAVAIL));
    assert_eq!(outcome.text, format!("errno {}\n", libc::EADDRNOTAVAIL));
}

#[test]
fn an_answer_to_a_caller_that_was_killed_is_no_error() {
    let mut run = supervised!(python(TRY, 0));
    let deadline = Instant::now() + Duration::from_secs(30);
    let call = next(&run, deadline).unwrap();
    assert!(run.notifications.is_valid(call.id));
    run.child.kill().unwrap();
    assert_eq!(run.child.wait().unwrap().signal(), Some(libc::SIGKILL));
    assert!(!run.notifications.is_valid(call.id));
    for answer in [Answer::Continue, Answer::Value(0), Answer::Errno(libc::EPERM)] {
        run.notifications.answer(call.id, answer).unwrap();
    }
    assert_eq!(next(&run, deadline), None);
}

#[test]
fn threads_and_children_are_supervised_too() {
    let program = "
import os, socket, threading
def serve():
    socket.socket().bind(('127.0.0.1', 0))
thread = threading.Thread(target=serve)
thread.start()
thread.join()
child = os.fork()
if child == 0:
    serve()
    os._exit(0)
os.waitpid(child, 0)
";
    let run = supervised!(python(program, 0));
    let leader = run.child.id();
    let mut callers = Vec::new();
    let outcome = supervise(run, |run, call| {
        let Call::Bind { fd, address, length } = call.call else { panic!("{call:?}") };
        callers.push(call.tid);
        assert_eq!(read(call.tid, address, length as usize).map(|bytes| bytes.len()).unwrap_or(16), 16);
        if let Ok(socket) = descriptor::duplicate(call.tid, fd) {
            assert_eq!(socket_control::socket_kind(socket.as_fd()).unwrap().1, Kind::Stream);
        }
        assert!(run.notifications.is_valid(call.id));
        Answer::Continue
    });
    assert!(outcome.status.success());
    assert_eq!(callers.len(), 2);
    assert!(!callers.contains(&leader) && callers[0] != callers[1]);
}

/// The role of this test inside the supervised one is told by the environment.
#[test]
fn a_supervisor_inside_another_is_refused() {
    const INSIDE: &str = "WHARF_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        let error = spawn(&mut Command::new("true"), &Filter::default().program()).unwrap_err();
        assert_eq!((Refusal::of(&error), error.kind()), (Some(Refusal::Nested), io::ErrorKind::ResourceBusy));
        println!("refused: {error}");
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_supervisor_inside_another_is_refused", "--nocapture"]).env(INSIDE, "1");
    let outcome = supervise(supervised!(command), |_, _| Answer::Continue);
    assert!(outcome.status.success(), "{}", outcome.text);
    assert!(outcome.text.contains("refused: a seccomp filter"), "{}", outcome.text);
}

/// Returns the value of a line in a /proc/self/status that a program wrote.
fn status<'a>(outcome: &'a Outcome, name: &str) -> &'a str {
    let line = outcome.text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim()
}

#[test]
fn privileges_are_given_up_only_where_the_kernel_demands_it() {
    let show = || {
        let mut command = Command::new("cat");
        command.arg("/proc/self/status");
        command
    };
    let outcome = supervise(supervised!(show()), |_, _| Answer::Continue);
    assert_eq!(status(&outcome, "Seccomp"), "2");
    let effective = u64::from_str_radix(status(&outcome, "CapEff"), 16).unwrap();
    // CAP_SYS_ADMIN is number 21 (capabilities(7)).
    let is_administrator = effective & (1 << 21) != 0;
    // A container may have set it before us.
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = Outcome { status: outcome.status, text: own };
    let expected = if is_administrator { status(&own, "NoNewPrivs") } else { "1" };
    assert_eq!(status(&outcome, "NoNewPrivs"), expected);
    if rustix::process::geteuid().is_root() {
        let mut command = show();
        let outcome = supervise(supervised!(command.uid(65_534).gid(65_534)), |_, _| Answer::Continue);
        assert_eq!((status(&outcome, "Seccomp"), status(&outcome, "NoNewPrivs")), ("2", "1"));
    }
}

#[test]
fn a_command_that_is_started_again_runs_without_the_filter() {
    let mut command = Command::new("cat");
    let first = supervise(supervised!(command.arg("/proc/self/status")), |_, _| Answer::Continue);
    let again = command.output().unwrap();
    let again = Outcome { status: again.status, text: String::from_utf8(again.stdout).unwrap() };
    assert_eq!(status(&first, "Seccomp"), "2");
    let own = Outcome { status: first.status, text: std::fs::read_to_string("/proc/self/status").unwrap() };
    assert_eq!(status(&again, "Seccomp"), status(&own, "Seccomp"));
}

/// `int $0x80` with eax, ebx, ecx, edx from the four arguments: the calls of a 32-bit program, made by a 64-bit one.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: &str = "
import ctypes, mmap, socket, struct, sys
MAP_32BIT = 0x40
room = mmap.mmap(-1, 8192, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT, 7)
room[:12] = bytes.fromhex('5389f889f387d1cd805bc3cc')
base = ctypes.addressof(ctypes.c_char.from_buffer(room))
call = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * 4)(base)
s = socket.socket()
fd, address, arguments = s.fileno(), base + 4096, base + 5120
room[4096:4112] = struct.pack('=HH4s8x', 2, socket.htons(int(sys.argv[1])), bytes([127, 0, 0, 1]))
room[5120:5132] = struct.pack('=iIi', fd, address, 16)
print(call(102, 2, arguments, 0), call(361, fd, address, 16), flush=True)
room[5120:5128] = struct.pack('=ii', fd, 9)
print(call(102, 4, arguments, 0), call(363, fd, 9, 0), call(20, 0, 0, 0) > 0)
";

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_32_bit_programs_are_notified_in_both_forms() {
    let asked = 4123;
    let mut calls = Vec::new();
    let outcome = supervise(supervised!(python(OLD_CALLS, asked)), |_, call| {
        let told = match call.call {
            Call::SocketCall { kind, arguments } => {
                let is_bind = kind == SocketCallKind::Bind;
                let length = if is_bind { 12 } else { 8 };
                let words = read(call.tid, arguments, length).unwrap_or_default();
                let words: Vec<_> =
                    words.chunks(4).map(|w| u32::from_ne_bytes(w.try_into().unwrap())).collect();
                let address = if is_bind { address(call.tid, words[1].into(), words[2]) } else { None };
                format!("socketcall {address:?} {}", words.last().unwrap())
            }
            Call::Bind { address: at, length, .. } => format!("bind {:?}", address(call.tid, at, length)),
            Call::Listen { backlog, .. } => format!("listen {backlog}"),
            Call::Connect { .. } | Call::Name { .. } | Call::Option { .. } | Call::Other => {
                "other".to_owned()
            }
        };
        calls.push(told);
        Answer::Errno(200 + i32::try_from(calls.len()).unwrap())
    });
    if outcome.status.signal() == Some(libc::SIGSEGV) {
        skip!("the kernel has no 32-bit system calls");
    }
    assert_eq!(outcome.text, "-201 -202\n-203 -204 True\n");
    let address = "Some(127.0.0.1:4123)";
    let expected = [
        format!("socketcall {address} 16"),
        format!("bind {address}"),
        "socketcall None 9".into(),
        "listen 9".into(),
    ];
    assert_eq!(calls, expected);
}

#[cfg(target_arch = "x86_64")]
fn address(tid: u32, at: u64, length: u32) -> Option<SocketAddr> {
    socket_control::parse_sockaddr(&read(tid, at, length as usize).ok()?)
}
