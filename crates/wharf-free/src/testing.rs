//! Made-up processes and facts, for tests of rules.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use wharf_model::connection::{Connection, ProcessRef, TcpState};
use wharf_model::detail::{EndpointDetail, StartedBy, StarterKind};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use wharf_model::owner::{HeldBy, Owner};
use wharf_model::place::Netns;
use wharf_model::port::PortRange;
use wharf_model::process::{Process, ProcessState};

use crate::facts::{Caller, Facts};

/// Returns a process of user 1000.
pub(crate) fn process(pid: u32, ppid: u32, name: &str) -> Process {
    Process {
        pid,
        started_at: None,
        start_ticks: u64::from(pid),
        ppid: Some(ppid),
        name: name.to_owned(),
        command: vec![name.to_owned()],
        exe: None,
        exe_deleted: false,
        cwd: None,
        uid: Some(1000),
        user: None,
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: Vec::new(),
    }
}

/// Returns a process with this command line; a title stands in one word.
pub(crate) fn started(pid: u32, ppid: u32, command: &str) -> Process {
    let first = command.split(' ').next().unwrap_or(command);
    let name = first.rsplit('/').next().unwrap_or(first).trim_start_matches('-').trim_end_matches(':');
    let is_title = ["nginx:", "gunicorn:", "PM2", "sshd:"].contains(&first);
    let words = match command.split_once(" -c ") {
        _ if is_title => vec![command.to_owned()],
        Some((shell, text)) => vec![shell.to_owned(), "-c".to_owned(), text.to_owned()],
        None => command.split(' ').map(str::to_owned).collect(),
    };
    Process { command: words, name: name.chars().take(15).collect(), ..process(pid, ppid, name) }
}

/// Returns an endpoint at 127.0.0.1:3000 that `lead` has.
pub(crate) fn holder(lead: Process, ancestry: Vec<Process>) -> EndpointDetail {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let listener = Listener {
        address,
        inode: Some(u64::from(lead.pid)),
        cookie: None,
        uid: lead.uid.unwrap_or(1000),
        accept_queue: None,
        backlog: None,
        receive_queue_bytes: None,
        device: None,
        v6_only: None,
        cgroup_id: None,
    };
    EndpointDetail {
        endpoint: Endpoint {
            id: format!("tcp/3000/{}", lead.pid),
            protocol: Protocol::Tcp,
            addresses: vec![address],
            port: 3000,
            state: EndpointState::Listening,
            exposure: Exposure::Loopback,
            netns: Netns { inode: None, own: true, name: None, pid: None },
            listeners: vec![listener],
            owner: Owner {
                uid: lead.uid.unwrap_or(1000),
                user: None,
                held_by: HeldBy::Processes,
                processes: vec![lead],
                queued_to: Vec::new(),
                cgroup: None,
            },
            service: None,
            project: None,
            container: None,
            unit: None,
            run: None,
            range: PortRange::User,
            notes: Vec::new(),
        },
        ancestry,
        started_by: None,
        options: Vec::new(),
        environment_port: None,
        connections: Vec::new(),
    }
}

/// Returns the facts on port 3000, which `holders` have, for user 1000 in a shell of pid 50.
pub(crate) fn facts(holders: Vec<EndpointDetail>) -> Facts {
    let mut family = BTreeMap::new();
    for holder in &holders {
        for process in holder.endpoint.owner.processes.iter().chain(&holder.ancestry) {
            family.insert(process.pid, process.clone());
        }
    }
    let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 3000))];
    let caller = Caller { uid: 1000, line: vec![60, 50, 1], ..Caller::default() };
    Facts { holders, family, ..Facts::new("3000", addresses, caller) }
}

/// Returns that a unit of systemd started it.
pub(crate) fn by_unit(name: &str) -> StartedBy {
    StartedBy {
        kind: StarterKind::SystemdUnit,
        text: format!("systemd unit {name}"),
        pid: None,
        supervisor: None,
    }
}

/// Returns an outgoing connection of curl with local port 3000.
pub(crate) fn outgoing() -> Connection {
    let process = ProcessRef { pid: 70, start_ticks: 70, name: "curl".to_owned() };
    Connection {
        protocol: Protocol::Tcp,
        local: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
        remote: SocketAddr::from((Ipv4Addr::LOCALHOST, 80)),
        state: TcpState::Established,
        inode: Some(1),
        uid: 1000,
        process: Some(process),
        peer: None,
    }
}
