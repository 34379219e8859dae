//! Requests that fail while routes change, and while the daemon starts anew.
//!
//! Half of the clients keep their connection, half open one for each request. A request has failed if its connection is
//! refused or breaks, or if the answer is not whole or not a 200.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::place::{HOST, Place, ROUTES, UPSTREAM, local};
use super::proxy::{Kind, Proxy};
use super::table::{Row, Table};
use super::wharf::{self, Api};
use crate::workspace;

/// The names of the rows.
pub(super) const KEYS: [&str; 2] = ["changes", "restart"];
const CHANGES: usize = 10_000;
/// Restarts, and reloads of nginx.
const TIMES: usize = 5;
const CLIENTS: usize = 8;
/// Before, between and after what is done.
const PAUSE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the rows that are wanted.
pub(super) fn measure(
    place: &Place,
    kinds: &[Kind],
    is_wanted: &impl Fn(&str) -> bool,
    table: &mut Table,
) -> Result<()> {
    let [changes, restart] = KEYS;
    let is_there = |kind: Kind| kinds.contains(&kind);
    if is_wanted(changes) {
        let mut all = Vec::new();
        if is_there(Kind::Wharf) {
            all.push(under_load(place, Kind::Wharf, |_| change_routes(place))?);
        }
        if is_there(Kind::Nginx) {
            all.push(under_load(place, Kind::Nginx, reload)?);
        }
        let what = format!("{CHANGES} changes of routes (nginx: {TIMES} reloads), failed requests");
        add(table, what, all);
    }
    if is_wanted(restart) && is_there(Kind::Wharf) {
        let counts = under_load(place, Kind::Wharf, |_| restart_daemon(place))?;
        add(table, format!("{TIMES} restarts of the daemon, failed requests"), vec![counts]);
    }
    Ok(())
}

/// What clients have met.
#[derive(Default)]
struct Counts {
    kind: Option<Kind>,
    asked: AtomicUsize,
    failed: AtomicUsize,
    /// Why the first one failed.
    fault: Mutex<Option<String>>,
}

fn add(table: &mut Table, what: String, all: Vec<Counts>) {
    let mut cells = Vec::new();
    let mut own = None;
    for Counts { kind, asked, failed, fault } in all {
        let Some(kind) = kind else { continue };
        let failed = failed.into_inner();
        cells.push((kind, format!("{failed} of {}", asked.into_inner())));
        if let Some(fault) = fault.into_inner().ok().flatten() {
            table.note(format!("{}, {what}: the first: {fault}", kind.name()));
        }
        if kind == Kind::Wharf {
            own = Some(failed == 0);
        }
    }
    let mut row = Row::new(what, cells);
    row.to_reach = "0".to_owned();
    row.is_reached = own;
    table.add(row);
}

/// Starts a proxy, and does something while clients ask it all the time.
fn under_load(place: &Place, kind: Kind, work: impl FnOnce(&Proxy) -> Result<()>) -> Result<Counts> {
    let proxy = place.start(kind, ROUTES)?;
    let counts = Counts { kind: Some(kind), ..Counts::default() };
    let is_over = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (counts, is_over) = (&counts, &is_over);
            scope.spawn(move || ask_until(is_over, counts, kind.ports().http, client % 2 == 0));
        }
        thread::sleep(PAUSE);
        let done = work(&proxy);
        thread::sleep(PAUSE);
        is_over.store(true, Ordering::Relaxed);
        done
    });
    proxy.end()?;
    done?;
    Ok(counts)
}

fn ask_until(is_over: &AtomicBool, counts: &Counts, port: u16, keeps: bool) {
    let mut kept = None;
    while !is_over.load(Ordering::Relaxed) {
        counts.asked.fetch_add(1, Ordering::Relaxed);
        match ask(kept.take(), port, keeps) {
            Ok(stream) => kept = stream,
            Err(error) => {
                counts.failed.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut fault) = counts.fault.lock() {
                    fault.get_or_insert_with(|| format!("{error:#}"));
                }
            }
        }
    }
}

/// Asks once; returns the connection if it is kept.
fn ask(kept: Option<TcpStream>, port: u16, keeps: bool) -> Result<Option<TcpStream>> {
    let is_new = kept.is_none();
    let mut stream = match kept {
        Some(stream) => stream,
        None => TcpStream::connect(local(port)).context("connect")?,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let close = if keeps { "" } else { "Connection: close\r\n" };
    let age = if is_new { "new" } else { "kept" };
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{close}\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"hello world\n") {
        let count = stream.read(&mut buffer).with_context(|| format!("read on a {age} connection"))?;
        let so_far = || String::from_utf8_lossy(&answer).lines().next().unwrap_or("nothing").to_owned();
        ensure!(count > 0, "a {age} connection ended after: {}", so_far());
        answer.extend_from_slice(&buffer[..count]);
    }
    let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    ensure!(head.starts_with("http/1.1 200 "), "{}", head.lines().next().unwrap_or_default());
    let stays = keeps && !head.contains("\r\nconnection: close\r\n");
    Ok(stays.then_some(stream))
}

fn change_routes(place: &Place) -> Result<()> {
    let mut api = Api::reach(place, ROUTES)?;
    for index in 0..CHANGES / 2 {
        let host = format!("c{index}.bench.localhost");
        api.add(&host, UPSTREAM)?;
        api.remove(&host)?;
    }
    Ok(())
}

fn restart_daemon(place: &Place) -> Result<()> {
    for _ in 0..TIMES {
        workspace::output(&mut wharf::own(place, ROUTES, &["daemon", "restart"]))?;
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn reload(nginx: &Proxy) -> Result<()> {
    for _ in 0..TIMES {
        kill_process(Pid::from_child(&nginx.children[0]), Signal::HUP)?;
        thread::sleep(PAUSE);
    }
    Ok(())
}
