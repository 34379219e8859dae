//! All that there is once in a daemon: the leases, the ports that it keeps, the runs.
//!
//! Leases may be changed by any wharf at any time; the daemon reads them anew then. Not here: who may ask for what
//! ([`crate::gate`], [`crate::answers`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use wharf_api::VERSION;
use wharf_catalog::number::is_known;
use wharf_lease::store::{Store, StoreError};
use wharf_lease::system::System;
use wharf_model::daemon::{DAEMON_SCHEMA, Daemon, KeptPort};
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::route::Route;
use wharf_model::run::RunProcess;
use wharf_model::timestamp::Timestamp;
use wharf_os::ports::Held;
use wharf_os::{Os, identity, ports, state};
use wharf_run::registry::Registry;

use crate::doorway::Doorway;
use crate::explain::Diagnosis;
use crate::keeper::{Keeper, Kept, Refusal};
use crate::{DaemonError, Next};

/// Why routes are not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RouteError {
    /// They cannot be written down.
    #[error("the routes cannot be kept: {0}")]
    Io(#[from] io::Error),
    /// Leases cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All that there is once.
pub(crate) struct House {
    pub(crate) os: Os,
    pub(crate) registry: Registry,
    /// Cookie of the network namespace in which ports are kept.
    pub(crate) namespace: u64,
    pub(crate) process: RunProcess,
    pub(crate) executable: PathBuf,
    /// Told what to do next, once it is something else.
    pub(crate) next: UnboundedSender<Next>,
    started_at: Timestamp,
    range: RangeInclusive<u16>,
    store: Mutex<Store>,
    keeper: Mutex<Keeper>,
    /// The router, if it is wanted.
    doorway: Option<Doorway>,
    /// Why there is none, though it is.
    pub(crate) doorway_fault: Option<String>,
    /// The leases as they were last read, by [`Store::version_of_others`].
    seen: Mutex<Option<i64>>,
}

impl House {
    /// Returns the house of this user, which keeps `ports` already.
    pub(crate) fn open(
        os: Os,
        ports: Vec<Kept>,
        listeners: Vec<TcpListener>,
        next: UnboundedSender<Next>,
    ) -> Result<Self, DaemonError> {
        let (doorway, doorway_fault) = match Doorway::open(Box::new(Diagnosis::default()), listeners) {
            Ok(doorway) => (doorway, None),
            Err(fault) => (None, Some(fault)),
        };
        let file = state::directory()?.join("wharf.db");
        state::private_file(&file)?;
        Ok(Self {
            registry: Registry::open(&os)?,
            namespace: ports::namespace()?,
            process: identity::own().ok_or(io::Error::from(io::ErrorKind::NotFound))?,
            executable: std::env::current_exe()?,
            next,
            started_at: os.clock.now(),
            range: System::new(&os, is_known).range(),
            store: Mutex::new(Store::open(&file)?),
            keeper: Mutex::new(Keeper::of(ports)),
            doorway,
            doorway_fault,
            seen: Mutex::default(),
            os,
        })
    }

    /// Returns the leases, for as long as nobody else uses them.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the ports that are kept, for as long as nobody else uses them.
    pub(crate) fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the router, if there is one.
    pub(crate) fn doorway(&self) -> Option<&Doorway> {
        self.doorway.as_ref()
    }

    /// Returns the machine, for a choice of ports.
    pub(crate) fn system(&self) -> System<'_> {
        System::new(&self.os, is_known)
    }

    /// Keeps what is to be kept now, and tells the router its routes. Returns whether it could have all ports.
    pub(crate) fn sync(self: &Arc<Self>) -> Result<bool, StoreError> {
        let Some(doorway) = &self.doorway else { return Ok(self.keep_leased()?.1) };
        let house = Arc::downgrade(self);
        let then: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            if let Some(house) = house.upgrade() {
                // What cannot be read now is read after the next change.
                let _ = house.sync();
            }
        });
        let mut has_all = true;
        let look = || {
            let leases;
            (leases, has_all) = self.keep_leased()?;
            Ok::<_, StoreError>((leases, self.registry.runs()))
        };
        doorway.sync(look, &then)?;
        Ok(has_all)
    }

    /// Keeps what is to be kept now. Returns the leases, and whether it could have all ports.
    fn keep_leased(&self) -> Result<(Vec<Lease>, bool), StoreError> {
        // First, so that nothing is given to be kept between the look and what follows from it.
        let mut keeper = self.keeper();
        let leases = {
            let store = self.store();
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(store.version_of_others()?);
            store.all()?
        };
        let wanted: BTreeSet<u16> =
            leases.iter().filter(|lease| self.is_kept(lease)).map(|lease| lease.port).collect();
        Ok((leases, keeper.sync(&wanted)))
    }

    /// Adds a route by hand, for raw TCP with the port at which it should come in. Returns false if the process with which it
    /// ends has ended.
    pub(crate) fn add_route(
        self: &Arc<Self>,
        doorway: &Doorway,
        route: Route,
        port: Option<u16>,
    ) -> Result<bool, RouteError> {
        let (host, path) = (route.host.clone(), route.path.clone());
        let is_there = doorway.add(route, port)?;
        if !is_there {
            self.sync()?;
        }
        Ok(is_there || doorway.router.route(&host, path.as_deref()).is_some())
    }

    /// Removes routes that were added by hand, and returns them.
    pub(crate) fn remove_routes(
        self: &Arc<Self>,
        doorway: &Doorway,
        host: &str,
        path: Option<&str>,
    ) -> Result<Vec<Route>, RouteError> {
        let removed = doorway.remove(host, path)?;
        if !removed.is_empty() && doorway.is_of_a_lease(host, &self.store().all()?) {
            self.sync()?;
        }
        Ok(removed)
    }

    /// Keeps, beyond the run, the port that it has held by itself up to now. Returns false if its lease is none to be
    /// kept.
    pub(crate) fn keep(&self, held: Held, run: RunProcess) -> Result<bool, StoreError> {
        let mut keeper = self.keeper();
        let lease = self.store().at_port(held.port())?;
        let is_kept = lease.is_some_and(|lease| self.is_kept(&lease));
        if is_kept {
            keeper.keep(held, run);
        }
        Ok(is_kept)
    }

    /// Does so if another process has changed the leases.
    pub(crate) fn sync_if_changed(self: &Arc<Self>) -> Result<(), StoreError> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.store().version_of_others()?;
        if seen == Some(now) { Ok(()) } else { self.sync().map(drop) }
    }

    /// Returns whether a lease's port is held while nobody runs. A number that a program chose by itself is not: wharf
    /// would be the cause of "address already in use" for one that runs without it.
    pub(crate) fn is_kept(&self, lease: &Lease) -> bool {
        let is_own = self.range.contains(&lease.port) && lease.asked_port != Some(lease.port);
        (lease.pinned || is_own) && !lease.handed_out
    }

    /// Hands the port to a run, which has it until it ends.
    pub(crate) fn take(&self, port: u16, run: RunProcess) -> Result<Held, Refusal> {
        self.keeper().take(port, run, lives)
    }

    /// Tells of the daemon.
    pub(crate) fn tell(&self) -> Result<Daemon, StoreError> {
        let names: BTreeMap<u16, LeaseName> =
            self.store().all()?.into_iter().map(|lease| (lease.port, lease.name)).collect();
        let tell = |kept: &Kept| {
            let port = kept.held.port();
            KeptPort { port, name: names.get(&port).cloned(), run: kept.run.filter(lives) }
        };
        Ok(Daemon {
            schema: DAEMON_SCHEMA.to_owned(),
            version: VERSION.to_owned(),
            process: self.process,
            executable: self.executable.display().to_string(),
            started_at: self.started_at,
            ports: self.keeper().kept().map(tell).collect(),
        })
    }
}

/// Returns whether the wharf process of a run is still there.
fn lives(run: &RunProcess) -> bool {
    identity::of(run.pid) == Some(*run)
}
