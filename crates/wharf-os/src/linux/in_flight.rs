//! Sockets that no process has open because they wait in an SCM_RIGHTS message: in whose queue?
//!
//! /proc/pid/fdinfo tells how many descriptors wait in a Unix socket's queue (`scm_fds`, since Linux 5.6).
//! Where wharf may duplicate that Unix socket, it looks into the queue without taking anything, also
//! through Unix sockets that are in flight themselves.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use wharf_sys::linux::fd_link::Pass;
use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::linux::{sock_options, unix_queue};

use crate::facts::{Partial, QueuedSocket};

/// Returns where those of `inodes` wait that were seen in a queue; and, with `seen` false and the inode 0, every
/// queue that holds descriptors and could not be looked into.
pub(crate) fn search(inodes: &[u64]) -> Partial<Vec<QueuedSocket>> {
    let Ok(proc) = ProcDir::open() else { return Vec::new().into() };
    let mut seen: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let mut closed: Vec<u32> = Vec::new();
    for pid in proc.pids().unwrap_or_default() {
        let Ok(process) = proc.process(pid) else { continue };
        for (fd, waiting) in queues(&process) {
            let mut found = Vec::new();
            let looked_at = look(pid, fd, &mut found);
            for inode in found.iter().filter(|inode| inodes.contains(inode)) {
                seen.entry(*inode).or_default().push(pid);
            }
            if looked_at < waiting as usize {
                closed.push(pid);
            }
        }
    }
    closed.dedup();
    let mut queued: Vec<QueuedSocket> = seen
        .into_iter()
        .map(|(inode, mut pids)| {
            pids.dedup();
            QueuedSocket { inode, pids, seen: true }
        })
        .collect();
    if !closed.is_empty() {
        queued.push(QueuedSocket { inode: 0, pids: closed, seen: false });
    }
    queued.into()
}

/// Returns the Unix sockets of a process in whose queue descriptors wait, and how many.
fn queues(process: &ProcessDir) -> Vec<(u32, u32)> {
    let mut sockets: Vec<u32> = Vec::new();
    let Ok(fds) = process.fds() else { return Vec::new() };
    let mut from = 0;
    while let Ok(Pass::More(next)) = fds.sockets(from, 1024, |fd, _| sockets.push(fd)) {
        from = next;
    }
    let mut text = Vec::new();
    sockets
        .into_iter()
        .filter_map(|fd| {
            process.read(&format!("fdinfo/{fd}"), &mut text).ok()?;
            let text = String::from_utf8_lossy(&text);
            let count: u32 =
                text.lines().find_map(|line| line.strip_prefix("scm_fds:"))?.trim().parse().ok()?;
            (count > 0).then_some((fd, count))
        })
        .collect()
}

/// Notes the inodes of what waits in the queue of descriptor `fd` of process `pid`, as far as it can be seen;
/// returns how many descriptors of that very queue were seen.
fn look(pid: u32, fd: u32, inodes: &mut Vec<u64>) -> usize {
    sock_options::duplicate(pid, fd).map_or(0, |socket| look_into(&socket, NESTING, inodes))
}

fn look_into(socket: impl AsFd, nesting: u32, inodes: &mut Vec<u64>) -> usize {
    let Ok(peek) = unix_queue::peek(socket) else { return 0 };
    for descriptor in &peek.descriptors {
        visit(descriptor, nesting, inodes);
    }
    peek.descriptors.len()
}

fn visit(descriptor: &OwnedFd, nesting: u32, inodes: &mut Vec<u64>) {
    let Ok(inode) = sock_options::inode(descriptor) else { return };
    inodes.push(inode);
    if nesting > 0 && unix_queue::is_unix_socket(descriptor) {
        look_into(descriptor, nesting - 1, inodes);
    }
}

/// How many Unix sockets deep a socket in flight is followed; the kernel itself allows 4 (MAX_RECURSION_LEVEL).
const NESTING: u32 = 4;
