//! Doing what was decided, and waiting until the port can be bound.
//!
//! Signals go by pidfd to processes that were identified before, and never to a later one of the same number. Not here: what
//! is done ([`crate::plan`]).

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::free::{Step, StepResult};
use wharf_os::Os;
use wharf_os::identity::{Watched, watch};
use wharf_os::signals;
use wharf_run::stop::{Stopped, stop};

use crate::company::Company;
use crate::facts::Facts;
use crate::plan::{Crew, Order};
use crate::proof::is_free;

mod keeper;
mod unit;

/// What is being done about a target.
pub(crate) struct Acts<'a> {
    os: &'a Os,
    facts: &'a Facts,
    timeout: Duration,
    /// Those who were asked to end, and those who are only if need be; with the step that they belong to.
    asked: Vec<Asked>,
}

/// A process that is asked to end.
struct Asked {
    step: usize,
    who: String,
    pid: u32,
    signal: i32,
    /// By which signal it hurries, where it takes its time.
    hurry: Option<i32>,
    process: Watched,
    was_asked: bool,
}

impl<'a> Acts<'a> {
    pub(crate) fn new(os: &'a Os, facts: &'a Facts, timeout: Duration) -> Self {
        Self { os, facts, timeout, asked: Vec::new() }
    }

    /// Carries out `orders`, and notes in each step what came of it. Stops at the first that fails; returns whether none did.
    pub(crate) fn carry_out(
        &mut self,
        orders: &[Order],
        steps: &mut [Step],
        company: &mut dyn Company,
    ) -> bool {
        for (at, (order, step)) in orders.iter().zip(steps.iter_mut()).enumerate() {
            company.waits(&step.text);
            let done = match order {
                Order::StopRun(run) => match stop(run) {
                    Ok(Stopped::Ended) => Ok(()),
                    Ok(Stopped::GoesOn) => Err("part of it goes on: wharf ps, wharf ls".to_owned()),
                    Err(error) => Err(error.to_string()),
                },
                Order::LetGo(lease) => company.lets_go(lease),
                Order::StopUnits { user, names } => unit::stop(*user, names, self.timeout),
                Order::StopContainer { engine, id } => keeper::container(self.os, engine, id, self.timeout),
                Order::Pm2 { home, uid, ids } => keeper::pm2(home, *uid, ids, self.timeout),
                Order::Client(order) => wharf_os::keepers::stop(order, self.timeout),
                Order::Signal(crew) => self.signal(at, crew),
                Order::Close { local, remote } => keeper::close(*local, *remote),
            };
            step.result = Some(match done {
                Ok(()) => StepResult::Done,
                Err(text) => StepResult::Failed(text),
            });
            if matches!(step.result, Some(StepResult::Failed(_))) {
                return false;
            }
        }
        true
    }

    fn signal(&mut self, step: usize, crew: &Crew) -> Result<(), String> {
        // All are opened before the first is told: what ends meanwhile is not mistaken for another.
        let first = self.asked.len();
        for member in crew.all() {
            // One that has ended needs no word.
            let Some(process) = watch(&member.process) else { continue };
            self.asked.push(Asked {
                step,
                who: format!("{} (pid {})", member.name, member.process.pid),
                pid: member.process.pid,
                signal: member.grace.signal,
                hurry: member.grace.hurry,
                process,
                was_asked: false,
            });
        }
        let is_first = |asked: &Asked| crew.first.iter().any(|member| member.process.pid == asked.pid);
        for asked in self.asked[first..].iter_mut().filter(|asked| is_first(asked)) {
            asked.ask().map_err(|error| format!("{} could not be told to end: {error}", asked.who))?;
        }
        Ok(())
    }

    /// Waits until the port is free, for as long as the timeout; returns whether it is. Once a while has passed, whoever can end
    /// faster is told so, and whoever was spared because its parent ends it is asked too.
    pub(crate) fn wait(&mut self, company: &mut dyn Company) -> bool {
        let (begin, mut told) = (Instant::now(), false);
        // What others have stopped for us is over.
        let limit = if self.asked.is_empty() { self.timeout.min(PATIENCE) } else { self.timeout };
        loop {
            if is_free(self.os, self.facts) {
                return true;
            }
            let passed = begin.elapsed();
            if passed >= limit {
                return false;
            }
            if passed >= PATIENCE.min(self.timeout / 2) || self.have_ended() {
                for asked in &mut self.asked {
                    // Who may not be told is seen by the port.
                    let _ = asked.urge();
                }
            }
            if passed >= PROGRESS && !told {
                told = true;
                company.waits(&format!("waiting for {} to end", self.names()));
            }
            thread::sleep(if passed < Duration::from_millis(100) { STEP } else { STEP * 4 });
        }
    }

    fn have_ended(&self) -> bool {
        let mut asked = self.asked.iter().filter(|asked| asked.was_asked);
        asked.all(Asked::has_ended)
    }

    /// Returns who has not ended though it was asked to.
    pub(crate) fn names(&self) -> String {
        let alive: Vec<&str> =
            self.asked.iter().filter(|asked| !asked.has_ended()).map(|asked| asked.who.as_str()).collect();
        match alive.as_slice() {
            [] => self.facts.target.clone(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} and {two}"),
            [one, rest @ ..] => format!("{one} and {} others", rest.len()),
        }
    }

    /// Returns whether there is anybody to kill.
    pub(crate) fn can_kill(&self) -> bool {
        self.asked.iter().any(|asked| !asked.has_ended())
    }

    /// Kills who has not ended, and waits until the port is free; returns whether it is.
    pub(crate) fn kill(&mut self, steps: &mut [Step]) -> bool {
        for asked in self.asked.iter().filter(|asked| !asked.has_ended()) {
            let result = match asked.process.send(signals::KILL) {
                Ok(()) => StepResult::Killed,
                Err(error) => StepResult::Failed(format!("{} could not be killed: {error}", asked.who)),
            };
            if let Some(step) = steps.get_mut(asked.step) {
                step.result = Some(result);
            }
        }
        let begin = Instant::now();
        while begin.elapsed() < KILLED {
            if is_free(self.os, self.facts) {
                return true;
            }
            thread::sleep(STEP);
        }
        is_free(self.os, self.facts)
    }
}

impl Asked {
    fn ask(&mut self) -> io::Result<()> {
        self.was_asked = true;
        self.process.send(self.signal)?;
        // A stopped process obeys only once it goes on.
        self.process.send(CONT)
    }

    /// Asks whoever was spared until now, and tells whoever takes its time to hurry; each once.
    fn urge(&mut self) -> io::Result<()> {
        if !self.was_asked {
            return self.ask();
        }
        match self.hurry.take() {
            Some(signal) => self.process.send(signal),
            None => Ok(()),
        }
    }

    fn has_ended(&self) -> bool {
        self.process.wait(Duration::ZERO).unwrap_or(true)
    }
}

/// SIGCONT: the number is the same on every Linux but for old ones that wharf does not run on; signal(7).
const CONT: i32 = 18;
const STEP: Duration = Duration::from_millis(5);
/// How long programs may take that finish what they are doing, before they are told to hurry.
const PATIENCE: Duration = Duration::from_secs(2);
/// Whoever waits longer than this wants to know for what.
const PROGRESS: Duration = Duration::from_millis(500);
/// How long the kernel may take to end whoever is killed.
const KILLED: Duration = Duration::from_secs(2);
