//! Servers made up for tests of rules.

use wharf_model::connection::TcpState;
use wharf_model::owner::HeldBy;
use wharf_os::examine::process::{Call, Process, Thread};
use wharf_os::examine::queue::{Half, Queue};

use super::wait::Wait;
use super::{Examined, Seen, Server, Serving};
use crate::testing::{Asked, asked};

/// Returns facts where node, pid 4121, listens at 127.0.0.1:3000.
pub(crate) fn node() -> Asked {
    asked("127.0.0.1:3000").listener("127.0.0.1:3000")
}

/// Connected, and nobody has accepted; by these processes.
pub(crate) fn unaccepted(processes: Vec<Examined>) -> Asked {
    with_server(node().connected(), processes, 1).with(|facts| facts.accepted = Some(false))
}

/// Nothing comes back, because the queue is full; by these processes.
pub(crate) fn full(processes: Vec<Examined>) -> Asked {
    with_server(node().hangs(), processes, 17)
}

/// Accepted, and no answer comes; by these processes.
pub(crate) fn silent(mut processes: Vec<Examined>) -> Asked {
    for process in &mut processes {
        process.serves = true;
    }
    with_server(node().connected(), processes, 0).with(|facts| facts.talk.silent = true)
}

fn with_server(asked: Asked, processes: Vec<Examined>, waiting: u32) -> Asked {
    asked.with(|facts| {
        let held_by = Some(HeldBy::Processes);
        facts.servers =
            vec![Server { held_by, queues: vec![queue(1, waiting)], processes, ..Server::default() }];
    })
}

/// Returns a listener of a backlog of 16.
pub(crate) fn queue(inode: u64, waiting: u32) -> Queue {
    Queue {
        address: ([127, 0, 0, 1], 3000).into(),
        inode,
        waiting,
        backlog: 16,
        drops: Some(0),
        cgroup_id: None,
    }
}

/// Returns node, pid 4121, of one thread in a state and a system call.
pub(crate) fn process(state: char, call: Option<&'static str>) -> Examined {
    let call = call.map(|name| Call { name: Some(name), arguments: [0; 6] });
    let thread = Thread { tid: 4121, name: "node".to_owned(), state, call, ..Thread::default() };
    let seen = Seen { wait: Wait::of(&thread), is_steady: true, busy: if state == 'R' { 100 } else { 0 } };
    Examined {
        process: Process {
            pid: 4121,
            start_ticks: 1,
            ppid: 4000,
            name: "node".to_owned(),
            program: Some("node".to_owned()),
            threads: vec![thread],
            files: Some(20),
            files_limit: Some(1024),
            ..Process::default()
        },
        uid: Some(1000),
        threads: vec![seen],
        listeners: vec![1],
        ..Examined::default()
    }
}

/// Adds a thread.
pub(crate) fn and_thread(mut examined: Examined, state: char, call: Option<&'static str>) -> Examined {
    let other = process(state, call);
    examined.process.threads.extend(other.process.threads);
    examined.threads.extend(other.threads);
    examined
}

/// Returns the server's side of a connection from a port.
pub(crate) fn half(port: u16, inode: u64) -> Half {
    Half {
        local: ([127, 0, 0, 1], 3000).into(),
        remote: ([127, 0, 0, 1], port).into(),
        state: TcpState::Established,
        inode,
        unread: 0,
        quiet_ms: Some(5),
    }
}

/// Returns an open connection of curl, pid 77.
pub(crate) fn serving() -> Serving {
    Serving { half: half(41000, 9), pid: Some(4121), client: Some((77, "curl".to_owned())) }
}
