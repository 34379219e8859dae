//! Sockets that no process has open because they wait in an SCM_RIGHTS message: in whose queue?
//!
//! /proc/pid/fdinfo tells how many descriptors wait in a Unix socket's queue (`scm_fds`, since Linux 5.6).
//! Where wharf may duplicate that Unix socket, it looks into the queue without taking anything, also
//! through Unix sockets that are in flight themselves.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use wharf_sys::linux::fd_link::Pass;
use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::linux::sock_diag::{SockDiag, UnixSocket};
use wharf_sys::linux::{descriptor, netns, sock_options, unix_queue};

use super::namespaces;
use crate::facts::{Partial, QueuedSocket};

/// Returns where those of `inodes` wait that were seen in a queue; and, with `seen` false and the inode 0, every
/// queue that holds descriptors and could not be looked into.
pub(crate) fn search(inodes: &[u64]) -> Partial<Vec<QueuedSocket>> {
    let Ok(proc) = ProcDir::open() else { return Vec::new().into() };
    let mut seen: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let mut closed: Vec<u32> = Vec::new();
    for (pid, fd, waiting) in queues(&proc, full_sockets()) {
        let mut found = Vec::new();
        let looked_at = look(pid, fd, &mut found);
        for inode in found.iter().filter(|inode| inodes.contains(inode)) {
            seen.entry(*inode).or_default().push(pid);
        }
        if looked_at < waiting as usize {
            closed.push(pid);
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

/// Returns the inodes of the Unix sockets in which something may wait, sorted: few of many. `None` if the kernel
/// does not tell for every network namespace, each of which has Unix sockets of its own.
fn full_sockets() -> Option<Vec<u64>> {
    let list = || SockDiag::open()?.unix_sockets();
    let mut sockets = list().ok()?;
    for namespace in namespaces::others().value {
        sockets.extend(netns::inside(&namespaces::open(&namespace).ok()?, list).ok()?);
    }
    // A datagram may be empty and carry descriptors all the same.
    let may_hold = |socket: &UnixSocket| socket.waiting > 0 || !socket.stream;
    let mut inodes: Vec<u64> =
        sockets.iter().filter(|socket| may_hold(socket)).map(|socket| socket.inode.into()).collect();
    inodes.sort_unstable();
    Some(inodes)
}

/// Returns the Unix sockets, as process and descriptor, in whose queue descriptors wait, and how many; only those
/// of `among`, where it is known.
fn queues(proc: &ProcDir, among: Option<Vec<u64>>) -> Vec<(u32, u32, u32)> {
    let mut queues = Vec::new();
    if among.as_ref().is_some_and(Vec::is_empty) {
        return queues;
    }
    let mut text = Vec::new();
    for pid in proc.pids().unwrap_or_default() {
        let Ok(process) = proc.process(pid) else { continue };
        for fd in sockets(&process, among.as_deref()) {
            if process.read(&format!("fdinfo/{fd}"), &mut text).is_err() {
                continue;
            }
            let text = String::from_utf8_lossy(&text);
            let count = text.lines().find_map(|line| line.strip_prefix("scm_fds:")?.trim().parse().ok());
            queues.extend(count.filter(|&count| count > 0).map(|count: u32| (pid, fd, count)));
        }
    }
    queues
}

/// Returns the descriptors of a process that are sockets, of `among` where it is known.
fn sockets(process: &ProcessDir, among: Option<&[u64]>) -> Vec<u32> {
    let mut sockets = Vec::new();
    let Ok(fds) = process.fds() else { return sockets };
    let mut visit = |fd, inode| {
        if among.is_none_or(|among| among.binary_search(&inode).is_ok()) {
            sockets.push(fd);
        }
    };
    let mut from = 0;
    while let Ok(Pass::More(next)) = fds.sockets(from, 1024, &mut visit) {
        from = next;
    }
    sockets
}

/// Notes the inodes of what waits in the queue of descriptor `fd` of process `pid`, as far as it can be seen;
/// returns how many descriptors of that very queue were seen.
fn look(pid: u32, fd: u32, inodes: &mut Vec<u64>) -> usize {
    descriptor::duplicate(pid, fd.cast_signed()).map_or(0, |socket| look_into(&socket, NESTING, inodes))
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
