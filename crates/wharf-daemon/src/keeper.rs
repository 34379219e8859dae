//! The ports that are kept, and the runs that have them now.
//!
//! Each is kept by a socket of which a run gets a duplicate, so that the port is never free between two runs. Not here:
//! which ports are to be kept ([`crate::house`]), and the sockets themselves (`wharf-os`).

use std::collections::{BTreeMap, BTreeSet};

use wharf_model::run::RunProcess;
use wharf_os::ports::{Held, hold};

/// The ports that are kept.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    kept: BTreeMap<u16, Kept>,
}

/// A port that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) held: Held,
    /// The wharf process whose run has it.
    pub(crate) run: Option<RunProcess>,
}

/// Why a port is not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not kept.
    NotKept,
    /// Another run has it.
    HasRun(RunProcess),
    /// Something listens there that no run looks after.
    HasListener,
    /// The kernel gives no duplicate.
    NoDuplicate,
}

impl Keeper {
    /// Keeps what the program before this one has kept.
    pub(crate) fn of(kept: impl IntoIterator<Item = Kept>) -> Self {
        Self { kept: kept.into_iter().map(|kept| (kept.held.port(), kept)).collect() }
    }

    /// Keeps every one of `wanted` that is to be had, and nothing else. Returns whether it has them all.
    pub(crate) fn sync(&mut self, wanted: &BTreeSet<u16>) -> bool {
        self.kept.retain(|port, _| wanted.contains(port));
        for &port in wanted {
            if !self.kept.contains_key(&port)
                && let Ok(held) = hold(port)
            {
                self.kept.insert(port, Kept { held, run: None });
            }
        }
        self.kept.len() == wanted.len()
    }

    /// Hands a duplicate to `run`, which has the port as long as it `lives`.
    pub(crate) fn take(
        &mut self,
        port: u16,
        run: RunProcess,
        lives: impl Fn(&RunProcess) -> bool,
    ) -> Result<Held, Refusal> {
        let kept = self.kept.get_mut(&port).ok_or(Refusal::NotKept)?;
        match kept.run.filter(lives) {
            Some(other) if other != run => return Err(Refusal::HasRun(other)),
            // A program whose wharf was killed goes on listening.
            None if kept.held.is_shared().unwrap_or(false) => return Err(Refusal::HasListener),
            _ => {}
        }
        let twin = kept.held.try_clone().map_err(|_| Refusal::NoDuplicate)?;
        kept.run = Some(run);
        Ok(twin)
    }

    /// Keeps the port that `run` has held by itself up to now.
    pub(crate) fn keep(&mut self, held: Held, run: RunProcess) {
        self.kept.insert(held.port(), Kept { held, run: Some(run) });
    }

    /// Keeps a port no more.
    pub(crate) fn let_go(&mut self, port: u16) {
        self.kept.remove(&port);
    }

    /// Returns all that is kept, by port.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.kept.values()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wharf_model::run::RunProcess;
    use wharf_os::ports::hold;

    use super::{Keeper, Refusal};

    const ONE: RunProcess = RunProcess { pid: 1, start_ticks: 1 };
    const OTHER: RunProcess = RunProcess { pid: 1, start_ticks: 2 };

    #[test]
    fn a_port_goes_from_run_to_run_and_is_never_free() {
        let mut keeper = Keeper::default();
        // Beside the range that the kernel and other tests choose from.
        let port = (9_000..9_900).find(|port| hold(*port).is_ok()).unwrap();
        let wanted = BTreeSet::from([port]);
        let (all, none) = (|_: &RunProcess| true, |_: &RunProcess| false);
        keeper.sync(&wanted);
        assert_eq!(hold(port).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        let taken = keeper.take(port, ONE, all).unwrap();
        assert_eq!(keeper.take(port, OTHER, all).unwrap_err(), Refusal::HasRun(ONE));
        assert_eq!(keeper.take(port, ONE, all).unwrap().port(), port);
        drop(taken);
        keeper.sync(&wanted);
        assert_eq!(keeper.take(port, OTHER, none).unwrap().port(), port);
        assert_eq!(keeper.take(1, OTHER, all).unwrap_err(), Refusal::NotKept);
        keeper.sync(&BTreeSet::new());
        let held = hold(port).unwrap();
        // A run that holds it by itself hands it over.
        keeper.sync(&wanted);
        assert_eq!(keeper.kept().count(), 0);
        keeper.keep(held, ONE);
        let taken = keeper.take(port, OTHER, none).unwrap();
        let socket = taken.let_in(|| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap().unwrap();
        assert_eq!(keeper.take(port, ONE, none).unwrap_err(), Refusal::HasListener);
        drop(socket);
        keeper.let_go(port);
        drop(taken);
        hold(port).unwrap();
    }
}
