//! Which processes hold a socket: the search through /proc/pid/fd, in the order that finds it soonest.
//!
//! Linux has no way to ask a socket for its holders, so every descriptor of every process may have to be
//! read, at about 2 µs each. Servers open their listeners early and get low numbers, so the first few
//! descriptors of all processes are read before the rest of any; programs of one kind open theirs at one
//! number, so where one listener was found, every process is asked for that number before anything else; a
//! process whose links may not be read is left at its first refusal. Not here: how CPUs share work
//! ([`crew`](super::crew)).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wharf_sys::linux::fd_link::{FdDir, Pass};
use wharf_sys::linux::kcmp;
use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::text::stat;

use super::crew;
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
    // What is only noticed in passing is noticed only where one passes everywhere.
    let all_low = search.effort == Effort::Exhaustive
        || (search.effort == Effort::Enough && !search.in_passing.is_empty());
    let rest = if all_low { walk.low_of_all(&pids) } else { walk.low_until_found(&pids) };
    if search.effort == Effort::Exhaustive || walk.missing() > 0 {
        let stop = if search.effort == Effort::Exhaustive { Stop::Never } else { Stop::AllFound };
        walk.pass(pids.iter().map(|&pid| Stretch { pid, from: 0, at_most: LOW.0 as usize }).collect(), stop);
        let next = |&(pid, from): &(u32, u32)| Stretch { pid, from, at_most: SECOND_PASS };
        let rest = walk.pass(rest.iter().map(next).collect(), stop);
        let all = |&(pid, from): &(u32, u32)| Stretch { pid, from, at_most: usize::MAX };
        walk.pass(rest.iter().map(all).collect(), stop);
    }
    if walk.missing() > 0 && search.among.is_empty() {
        walk.threads(&pids);
    }
    match search.effort {
        Effort::Quick => {
            walk.heirs(&pids);
            walk.relatives(|_| true);
        }
        Effort::Enough => walk.relatives(beyond_low),
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

impl Stretch {
    fn low(pid: u32) -> Self {
        Self { pid, from: LOW.0, at_most: LOW.1 }
    }
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
    /// How many of the sought ones nobody was seen to hold yet.
    missing: AtomicUsize,
    /// Inodes of other listeners, sorted.
    hints: Vec<u64>,
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
        let mut hints = search.hints.clone();
        hints.sort_unstable();
        Self { proc, read, wanted, hints, missing, found: Mutex::default() }
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

    /// Reads the low descriptors of every process; returns where each that has more must go on.
    fn low_of_all(&self, pids: &[u32]) -> Vec<(u32, u32)> {
        self.pass(pids.iter().map(|&pid| Stretch::low(pid)).collect(), Stop::Never)
    }

    /// Reads low descriptors until every socket is found, and those of the holders' parents, which may have it at
    /// another number; returns where each process that has more must go on.
    fn low_until_found(&self, pids: &[u32]) -> Vec<(u32, u32)> {
        let row = Row { pids, read: pids.iter().map(|_| AtomicBool::new(false)).collect() };
        let rest = Mutex::new(Vec::new());
        let numbers = Mutex::new(Numbers::default());
        while self.missing() > 0 {
            let unread = row.unread();
            if unread.is_empty() {
                break;
            }
            let is_over = || self.missing() == 0 || !lock(&numbers).fresh.is_empty();
            crew::share(unread.len(), ALONE, &is_over, &|index| {
                let at = unread[index];
                let listeners = self.low(pids[at], &rest);
                row.read[at].store(true, Ordering::Relaxed);
                lock(&numbers).add(&listeners);
            });
            let mut numbers = lock(&numbers);
            let fresh = std::mem::take(&mut numbers.fresh);
            if !fresh.is_empty() {
                let met = self.columns(&row, &fresh);
                numbers.judge(met);
            }
        }
        self.parents(&row, &rest);
        rest.into_inner().expect("no holder of this lock panics")
    }

    /// Reads the low descriptors of one process; returns those that are listeners.
    fn low(&self, pid: u32, rest: &Mutex<Vec<(u32, u32)>>) -> Vec<u32> {
        let mut listeners = Vec::new();
        if let Some(more) = self.stretch(Stretch::low(pid), &mut listeners) {
            lock(rest).push(more);
        }
        listeners
    }

    /// Asks processes that were not read yet for some descriptors: a few first, then all of them for those where a
    /// listener was met; returns whether one was.
    fn columns(&self, row: &Row<'_>, numbers: &[u32]) -> bool {
        let unread = row.unread();
        let (sample, others) = unread.split_at(SAMPLE.min(unread.len()));
        let met: BTreeSet<u32> =
            sample.iter().flat_map(|&at| self.listeners_at(row.pids[at], numbers)).collect();
        let worth: Vec<u32> = met.into_iter().collect();
        if !worth.is_empty() {
            // Whoever else holds what was found is met by `parents` and `heirs`, as far as it is asked for.
            let is_over = || self.missing() == 0;
            crew::share(others.len(), 8 * ALONE / worth.len(), &is_over, &|index| {
                self.listeners_at(row.pids[others[index]], &worth);
            });
        }
        !worth.is_empty()
    }

    /// Asks one process for some descriptors; returns those that are listeners.
    fn listeners_at(&self, pid: u32, numbers: &[u32]) -> Vec<u32> {
        let (mut listeners, mut hits) = (Vec::new(), Vec::new());
        for &fd in numbers {
            if let Ok(Some(inode)) = self.proc.socket(pid, fd) {
                self.sort_in(fd, inode, &mut listeners, &mut hits);
            }
        }
        // Read anew through one directory, so that process and descriptors belong together.
        if !hits.is_empty()
            && let Ok(process) = self.proc.process(pid)
        {
            hits.retain(|&(inode, fd)| process.socket(fd).is_ok_and(|found| found == Some(inode)));
            if let (false, Some(facts)) = (hits.is_empty(), (self.read)(&process, pid)) {
                self.note(facts, &hits);
            }
        }
        listeners
    }

    /// Adds a socket to the hits if it is looked for, and to the listeners if it is looked for or a hint.
    fn sort_in(&self, fd: u32, inode: u64, listeners: &mut Vec<u32>, hits: &mut Vec<(u64, u32)>) {
        let is_wanted = self.wants(inode);
        if is_wanted {
            hits.push((inode, fd));
        }
        if is_wanted || self.hints.binary_search(&inode).is_ok() {
            listeners.push(fd);
        }
    }

    /// Asks every process for the numbers of the holders that were found: what was inherited has the same, also in
    /// an heir that is no longer of the family.
    fn heirs(&self, pids: &[u32]) {
        let known = lock(&self.found).by_inode.values().flatten().map(|holder| holder.fd).collect();
        let numbers: BTreeSet<u32> = known;
        if !numbers.is_empty() {
            let numbers: Vec<u32> = numbers.into_iter().collect();
            crew::share(pids.len(), 8 * ALONE, &|| false, &|index| {
                self.listeners_at(pids[index], &numbers);
            });
        }
    }

    /// Reads the low descriptors of the parents of every holder, and of the holders found so: who was sent a socket was
    /// mostly sent it by its parent, which comes first.
    fn parents(&self, row: &Row<'_>, rest: &Mutex<Vec<(u32, u32)>>) {
        let above = || -> Vec<u32> { lock(&self.found).processes.values().map(|facts| facts.ppid).collect() };
        loop {
            let fresh: Vec<u32> = above().into_iter().filter(|&parent| row.take(parent)).collect();
            if fresh.is_empty() {
                return;
            }
            for parent in fresh {
                self.low(parent, rest);
            }
        }
    }

    /// Reads one stretch of each process; returns where each that has more must go on.
    fn pass(&self, stretches: Vec<Stretch>, stop: Stop) -> Vec<(u32, u32)> {
        if self.wanted.is_empty() {
            return Vec::new();
        }
        let rest = Mutex::new(Vec::new());
        crew::share(stretches.len(), ALONE, &|| stop == Stop::AllFound && self.missing() == 0, &|index| {
            if let Some(more) = self.stretch(stretches[index], &mut Vec::new()) {
                lock(&rest).push(more);
            }
        });
        rest.into_inner().expect("no holder of this lock panics")
    }

    /// Reads a stretch, adding those that are listeners to `listeners`; returns where to go on, if there is more.
    fn stretch(&self, stretch: Stretch, listeners: &mut Vec<u32>) -> Option<(u32, u32)> {
        let mut hits = Vec::new();
        let outcome = self.proc.fds(stretch.pid).and_then(|fds| {
            let pass = fds.sockets(stretch.from, stretch.at_most, |fd, inode| {
                self.sort_in(fd, inode, listeners, &mut hits);
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
                    lock(&self.found).denied.push(stretch.pid);
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
        let mut found = lock(&self.found);
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

/// All processes, and which of them were read.
struct Row<'a> {
    /// Descending.
    pids: &'a [u32],
    read: Vec<AtomicBool>,
}

impl Row<'_> {
    /// Returns the places of those that were not read yet.
    fn unread(&self) -> Vec<usize> {
        (0..self.pids.len()).filter(|&at| !self.read[at].load(Ordering::Relaxed)).collect()
    }

    /// Marks `pid` as read; returns whether it is one of these and was not.
    fn take(&self, pid: u32) -> bool {
        let place = self.pids.binary_search_by(|other| pid.cmp(other));
        place.is_ok_and(|at| !self.read[at].swap(true, Ordering::Relaxed))
    }
}

/// The descriptors at which there was a listener, as long as it pays to ask other processes for them.
#[derive(Default)]
struct Numbers {
    known: BTreeSet<u32>,
    fresh: Vec<u32>,
    in_vain: usize,
}

impl Numbers {
    fn add(&mut self, listeners: &[u32]) {
        for &fd in listeners {
            if self.in_vain < IN_VAIN && self.known.insert(fd) {
                self.fresh.push(fd);
            }
        }
    }

    fn judge(&mut self, met: bool) {
        self.in_vain = if met { 0 } else { self.in_vain + 1 };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

fn beyond_low(holder: &Holder) -> bool {
    holder.fd < LOW.0 || holder.fd as usize >= LOW.0 as usize + LOW.1
}

/// Returns process `pid` if it has the socket `inode` open as `fd`.
fn holds(proc: &ProcDir, pid: u32, fd: u32, inode: u64, read: Read<'_>) -> Option<ProcessFacts> {
    let process = proc.process(pid).ok()?;
    if process.socket(fd).ok()? != Some(inode) {
        return None;
    }
    read(&process, pid)
}

/// Returns the parent and the children of a process.
fn family(proc: &ProcDir, pid: u32) -> Vec<u32> {
    let mut text = Vec::with_capacity(512);
    let mut family = children(proc, pid);
    if proc.read(&format!("{pid}/stat"), &mut text).is_ok() {
        family.extend(stat::parse(&text).map(|stat| stat.ppid).filter(|&ppid| ppid != 0));
    }
    family
}

/// Returns the children of a process's first thread.
fn children(proc: &ProcDir, pid: u32) -> Vec<u32> {
    let mut text = Vec::with_capacity(512);
    match proc.read(&format!("{pid}/task/{pid}/children"), &mut text) {
        Ok(()) => String::from_utf8_lossy(&text)
            .split_ascii_whitespace()
            .filter_map(|word| word.parse::<u32>().ok())
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// First number and how many of the low descriptors, which are read first. Standard input, output and error come
/// later: they are a listener only under an inetd.
const LOW: (u32, usize) = (3, 32);
const SECOND_PASS: usize = 256;
/// Processes that one thread reads before it calls others: about a third of a millisecond's work.
const ALONE: usize = 16;
/// Processes that are asked first whether a number pays: programs of one kind were often started together.
const SAMPLE: usize = 16;
/// So often a sample may be in vain in a row before numbers are no longer followed.
const IN_VAIN: usize = 3;

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
