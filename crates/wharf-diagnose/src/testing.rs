//! Facts made up for tests of rules: `asked("127.0.0.1:3000").listener("127.0.0.1:3000").connected().judged()`.

#![allow(dead_code, reason = "words for tests that not each state of the causes uses")]

use std::net::SocketAddr;
use std::time::Duration;

use wharf_model::connection::TcpState;
use wharf_model::detail::{EndpointDetail, PORT_SCHEMA, PortDetail};
use wharf_model::diagnosis::{Diagnosis, Verdict};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::owner::{HeldBy, Owner};
use wharf_model::place::Netns;
use wharf_model::port::PortRange;
use wharf_model::process::{Process, ProcessState};
use wharf_model::timestamp::Timestamp;
use wharf_os::examine::attempt::{Attempt, Outcome};
use wharf_os::examine::bind::How;
use wharf_os::examine::counters::Counters;
use wharf_os::examine::errno::Errno;
use wharf_os::facts::SocketFacts;

use crate::facts::itself::{Daemon, Itself};
use crate::facts::{BindTrial, Facts, Reached};
use crate::judge::judge;
use crate::question::Aim;
use crate::target::Target;

/// Returns facts of a question that was asked by an ordinary user, of which nothing is known yet but addresses: those of
/// a target with an address, and `127.0.0.1` and `::1` for one with a name.
pub(crate) fn asked(target: &str) -> Asked {
    let target = Target::parse(target).expect("a target");
    let mut facts = Facts::new(Aim::Reach(target.clone()));
    facts.client.uid = 1000;
    if let Some(port) = target.port() {
        facts.addresses = match target.address() {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => {
                ["127.0.0.1", "::1"].map(|ip| SocketAddr::new(ip.parse().expect("an address"), port)).into()
            }
        };
    }
    if target.address().is_none() {
        facts.names.host = target.host().map(str::to_owned);
        facts.names.addresses = facts.addresses.iter().map(SocketAddr::ip).collect();
    }
    facts.reached = facts.addresses.iter().map(|&address| Reached { address, socket: None }).collect();
    Asked { facts }
}

/// Returns facts of the question why `address` cannot be bound.
pub(crate) fn asked_to_bind(address: &str) -> Asked {
    let address = address.parse().expect("an address");
    let mut facts = Facts::new(Aim::Bind(address));
    facts.client.uid = 1000;
    Asked { facts }
}

/// Judges wharf itself: all is well with it but what is changed.
pub(crate) fn asked_of_itself(change: impl FnOnce(&mut Itself)) -> Told {
    let mut itself = Itself {
        version: "0.1.0".to_owned(),
        daemon: Daemon::Runs { pid: 9, version: "0.1.0".to_owned() },
        is_wanted: true,
        configuration_error: None,
        leases: Ok(2),
        strangers: Vec::new(),
        router_port: Some(8443),
        router_warnings: Vec::new(),
        router_is_wanted: true,
        domains: vec![("localhost".to_owned(), true)],
        authority: Ok(Some(true)),
    };
    change(&mut itself);
    let mut facts = Facts::new(Aim::Itself);
    facts.itself = Some(itself);
    Asked { facts }.judged()
}

/// Facts in the making.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The facts, for what has no word of its own here.
    pub(crate) facts: Facts,
}

impl Asked {
    /// Changes what has no word of its own.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(&mut self.facts);
        self
    }

    /// As root.
    pub(crate) fn by_root(self) -> Self {
        self.with(|facts| {
            facts.client.uid = 0;
            facts.client.privileged = true;
        })
    }

    /// Somebody listens at `address`: node, pid 4121. Addresses of the question that it serves lead to it.
    pub(crate) fn listener(self, address: &str) -> Self {
        self.listener_of(address, "node", 4121)
    }

    /// A process listens at `address`.
    pub(crate) fn listener_of(mut self, address: &str, name: &str, pid: u32) -> Self {
        let address: SocketAddr = address.parse().expect("an address");
        let inode = u64::from(pid) * 1000 + u64::from(address.is_ipv6());
        self.endpoint(endpoint(address, name, pid, inode));
        let serves = |asked: SocketAddr| {
            let own = address.ip();
            asked.port() == address.port()
                && (own == asked.ip() || own.is_unspecified() && (own.is_ipv6() || asked.is_ipv4()))
        };
        for reached in self.facts.reached.iter_mut().filter(|reached| serves(reached.address)) {
            reached.socket.get_or_insert_with(|| socket(address, inode));
        }
        self
    }

    /// Adds what the catalogue found at the port.
    pub(crate) fn endpoint(&mut self, endpoint: Endpoint) {
        let detail = EndpointDetail {
            endpoint,
            ancestry: Vec::new(),
            started_by: None,
            options: Vec::new(),
            environment_port: None,
            connections: Vec::new(),
        };
        self.facts.port.get_or_insert_with(port_detail).endpoints.push(detail);
    }

    /// bind(2) fails so, however it is tried.
    pub(crate) fn bind_fails(self, errno: Errno) -> Self {
        self.bind_says(Some(errno))
    }

    /// bind(2) succeeds, however it is tried.
    pub(crate) fn bound(self) -> Self {
        self.bind_says(None)
    }

    fn bind_says(self, error: Option<Errno>) -> Self {
        self.with(|facts| {
            for (reuse_address, reuse_port) in [(true, false), (false, false), (true, true)] {
                facts.binds.push(BindTrial { how: How { reuse_address, reuse_port }, error });
            }
        })
    }

    /// Each address refuses, and this kernel counts a reset for it.
    pub(crate) fn refused(self) -> Self {
        self.tried(Outcome::Failed(Errno::CONNREFUSED), &[("TcpOutRsts", 1), ("TcpAttemptFails", 1)])
    }

    /// No address answers.
    pub(crate) fn hangs(self) -> Self {
        self.tried(Outcome::TimedOut, &[])
    }

    /// Each address fails.
    pub(crate) fn fails(self, errno: Errno) -> Self {
        self.tried(Outcome::Failed(errno), &[])
    }

    /// Those with a listener connect; the others refuse.
    pub(crate) fn connected(mut self) -> Self {
        for reached in self.facts.reached.clone() {
            let connects = reached.socket.is_some();
            let outcome = if connects { Outcome::Connected } else { Outcome::Failed(Errno::CONNREFUSED) };
            let counters = if connects { Counters::default() } else { Counters::of(&[("TcpOutRsts", 1)]) };
            self.facts.attempts.push(made(reached.address, outcome, counters));
            if connects {
                self.facts.accepted = Some(true);
                break;
            }
        }
        self
    }

    /// Each address ends so, and the counters rise by this.
    pub(crate) fn tried(mut self, outcome: Outcome, counters: &[(&str, u64)]) -> Self {
        for &address in &self.facts.addresses.clone() {
            self.facts.attempts.push(made(address, outcome, Counters::of(counters)));
        }
        self
    }

    /// Judges.
    pub(crate) fn judged(self) -> Told {
        let now = Timestamp::from_unix_ms(1_790_000_000_000).expect("a time");
        Told { diagnosis: judge(&self.facts, now) }
    }
}

/// What a rule, or all of them, made of the facts.
#[derive(Debug)]
pub(crate) struct Told {
    /// The whole of it.
    pub(crate) diagnosis: Diagnosis,
}

impl Told {
    /// Returns the codes of the causes.
    pub(crate) fn causes(&self) -> Vec<&str> {
        self.diagnosis.causes.iter().map(|cause| cause.code.as_str()).collect()
    }

    /// Returns the verdict's name in JSON.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.diagnosis.verdict {
            Verdict::Reachable => "reachable",
            Verdict::CauseFound => "cause_found",
            _ => "cannot_tell",
        }
    }

    /// Returns whether a cause is known not to hold.
    pub(crate) fn is_ruled_out(&self, code: &str) -> bool {
        self.diagnosis.ruled_out.iter().any(|out| out.code == code)
    }

    /// Returns whether it is said of a cause that it cannot be told.
    pub(crate) fn is_untold(&self, code: &str) -> bool {
        self.diagnosis.untold.iter().any(|untold| untold.code == code)
    }

    /// Returns the codes of what is odd.
    pub(crate) fn remarks(&self) -> Vec<&str> {
        self.diagnosis.remarks.iter().map(|remark| remark.code.as_str()).collect()
    }
}

fn made(to: SocketAddr, outcome: Outcome, counters: Counters) -> Attempt {
    Attempt { to, from: None, outcome, elapsed: Duration::from_micros(80), counters }
}

/// Returns what the kernel says of a listener.
pub(crate) fn socket(local: SocketAddr, inode: u64) -> SocketFacts {
    SocketFacts {
        protocol: Protocol::Tcp,
        state: TcpState::Listen,
        local,
        remote: SocketAddr::new(local.ip(), 0),
        inode,
        cookie: Some(inode),
        uid: 1000,
        receive_queue: 0,
        send_queue: 16,
        device: None,
        v6_only: local.is_ipv6().then_some(false),
        cgroup_id: None,
    }
}

/// Returns an endpoint with one listener and one process.
pub(crate) fn endpoint(address: SocketAddr, name: &str, pid: u32, inode: u64) -> Endpoint {
    let exposure = if address.ip().is_loopback() { Exposure::Loopback } else { Exposure::AllInterfaces };
    Endpoint {
        id: format!("own/tcp/{address}/{inode}"),
        protocol: Protocol::Tcp,
        addresses: vec![address.ip()],
        port: address.port(),
        state: EndpointState::Listening,
        exposure,
        netns: Netns { inode: None, own: true, name: None, pid: None },
        listeners: vec![Listener {
            address: address.ip(),
            inode: Some(inode),
            cookie: Some(inode),
            uid: 1000,
            accept_queue: Some(0),
            backlog: Some(16),
            receive_queue_bytes: None,
            device: None,
            v6_only: None,
            cgroup_id: None,
        }],
        owner: Owner {
            uid: 1000,
            user: Some("me".to_owned()),
            held_by: HeldBy::Processes,
            processes: vec![process(name, pid)],
            queued_to: Vec::new(),
            cgroup: None,
        },
        service: None,
        project: None,
        container: None,
        unit: None,
        run: None,
        range: PortRange::of(address.port()),
        notes: Vec::new(),
    }
}

/// Returns a process that sleeps, in the directory /home/me/shop.
pub(crate) fn process(name: &str, pid: u32) -> Process {
    Process {
        pid,
        started_at: None,
        start_ticks: 1,
        ppid: Some(1),
        name: name.to_owned(),
        command: vec![name.to_owned()],
        exe: None,
        exe_deleted: false,
        cwd: Some("/home/me/shop".to_owned()),
        uid: Some(1000),
        user: Some("me".to_owned()),
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: vec![3],
    }
}

/// Returns what the catalogue says of a port that nobody has.
pub(crate) fn port_detail() -> PortDetail {
    PortDetail {
        schema: PORT_SCHEMA.to_owned(),
        taken_at: Timestamp::from_unix_ms(1_790_000_000_000).expect("a time"),
        target: String::new(),
        number: None,
        availability: None,
        endpoints: Vec::new(),
        runs: Vec::new(),
        leases: Vec::new(),
        holding: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Returns the lease of api.shop, in /home/me/shop.
pub(crate) fn lease(port: u16) -> Lease {
    let now = Timestamp::from_unix_ms(1_790_000_000_000).expect("a time");
    Lease {
        id: "01".to_owned(),
        name: LeaseName { service: "api".to_owned(), worktree: None, project: "shop".to_owned() },
        root: "/home/me/shop".to_owned(),
        asked_port: None,
        port,
        pinned: false,
        handed_out: false,
        fence: 1,
        created_at: now,
        used_at: now,
    }
}

/// Returns what the files say of `host`: services of nsswitch.conf, and lines of the hosts file, from the first line on.
pub(crate) fn name_files(
    host: &str,
    services: &str,
    lines: &[(&str, &str)],
) -> wharf_os::examine::names::NameFiles {
    use wharf_os::examine::names::{HostsLine, HostsSeen, NameFiles};
    let line = |(index, (place, name)): (usize, &(&str, &str))| HostsLine {
        number: index + 1,
        place: (*place).to_owned(),
        address: place.parse().ok(),
        name: (*name).to_owned(),
        exact: *name == host,
    };
    NameFiles {
        hosts: HostsSeen::Lines(lines.iter().enumerate().map(line).collect()),
        services: services.split_whitespace().map(str::to_owned).collect(),
        nameservers: vec!["10.0.0.53".to_owned()],
        order: Vec::new(),
    }
}

/// Returns an answer in HTTP/1.1.
pub(crate) fn http(status: u16, body: &str) -> crate::facts::talk::http::HttpSeen {
    crate::facts::talk::http::HttpSeen {
        asked: "GET / of localhost:3000".to_owned(),
        minor: 1,
        status,
        body: body.to_owned(),
        ..crate::facts::talk::http::HttpSeen::default()
    }
}

/// Returns a service that told by its own bytes what it is.
pub(crate) fn service(id: &str, name: &str, protocol: &str) -> wharf_model::place::Service {
    wharf_model::place::Service {
        id: id.to_owned(),
        name: name.to_owned(),
        protocol: Some(protocol.to_owned()),
        version: None,
        known_by: wharf_model::place::KnownBy::Probe,
    }
}

/// Returns a certificate with which nothing is wrong.
pub(crate) fn good_certificate() -> crate::facts::talk::tls::Certificate {
    let now = 1_790_000_000;
    crate::facts::talk::tls::Certificate {
        subject: "localhost".to_owned(),
        issuer: "Example CA".to_owned(),
        self_signed: false,
        names: vec!["localhost".to_owned()],
        not_before: now - 86_400,
        not_after: now + 86_400,
        now,
        intermediates: 1,
        holds_for_name: true,
        trust: crate::facts::talk::tls::Trust::Trusted,
        store: "/etc/ssl/certs/ca-certificates.crt".to_owned(),
        legible: true,
    }
}

/// Returns facts of https://localhost:3000, where a server shows this certificate, and answers 200.
pub(crate) fn certified(certificate: crate::facts::talk::tls::Certificate) -> Asked {
    use crate::facts::talk::tls::{TlsEnd, TlsSeen};
    asked("https://localhost:3000").listener("127.0.0.1:3000").connected().with(|facts| {
        facts.talk.tls = Some(TlsSeen {
            asked: "localhost".to_owned(),
            end: TlsEnd::Done,
            version: Some("TLS 1.3".to_owned()),
            certificate: Some(certificate),
            ..TlsSeen::default()
        });
        facts.talk.http = Some(http(200, ""));
    })
}
