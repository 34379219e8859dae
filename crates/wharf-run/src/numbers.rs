//! Which number a program gets for a port that it asks for: that port where nobody else has or is promised it, else
//! another, the same each time.
//!
//! Not here: holding it while the run lives ([`crate::berth`]).

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use wharf_lease::store::{Claim, Store, World};
use wharf_lease::system::System;
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::timestamp::Timestamp;
use wharf_os::Os;
use wharf_os::ports::{Held, hold, hold_udp};

use crate::berth::Numbers;

/// Numbers out of the leases of one service.
pub struct LeasedNumbers {
    /// The operating system.
    pub os: Arc<Os>,
    /// Where leases are kept.
    pub store: Store,
    /// The service, with no asked port.
    pub claim: Claim,
    /// Whether a number is to be left alone because it is known for something else.
    pub is_known: fn(u16) -> bool,
    /// Takes a port from whoever keeps those of leases.
    pub take: fn(u16) -> Option<Held>,
    /// Where duplicates go of what is to be kept beyond the run.
    pub keep: Sender<Held>,
}

impl Numbers for LeasedNumbers {
    fn number(&mut self, asked: u16) -> Option<Held> {
        self.held_by(asked, hold)
    }

    fn udp_number(&mut self, asked: u16) -> Option<Held> {
        self.held_by(asked, hold_udp)
    }

    fn sibling(&mut self, port: u16) -> Option<(LeaseName, u16)> {
        let leases = self.store.asked_for(&self.claim.root, port).ok()?;
        let mut siblings = leases.into_iter().filter(|lease| lease.name.service != self.claim.name.service);
        siblings.next().map(|lease| (lease.name, lease.port))
    }

    fn name(&mut self, port: u16) -> Option<LeaseName> {
        Some(self.store.at_port(port).ok()??.name)
    }
}

impl LeasedNumbers {
    fn held_by(&mut self, asked: u16, hold: fn(u16) -> io::Result<Held>) -> Option<Held> {
        let claim = Claim { asked_port: Some(asked), ..self.claim.clone() };
        let system = System::new(&self.os, self.is_known).with_keeper(self.take);
        let holder = self.store.at_port(asked).ok()?;
        if holder.as_ref().is_none_or(|lease| is_of(lease, &claim))
            && let Ok(held) = hold(asked)
        {
            // Promised from now on; a promise that cannot be written down is still kept for this run.
            if holder.is_none() && self.store.find(&claim).ok()?.is_none() {
                let _ = self.store.lease(&claim, &Keeps { port: asked, system });
            }
            return Some(held);
        }
        let lease = self.store.lease(&claim, &system).ok();
        let usual = lease.filter(|lease| lease.port != asked).and_then(|lease| system.hold(lease.port).ok());
        if let Some(twin) = usual.as_ref().and_then(|held| held.try_clone().ok()) {
            // Nobody keeps any if it is not heard.
            let _ = self.keep.send(twin);
        }
        usual.or_else(|| {
            let leased: Vec<u16> = self.store.all().ok()?.iter().map(|lease| lease.port).collect();
            let key = format!("{}/{asked}", claim.name);
            system.hold(system.free_port(&key, &|port| leased.contains(&port))?).ok()
        })
    }
}

fn is_of(lease: &Lease, claim: &Claim) -> bool {
    lease.root == claim.root
        && lease.asked_port == claim.asked_port
        && lease.name.service == claim.name.service
}

/// A world in which only one port is to be had.
struct Keeps<'a> {
    port: u16,
    system: System<'a>,
}

impl World for Keeps<'_> {
    fn now(&self) -> Timestamp {
        self.system.now()
    }

    fn exists(&self, root: &str) -> bool {
        self.system.exists(root)
    }

    fn choose(&self, _: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16> {
        Some(self.port).filter(|&port| !is_taken(port))
    }
}
