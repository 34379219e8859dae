//! The doors of an isolated run: for each port that its program listens on, inside, a listener of wharf's outside.
//!
//! listen(2) tells of a port at once where it can be supervised; what gets by is found by looking. Not here: which number
//! a port has outside ([`crate::berth`]), and what goes through a door (`wharf_os::relay`).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use wharf_os::isolation::{CHOSEN_BY_KERNEL, Inner, Isolation};
use wharf_os::launch::{Harbour, Place, Remark};
use wharf_os::names;
use wharf_os::ports::{Held, hold};
use wharf_os::relay::{self, Door, Network, Relay};

use crate::berth::{Berths, Event};

/// The harbour of an isolated run.
pub struct Doors {
    open: Arc<Mutex<Open>>,
    hint: Sender<()>,
}

struct Open {
    isolation: Arc<Isolation>,
    relay: Relay,
    berths: Berths,
    host_visible: bool,
    /// By the port inside.
    by_port: BTreeMap<u16, Way>,
    /// What holds the ports outside that lead to ones which the kernel has chosen inside.
    chosen: BTreeMap<u16, Arc<Held>>,
    /// Where wharf listens inside, for what leads out.
    outward: BTreeSet<SocketAddr>,
    /// Ports that could not be had outside; said once.
    refused: BTreeSet<u16>,
    /// Ports of UDP inside; said once, too.
    deaf: BTreeSet<u16>,
}

/// Where a port inside is reached.
struct Way {
    /// Its door; `None` if there is none to be had.
    door: Option<u64>,
    targets: Vec<SocketAddr>,
}

impl Doors {
    /// Returns the doors of a run in `isolation` whose numbers `berths` gives. Its program reaches the ports `siblings` of
    /// this machine's loopback as if it had not been isolated, and those of `names`, which are nameservers.
    ///
    /// # Errors
    /// What the kernel refused of what a relay takes.
    pub fn new(
        isolation: Arc<Isolation>,
        berths: Berths,
        host_visible: bool,
        siblings: &[u16],
        names: &[SocketAddr],
    ) -> io::Result<Self> {
        let relay = Relay::start()?;
        let mut outward = BTreeSet::new();
        let mut lead_out = |places: &[SocketAddr]| {
            // It may be that a sibling is not reached then, and no more.
            if let Ok(listeners) = relay::listen_inside(&isolation, places) {
                relay.open(Door { listeners, targets: places.to_vec(), to: Network::Own });
                outward.extend(places.iter().copied());
            }
        };
        siblings.iter().for_each(|&port| lead_out(&relay::loopback(port)));
        for name in names {
            lead_out(&[*name]);
            // Without an answer names are not found, as without a way out.
            let _ = names::relay(&isolation, *name);
        }
        let open = Open {
            isolation,
            relay,
            berths,
            host_visible,
            by_port: BTreeMap::new(),
            chosen: BTreeMap::new(),
            outward,
            refused: BTreeSet::new(),
            deaf: BTreeSet::new(),
        };
        let open = Arc::new(Mutex::new(open));
        let (hint, hints) = mpsc::channel();
        let looked_at = Arc::clone(&open);
        thread::spawn(move || look_now_and_then(&looked_at, &hints));
        Ok(Self { open, hint })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Harbour for Doors {
    fn place(&mut self, _: SocketAddr) -> Place {
        // It has all ports to itself.
        Place::AsAsked
    }

    fn place_udp(&mut self, _: SocketAddr) -> Place {
        Place::AsAsked
    }

    fn held(&self, _: u16) -> Option<Arc<Held>> {
        None
    }

    fn asked(&self, _: u16) -> Option<u16> {
        None
    }

    fn link(&mut self, _: u16) -> Option<u16> {
        None
    }

    fn join(&mut self, held: Held) {
        self.open().berths.join(held);
    }

    fn confines(&self) -> bool {
        false
    }

    fn listens(&mut self, at: SocketAddr) {
        self.open().listens(at);
    }

    fn receives(&mut self, _: SocketAddr, _: u16) {}

    fn remark(&mut self, remark: Remark) {
        self.open().berths.remark(remark);
    }

    fn passed(&mut self, _: &io::Error) {
        // The call goes on, and what comes of it is seen soon.
        let _ = self.hint.send(());
    }
}

/// Looks what listens, again and again, and soon after a hint.
fn look_now_and_then(open: &Mutex<Open>, hints: &Receiver<()>) {
    let mut soon = SOON.iter();
    loop {
        // What cannot be seen now may be the next time.
        let _ = open.lock().unwrap_or_else(PoisonError::into_inner).look();
        match hints.recv_timeout(soon.next().copied().unwrap_or(PACE)) {
            Ok(()) => soon = SOON.iter(),
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody gives hints where calls are not supervised.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(PACE),
        }
    }
}

impl Open {
    /// Opens a door for one more listener, if there is none yet.
    fn listens(&mut self, at: SocketAddr) {
        let targets = targets(&[Inner { at, v6_only: false }]);
        let known = self.by_port.get(&at.port()).map(|way| way.targets.clone()).unwrap_or_default();
        if !targets.iter().all(|target| known.contains(target)) {
            self.lead(at.port(), [known, targets].concat());
        }
    }

    /// Opens and closes doors after what listens inside.
    fn look(&mut self) -> io::Result<()> {
        if self.isolation.lost_way_out() {
            self.berths.tell(Event::CutOff);
        }
        let mut by_port: BTreeMap<u16, Vec<Inner>> = BTreeMap::new();
        let mut listeners = self.isolation.listeners()?;
        listeners.retain(|inner| !self.outward.contains(&inner.at));
        for inner in listeners {
            by_port.entry(inner.at.port()).or_default().push(inner);
        }
        let relay = &self.relay;
        self.by_port.retain(|port, way| {
            let listens = by_port.contains_key(port);
            if let (false, Some(door)) = (listens, way.door) {
                relay.close(door);
            }
            listens
        });
        for (port, listeners) in by_port {
            let mut targets = targets(&listeners);
            targets.sort();
            let known = self.by_port.get(&port).is_some_and(|way| {
                let mut known = way.targets.clone();
                known.sort();
                known == targets
            });
            if !known {
                self.lead(port, targets);
            }
        }
        for at in self.isolation.receivers()? {
            let port = at.port();
            // Above are the ports of clients.
            if port < CLIENTS && !self.outward.contains(&at) && self.deaf.insert(port) {
                self.berths.tell(Event::Deaf { port });
            }
        }
        Ok(())
    }

    /// Lets a port inside be reached at `targets`.
    fn lead(&mut self, port: u16, targets: Vec<SocketAddr>) {
        if let Some(way) = self.by_port.get_mut(&port) {
            way.targets.clone_from(&targets);
            if let Some(door) = way.door {
                self.relay.aim(door, targets);
            }
            return;
        }
        let door = self.number(port).and_then(|held| {
            let listeners = relay::listen_beside(&held, self.host_visible)?;
            Ok((held.port(), listeners))
        });
        let number = match door {
            Ok((outer, listeners)) => {
                let to = Network::Of(Arc::clone(&self.isolation));
                let number = self.relay.open(Door { listeners, targets: targets.clone(), to });
                let address = if self.host_visible { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
                self.berths.listens((address, outer).into());
                Some(number)
            }
            Err(error) => {
                if self.refused.insert(port) {
                    let why = error.to_string();
                    self.berths.tell(Event::Unreachable { port, why });
                }
                None
            }
        };
        self.by_port.insert(port, Way { door: number, targets });
    }

    /// Returns what holds the number that a port has outside.
    fn number(&mut self, port: u16) -> io::Result<Arc<Held>> {
        if port >= CHOSEN_BY_KERNEL && self.berths.held(port).is_none() {
            // Nobody asked for it, so it is no lease; the same number serves whoever prints it.
            if let Some(held) = self.chosen.get(&port) {
                return Ok(Arc::clone(held));
            }
            let held = Arc::new(hold(port).or_else(|_| hold(0))?);
            if held.port() != port {
                self.berths.tell(Event::Moved { asked: port, port: held.port() });
            }
            return Ok(Arc::clone(self.chosen.entry(port).or_insert(held)));
        }
        match self.berths.place(([0, 0, 0, 0], port).into()) {
            Place::Held(held) => Ok(held),
            _ => Err(io::ErrorKind::AddrInUse.into()),
        }
    }
}

/// Returns where listeners are reached from inside.
fn targets(listeners: &[Inner]) -> Vec<SocketAddr> {
    let mut targets = Vec::new();
    let mut add = |target: SocketAddr| {
        if !targets.contains(&target) {
            targets.push(target);
        }
    };
    for Inner { at, v6_only } in listeners {
        let [v4, v6] = relay::loopback(at.port());
        match at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => add(v4),
            IpAddr::V6(ip) if ip.is_unspecified() => {
                add(v6);
                if !v6_only {
                    add(v4);
                }
            }
            _ => add(*at),
        }
    }
    targets
}

/// From here on Linux gives ports to clients, unless it is told otherwise (`ip_local_port_range`, ip(7)).
const CLIENTS: u16 = 32_768;
/// How often it is looked what listens that nobody told of: what binds by io_uring, what cannot be supervised, and what
/// has closed.
const PACE: Duration = Duration::from_millis(250);
/// After a hint: a call takes a moment.
const SOON: [Duration; 3] = [Duration::from_millis(1), Duration::from_millis(10), Duration::from_millis(50)];

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use wharf_os::isolation::Inner;

    use super::targets;

    #[test]
    fn a_listener_is_reached_by_loopback_where_it_can_be() {
        let inner = |at: &str, v6_only| Inner { at: at.parse().unwrap(), v6_only };
        let check = |listeners: &[Inner], expected: &[&str]| {
            let expected: Vec<SocketAddr> = expected.iter().map(|at| at.parse().unwrap()).collect();
            assert_eq!(targets(listeners), expected);
        };
        check(&[inner("0.0.0.0:80", false)], &["127.0.0.1:80"]);
        check(&[inner("[::]:80", false)], &["[::1]:80", "127.0.0.1:80"]);
        check(&[inner("[::]:80", true), inner("0.0.0.0:80", false)], &["[::1]:80", "127.0.0.1:80"]);
        check(
            &[inner("127.0.0.2:80", false), inner("[fd77::1]:80", false)],
            &["127.0.0.2:80", "[fd77::1]:80"],
        );
    }
}
