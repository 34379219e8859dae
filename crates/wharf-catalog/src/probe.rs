//! Asking a port what speaks there: a few safe bytes, and what the answer means.
//!
//! Asked are local TCP ports only, and only when a person says `--probe`. Never sent: a login, a
//! password, a debugger's handshake (JDWP lets one in at a time), an MCP `initialize` (it makes a
//! session), an LDAP bind, more of PostgreSQL's start-up than SSLRequest. What was learned by looking
//! ([`crate::service`]) chooses the first words, so that a known PostgreSQL never hears HTTP.
//!
//! Here is the engine. What to say is in `plan`, each protocol's bytes in a file of its own.

mod amqp;
mod databases;
mod dns;
mod finding;
mod greeting;
mod http;
mod http2;
mod ldap;
mod line;
mod mqtt;
mod plan;
mod protocol;
mod tls;
mod windows;
pub mod words;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::place::Service;
use wharf_os::dial::Dialer;

use self::finding::{Finding, settle};
use self::plan::{Plan, Step};

/// A TCP port to ask.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where to connect to: for a wildcard listener, the loopback address.
    pub address: SocketAddr,
    /// What was learned by looking.
    pub looked: Option<Service>,
}

/// Time for one port, whatever its protocol and however many questions it takes.
pub const PORT_LIMIT: Duration = Duration::from_millis(300);

/// Asks all `targets` at once and returns what is known of each afterwards, in their order.
///
/// Nothing is returned where the port told nothing, or was not asked: what was learned by looking stays.
/// A name that the port itself gave has [`wharf_model::place::KnownBy::Probe`]; where it only confirmed the
/// protocol under a better name learned by looking, that name and its evidence stay.
///
/// Unit of `limit`: time for each port; [`PORT_LIMIT`] is the usual. At most 256 ports are asked at a time.
#[must_use]
pub fn probe(dialer: &dyn Dialer, targets: &[Target], limit: Duration) -> Vec<Option<Service>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; targets.len()]);
    let work = || {
        while let Some((at, target)) = take(&next, targets) {
            let service = ask(dialer, target, limit);
            // Whoever panicked with the lock held had not begun to write: the list is whole.
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = service;
        }
    };
    thread::scope(|scope| {
        for number in 1..targets.len().min(THREADS) {
            let thread = thread::Builder::new().name(format!("probe-{number}")).stack_size(STACK_BYTES);
            // Where the system gives no more threads, those that run ask the rest.
            if thread.spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<'a>(next: &AtomicUsize, targets: &'a [Target]) -> Option<(usize, &'a Target)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    targets.get(at).map(|target| (at, target))
}

/// One port, and the time that is left for it.
struct Asking<'a> {
    dialer: &'a dyn Dialer,
    address: SocketAddr,
    deadline: Instant,
    nonce: u64,
}

/// What came of one step.
enum Outcome {
    /// The server said something that means this.
    Found(Finding),
    /// It said nothing, or nothing that means anything here.
    Nothing,
    /// There is nobody to ask.
    Unreachable,
}

fn ask(dialer: &dyn Dialer, target: &Target, limit: Duration) -> Option<Service> {
    let looked = target.looked.as_ref();
    let plan = Plan::of(looked, target.address.port());
    let asking = Asking {
        dialer,
        address: target.address,
        deadline: Instant::now() + limit,
        nonce: random(target.address),
    };
    for step in plan.steps {
        match asking.step(&step, plan.listens_first) {
            Outcome::Found(finding) => {
                return Some(settle(looked, asking.refine(finding, looked)));
            }
            Outcome::Nothing => {}
            Outcome::Unreachable => break,
        }
    }
    None
}

impl Asking<'_> {
    /// Asks further where the first answer named only a protocol.
    fn refine(&self, finding: Finding, looked: Option<&Service>) -> Finding {
        match finding.protocol {
            "http" => http::refine(self, finding, looked),
            "http2" => http2::refine(self, finding),
            "amqp" if finding.version.is_none() => amqp::refine(self, finding),
            _ => finding,
        }
    }

    fn step(&self, step: &Step, listens_first: bool) -> Outcome {
        let patience = if listens_first { step.patience } else { Duration::ZERO };
        let opening = step.say.opening(self.address, self.nonce);
        let Some(answer) = self.say(patience, &opening, step.wait, &|answer| step.say.is_complete(answer))
        else {
            return Outcome::Unreachable;
        };
        let read =
            step.say.read(&answer, self.nonce).or_else(|| protocol::unasked(&answer, self.address.port()));
        read.map_or(Outcome::Nothing, Outcome::Found)
    }

    /// Returns the answer to `opening`, empty for silence, or nothing where no conversation is possible.
    fn say(
        &self,
        patience: Duration,
        opening: &[u8],
        wait: Duration,
        enough: &dyn Fn(&[u8]) -> bool,
    ) -> Option<Vec<u8>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left < SHORTEST {
            return None;
        }
        let wait = wait.min(left);
        match self.dialer.listen_then_converse(self.address, patience.min(wait), opening, wait, enough) {
            Ok(answer) => Some(answer),
            // A server that hung up before it heard everything can still be asked otherwise.
            Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted) => {
                Some(Vec::new())
            }
            Err(_) => None,
        }
    }
}

/// Returns a number that nobody can foresee, for ids that must not meet those of another client.
fn random(address: SocketAddr) -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u16(address.port());
    hasher.finish()
}

const THREADS: usize = 256;

/// Address space of a thread's stack; memory is used only as far as the stack grows.
const STACK_BYTES: usize = 512 * 1024;

/// Less time than this is not worth a connection.
const SHORTEST: Duration = Duration::from_millis(2);
