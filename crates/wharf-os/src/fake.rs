//! An operating system made of plain values, for tests of what stands above the seam.
//!
//! [`World`] is what there is to see; [`World::os`] turns it into an [`Os`] whose every part answers
//! from it. Nothing here touches the machine.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wharf_model::connection::TcpState;
use wharf_model::detail::SocketOptions;
use wharf_model::process::ProcessState;
use wharf_model::snapshot::Warning;
use wharf_model::timestamp::Timestamp;

use crate::Os;
use crate::dial::Dialer;
use crate::facts::{
    BindOutcome, ContainerFacts, EphemeralRange, Holder, HolderSearch, Holders, Namespace, OsError, Partial,
    ProcessFacts, QueuedSocket, SocketFacts, SocketQuery, below,
};
use crate::traits::{Clock, Containers, Files, Host, Processes, Sockets};

/// A machine, as values. Change what a test needs; the rest is an empty machine at a fixed time.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Sockets of wharf's own network namespace.
    pub sockets: Vec<SocketFacts>,
    /// Other namespaces, with their sockets.
    pub namespaces: Vec<(Namespace, Vec<SocketFacts>)>,
    /// Processes.
    pub processes: Vec<ProcessFacts>,
    /// Who holds what: (inode, pid, fd).
    pub holds: Vec<(u64, u32, u32)>,
    /// Processes whose descriptors may not be read.
    pub denied: Vec<u32>,
    /// True for hidepid.
    pub processes_hidden: bool,
    /// Sockets in flight.
    pub queued: Vec<QueuedSocket>,
    /// Environments: (pid, name, value).
    pub environment: Vec<(u32, String, String)>,
    /// Paths of control groups by kernel id.
    pub cgroups: BTreeMap<u64, String>,
    /// Files by path; directories are implied by the files in them.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// Containers.
    pub containers: Vec<ContainerFacts>,
    /// Users.
    pub users: BTreeMap<u32, String>,
    /// wharf's own user.
    pub own_uid: u32,
    /// Ephemeral ports.
    pub ephemeral: Option<EphemeralRange>,
    /// Addresses that bind(2) refuses, with the errno name.
    pub refuses: BTreeMap<SocketAddr, String>,
    /// Options of sockets: (pid, fd).
    pub options: BTreeMap<(u32, u32), SocketOptions>,
    /// What servers say to any opening; ports that are absent refuse.
    pub answers: BTreeMap<u16, Vec<u8>>,
    /// Addresses inside namespaces, by key.
    pub namespace_addresses: BTreeMap<u64, Vec<IpAddr>>,
    /// Warnings that every list of sockets carries.
    pub warnings: Vec<Warning>,
    /// What every question about sockets fails with.
    pub sockets_fail: Option<OsError>,
}

/// The instant at which every fake world stands: 2026-01-02T03:04:05Z.
pub const NOW_MS: i64 = 1_767_323_045_000;

impl World {
    /// Returns an operating system that answers from this world.
    #[must_use]
    pub fn os(self) -> Os {
        let world = Arc::new(self);
        Os {
            sockets: Box::new(Fake(world.clone())),
            processes: Box::new(Fake(world.clone())),
            files: Box::new(Fake(world.clone())),
            containers: Box::new(Fake(world.clone())),
            host: Box::new(Fake(world.clone())),
            clock: Box::new(Fake(world.clone())),
            dialer: Box::new(Fake(world)),
        }
    }
}

/// Returns a process with the given pid, parent and name that started `pid` ticks after boot, as uid 1000.
#[must_use]
pub fn process(pid: u32, ppid: u32, name: &str) -> ProcessFacts {
    ProcessFacts {
        pid,
        ppid,
        start_ticks: u64::from(pid),
        started_at: Timestamp::from_unix_ms(NOW_MS - 3_600_000),
        name: name.to_owned(),
        state: ProcessState::Sleeping,
        uid: Some(1000),
        command: vec![name.to_owned()],
        exe: Some(format!("/usr/bin/{name}")),
        exe_deleted: false,
        cwd: Some("/".to_owned()),
        cgroup: None,
        tty: None,
        session: pid,
    }
}

struct Fake(Arc<World>);

impl Sockets for Fake {
    fn list(
        &self,
        namespace: Option<&Namespace>,
        query: &SocketQuery,
    ) -> Result<Partial<Vec<SocketFacts>>, OsError> {
        if let Some(error) = &self.0.sockets_fail {
            return Err(error.clone());
        }
        let all = match namespace {
            None => &self.0.sockets,
            Some(asked) => {
                let found = self.0.namespaces.iter().find(|(known, _)| known.key == asked.key);
                &found.ok_or_else(|| OsError::Gone { what: "network namespace".to_owned() })?.1
            }
        };
        let wanted = |socket: &&SocketFacts| {
            query.protocols.contains(&socket.protocol)
                && query.states.contains(&socket.state)
                && query.local_port.is_none_or(|port| socket.local.port() == port)
                && query.remote_port.is_none_or(|port| socket.remote.port() == port)
        };
        Ok(Partial { value: all.iter().filter(wanted).cloned().collect(), warnings: self.0.warnings.clone() })
    }

    fn listener_at(&self, address: SocketAddr) -> Result<Option<SocketFacts>, OsError> {
        let matches = |socket: &&SocketFacts| {
            socket.state == TcpState::Listen
                && socket.local.port() == address.port()
                && (socket.local.ip() == address.ip() || socket.local.ip().is_unspecified())
        };
        Ok(self.0.sockets.iter().find(matches).cloned())
    }

    fn namespaces(&self) -> Partial<Vec<Namespace>> {
        self.0.namespaces.iter().map(|(namespace, _)| namespace.clone()).collect::<Vec<_>>().into()
    }

    fn options(&self, pid: u32, fd: u32) -> Result<SocketOptions, OsError> {
        self.0
            .options
            .get(&(pid, fd))
            .cloned()
            .ok_or_else(|| OsError::Denied { what: format!("socket of pid {pid}") })
    }

    fn in_flight(&self, inodes: &[u64]) -> Partial<Vec<QueuedSocket>> {
        self.0
            .queued
            .iter()
            .filter(|queued| inodes.contains(&queued.inode))
            .cloned()
            .collect::<Vec<_>>()
            .into()
    }

    fn try_bind(&self, address: SocketAddr, _reuse_address: bool) -> BindOutcome {
        match self.0.refuses.get(&address) {
            Some(errno) => BindOutcome::Refused(errno.clone()),
            None => BindOutcome::Bound,
        }
    }
}

impl Processes for Fake {
    fn holders(&self, search: &HolderSearch) -> Holders {
        let mut by_inode: BTreeMap<u64, Vec<Holder>> = BTreeMap::new();
        for &(inode, pid, fd) in &self.0.holds {
            let wanted = search.inodes.contains(&inode) || search.in_passing.contains(&inode);
            if wanted && !self.0.denied.contains(&pid) {
                by_inode.entry(inode).or_default().push(Holder { pid, start_ticks: u64::from(pid), fd });
            }
        }
        let mut pids: Vec<u32> = by_inode.values().flatten().map(|holder| holder.pid).collect();
        pids.dedup();
        Holders {
            by_inode,
            processes: Processes::read(self, &pids).into_iter().map(|facts| (facts.pid, facts)).collect(),
            denied: self.0.denied.clone(),
            processes_hidden: self.0.processes_hidden,
        }
    }

    fn read(&self, pids: &[u32]) -> Vec<ProcessFacts> {
        let find = |pid: &u32| self.0.processes.iter().find(|process| process.pid == *pid).cloned();
        pids.iter().filter_map(find).collect()
    }

    fn descendants(&self, pids: &[u32]) -> Vec<u32> {
        let all: Vec<(u32, u32)> =
            self.0.processes.iter().map(|process| (process.pid, process.ppid)).collect();
        below(pids, &all)
    }

    fn environment(&self, pid: u32, name: &str) -> Option<String> {
        let found = self.0.environment.iter().find(|(owner, key, _)| *owner == pid && key == name);
        found.map(|(_, _, value)| value.clone())
    }

    fn cgroup(&self, id: u64) -> Option<String> {
        self.0.cgroups.get(&id).cloned()
    }
}

impl Files for Fake {
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        self.0.files.get(path).filter(|content| content.len() <= limit).cloned()
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.0.files.keys().any(|file| file != path && file.starts_with(path))
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.files.keys().any(|file| file.starts_with(path))
    }

    fn list(&self, directory: &Path, limit: usize) -> Option<Vec<std::ffi::OsString>> {
        let inside = self.0.files.keys().filter_map(|file| file.strip_prefix(directory).ok());
        let names: std::collections::BTreeSet<_> = inside.filter_map(|rest| rest.iter().next()).collect();
        (!names.is_empty() && names.len() <= limit).then(|| names.into_iter().map(Into::into).collect())
    }
}

impl Containers for Fake {
    fn list(&self) -> Partial<Vec<ContainerFacts>> {
        self.0.containers.clone().into()
    }
}

impl Host for Fake {
    fn user_name(&self, uid: u32) -> Option<String> {
        self.0.users.get(&uid).cloned()
    }

    fn own_uid(&self) -> u32 {
        self.0.own_uid
    }

    fn boot_id(&self) -> Option<String> {
        Some("00000000-0000-4000-8000-000000000000".to_owned())
    }

    fn ephemeral_range(&self) -> Option<EphemeralRange> {
        self.0.ephemeral.clone()
    }

    fn unprivileged_port_start(&self) -> Option<u16> {
        Some(1024)
    }

    fn addresses_in(&self, namespace: &Namespace) -> Vec<IpAddr> {
        self.0.namespace_addresses.get(&namespace.key).cloned().unwrap_or_default()
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        // The constant lies well inside the range of Timestamp.
        Timestamp::from_unix_ms(NOW_MS).expect("a fixed instant of this century")
    }
}

impl Dialer for Fake {
    fn converse(
        &self,
        address: SocketAddr,
        _opening: &[u8],
        _wait: Duration,
        _enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        self.0.answers.get(&address.port()).cloned().ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }
}
