//! A running scenario: a program in the sandbox that sets a scene, says `ready`, and obeys commands.
//!
//! The programs themselves are in `scenarios/*.py`; they end when their standard input does.

use std::io::Write;
use std::process::{Child, ChildStdin};

use serde_json::Value;

use crate::reader::Lines;
use crate::sandbox::Sandbox;

/// A scenario that is set: its first `ready` was read.
#[derive(Debug)]
pub struct Scenario<'a> {
    sandbox: &'a Sandbox,
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    lines: Lines,
    errors: Lines,
    /// What it told with its latest `ready`: pids, descriptors, inodes.
    pub told: Value,
}

impl<'a> Scenario<'a> {
    /// Waits until `child` says that it is ready.
    ///
    /// # Panics
    /// If it ends, or says nothing within the deadline.
    pub(crate) fn begin(sandbox: &'a Sandbox, mut child: Child) -> Self {
        let stdin = child.stdin.take();
        let lines = Lines::of(child.stdout.take().expect("stdout is a pipe"));
        let errors = Lines::of(child.stderr.take().expect("stderr is a pipe"));
        let mut scenario = Self { sandbox, child: Some(child), stdin, lines, errors, told: Value::Null };
        scenario.listen();
        scenario
    }

    /// Gives a command and waits until it is carried out.
    ///
    /// # Panics
    /// If the scenario ended, or does not answer within the deadline.
    pub fn tell(&mut self, command: &str) -> &Value {
        let stdin = self.stdin.as_mut().expect("stdin is open until the scenario is dropped");
        stdin.write_all(format!("{command}\n").as_bytes()).expect("the scenario reads its commands");
        self.listen();
        &self.told
    }

    /// Returns a number that it told, such as `pid`.
    ///
    /// # Panics
    /// If it told no such number.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        self.told[name].as_u64().unwrap_or_else(|| panic!("no number {name} in {}", self.told))
    }

    /// Returns a process id that it told.
    ///
    /// # Panics
    /// As [`Scenario::number`].
    #[must_use]
    pub fn pid(&self, name: &str) -> u32 {
        u32::try_from(self.number(name)).expect("a pid is 32 bits")
    }

    /// Returns a list of process ids that it told.
    ///
    /// # Panics
    /// If it told no such list.
    #[must_use]
    pub fn pids(&self, name: &str) -> Vec<u32> {
        let list = self.told[name].as_array().unwrap_or_else(|| panic!("no list {name} in {}", self.told));
        list.iter().map(|pid| u32::try_from(pid.as_u64().expect("a number")).expect("a pid")).collect()
    }

    /// Returns a text that it told.
    ///
    /// # Panics
    /// If it told no such text.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_else(|| panic!("no text {name} in {}", self.told))
    }

    /// Ends it in its own way (it may have to clean up) and waits until it has.
    ///
    /// # Panics
    /// If that takes longer than the deadline.
    pub fn end(mut self) {
        drop(self.stdin.take());
        self.lines.rest();
        if let Some(mut child) = self.child.take() {
            child.wait().expect("the scenario is our child");
        }
    }

    fn listen(&mut self) {
        loop {
            match self.lines.next() {
                Some(line) => {
                    if let Some(json) = line.strip_prefix("ready ") {
                        self.told = serde_json::from_str(json).expect("ready is followed by JSON");
                        return;
                    }
                }
                None => panic!("the scenario ended:\n{}", self.errors.rest()),
            }
        }
    }
}

impl Drop for Scenario<'_> {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Some(child) = self.child.take() {
            self.sandbox.leave(child);
        }
    }
}
