//! The daemon as a command sees it: there if it can be, and done without if not.
//!
//! `WHARF_DAEMON=0` in the environment says that it is not wanted. Not here: what it does (`wharf-daemon`).

use std::env;
use std::ffi::OsString;
use std::fs;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use wharf_api::client::{Client, ClientError, is_older};
use wharf_model::lease::LeaseName;
use wharf_os::background;
use wharf_os::launch::Launch;
use wharf_os::ports::Held;

/// This program, also if its file was moved meanwhile, proc(5).
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

/// Returns the way to the daemon, unless it is not wanted.
pub(crate) fn client() -> Option<Client> {
    if env::var_os("WHARF_DAEMON").is_some_and(|value| value == "0") {
        return None;
    }
    Client::new().ok()
}

/// Takes a port from the daemon, if it keeps it and no other run has it.
pub(crate) fn take(port: u16) -> Option<Held> {
    client()?.take(port).ok()
}

/// Returns the URL by which the router knows a run, if there is a router.
pub(crate) fn named_url(name: &LeaseName) -> Option<String> {
    let client = client()?;
    let begin = Instant::now();
    loop {
        match client.routes_of(&name.to_string()) {
            Ok(routes) => return routes.into_iter().find_map(|route| route.url),
            // It may just be starting.
            Err(ClientError::NoDaemon) if begin.elapsed() < MOMENT => thread::sleep(STEP),
            Err(_) => return None,
        }
    }
}

/// Has the daemon let go of a port, for a program that runs without wharf.
pub(crate) fn let_go(port: u16) {
    if let Some(client) = client() {
        // Without one, nobody has it.
        let _ = client.let_go(port);
    }
}

/// Starts a daemon if there is none, as no descendant of this process, and does not wait for it.
///
/// It must be called before this process adopts what its descendants leave behind: else the daemon would be part of
/// the run, and end with it.
pub(crate) fn start_if_absent() {
    if client().is_none_or(|client| client.is_there()) {
        return;
    }
    let arguments = ["daemon", "start", "--no-wait"].map(OsString::from).to_vec();
    let launch = Launch { program: OWN_PROGRAM.into(), arguments, environment: Vec::new() };
    if let Ok(mut starter) = background::start_unheard(&launch) {
        // A moment: it starts the daemon and ends.
        let _ = starter.wait();
    }
}

/// Has the daemon keep `ports` beyond this process, in the background, and makes an older daemon go on as this program.
pub(crate) fn keep(ports: Receiver<Held>) {
    let Some(client) = client() else { return };
    thread::spawn(move || {
        let mut is_first = true;
        for held in ports {
            let begin = Instant::now();
            // It may just be starting.
            while matches!(client.keep(&held), Err(ClientError::NoDaemon)) && begin.elapsed() < PATIENCE {
                thread::sleep(STEP);
            }
            if std::mem::take(&mut is_first) {
                renew(&client);
            }
        }
    });
}

fn renew(client: &Client) {
    let Ok(daemon) = client.daemon() else { return };
    let own = fs::read_link(OWN_PROGRAM).ok().filter(|path| path.is_file());
    if let Some(own) = own.filter(|_| is_older(&daemon.version)) {
        // It goes on as it is if that cannot be.
        let _ = client.restart(Some(own.to_string_lossy().into_owned()));
    }
}

/// How long a daemon may take to start.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a program that listens already waits for that.
const MOMENT: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(20);
