//! Two looks at the processes of a server, and what they did in between. Not here: who they are (`Processes::holders`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wharf_os::Os;
use wharf_os::examine::cgroup::{self, Groups};
use wharf_os::examine::process::{Process, Thread, epoll_watches, name_of, process, socket_of};
use wharf_os::examine::queue::Queue;
use wharf_os::facts::{Holders, ProcessFacts};

use super::traffic::Traffic;
use crate::facts::servers::wait::Wait;
use crate::facts::servers::{Examined, Seen};

/// The first look.
#[derive(Debug)]
pub(super) struct Sample {
    at: Instant,
    processes: Vec<One>,
}

#[derive(Debug)]
struct One {
    seen: Process,
    groups: Groups,
    facts: ProcessFacts,
    listeners: Vec<u64>,
    serves: bool,
}

impl Sample {
    /// Looks at the processes that have a listener, or our own connection.
    pub(super) fn take(queues: &[Queue], traffic: &Traffic, holders: &Holders) -> Self {
        let mut roles: BTreeMap<u32, (Vec<u64>, bool)> = BTreeMap::new();
        let of = |inode: u64| holders.by_inode.get(&inode).into_iter().flatten();
        for queue in queues {
            for holder in of(queue.inode) {
                let listeners = &mut roles.entry(holder.pid).or_default().0;
                if !listeners.contains(&queue.inode) {
                    listeners.push(queue.inode);
                }
            }
        }
        for holder in traffic.own().into_iter().flat_map(of) {
            roles.entry(holder.pid).or_default().1 = true;
        }
        let mut roles: Vec<_> = roles.into_iter().collect();
        roles.sort_by_key(|(_, (_, serves))| !serves);
        let at = Instant::now();
        let one = |(pid, (listeners, serves)): (u32, (Vec<u64>, bool))| {
            let facts = holders.processes.get(&pid)?.clone();
            let seen = process(pid).filter(|seen| seen.start_ticks == facts.start_ticks)?;
            Some(One { seen, groups: cgroup::of(pid), facts, listeners, serves })
        };
        Self { at, processes: roles.into_iter().take(PROCESSES_AT_MOST).filter_map(one).collect() }
    }

    /// Returns whether it is plain that nobody of these will accept: all that are known are stopped, traced, frozen or dead.
    pub(super) fn cannot_accept(&self) -> bool {
        let halted = |one: &One| {
            one.groups.frozen.is_some() || one.seen.threads.iter().all(|thread| Wait::of(thread).is_halted())
        };
        !self.processes.is_empty() && self.processes.iter().all(halted)
    }

    /// Returns whether no process was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// Looks again, and returns the processes that are still there with what they did meanwhile.
    pub(super) fn compare(self, os: &Os) -> Vec<Examined> {
        let elapsed = self.at.elapsed().as_nanos().max(1);
        self.processes.into_iter().filter_map(|one| one.compare(os, elapsed)).collect()
    }
}

impl One {
    fn compare(self, os: &Os, elapsed_ns: u128) -> Option<Examined> {
        let pid = self.seen.pid;
        let now = process(pid).filter(|now| now.start_ticks == self.seen.start_ticks)?;
        let groups = cgroup::of(pid);
        let threads = now.threads.iter().map(|thread| self.thread(thread, elapsed_ns)).collect();
        let throttles = groups.throttles.into_iter().filter_map(|throttle| {
            let before = self.groups.throttles.iter().find(|before| before.group == throttle.group)?;
            let times = throttle.times.saturating_sub(before.times);
            let micros = throttle.micros.saturating_sub(before.micros);
            (throttle.times > 0).then_some((throttle, times, micros))
        });
        let memory = groups.memory.into_iter().find_map(|memory| {
            let before = self.groups.memory.iter().find(|before| before.group == memory.group)?;
            let times = memory.times.saturating_sub(before.times);
            (memory.waits || times > 0).then_some((memory, times))
        });
        let parent = os.processes.read(&[now.ppid]).pop();
        Some(Examined {
            uid: self.facts.uid,
            command: self.facts.command,
            tty: self.facts.tty,
            listeners: self.listeners,
            serves: self.serves,
            threads,
            tracer: now.tracer.and_then(name_of),
            is_orphan: parent.is_none_or(|parent| parent.pid == 1 || parent.start_ticks > now.start_ticks),
            frozen: groups.frozen,
            throttled: throttles.max_by_key(|(_, times, micros)| (*times, *micros)),
            memory,
            process: now,
        })
    }

    /// Returns what a thread did since the first look.
    fn thread(&self, now: &Thread, elapsed_ns: u128) -> Seen {
        let wait = self.wait(now);
        let before = self.seen.threads.iter().find(|before| before.tid == now.tid);
        let wanted = before.and_then(|before| Some(now.wanted_cpu_ns?.saturating_sub(before.wanted_cpu_ns?)));
        // The kernel adds up by ticks of up to ten milliseconds: over less time it says nothing.
        let wanted = wanted.filter(|_| elapsed_ns >= LONG_ENOUGH.as_nanos());
        let percent = u128::from(wanted.unwrap_or(0)) * 100 / elapsed_ns;
        Seen {
            wait,
            is_steady: before.is_some_and(|before| Wait::of(before) == Wait::of(now)),
            busy: u32::try_from(percent).unwrap_or(0).min(100),
        }
    }

    /// Returns what a thread waits for, with what it waits at.
    fn wait(&self, thread: &Thread) -> Wait {
        let first = thread.call.map(|call| call.arguments[0]);
        match (Wait::of(thread), thread.call.and_then(|call| call.name)) {
            (Wait::Events(_), Some("epoll_wait" | "epoll_pwait" | "epoll_pwait2")) => {
                let watches = |&inode: &u64| epoll_watches(self.seen.pid, first.unwrap_or(0), inode);
                let known: Vec<Option<bool>> = self.listeners.iter().map(watches).collect();
                let any = known.contains(&Some(true));
                Wait::Events(if any { Some(true) } else { known.first().copied().flatten() })
            }
            (Wait::Read(_), Some("read" | "readv" | "recvfrom" | "recvmsg")) => {
                Wait::Read(first.and_then(|fd| socket_of(self.seen.pid, fd)))
            }
            (wait, _) => wait,
        }
    }
}

const LONG_ENOUGH: Duration = Duration::from_millis(25);
/// A pre-fork server has tens; a bound against one with thousands.
const PROCESSES_AT_MOST: usize = 32;
