//! `wharf daemon adopt-ports`, which systemd starts with the sockets of ports 80 and 443: it hands them to the daemon and
//! lasts as long as that does. Then systemd has the ports again, and the next who comes starts it anew.
//!
//! Not here: the units (`wharf-os`), and what the daemon does with the sockets.

use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use wharf_api::client::{Client, ClientError, Line};
use wharf_os::{entrance, service};

use super::daemon;
use crate::failure::Failure;

/// Hands the sockets over, again and again while there is a daemon.
pub(super) fn adopt_ports() -> Result<(), Failure> {
    let (handed, warnings) = entrance::inherited();
    for warning in warnings {
        // Nobody is left to tell if this cannot be written.
        let _ = writeln!(io::stderr().lock(), "warning: {warning}");
    }
    if handed.is_empty() {
        return Err(Failure::Other(NOTHING.to_owned()));
    }
    let listeners: Vec<TcpListener> = handed.into_iter().map(|handed| handed.listener).collect();
    if !service::has_runtime_directory() {
        turn_away(&listeners);
        return Err(Failure::Other(NO_LOGIN.to_owned()));
    }
    let client = daemon::client()?;
    let mut outcome = begin(&client, &listeners);
    while let Ok(line) = outcome {
        line.wait();
        // It ended, or goes on as another program, which is there in a moment.
        outcome = persist(&client, &listeners);
        if matches!(outcome, Err(ClientError::NoDaemon)) {
            return Ok(());
        }
    }
    turn_away(&listeners);
    outcome.map(drop).map_err(Into::into)
}

/// Hands the sockets to the daemon, and starts one if there is none.
fn begin(client: &Client, listeners: &[TcpListener]) -> Result<Line, ClientError> {
    match hand_over(client, listeners) {
        Err(ClientError::NoDaemon) => {}
        other => return other,
    }
    // Under the user's own systemd it is no part of this service.
    if !service::start_daemon()
        && let Err(failure) = daemon::start(false)
    {
        failure.tell();
    }
    persist(client, listeners)
}

fn persist(client: &Client, listeners: &[TcpListener]) -> Result<Line, ClientError> {
    let begin = Instant::now();
    loop {
        match hand_over(client, listeners) {
            Err(ClientError::NoDaemon | ClientError::Silent(_)) if begin.elapsed() < PATIENCE => {
                thread::sleep(STEP);
            }
            other => return other,
        }
    }
}

fn hand_over(client: &Client, listeners: &[TcpListener]) -> Result<Line, ClientError> {
    let descriptors: Vec<BorrowedFd<'_>> = listeners.iter().map(AsFd::as_fd).collect();
    client.hand_over(&descriptors)
}

/// Closes what waits to be let in: left alone it would wait for nothing, and have systemd start this again at once.
fn turn_away(listeners: &[TcpListener]) {
    for listener in listeners {
        while listener.accept().is_ok() {}
    }
}

/// How long a daemon may take to be there.
const PATIENCE: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);
const NO_LOGIN: &str = "whose ports these are is not logged in, so there is no daemon (loginctl enable-linger lets one be without)";
const NOTHING: &str = "no sockets were handed over: systemd starts this with those of wharf-ports@.socket (wharf service install)";
