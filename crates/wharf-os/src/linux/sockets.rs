//! Sockets: by sock_diag, and where that is denied by /proc/net, in one's own or another network namespace.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use wharf_model::connection::TcpState;
use wharf_model::detail::SocketOptions;
use wharf_model::endpoint::Protocol;
use wharf_model::snapshot::Warning;
use wharf_sys::linux::proc_dir::ProcDir;
use wharf_sys::linux::sock_diag::{
    BOUND_INACTIVE, CLOSE, ESTABLISHED, Family, Record, Request, SockDiag, Transport,
};
use wharf_sys::linux::{descriptor, netns, sock_options};
use wharf_sys::text::net_table;

use super::errors::{about, errno_name};
use super::{in_flight, namespaces};
use crate::facts::{BindOutcome, Namespace, OsError, Partial, QueuedSocket, SocketFacts, SocketQuery};
use crate::ports::NO_DEVICE;
use crate::traits::Sockets;

/// The sockets of Linux.
#[derive(Debug, Default)]
pub(crate) struct LinuxSockets;

impl Sockets for LinuxSockets {
    fn list(
        &self,
        namespace: Option<&Namespace>,
        query: &SocketQuery,
    ) -> Result<Partial<Vec<SocketFacts>>, OsError> {
        match namespace {
            None => own(query),
            Some(namespace) => foreign(namespace, query),
        }
    }

    fn listener_at(&self, address: SocketAddr) -> Result<Option<SocketFacts>, OsError> {
        let ask = || -> io::Result<Option<SocketFacts>> {
            let mut diag = SockDiag::open()?;
            let found = diag.listener_at(address)?;
            Ok(found.map(|record| facts(&record, &mut Devices::of(&diag))))
        };
        ask().map_err(|error| about("the kernel's socket table (netlink)", &error))
    }

    fn namespaces(&self) -> Partial<Vec<Namespace>> {
        namespaces::others()
    }

    fn options(&self, pid: u32, fd: u32) -> Result<SocketOptions, OsError> {
        let socket = descriptor::duplicate(pid, fd.cast_signed())
            .map_err(|error| about(format!("descriptor {fd} of pid {pid}"), &error))?;
        let read = sock_options::read(&socket);
        Ok(SocketOptions {
            reuse_address: read.reuse_address,
            reuse_port: read.reuse_port,
            keep_alive: read.keep_alive,
            defer_accept_s: read.defer_accept_s,
            fast_open: read.fast_open,
            free_bind: read.free_bind,
            transparent: read.transparent,
        })
    }

    fn in_flight(&self, inodes: &[u64]) -> Partial<Vec<QueuedSocket>> {
        in_flight::search(inodes)
    }

    fn try_bind(&self, address: SocketAddr, reuse_address: bool) -> BindOutcome {
        match sock_options::try_bind(address, reuse_address) {
            Ok(()) => BindOutcome::Bound,
            Err(error) => BindOutcome::Refused(errno_name(&error)),
        }
    }
}

fn own(query: &SocketQuery) -> Result<Partial<Vec<SocketFacts>>, OsError> {
    match dump(query) {
        Ok(value) => Ok(Partial { value, warnings: bound_warning(query) }),
        Err(denied) => {
            let proc = ProcDir::open().map_err(|error| nothing_to_ask(&denied, &error))?;
            let value =
                tables(&proc, "thread-self", query).map_err(|error| nothing_to_ask(&denied, &error))?;
            let text = format!(
                "netlink is denied here ({denied}), so /proc/net was read instead: \
                 backlogs, IPV6_V6ONLY, devices and control groups are not known"
            );
            let mut warnings = vec![Warning { code: "netlink-denied".to_owned(), text }];
            warnings.extend(bound_warning_without_netlink(query));
            Ok(Partial { value, warnings })
        }
    }
}

fn foreign(namespace: &Namespace, query: &SocketQuery) -> Result<Partial<Vec<SocketFacts>>, OsError> {
    let what = || "the sockets of another network namespace".to_owned();
    let inside = || -> io::Result<Vec<SocketFacts>> {
        let opened = namespaces::open(namespace)?;
        netns::inside(&opened, || dump(query))
    };
    match inside() {
        Ok(value) => Ok(Partial { value, warnings: bound_warning(query) }),
        Err(denied) => {
            let proc = ProcDir::open().map_err(|error| about(what(), &error))?;
            // Any process of the namespace is a window into it, and needs no privilege.
            let read = |pid: &u32| tables(&proc, &pid.to_string(), query).ok();
            match namespace.pids.iter().find_map(read) {
                Some(value) => Ok(value.into()),
                None => Err(about(what(), &denied)),
            }
        }
    }
}

/// Asks sock_diag in the network namespace of the calling thread.
fn dump(query: &SocketQuery) -> io::Result<Vec<SocketFacts>> {
    let mut diag = SockDiag::open()?;
    let mut records = Vec::new();
    for &protocol in &query.protocols {
        let states = state_mask(protocol, &query.states);
        if states == 0 {
            continue;
        }
        for family in [Family::V4, Family::V6] {
            let request = Request {
                family,
                transport: transport(protocol),
                states,
                local_port: query.local_port.unwrap_or(0),
                remote_port: query.remote_port.unwrap_or(0),
            };
            diag.dump(&request, &mut records)?;
        }
    }
    let mut devices = Devices::of(&diag);
    // UDP is not narrowed by port in every kernel.
    let wanted = |record: &&Record| {
        query.local_port.is_none_or(|port| record.local.port() == port)
            && query.remote_port.is_none_or(|port| record.remote.port() == port)
    };
    Ok(records.iter().filter(wanted).map(|record| facts(record, &mut devices)).collect())
}

/// Reads /proc/WHO/net/{tcp,tcp6,udp,udp6}.
pub(crate) fn tables(proc: &ProcDir, who: &str, query: &SocketQuery) -> io::Result<Vec<SocketFacts>> {
    let mut sockets = Vec::new();
    let mut text = Vec::new();
    for &protocol in &query.protocols {
        let states = state_mask(protocol, &query.states);
        for suffix in ["", "6"] {
            match proc.read(&format!("{who}/net/{}{suffix}", protocol.as_str()), &mut text) {
                Ok(()) => {}
                // A kernel without IPv6 has no such file.
                Err(error) if suffix == "6" && error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            let wanted = |row: &net_table::Row| {
                row.state < 32
                    && states & 1 << row.state != 0
                    && query.local_port.is_none_or(|port| row.local.port() == port)
                    && query.remote_port.is_none_or(|port| row.remote.port() == port)
            };
            sockets.extend(net_table::rows(&text).filter(wanted).map(|row| table_facts(protocol, &row)));
        }
    }
    Ok(sockets)
}

fn table_facts(protocol: Protocol, row: &net_table::Row) -> SocketFacts {
    SocketFacts {
        protocol,
        state: tcp_state(row.state),
        local: row.local,
        remote: row.remote,
        inode: row.inode,
        cookie: None,
        uid: row.uid,
        receive_queue: row.receive_queue,
        send_queue: row.send_queue,
        device: None,
        v6_only: None,
        cgroup_id: None,
    }
}

fn facts(record: &Record, devices: &mut Devices<'_>) -> SocketFacts {
    let protocol = match record.transport {
        Transport::Tcp => Protocol::Tcp,
        Transport::Udp => Protocol::Udp,
    };
    let state = match (protocol, record.state) {
        // A bound TCP socket is in CLOSE; a closed and unbound one is in no table.
        (Protocol::Tcp, CLOSE | BOUND_INACTIVE) => TcpState::Bound,
        (_, state) => tcp_state(state),
    };
    SocketFacts {
        protocol,
        state,
        local: record.local,
        remote: record.remote,
        inode: u64::from(record.inode),
        cookie: Some(record.cookie),
        uid: record.uid,
        receive_queue: record.receive_queue,
        send_queue: record.send_queue,
        device: devices.name(record.device_index),
        v6_only: record.v6_only.filter(|_| record.local.is_ipv6()),
        cgroup_id: record.cgroup_id,
    }
}

/// Names of devices by their index, each asked once.
struct Devices<'a> {
    diag: &'a SockDiag,
    names: HashMap<u32, Option<String>>,
}

impl<'a> Devices<'a> {
    fn of(diag: &'a SockDiag) -> Self {
        Self { diag, names: HashMap::new() }
    }

    fn name(&mut self, index: u32) -> Option<String> {
        if index == 0 || index == NO_DEVICE.cast_unsigned() {
            return None;
        }
        let ask = || self.diag.device_name(index).or_else(|| Some(format!("if{index}")));
        self.names.entry(index).or_insert_with(ask).clone()
    }
}

fn transport(protocol: Protocol) -> Transport {
    match protocol {
        Protocol::Tcp => Transport::Tcp,
        Protocol::Udp => Transport::Udp,
    }
}

fn state_mask(protocol: Protocol, states: &[TcpState]) -> u32 {
    let bit = |state: &TcpState| match (protocol, state) {
        (Protocol::Udp, TcpState::Closed) => 1 << CLOSE,
        (Protocol::Udp, TcpState::Established) => 1 << ESTABLISHED,
        (Protocol::Udp, _) => 0,
        (Protocol::Tcp, TcpState::Bound) => 1 << BOUND_INACTIVE,
        // Asking TCP for CLOSE walks the whole hash of connections and finds nothing that is bound.
        (Protocol::Tcp, TcpState::Closed) => 0,
        (Protocol::Tcp, state) => 1 << state_number(*state),
    };
    states.iter().map(bit).fold(0, |mask, bit| mask | bit)
}

/// Numbers of `net/tcp_states.h`.
const STATES: [TcpState; 11] = [
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::TimeWait,
    TcpState::Closed,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Listen,
    TcpState::Closing,
];

fn state_number(state: TcpState) -> u32 {
    STATES.iter().zip(1..).find(|(known, _)| **known == state).map_or(0, |(_, number)| number)
}

pub(crate) fn tcp_state(number: u8) -> TcpState {
    // 12 is TCP_NEW_SYN_RECV, a request that is not a whole socket yet.
    let number = if number == 12 { 3 } else { number };
    STATES.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or(TcpState::Closed)
}

fn nothing_to_ask(netlink: &io::Error, proc: &io::Error) -> OsError {
    OsError::Failed {
        what: "listing sockets".to_owned(),
        reason: format!("netlink answers \"{netlink}\" and /proc/net answers \"{proc}\""),
    }
}

/// TCP sockets that are bound and not listening are listed since Linux 6.8.
fn bound_warning(query: &SocketQuery) -> Vec<Warning> {
    let asked = query.states.contains(&TcpState::Bound) && query.protocols.contains(&Protocol::Tcp);
    if asked && !kernel_at_least(6, 8) { bound_warning_without_netlink(query) } else { Vec::new() }
}

fn bound_warning_without_netlink(query: &SocketQuery) -> Vec<Warning> {
    if !query.states.contains(&TcpState::Bound) {
        return Vec::new();
    }
    let text = "TCP sockets that are bound but do not listen cannot be listed: \
                that takes Linux 6.8 and netlink";
    vec![Warning { code: "bound-unlisted".to_owned(), text: text.to_owned() }]
}

fn kernel_at_least(major: u32, minor: u32) -> bool {
    let release = rustix::system::uname();
    let mut numbers =
        release.release().to_str().unwrap_or("").split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
}

#[cfg(test)]
mod tests;
