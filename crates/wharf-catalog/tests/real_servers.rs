//! What real servers are called: by looking at their processes, and by asking their ports.
//!
//! Each server of `real_servers/cases.rs` is started on a free loopback port of its own, with its data in a
//! scratch directory, and killed at the end whatever happened. What is not installed is not passed over
//! in silence: one line on stderr, one in the file `WHARF_SKIPPED`, and a failure under `WHARF_REQUIRE=all`.
//! What to install is in `real_servers/needs.txt`; `WHARF_TEST_ENV` names the folder with `venv` and `npm`.
//!
//! Not here: what looking and asking do with every other command line and answer (tests beside the code).
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "the test starts real servers and picks free ports"
)]

#[path = "real_servers/cases.rs"]
mod cases;
#[path = "real_servers/machine.rs"]
mod machine;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use wharf_catalog::probe::{PORT_LIMIT, Target, probe};
use wharf_catalog::service::{Evidence, identify};
use wharf_model::endpoint::Protocol;
use wharf_model::place::{KnownBy, Service};
use wharf_os::dial::TcpDialer;

use cases::{CASES, Case};
use machine::{Machine, Running};

#[test]
fn real_servers_are_told_by_looking_and_by_asking() {
    let machine = Machine::find();
    let queue = Mutex::new(CASES.iter().collect::<VecDeque<_>>());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = next(&queue) {
                    if let Err(failure) = check(&machine, case) {
                        failures.lock().unwrap().push(format!("{}: {failure}", case.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn next<'a>(queue: &Mutex<VecDeque<&'a Case>>) -> Option<&'a Case> {
    queue.lock().unwrap().pop_front()
}

fn check(machine: &Machine, case: &Case) -> Result<(), String> {
    let start = Instant::now();
    let running = match Running::start(machine, case) {
        Ok(running) => running,
        Err(why) => return machine.skip(case.name, &why),
    };
    running.wait_until_it_listens()?;
    let process = running.listener()?;
    let looked = identify(&Evidence {
        process: Some(&process),
        container: None,
        protocol: Protocol::Tcp,
        port: running.port,
    });
    let id = looked.as_ref().map_or("-", |service| service.id.as_str());
    if id != case.looked {
        return Err(format!(
            "looked like {id}, not {}: {:?} {:?}",
            case.looked, process.exe, process.command
        ));
    }
    let blind = ask_until(running.port, None, case.blind).map_err(|told| format!("blind: {told}"))?;
    if blind.known_by != KnownBy::Probe || (case.tells_version && blind.version.is_none()) {
        return Err(format!("blind: {blind:?}"));
    }
    let informed =
        ask_until(running.port, looked, case.informed).map_err(|told| format!("informed: {told}"))?;
    if informed.protocol.as_deref() != Some(case.protocol) {
        return Err(format!("informed: {informed:?}, not over {}", case.protocol));
    }
    eprintln!(
        "{}: looked like {}, said {:?} {:?} ({:.1} s)",
        case.name,
        case.looked,
        blind.id,
        blind.version,
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

/// Asks until the port says `expected`: a server that accepts may not be ready to answer yet.
fn ask_until(port: u16, looked: Option<Service>, expected: &str) -> Result<Service, String> {
    let target = Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), looked };
    let deadline = Instant::now() + READY;
    loop {
        let start = Instant::now();
        let told = probe(&TcpDialer, std::slice::from_ref(&target), PORT_LIMIT).pop().flatten();
        let took = start.elapsed();
        match told {
            Some(service) if service.id == expected => return Ok(service),
            _ if Instant::now() > deadline => return Err(format!("{told:?} after {took:?}, not {expected}")),
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Some servers are heavy: no more than these run together.
const AT_A_TIME: usize = 4;

const READY: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
