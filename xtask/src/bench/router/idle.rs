//! What a proxy takes up while nothing happens, and how soon it answers after its start. One proxy at a time.
//!
//! Not here: what it costs under load ([`super::rotation`]).

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::place::{HOST, Place, ROUTES, UPSTREAM};
use super::proxy::{Kind, Ports, Proxy, status, until};
use super::rotation::median;
use super::table::{Row, Table};
use super::wharf;

/// The names of the rows.
pub(super) const KEYS: [&str; 3] = ["memory", "connections", "start"];
const MANY_ROUTES: usize = 5_000;
const CONNECTIONS: usize = 1_000;
/// What a proxy has to come to rest.
const REST: Duration = Duration::from_secs(1);
/// Starts that are counted in one round of those that are given.
const STARTS: usize = 5;

/// What wharf is to reach: MB, KB for a connection, ms.
const DAEMON_MB: f64 = 12.0;
const ROUTER_MB: f64 = 6.0;
const CONNECTION_KB: [f64; 2] = [12.0, 24.0];
const START_MS: f64 = 8.0;

/// Opens connections, asks once on each, and stays until its standard input ends.
const CLIENT: &str = r#"
import socket, ssl, sys
host, port, count, tls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "tls"
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["http/1.1"])
kept = []
for _ in range(count):
    stream = socket.create_connection(("127.0.0.1", port), 10)
    if tls:
        stream = context.wrap_socket(stream, server_hostname=host)
    stream.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = b""
    while b"hello world\n" not in answer:
        some = stream.recv(4096)
        assert some, answer
        answer += some
    assert answer.startswith(b"HTTP/1.1 200"), answer
    kept.append(stream)
print("open", flush=True)
sys.stdin.read()
"#;

/// Measures the rows that are wanted.
pub(super) fn measure(
    place: &Place,
    kinds: &[Kind],
    rounds: usize,
    is_wanted: &impl Fn(&str) -> bool,
    table: &mut Table,
) -> Result<()> {
    let [memory, connections, start] = KEYS;
    if is_wanted(memory) {
        memory_rows(place, kinds, table)?;
    }
    if is_wanted(connections) {
        connection_rows(place, kinds, rounds, table)?;
    }
    if is_wanted(start) {
        table.add(start_row(place, kinds, rounds * STARTS)?);
    }
    Ok(())
}

fn memory_rows(place: &Place, kinds: &[Kind], table: &mut Table) -> Result<()> {
    let text = |[resident, shared]: [f64; 2]| format!("{resident:.1} / {shared:.1} MB");
    let what = "memory while idle, resident / proportional";
    let mut cells = Vec::new();
    for kind in kinds {
        cells.push((*kind, text(at_rest(place, *kind, 0)?)));
    }
    table.add(Row::new(format!("{what}, no routes"), cells));
    let (mut cells, mut own) = (Vec::new(), None);
    for kind in kinds {
        let memory = at_rest(place, *kind, MANY_ROUTES)?;
        cells.push((*kind, text(memory)));
        own = own.or((*kind == Kind::Wharf).then_some(memory));
    }
    let mut row = Row::new(format!("{what}, {MANY_ROUTES} routes"), cells);
    row.to_reach = format!("≤ {DAEMON_MB:.0} MB resident, the whole daemon");
    row.is_reached = own.map(|[resident, _]| resident <= DAEMON_MB);
    table.add(row);
    if let Some(whole) = own {
        let without = at_rest(place, Kind::Wharf, wharf::NO_ROUTER)?;
        let share = [whole[0] - without[0], whole[1] - without[1]];
        let mut row = Row::new("more than the daemon without a router", vec![(Kind::Wharf, text(share))]);
        row.to_reach = format!("≤ {ROUTER_MB:.0} MB resident");
        row.is_reached = Some(share[0] <= ROUTER_MB);
        table.add(row);
    }
    Ok(())
}

fn at_rest(place: &Place, kind: Kind, routes: usize) -> Result<[f64; 2]> {
    let proxy = if routes == wharf::NO_ROUTER {
        let children = place.launch(kind, routes)?;
        wharf::add_routes(place, routes)?;
        Proxy { kind, children, tcp: None }
    } else {
        place.start(kind, routes)?
    };
    thread::sleep(REST);
    let memory = memory_mb(&proxy.processes());
    proxy.end()?;
    memory
}

/// Returns what of processes is in memory, and the same with what several share divided among them.
fn memory_mb(processes: &[u32]) -> Result<[f64; 2]> {
    let mut sums = [0.0; 2];
    for pid in processes {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("smaps_rollup")?;
        for (sum, key) in sums.iter_mut().zip(["Rss:", "Pss:"]) {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).context("smaps_rollup")?;
            let kilobytes = line.split_ascii_whitespace().next().context("smaps_rollup")?;
            *sum += kilobytes.parse::<f64>()? * 1024.0 / 1e6;
        }
    }
    Ok(sums)
}

fn connection_rows(place: &Place, kinds: &[Kind], rounds: usize, table: &mut Table) -> Result<()> {
    for (is_tls, at_most) in [false, true].into_iter().zip(CONNECTION_KB) {
        let (mut cells, mut own) = (Vec::new(), None);
        for kind in kinds {
            let sizes =
                (0..rounds).map(|_| connection_kb(place, *kind, is_tls)).collect::<Result<Vec<_>>>()?;
            let size = median(sizes).context("a round")?;
            cells.push((*kind, format!("{size:.1} KB")));
            own = own.or((*kind == Kind::Wharf).then_some(size));
        }
        let name = if is_tls { "HTTPS (HTTP/1.1)" } else { "HTTP/1.1" };
        let mut row = Row::new(format!("memory of an idle connection, {name}, of {CONNECTIONS}"), cells);
        row.to_reach = format!("≤ {at_most:.0} KB");
        row.is_reached = own.map(|size| size <= at_most);
        table.add(row);
    }
    Ok(())
}

fn connection_kb(place: &Place, kind: Kind, is_tls: bool) -> Result<f64> {
    let proxy = place.start(kind, ROUTES)?;
    let Ports { http, https, .. } = kind.ports();
    let port = if is_tls { https } else { http };
    // What the first one alone brings about is no share of a connection.
    let first = Clients::open(port, 1, is_tls)?;
    thread::sleep(REST);
    let before = memory_mb(&proxy.processes())?;
    let clients = Clients::open(port, CONNECTIONS, is_tls)?;
    thread::sleep(REST);
    let after = memory_mb(&proxy.processes())?;
    first.close()?;
    clients.close()?;
    proxy.end()?;
    Ok((after[0] - before[0]) * 1e6 / 1024.0 / CONNECTIONS as f64)
}

/// Clients that are silent.
struct Clients {
    child: Child,
    _stay: ChildStdin,
}

impl Clients {
    fn open(port: u16, count: usize, is_tls: bool) -> Result<Self> {
        let mut python = Command::new("/usr/bin/python3");
        python.args([
            "-c",
            CLIENT,
            HOST,
            &port.to_string(),
            &count.to_string(),
            if is_tls { "tls" } else { "" },
        ]);
        let mut child =
            python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("start python3")?;
        let stay = child.stdin.take().context("stdin is piped")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
        ensure!(line == "open\n", "{count} connections could not be opened");
        Ok(Self { child, _stay: stay })
    }

    fn close(self) -> Result<()> {
        let Self { mut child, _stay } = self;
        drop(_stay);
        child.wait()?;
        Ok(())
    }
}

fn start_row(place: &Place, kinds: &[Kind], rounds: usize) -> Result<Row> {
    // So that what is made once is there: wharf's authority and its routes.
    for kind in kinds {
        place.start(*kind, ROUTES)?.end()?;
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); kinds.len()];
    for _ in 0..rounds {
        for (kind, times) in kinds.iter().zip(&mut times) {
            times.push(start_ms(place, *kind)?);
        }
    }
    let mut own = None;
    let mut cells = Vec::new();
    for (kind, times) in kinds.iter().zip(times) {
        let time = median(times).context("a round")?;
        cells.push((*kind, format!("{time:.1} ms")));
        own = own.or((*kind == Kind::Wharf).then_some(time));
    }
    let mut row = Row::new(format!("start to the first 200, median of {rounds}"), cells);
    row.to_reach = format!("≤ {START_MS:.0} ms");
    row.is_reached = own.map(|time| time <= START_MS);
    Ok(row)
}

/// Returns the time from the start of a process to the first answer of the server behind it.
fn start_ms(place: &Place, kind: Kind) -> Result<f64> {
    let Ports { http, .. } = kind.ports();
    let begin = Instant::now();
    let proxy = Proxy { kind, children: place.launch(kind, ROUTES)?, tcp: None };
    let mut is_told = false;
    let answered = until(
        || match status(http) {
            Some(200) => true,
            // A daemon that forgot its routes is told again, and that is part of its start.
            Some(404) if kind == Kind::Wharf && !is_told => {
                is_told = true;
                let told = wharf::Api::reach(place, ROUTES).and_then(|mut api| api.add(HOST, UPSTREAM));
                eprintln!("start: wharf has forgotten its route; told again: {}", told.is_ok());
                false
            }
            _ => false,
        },
        || format!("{} has no answer", kind.name()),
    );
    let time = begin.elapsed();
    proxy.end()?;
    answered?;
    Ok(time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory() {
        let [resident, proportional] = memory_mb(&[std::process::id()]).unwrap();
        assert!(resident >= proportional && proportional > 0.1, "{resident} {proportional}");
    }
}
