//! Who was told the port by its command line, and what becomes of it: still starting, or starting again and again.
//!
//! Asked only where nobody listens. Not here: what that means.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_os::Os;
use wharf_os::examine::commands::{self, CommandLine};
use wharf_os::examine::units;
use wharf_os::facts::{Effort, HolderSearch, ProcessFacts, SocketFacts, SocketQuery};

use super::Context;
use crate::facts::Facts;
use crate::facts::suspects::{Suspect, Watch};
use crate::target::Target;

mod words;

/// Finds them, and watches those that are young; looks for units that should listen.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    let Some(port) = facts.target().and_then(Target::port) else { return };
    facts.units = units::seen();
    let version = context.os.files.read(Path::new("/proc/version"), 4096).unwrap_or_default();
    facts.is_wsl = String::from_utf8_lossy(&version).to_lowercase().contains("microsoft");
    // Whoever started this question has its words, too.
    let own = ancestors(context.os);
    let mut told = told_of(port);
    told.retain(|(command, _)| !own.contains(&command.pid));
    let pids: Vec<u32> = told.iter().map(|(command, _)| command.pid).collect();
    let now = context.os.clock.now();
    let processes = context.os.processes.read(&pids);
    let parents: BTreeSet<u32> = processes.iter().map(|process| process.ppid).collect();
    for process in processes {
        // A runner hands the words on to what it starts: the innermost is the server.
        let Some((_, words)) = told.iter().find(|(command, _)| command.pid == process.pid) else { continue };
        if parents.contains(&process.pid) {
            continue;
        }
        let age_ms = process.started_at.map(|started| now.ms_since(started));
        let (listens, is_open) = listens(context.os, &process);
        let told = words.clone();
        facts.suspects.push(Suspect { process, told, age_ms, listens, is_open, watch: Watch::No });
    }
    // Of one that may listen elsewhere, unseen, the watch would tell nothing.
    let is_young = |suspect: &Suspect| {
        suspect.listens.is_empty() && suspect.is_open && suspect.age_ms.is_some_and(|age| age < YOUNG_MS)
    };
    // One that has opened its Unix socket has started.
    let young = facts.suspects.iter().position(is_young).filter(|_| facts.unix_only.is_empty());
    if let Some(at) = young {
        facts.suspects[at].watch = watch(&facts.suspects[at], port, facts.addresses.clone(), context);
    }
}

/// Returns this process and those that it comes from.
fn ancestors(os: &Os) -> Vec<u32> {
    let mut pids = vec![std::process::id()];
    while let Some(parent) = pids.last().and_then(|&pid| os.processes.read(&[pid]).pop()).map(|it| it.ppid) {
        if parent == 0 || pids.contains(&parent) {
            break;
        }
        pids.push(parent);
    }
    pids
}

fn told_of(port: u16) -> Vec<(CommandLine, String)> {
    let commands = commands::with(&port.to_string());
    let told = |command: CommandLine| words::tells(&command.words, port).map(|words| (command, words));
    commands.into_iter().filter_map(told).collect()
}

/// Returns where the process listens in wharf's own network namespace, and whether that may be seen.
fn listens(os: &Os, process: &ProcessFacts) -> (Vec<SocketAddr>, bool) {
    let query = SocketQuery {
        protocols: vec![Protocol::Tcp],
        states: vec![TcpState::Listen],
        local_port: None,
        remote_port: None,
    };
    let sockets: Vec<SocketFacts> = os.sockets.list(None, &query).map(|list| list.value).unwrap_or_default();
    let search = HolderSearch {
        inodes: sockets.iter().map(|socket| socket.inode).collect(),
        effort: Effort::Exhaustive,
        among: vec![process.pid],
        ..HolderSearch::default()
    };
    let holders = os.processes.holders(&search);
    let own = |socket: &&SocketFacts| holders.by_inode.contains_key(&socket.inode);
    let listens = sockets.iter().filter(own).map(|socket| socket.local).collect();
    (listens, !holders.denied.contains(&process.pid) && !holders.processes_hidden)
}

/// Watches a young process until it listens, ends, or the time is over.
fn watch(suspect: &Suspect, port: u16, addresses: Vec<SocketAddr>, context: &Context<'_>) -> Watch {
    let end = Instant::now() + WATCH.min(context.left() / 2);
    let is_there = || {
        let read = context.os.processes.read(&[suspect.process.pid]);
        read.first()
            .is_some_and(|now| now.start_ticks == suspect.process.start_ticks && !now.command.is_empty())
    };
    let listens =
        || addresses.iter().any(|&address| matches!(context.os.sockets.listener_at(address), Ok(Some(_))));
    let mut ended = false;
    while Instant::now() < end {
        thread::sleep(STEP);
        if listens() {
            return Watch::Listens;
        }
        ended = ended || !is_there();
        if ended {
            let same = |(command, _): &(CommandLine, String)| {
                command.words == suspect.process.command && command.pid != suspect.process.pid
            };
            if let Some((command, _)) = told_of(port).into_iter().find(same) {
                return Watch::Replaced(command.pid);
            }
        }
    }
    if ended { Watch::Ended } else { Watch::Unchanged }
}

/// A server that has run for longer than this without listening is not merely starting.
const YOUNG_MS: i64 = 3000;
/// How long a young process is watched. A loop that starts it again after longer is seen as one that has ended.
const WATCH: Duration = Duration::from_millis(900);
const STEP: Duration = Duration::from_millis(10);
