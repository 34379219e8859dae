//! The proxy that the client's environment puts in the way: whether it is there, and what it answers.
//!
//! Only one on this machine is asked: another machine's `localhost` is not this one. Not here: which variables count.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use wharf_os::examine::attempt::attempt;

use super::super::Context;
use super::http::Request;
use crate::facts::Facts;
use crate::facts::names::is_localhost;
use crate::facts::talk::proxy::{ProxySeen, chosen, place};
use crate::target::{Scheme, Target};

/// Looks whether a proxy is in the way, and asks it.
pub(in crate::gather) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(target) = facts.target().cloned() else { return };
    let Some(chosen) = chosen(&facts.client.environment, &target, facts.client.name.as_deref()) else {
        return;
    };
    let found = place(&chosen.url);
    let authority =
        found.as_ref().map_or_else(|| chosen.url.clone(), |(host, port)| format!("{host}:{port}"));
    let mut seen = ProxySeen { chosen, authority, is_local: false, attempt: None, status: None };
    let addresses = found.map(|(host, port)| at_loopback(&host, port)).unwrap_or_default();
    seen.is_local = !addresses.is_empty();
    let is_http = !seen.chosen.url.starts_with("socks");
    for address in addresses {
        let (made, stream) = attempt(address, PATIENCE.min(context.left()));
        seen.attempt = Some(made);
        if let Some(stream) = stream {
            if is_http {
                seen.status = ask(stream, &target, ANSWER.min(context.left()));
            }
            break;
        }
    }
    facts.talk.proxy = Some(seen);
}

/// Returns the loopback addresses of a host that is this machine by its name alone.
fn at_loopback(host: &str, port: u16) -> Vec<SocketAddr> {
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) if address.to_canonical().is_loopback() => vec![address],
        Ok(_) => Vec::new(),
        Err(_) if is_localhost(host) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Err(_) => Vec::new(),
    };
    addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

/// Asks the proxy as the client would, and returns the status of its answer.
fn ask(mut stream: TcpStream, target: &Target, patience: Duration) -> Option<u16> {
    let authority = target.authority();
    let request = match target.scheme {
        Some(Scheme::Http) => {
            let absolute = Target { path: format!("http://{authority}{}", target.path), ..target.clone() };
            Request::of(&absolute, None).without_password().bytes()
        }
        _ => format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").into_bytes(),
    };
    let until = Instant::now() + patience;
    stream.set_write_timeout(Some(patience.max(SHORTEST))).ok()?;
    stream.write_all(&request).ok()?;
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    while heard.len() < LINE && !heard.contains(&b'\n') {
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(SHORTEST))).ok()?;
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => heard.extend_from_slice(&buffer[..count]),
            _ => break,
        }
        if left.is_zero() {
            break;
        }
    }
    let line = heard.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.split(' ').nth(1)?.trim().parse().ok()
}

/// On loopback a connection takes a tenth of a millisecond.
const PATIENCE: Duration = Duration::from_millis(200);
const ANSWER: Duration = Duration::from_millis(400);
const SHORTEST: Duration = Duration::from_millis(1);
const LINE: usize = 4096;
