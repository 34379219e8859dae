//! What must hold for any bytes at all, as functions that panic where it does not: for the fuzzer (`fuzz/`), and for the
//! tests, which write their own bytes.
//!
//! Compiled for these two alone. Each compares what the router makes of bytes with what a reader that shares no code with it
//! ([`strict`]) makes of what the router writes. Not here: the bytes ([`tests`]).

mod strict;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use wharf_model::route::{Route, RouteOrigin, Upstream};

use crate::host;
use crate::http1::chunked::{Chunks, Piece};
use crate::http1::framing::Framing;
use crate::http1::lines::{HeadEnd, empty_lines};
use crate::http1::{request, response};
use crate::origin::Origin;
use crate::table::{Readiness, Table, target};

/// A request as the router understands it, and what it writes of it for the upstream.
struct Passed {
    method: String,
    target: String,
    host: String,
    body: Vec<u8>,
    out: Vec<u8>,
    /// Bytes that it took.
    taken: usize,
    end: End,
}

/// How a request ends.
#[derive(PartialEq, Eq)]
enum End {
    /// Another may follow.
    Whole,
    /// It is the last of its connection.
    Last,
    /// No more of it comes.
    Short,
    /// Its body is not framed as it should be.
    Bad,
}

/// Reads requests as a connection of a client does, and checks for each that an upstream sees that one and no other. Returns
/// how many there were.
///
/// # Panics
/// If an upstream could take one for another, for two, or for none.
pub fn requests(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    loop {
        bytes = &bytes[empty_lines(bytes)..];
        let came = bytes;
        let Some(passed) = next_request(&mut bytes) else { return count };
        check_reading(came, &passed);
        let seen = strict::request(&passed.out);
        let shown = passed.out.escape_ascii();
        match passed.end {
            End::Whole | End::Last => {
                let (seen, rest) = seen.unwrap_or_else(|why| panic!("{why:?}: {shown}"));
                assert!(rest.is_empty(), "there is a second one: {shown}");
                assert_eq!((&seen.method, &seen.target), (&passed.method, &passed.target), "{shown}");
                assert_eq!(
                    seen.body.escape_ascii().to_string(),
                    passed.body.escape_ascii().to_string(),
                    "{shown}"
                );
                check_fields(&seen, &passed.host);
                count += 1;
            }
            End::Short | End::Bad => {
                assert_eq!(seen.err(), Some(strict::Why::Short), "half of a request looks whole: {shown}");
            }
        }
        if passed.end != End::Whole {
            return count;
        }
    }
}

/// Checks that nobody before the router can have read what came in another way.
fn check_reading(came: &[u8], passed: &Passed) {
    let shown = came.escape_ascii();
    // Where the router is stricter, nothing is lost.
    if passed.end == End::Bad {
        return;
    }
    match strict::request(came) {
        Ok((seen, rest)) => {
            assert!(passed.end != End::Short, "{shown}");
            assert_eq!((seen.body, rest.len()), (passed.body.clone(), came.len() - passed.taken), "{shown}");
        }
        Err(strict::Why::Bad(why @ (strict::FRAMING | strict::CONTROL | strict::HOST | strict::ODD))) => {
            panic!("{why} is not for everybody the same: {shown}")
        }
        // Other forms of a target, an older version: there is one reading of these.
        Err(strict::Why::Bad(_) | strict::Why::Short) => {}
    }
}

/// Checks that what the router says of a request is said by nobody else.
fn check_fields(seen: &strict::Message, host: &str) {
    assert_eq!(seen.values("host"), [host]);
    for name in [
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "forwarded",
        "x-wharf-hops",
    ] {
        assert_eq!(seen.values(name).len(), 1, "{name}: {seen:?}");
    }
    for name in ["keep-alive", "proxy-connection", "te", "x-real-ip"] {
        assert!(seen.values(name).is_empty(), "{name}: {seen:?}");
    }
    assert!(matches!(seen.values("connection").as_slice(), [] | ["upgrade"]), "{seen:?}");
}

fn next_request(bytes: &mut &[u8]) -> Option<Passed> {
    let length = HeadEnd::default().find(bytes).ok()??;
    let (head, mut rest) = bytes.split_at(length);
    let at: SocketAddr = ([127, 0, 0, 1], 443).into();
    let origin = Origin::new(at, at);
    let read = request::read(head, |request| {
        // As at the door: who asks for no host is asked for nothing.
        host::of(request.authority)?;
        let told = target(&strip(), request.target).into_owned();
        let mut out = Vec::new();
        request.write(&mut out, &told, &origin);
        let is_last = !request.keep_alive || request.upgrade.is_some();
        let (method, host) = (request.method.to_owned(), request.authority.to_owned());
        Some((
            Passed { method, target: told, host, body: Vec::new(), out, taken: 0, end: End::Whole },
            request.framing,
            is_last,
        ))
    });
    let (mut passed, mut framing, is_last) = read.ok()??;
    let (data, is_bad) = follow(&mut framing, &mut rest, &mut passed.out);
    passed.body = data;
    passed.end = match () {
        () if is_bad => End::Bad,
        () if !framing.is_done() => End::Short,
        () if is_last => End::Last,
        () => End::Whole,
    };
    passed.taken = bytes.len() - rest.len();
    *bytes = rest;
    Some(passed)
}

/// Follows a body as far as it goes, writes it as it is, and returns the data in it, and whether its coding is bad.
fn follow(framing: &mut Framing, rest: &mut &[u8], out: &mut Vec<u8>) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    loop {
        match framing.next(rest) {
            Ok(Some(piece)) => {
                let (some, more) = rest.split_at(piece.len());
                if let Piece::Data(_) = piece {
                    data.extend_from_slice(some);
                }
                out.extend_from_slice(some);
                *rest = more;
            }
            Ok(None) => return (data, false),
            Err(_) => return (data, true),
        }
    }
}

/// Reads a response as that of an upstream, and checks that a client sees that one and no other. Returns whether it is one.
///
/// # Panics
/// If a client could take it for another.
pub fn response(bytes: &[u8]) -> bool {
    let Ok(Some(length)) = HeadEnd::lenient().find(bytes) else { return false };
    let (head, mut rest) = bytes.split_at(length);
    let asked = response::Asked { is_head: false, is_upgrade: false };
    let mut out = Vec::new();
    let read = response::read(head, asked, |response| {
        response.write(&mut out, false, matches!(response.framing, Framing::UntilEnd));
        (response.status, response.framing)
    });
    let Ok((status, mut framing)) = read else { return false };
    let is_until_end = matches!(framing, Framing::UntilEnd);
    let (data, is_bad) = follow(&mut framing, &mut rest, &mut out);
    let shown = out.escape_ascii();
    let seen = strict::response(&out);
    if is_bad || !framing.is_done() && !is_until_end {
        assert_eq!(seen.err(), Some(strict::Why::Short), "half of a response looks whole: {shown}");
        return false;
    }
    let (seen, rest) = seen.unwrap_or_else(|why| panic!("{why:?}: {shown}"));
    assert!(rest.is_empty(), "there is a second one: {shown}");
    assert_eq!((seen.status, &seen.body), (status, &data), "{shown}");
    assert_eq!(seen.is_until_end, is_until_end, "{shown}");
    true
}

/// Follows chunks, all at once and in pieces of `step` bytes, which must make no difference.
///
/// # Panics
/// If it does.
pub fn chunks(bytes: &[u8], step: usize) {
    let follow = |step: usize| {
        let (mut chunks, mut data, mut used) = (Chunks::default(), Vec::new(), 0);
        for some in bytes.chunks(step.max(1)) {
            let mut rest = some;
            loop {
                match chunks.next(rest) {
                    Ok(Some(piece)) => {
                        if let Piece::Data(count) = piece {
                            data.extend_from_slice(&rest[..count]);
                        }
                        used += piece.len();
                        rest = &rest[piece.len()..];
                    }
                    Ok(None) => break,
                    Err(_) => return (None, data, 0),
                }
            }
        }
        (Some(chunks.is_done()), data, used)
    };
    let whole = follow(bytes.len());
    assert_eq!(follow(step), whole, "{}", bytes.escape_ascii());
    let seen = strict::chunked(bytes);
    match whole.0 {
        Some(true) => assert_eq!(seen, Ok((whole.1, whole.2)), "{}", bytes.escape_ascii()),
        Some(false) => assert_eq!(seen, Err(strict::Why::Short), "{}", bytes.escape_ascii()),
        // Where the router is stricter, nothing is lost.
        None => {}
    }
}

/// Reads an authority.
///
/// # Panics
/// If what it names has another name, too.
pub fn authority(text: &str) {
    let Some(host) = host::of(text) else { return };
    assert!(
        !host.is_empty() && !host.ends_with('.') && !host.contains(['/', '@', '?', '#', ' ', '\\']),
        "{host:?}"
    );
    assert!(!host.bytes().any(|byte| byte.is_ascii_uppercase() && !host.starts_with('[')), "{host:?}");
    assert_eq!(host::of(&host).as_deref(), Some(&*host));
    assert_eq!(host::of(&format!("{host}:80")).as_deref(), Some(&*host));
}

/// Changes a table and a plain list as the bytes say, and looks up what the bytes name.
///
/// # Panics
/// If the two differ.
pub fn table(bytes: &[u8]) {
    let mut table = Table::default();
    let mut list: BTreeMap<(&str, Option<&str>), Arc<Route>> = BTreeMap::new();
    for (number, word) in bytes.chunks_exact(3).enumerate() {
        let host = HOSTS[usize::from(word[1]) % HOSTS.len()];
        let path = PATHS[usize::from(word[2]) % PATHS.len()];
        match word[0] % 4 {
            0 | 1 => {
                let port = u16::try_from(number % 9_999 + 1).unwrap_or(1);
                let route = Arc::new(route(host, path, word[0] % 8 < 4, port));
                table.put(Arc::clone(&route), Readiness::Ready);
                list.insert((host, path), route);
            }
            2 => assert_eq!(table.remove(host, path), list.remove(&(host, path)).is_some()),
            _ => {
                let asked = format!("{}{}", path.unwrap_or("/"), if word[2] > 127 { "/x?y" } else { "" });
                let found = table.find(host, &asked).map(|place| &*place.route);
                assert_eq!(found, find(&list, host, &asked), "{host}{asked}");
            }
        }
    }
    assert_eq!(table.all().len(), list.len());
}

/// Looks for the route of a host and a path, as a person would.
fn find<'a>(
    list: &'a BTreeMap<(&str, Option<&str>), Arc<Route>>,
    host: &str,
    path: &str,
) -> Option<&'a Route> {
    let has = |name: &str| list.keys().any(|(host, _)| *host == name);
    let leads = |route: &&Arc<Route>| {
        let Some(prefix) = &route.path else { return true };
        let (path, prefix) = (path.split('?').next().unwrap_or_default(), prefix.trim_end_matches('/'));
        path == prefix || path.starts_with(&format!("{prefix}/"))
    };
    let of = |name: &str, is_below: bool| {
        let all = list.values().filter(|route| route.host == name && (!is_below || route.wildcard));
        all.filter(leads).max_by_key(|route| route.path.as_ref().map_or(0, String::len)).map(|route| &**route)
    };
    if has(host) {
        return of(host, false);
    }
    let parents = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
    parents.filter_map(|parent| of(parent, true)).next()
}

fn route(host: &str, path: Option<&str>, wildcard: bool, port: u16) -> Route {
    Route {
        host: host.to_owned(),
        path: path.map(str::to_owned),
        strip: true,
        wildcard,
        upstream: Upstream::http(port),
        starting: false,
        url: None,
        address: None,
        note: None,
        name: None,
        origin: RouteOrigin::Added,
        process: None,
        uid: None,
    }
}

/// A route that keeps a part of the path from its upstream.
fn strip() -> Route {
    route("app.localhost", Some("/strip"), false, 1)
}

const HOSTS: [&str; 6] =
    ["localhost", "a.localhost", "b.a.localhost", "c.b.a.localhost", "z.localhost", "y.z.localhost"];
const PATHS: [Option<&str>; 5] = [None, Some("/a"), Some("/a/b"), Some("/ab"), Some("/a/b/c")];

#[cfg(test)]
mod tests;
