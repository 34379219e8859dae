//! Which processes hold a socket: the search through /proc/pid/fd, in the order that finds it soonest.
//!
//! Linux has no way to ask a socket for its holders, so every descriptor of every process may have to be
//! read, at about 2 µs each. Servers open their listeners early and get low numbers, so the first few
//! descriptors of all processes are read before the rest of any; a process whose links may not be read is
//! left at its first refusal; the two or more CPUs share the work.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wharf_sys::linux::fd_link::{FdDir, Pass};
use wharf_sys::linux::kcmp;
use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::text::stat;

use crate::facts::{Effort, Holder, HolderSearch, Holders, ProcessFacts};

/// Reads what is to be known of one process, given its directory and pid.
pub(crate) type Read<'a> = &'a (dyn Fn(&ProcessDir, u32) -> Option<ProcessFacts> + Sync);

/// Returns who holds the sockets of `search`; `read` tells of each holder.
pub(crate) fn search(search: &HolderSearch, read: Read<'_>) -> Holders {
    let unknown = || Holders { processes_hidden: true, ..Holders::default() };
    let Ok(proc) = ProcDir::open() else { return unknown() };
    let listed = if search.among.is_empty() { proc.pids() } else { Ok(search.among.clone()) };
    let Ok(mut pids) = listed else { return unknown() };
    // Newest first: what one asks about was mostly started last.
    pids.sort_unstable_by(|one, other| other.cmp(one));
    let mut walk = Walk::new(&proc, search, read);
    let start = |&pid: &u32| Stretch { pid, from: FIRST_PASS.0, at_most: FIRST_PASS.1 };
    let first_stop = if search.effort == Effort::Quick { Stop::AllFound } else { Stop::Never };
    let rest = walk.pass(pids.iter().map(start).collect(), first_stop);
    if search.effort == Effort::Exhaustive || walk.missing() > 0 {
        let stop = if search.effort == Effort::Exhaustive { Stop::Never } else { Stop::AllFound };
        walk.pass(
            pids.iter().map(|&pid| Stretch { pid, from: 0, at_most: FIRST_PASS.0 as usize }).collect(),
            stop,
        );
        let next = |&(pid, from): &(u32, u32)| Stretch { pid, from, at_most: SECOND_PASS };
        let rest = walk.pass(rest.iter().map(next).collect(), stop);
        let all = |&(pid, from): &(u32, u32)| Stretch { pid, from, at_most: usize::MAX };
        walk.pass(rest.iter().map(all).collect(), stop);
    }
    if walk.missing() > 0 && search.among.is_empty() {
        walk.threads(&pids);
    }
    match search.effort {
        Effort::Quick => walk.relatives(|_| true),
        Effort::Enough => walk.relatives(beyond_first_pass),
        Effort::Exhaustive => {}
    }
    walk.finish()
}

/// A part of one process's descriptors.
#[derive(Clone, Copy)]
struct Stretch {
    pid: u32,
    from: u32,
    at_most: usize,
}

/// When a pass may end early.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Never,
    AllFound,
}

struct Walk<'a> {
    proc: &'a ProcDir,
    read: Read<'a>,
    /// Inodes that are looked for, sorted, and whether the search goes on until each is found.
    wanted: Vec<(u64, bool)>,
    /// How many of those nobody was seen to hold yet.
    missing: AtomicUsize,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    by_inode: BTreeMap<u64, Vec<Holder>>,
    processes: BTreeMap<u32, ProcessFacts>,
    denied: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(proc: &'a ProcDir, search: &HolderSearch, read: Read<'a>) -> Self {
        let sought = search.inodes.iter().map(|&inode| (inode, true));
        let in_passing = search.in_passing.iter().map(|&inode| (inode, false));
        let mut wanted: Vec<(u64, bool)> =
            sought.chain(in_passing).filter(|&(inode, _)| inode != 0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let missing = AtomicUsize::new(wanted.iter().filter(|&&(_, sought)| sought).count());
        Self { proc, read, wanted, missing, found: Mutex::default() }
    }

    fn wants(&self, inode: u64) -> bool {
        self.is_sought(inode).is_some()
    }

    /// Returns whether the search goes on until `inode` is found; `None` if it is not looked for at all.
    fn is_sought(&self, inode: u64) -> Option<bool> {
        let at = self.wanted.binary_search_by_key(&inode, |&(wanted, _)| wanted).ok()?;
        Some(self.wanted[at].1)
    }

    fn missing(&self) -> usize {
        self.missing.load(Ordering::Relaxed)
    }

    /// Reads one stretch of each process; returns where each that has more must go on.
    fn pass(&mut self, stretches: Vec<Stretch>, stop: Stop) -> Vec<(u32, u32)> {
        if self.wanted.is_empty() {
            return Vec::new();
        }
        let next = AtomicUsize::new(0);
        let rest = Mutex::new(Vec::new());
        let work = || {
            let mut own_rest = Vec::new();
            while stop == Stop::Never || self.missing() > 0 {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                let Some(batch) = stretches.get(first..stretches.len().min(first + BATCH)) else { break };
                if batch.is_empty() {
                    break;
                }
                own_rest.extend(batch.iter().filter_map(|stretch| self.stretch(*stretch)));
            }
            rest.lock().expect("no holder of this lock panics").extend(own_rest);
        };
        let helpers = threads().min(stretches.len() / BATCH / 2 + 1) - 1;
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(work);
            }
            work();
        });
        rest.into_inner().expect("no holder of this lock panics")
    }

    fn stretch(&self, stretch: Stretch) -> Option<(u32, u32)> {
        let mut hits = Vec::new();
        let outcome = self.proc.fds(stretch.pid).and_then(|fds| {
            let pass = fds.sockets(stretch.from, stretch.at_most, |fd, inode| {
                if self.wants(inode) {
                    hits.push((inode, fd));
                }
            });
            if !hits.is_empty() {
                self.record(stretch.pid, &fds, &hits);
            }
            pass
        });
        match outcome {
            Ok(Pass::More(next)) => Some((stretch.pid, next)),
            Ok(Pass::Complete) => None,
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    self.found.lock().expect("no holder of this lock panics").denied.push(stretch.pid);
                }
                None
            }
        }
    }

    /// Notes hits, with what is to be known of the very process whose descriptors were read.
    fn record(&self, pid: u32, fds: &FdDir, hits: &[(u64, u32)]) {
        if let Some(facts) = fds.process().ok().and_then(|process| (self.read)(&process, pid)) {
            self.note(facts, hits);
        }
    }

    fn note(&self, facts: ProcessFacts, hits: &[(u64, u32)]) {
        let mut found = self.found.lock().expect("no holder of this lock panics");
        for &(inode, fd) in hits {
            let holders = found.by_inode.entry(inode).or_default();
            if holders.is_empty() && self.is_sought(inode) == Some(true) {
                self.missing.fetch_sub(1, Ordering::Relaxed);
            }
            holders.push(Holder { pid: facts.pid, start_ticks: facts.start_ticks, fd });
        }
        found.processes.insert(facts.pid, facts);
    }

    /// Looks into threads that have descriptors of their own (unshare(2) with CLONE_FILES), or whose process has lost
    /// its first thread, and its descriptors with it.
    fn threads(&self, pids: &[u32]) {
        for &pid in pids {
            for tid in self.proc.threads(pid).unwrap_or_default() {
                if tid == pid || kcmp::share_files(tid, pid).unwrap_or(true) {
                    continue;
                }
                let Ok(fds) = self.proc.thread_fds(pid, tid) else { continue };
                let mut hits = Vec::new();
                // One that may not be read, or ended, has nothing to say.
                let _ = fds.sockets(0, usize::MAX, |fd, inode| {
                    if self.wants(inode) {
                        hits.push((inode, fd));
                    }
                });
                let facts = || self.proc.process(pid).ok().and_then(|process| (self.read)(&process, pid));
                if let (false, Some(facts)) = (hits.is_empty(), facts()) {
                    self.note(facts, &hits);
                }
                if self.missing() == 0 {
                    return;
                }
            }
        }
    }

    /// Looks at the parents and children of those holders that `of` picks, and at theirs: what fork(2) copied has
    /// the same number there.
    fn relatives(&mut self, of: fn(&Holder) -> bool) {
        let found = self.found.get_mut().expect("no holder of this lock panics");
        let mut queue: Vec<(u64, Holder)> = Vec::new();
        for (inode, holders) in &found.by_inode {
            queue.extend(holders.iter().filter(|holder| of(holder)).map(|holder| (*inode, *holder)));
        }
        while let Some((inode, holder)) = queue.pop() {
            for pid in family(self.proc, holder.pid) {
                let holders = found.by_inode.entry(inode).or_default();
                if holders.iter().any(|known| known.pid == pid) {
                    continue;
                }
                let Some(facts) = holds(self.proc, pid, holder.fd, inode, self.read) else { continue };
                let relative = Holder { pid, start_ticks: facts.start_ticks, fd: holder.fd };
                holders.push(relative);
                queue.push((inode, relative));
                found.processes.insert(pid, facts);
            }
        }
    }

    fn finish(self) -> Holders {
        let mut found = self.found.into_inner().expect("no holder of this lock panics");
        for holders in found.by_inode.values_mut() {
            holders.sort_unstable();
            holders.dedup();
        }
        found.denied.sort_unstable();
        found.denied.dedup();
        Holders {
            by_inode: found.by_inode,
            processes: found.processes,
            denied: found.denied,
            processes_hidden: self.proc.hides_processes(),
        }
    }
}

fn beyond_first_pass(holder: &Holder) -> bool {
    holder.fd < FIRST_PASS.0 || holder.fd as usize >= FIRST_PASS.0 as usize + FIRST_PASS.1
}

/// Returns process `pid` if it has the socket `inode` open as `fd`.
fn holds(proc: &ProcDir, pid: u32, fd: u32, inode: u64, read: Read<'_>) -> Option<ProcessFacts> {
    let fds = proc.fds(pid).ok()?;
    if fds.socket(fd).ok()? != Some(inode) {
        return None;
    }
    read(&fds.process().ok()?, pid)
}

/// Returns the parent and the children of a process.
fn family(proc: &ProcDir, pid: u32) -> Vec<u32> {
    let mut text = Vec::with_capacity(512);
    let mut family = Vec::new();
    if proc.read(&format!("{pid}/stat"), &mut text).is_ok() {
        family.extend(stat::parse(&text).map(|stat| stat.ppid).filter(|&ppid| ppid != 0));
    }
    if proc.read(&format!("{pid}/task/{pid}/children"), &mut text).is_ok() {
        family.extend(
            String::from_utf8_lossy(&text)
                .split_ascii_whitespace()
                .filter_map(|word| word.parse::<u32>().ok()),
        );
    }
    family
}

/// Returns how many threads share the search: as many as there are CPUs for us, at most four.
fn threads() -> usize {
    rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize).clamp(1, 4)
}

/// First descriptor and number of descriptors of the first pass. Standard input, output and error come later:
/// they are a listener only under an inetd.
const FIRST_PASS: (u32, usize) = (3, 32);
const SECOND_PASS: usize = 256;
/// Processes that a thread takes at once.
const BATCH: usize = 8;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::{AsRawFd, OwnedFd};

    use wharf_sys::linux::sock_options::inode;

    use crate::facts::{Effort, HolderSearch, Holders};
    use crate::linux::processes::LinuxProcesses;
    use crate::traits::Processes;

    fn search(search: &HolderSearch) -> Holders {
        LinuxProcesses::default().holders(search)
    }

    fn holders_of(listener: &TcpListener, effort: Effort) -> Vec<(u32, u32)> {
        let inode = inode(listener).unwrap();
        let found = search(&HolderSearch { inodes: vec![inode, 0, 1], effort, ..HolderSearch::default() });
        assert!(!found.by_inode.contains_key(&1));
        found
            .by_inode
            .get(&inode)
            .map(|holders| holders.iter().map(|h| (h.pid, h.fd)).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_listener_is_found_at_a_low_and_at_a_high_descriptor() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = u32::try_from(listener.as_raw_fd()).unwrap();
        assert!(holders_of(&listener, Effort::Enough).contains(&(std::process::id(), fd)));
        for minimum in [200, 700] {
            let high: OwnedFd = rustix::io::fcntl_dupfd_cloexec(&listener, minimum).unwrap();
            let number = u32::try_from(high.as_raw_fd()).unwrap();
            assert!(holders_of(&listener, Effort::Exhaustive).contains(&(std::process::id(), number)));
            let moved = TcpListener::from(high);
            let alone = TcpListener::bind("127.0.0.1:0").unwrap();
            drop(alone);
            assert!(!holders_of(&moved, Effort::Enough).is_empty());
        }
    }

    #[test]
    fn nobody_holds_a_socket_that_was_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = inode(&listener).unwrap();
        drop(listener);
        let among = vec![std::process::id()];
        let found = search(&HolderSearch {
            inodes: vec![inode],
            effort: Effort::Exhaustive,
            among,
            ..HolderSearch::default()
        });
        // Another socket may have been given the number meanwhile, but hardly within this test.
        assert!(found.by_inode.values().flatten().all(|holder| holder.pid != std::process::id()));
    }
}
