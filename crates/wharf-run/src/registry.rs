//! The runs that there are: a file for each, which its wharf process writes and removes. Who was killed leaves it, and
//! whoever reads next judges what became of the run.
//!
//! Files and no database, so that `wharf ls` can tell a run's name for next to nothing. Not here: what a run does
//! ([`crate::life`]).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wharf_model::run::{Run, RunProcess, RunState};
use wharf_os::{Os, identity, state};

/// Where runs are entered.
#[derive(Clone, Debug)]
pub struct Registry {
    folder: PathBuf,
    boot_id: Option<String>,
    pid_namespace: Option<u64>,
}

/// A run that is entered until this is dropped.
#[derive(Debug)]
pub struct Entry {
    file: PathBuf,
    run: Run,
}

impl Registry {
    /// Returns that of this user.
    ///
    /// # Errors
    /// What the state directory said.
    pub fn open(os: &Os) -> io::Result<Self> {
        let folder = state::subdirectory("runs")?;
        Ok(Self { folder, boot_id: os.host.boot_id(), pid_namespace: identity::pid_namespace() })
    }

    /// Returns the runs of this user, as [`Registry::runs`] does, and makes nothing: for whoever only looks.
    #[must_use]
    pub fn look(os: &Os) -> Vec<Run> {
        let Some(folder) = state::existing("runs") else { return Vec::new() };
        if fs::read_dir(&folder).map_or(true, |mut files| files.next().is_none()) {
            // What follows is for nothing then, as it is most of the time.
            return Vec::new();
        }
        Self { folder, boot_id: os.host.boot_id(), pid_namespace: identity::pid_namespace() }.runs()
    }

    /// Enters `run`, whose boot and pid namespace are filled in.
    ///
    /// # Errors
    /// What write(2) said.
    pub fn enter(&self, run: Run) -> io::Result<Entry> {
        let run = Run { boot_id: self.boot_id.clone(), pid_namespace: self.pid_namespace, ..run };
        let RunProcess { pid, start_ticks } = run.wharf;
        let entry = Entry { file: self.folder.join(format!("{pid}-{start_ticks}.json")), run };
        entry.write()?;
        Ok(entry)
    }

    /// Returns the runs that there are, the newest last. Entries of runs that are over are removed.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().filter_map(Result::ok);
        let mut runs: Vec<Run> = files.filter_map(|file| self.judge(&file.path())).collect();
        runs.sort_by_key(|run| (run.started_at, run.wharf.pid));
        runs
    }

    fn judge(&self, file: &Path) -> Option<Run> {
        if file.extension().is_none_or(|extension| extension != "json") {
            return None;
        }
        let Ok(run) = serde_json::from_slice::<Run>(&fs::read(file).ok()?) else {
            // By a later wharf, or broken: not ours to remove.
            return None;
        };
        if run.pid_namespace != self.pid_namespace && run.boot_id == self.boot_id {
            // Its numbers say nothing here; where it lives, it is seen.
            return None;
        }
        let lives = |process: &RunProcess| identity::of(process.pid) == Some(*process);
        let same_boot = run.boot_id == self.boot_id;
        if same_boot && lives(&run.wharf) {
            return Some(run);
        }
        if same_boot && [run.guard, run.program].iter().flatten().any(lives) {
            return Some(Run { state: RunState::Alone, ..run });
        }
        // Nobody waits for a word on it.
        let _ = fs::remove_file(file);
        None
    }
}

impl Entry {
    /// Returns the run as it is entered.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Changes it. A change that cannot be written is made here all the same.
    pub fn change(&mut self, change: impl FnOnce(&mut Run)) {
        change(&mut self.run);
        let _ = self.write();
    }

    fn write(&self) -> io::Result<()> {
        state::write_private(&self.file, &serde_json::to_vec(&self.run)?)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // Without it, whoever reads next removes it.
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use wharf_model::lease::LeaseName;
    use wharf_model::run::{Run, RunProcess, RunState};
    use wharf_model::timestamp::Timestamp;
    use wharf_os::identity;

    use super::Registry;

    fn registry(folder: &Path) -> Registry {
        Registry {
            folder: folder.to_owned(),
            boot_id: Some("boot".to_owned()),
            pid_namespace: identity::pid_namespace(),
        }
    }

    fn run(wharf: RunProcess) -> Run {
        Run {
            name: LeaseName { service: "api".to_owned(), worktree: None, project: "shop".to_owned() },
            state: RunState::Starting,
            port: 20_001,
            main_port: None,
            main_address: None,
            named_url: None,
            ports: Vec::new(),
            host_visible: false,
            isolated: false,
            command: vec!["true".to_owned()],
            root: "/shop".to_owned(),
            directory: "/shop".to_owned(),
            started_at: Timestamp::from_unix_ms(0).unwrap(),
            wharf,
            guard: None,
            program: None,
            log: None,
            boot_id: None,
            pid_namespace: None,
        }
    }

    #[test]
    fn a_run_is_there_from_its_entry_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let registry = registry(folder.path());
        let mut entry = registry.enter(run(identity::own().unwrap())).unwrap();
        assert_eq!(registry.runs(), [entry.run().clone()]);
        entry.change(|run| run.main_port = Some(20_001));
        assert_eq!(registry.runs()[0].url().as_deref(), Some("http://127.0.0.1:20001"));
        drop(entry);
        assert!(registry.runs().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_was_killed_leaves_a_run_alone_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let registry = registry(folder.path());
        let own = identity::own().unwrap();
        let killed = RunProcess { start_ticks: own.start_ticks - 1, ..own };
        std::mem::forget(registry.enter(Run { guard: Some(own), ..run(killed) }).unwrap());
        assert_eq!(registry.runs()[0].state, RunState::Alone);
        std::mem::forget(registry.enter(run(killed)).unwrap());
        assert!(registry.runs().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "what is over is removed");
    }

    #[test]
    fn what_belongs_elsewhere_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let registry = registry(folder.path());
        let own = identity::own().unwrap();
        let elsewhere = Registry { pid_namespace: Some(1), ..registry.clone() };
        let entry = elsewhere.enter(run(own)).unwrap();
        fs::write(folder.path().join("later.json"), "{\"of\": \"a later wharf\"}").unwrap();
        assert!(registry.runs().is_empty());
        assert_eq!(elsewhere.runs(), [entry.run().clone()]);
        // After a restart of the machine, all numbers are another's.
        let later = Registry { boot_id: Some("later".to_owned()), ..registry };
        assert!(later.runs().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
