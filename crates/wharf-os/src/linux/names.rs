//! Names for a network namespace whose own loopback has no resolver: what is asked there of a nameserver that is at
//! loopback outside (systemd-resolved, dnsmasq; resolv.conf(5)) is asked of it, and the answer handed back. UDP alone; by TCP
//! it is a door like others ([`crate::relay`]).

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType, sockopt};

use crate::isolation::Isolation;

/// Returns the nameservers of this machine that are at loopback.
#[must_use]
pub fn at_loopback() -> Vec<SocketAddr> {
    servers(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
}

/// Answers questions to `server` from inside, until this process ends.
///
/// # Errors
/// What socket(2) or bind(2) said, inside.
pub fn relay(isolation: &Isolation, server: SocketAddr) -> io::Result<()> {
    let inside = isolation.datagram_socket(server.is_ipv6())?;
    // A program may serve names itself, on all addresses.
    sockopt::set_socket_reuseaddr(&inside, true)?;
    rustix::net::bind(&inside, &server)?;
    thread::spawn(move || {
        let (mut questions, mut buffer) = (Vec::new(), vec![0; LONGEST]);
        while turn(&inside, server, &mut questions, &mut buffer).is_ok() {}
    });
    Ok(())
}

/// A question that has no answer yet.
struct Question {
    socket: OwnedFd,
    from: SocketAddrAny,
    since: Instant,
}

fn turn(
    inside: &OwnedFd,
    server: SocketAddr,
    questions: &mut Vec<Question>,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut watched = vec![PollFd::new(inside, PollFlags::IN)];
    watched.extend(questions.iter().map(|question| PollFd::new(&question.socket, PollFlags::IN)));
    let patience = Timespec::try_from(PATIENCE).ok();
    match poll(&mut watched, patience.as_ref().filter(|_| !questions.is_empty())) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let ready: Vec<bool> = watched.iter().map(|fd| !fd.revents().is_empty()).collect();
    let mut answered = ready.iter().skip(1);
    questions.retain(|question| {
        let is_answered = *answered.next().unwrap_or(&false);
        // Refused, it is asked again by who asks.
        if is_answered
            && let Ok((length, _)) = rustix::net::recv(&question.socket, &mut *buffer, RecvFlags::DONTWAIT)
        {
            let _ = rustix::net::sendto(inside, &buffer[..length], SendFlags::DONTWAIT, &question.from);
        }
        !is_answered && question.since.elapsed() < PATIENCE
    });
    if !ready[0] {
        return Ok(());
    }
    let Ok((length, _, Some(from))) = rustix::net::recvfrom(inside, &mut *buffer, RecvFlags::DONTWAIT) else {
        return Ok(());
    };
    if questions.len() >= AT_ONCE {
        questions.remove(0);
    }
    // One that cannot be asked has no answer.
    questions.extend(ask(server, &buffer[..length]).ok().map(|socket| Question {
        socket,
        from,
        since: Instant::now(),
    }));
    Ok(())
}

fn ask(server: SocketAddr, question: &[u8]) -> io::Result<OwnedFd> {
    let family = if server.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &server)?;
    rustix::net::send(&socket, question, SendFlags::DONTWAIT)?;
    Ok(socket)
}

fn servers(resolv_conf: &str) -> Vec<SocketAddr> {
    let address = |line: &str| line.strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok();
    let at_loopback = resolv_conf.lines().filter_map(address).filter(IpAddr::is_loopback);
    at_loopback.map(|address| SocketAddr::new(address, PORT)).collect()
}

/// The port of names.
const PORT: u16 = 53;
/// Bytes of the longest datagram.
const LONGEST: usize = 1 << 16;
/// How long a question waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Questions at once; more are of no use to anybody.
const AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use super::servers;

    #[test]
    fn only_a_nameserver_at_loopback_is_relayed_to() {
        let text = "# nameserver 127.0.0.1\nnameserver 127.0.0.53\nnameserver 192.0.2.1\noptions edns0\nnameserver ::1\n";
        let found: Vec<String> = servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["127.0.0.53:53", "[::1]:53"]);
        assert!(servers("").is_empty());
    }
}
