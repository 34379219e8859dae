//! Values of the model as the tests draw them: a laptop with projects, containers and hidden owners.
//!
//! Not here: what is expected of the drawings.

use std::net::{IpAddr, SocketAddr};

use wharf_model::connection::{Connection, ProcessRef, TcpState};
use wharf_model::detail::{
    Availability, BindTrial, EndpointDetail, PORT_SCHEMA, PortDetail, SocketOptions, StartedBy, StarterKind,
    Supervisor,
};
use wharf_model::endpoint::{Endpoint, EndpointState, Exposure, Level, Listener, Note, Protocol};
use wharf_model::event::{EVENT_SCHEMA, Event, EventKind};
use wharf_model::owner::{HeldBy, Owner};
use wharf_model::place::{Container, KnownBy, Netns, Project, Service, Unit};
use wharf_model::port::{EphemeralFacts, IanaName, PortFacts, PortRange};
use wharf_model::process::{Process, ProcessState};
use wharf_model::snapshot::{ENDPOINTS_SCHEMA, Snapshot, Warning};
use wharf_model::timestamp::Timestamp;
use wharf_views::style::Style;

/// User id of Ana, who asks.
pub(crate) const ANA: u32 = 1000;

/// 2026-11-23T14:02:11Z, `seconds` earlier.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms((1_795_442_531 - seconds) * 1000).unwrap()
}

pub(crate) fn piped() -> Style {
    Style { home: Some("/home/ana".into()), ..Style::plain(ago(0), ANA) }
}

pub(crate) fn terminal(width: usize) -> Style {
    Style { width: Some(width), ..piped() }
}

pub(crate) fn process(pid: u32, name: &str, command: &[&str]) -> Process {
    Process {
        pid,
        started_at: Some(ago(7320)),
        start_ticks: u64::from(pid) * 10,
        ppid: Some(1),
        name: name.into(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        exe: Some(format!("/usr/bin/{name}")),
        exe_deleted: false,
        cwd: Some("/".into()),
        uid: Some(ANA),
        user: Some("ana".into()),
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: vec![19],
    }
}

fn owner(user: &str, uid: u32, processes: Vec<Process>) -> Owner {
    Owner {
        uid,
        user: Some(user.into()),
        held_by: HeldBy::Processes,
        processes,
        queued_to: Vec::new(),
        cgroup: None,
    }
}

fn unknown(user: &str, uid: u32, held_by: HeldBy) -> Owner {
    Owner { held_by, ..owner(user, uid, Vec::new()) }
}

fn exposure(addresses: &[IpAddr]) -> Exposure {
    match addresses {
        all if all.iter().all(IpAddr::is_loopback) => Exposure::Loopback,
        all if all.iter().any(IpAddr::is_unspecified) => Exposure::AllInterfaces,
        _ => Exposure::Address,
    }
}

/// An endpoint of Ana's, without service and project.
pub(crate) fn endpoint(port: u16, addresses: &[&str], owner: Owner) -> Endpoint {
    let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
    let listener = |address: &IpAddr| Listener {
        address: *address,
        inode: Some(u64::from(port) + 70_000),
        cookie: Some(u64::from(port)),
        uid: owner.uid,
        accept_queue: Some(0),
        backlog: Some(511),
        receive_queue_bytes: None,
        device: None,
        v6_only: address.is_ipv6().then_some(true),
        cgroup_id: None,
    };
    Endpoint {
        id: format!("own/tcp/{port}"),
        protocol: Protocol::Tcp,
        port,
        state: EndpointState::Listening,
        exposure: exposure(&addresses),
        netns: Netns { inode: Some(4_026_531_840), own: true, name: None, pid: None },
        listeners: addresses.iter().map(listener).collect(),
        addresses,
        owner,
        service: None,
        project: None,
        container: None,
        unit: None,
        run: None,
        range: PortRange::of(port),
        notes: Vec::new(),
    }
}

fn service(id: &str, name: &str, protocol: Option<&str>, version: Option<&str>) -> Option<Service> {
    Some(Service {
        id: id.into(),
        name: name.into(),
        protocol: protocol.map(str::to_owned),
        version: version.map(str::to_owned),
        known_by: KnownBy::Executable,
    })
}

fn project(name: &str, branch: &str, worktree: Option<&str>, package: Option<&str>) -> Option<Project> {
    let root = match worktree {
        Some(worktree) => format!("/home/ana/src/{name}.worktrees/{worktree}"),
        None => format!("/home/ana/src/{name}"),
    };
    Some(Project {
        name: name.into(),
        package: package.map(str::to_owned),
        manifest: package.map(|_| format!("{root}/package.json")),
        root,
        branch: Some(branch.into()),
        detached_at: None,
        worktree: worktree.map(str::to_owned),
    })
}

fn container(name: &str, image: &str, port: Option<u16>) -> Option<Container> {
    Some(Container {
        engine: "docker".into(),
        id: "4f1c9a0d7be2".repeat(5) + "aaaa",
        name: Some(name.into()),
        image: Some(image.into()),
        port,
        compose_project: Some("shop".into()),
        compose_service: Some("db".into()),
    })
}

fn unit(name: &str) -> Option<Unit> {
    Some(Unit { name: name.into(), user_manager: None })
}

fn note(code: &str, text: &str, level: Level) -> Note {
    Note { code: code.into(), text: text.into(), level }
}

pub(crate) fn snapshot(endpoints: Vec<Endpoint>) -> Snapshot {
    Snapshot {
        schema: ENDPOINTS_SCHEMA.into(),
        taken_at: ago(0),
        boot_id: Some("5f9a2f4e-3b0a-4c55-9a52-0a4b6e0b7f10".into()),
        endpoints,
        connections: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Vite in Ana's shop, on both loopback addresses.
pub(crate) fn vite() -> Endpoint {
    let node = Process {
        cwd: Some("/home/ana/src/shop/web".into()),
        tty: Some("pts/3".into()),
        ..process(4121, "node", &["node", "/home/ana/src/shop/node_modules/.bin/vite", "--port", "3000"])
    };
    Endpoint {
        service: service("vite", "Vite", Some("http"), Some("7.1.2")),
        project: project("shop", "main", None, Some("@shop/web")),
        ..endpoint(3000, &["127.0.0.1", "::1"], owner("ana", ANA, vec![node]))
    }
}

fn stopped_api() -> Endpoint {
    let python = Process {
        started_at: Some(ago(340)),
        state: ProcessState::Stopped,
        cwd: Some("/home/ana/src/shop/api".into()),
        ..process(5210, "python3", &["python3", "manage.py", "runserver", "0.0.0.0:8000"])
    };
    Endpoint {
        service: service("django", "Django", Some("http"), None),
        project: project("shop", "main", None, None),
        ..endpoint(8000, &["0.0.0.0"], owner("ana", ANA, vec![python]))
    }
}

fn full_queue() -> Endpoint {
    let ruby = Process {
        started_at: Some(ago(86_400 * 3)),
        ..process(6001, "ruby", &["puma 6.4 (tcp://[::]:9292)"])
    };
    let mut endpoint = Endpoint {
        service: service("puma", "Puma", Some("http"), None),
        project: project("billing", "main", None, None),
        ..endpoint(9292, &["::"], owner("ana", ANA, vec![ruby]))
    };
    endpoint.listeners[0].accept_queue = Some(129);
    endpoint.listeners[0].backlog = Some(128);
    endpoint.listeners[0].v6_only = Some(false);
    endpoint
}

pub(crate) fn nginx() -> Endpoint {
    let master = process(812, "nginx", &["nginx: master process /usr/sbin/nginx"]);
    let workers = (813..821).map(|pid| process(pid, "nginx", &["nginx: worker process"]));
    let processes = std::iter::once(master).chain(workers).collect();
    Endpoint {
        service: service("nginx", "nginx", Some("http"), None),
        unit: unit("nginx.service"),
        ..endpoint(80, &["0.0.0.0", "::"], owner("root", 0, processes))
    }
}

fn udp(mut endpoint: Endpoint) -> Endpoint {
    endpoint.protocol = Protocol::Udp;
    for listener in &mut endpoint.listeners {
        (listener.accept_queue, listener.backlog) = (None, None);
        listener.receive_queue_bytes = Some(0);
    }
    endpoint
}

fn resolver() -> Endpoint {
    Endpoint {
        service: service("systemd-resolved", "systemd-resolved", Some("dns"), None),
        unit: unit("systemd-resolved.service"),
        ..udp(endpoint(53, &["127.0.0.53"], unknown("systemd-resolve", 991, HeldBy::Hidden)))
    }
}

/// A laptop in the middle of the day.
pub(crate) fn laptop() -> Snapshot {
    let mut ssh = endpoint(22, &["0.0.0.0", "::"], unknown("root", 0, HeldBy::Hidden));
    ssh.unit = unit("ssh.service");
    ssh.service =
        Some(Service { known_by: KnownBy::PortNumber, ..service("ssh", "ssh", None, None).unwrap() });
    let mut cups = endpoint(631, &["127.0.0.1", "::1"], unknown("root", 0, HeldBy::Hidden));
    cups.unit = unit("cups.service");
    snapshot(vec![vite(), stopped_api(), full_queue(), published_database(), nginx(), ssh, resolver(), cups])
}

fn published_database() -> Endpoint {
    let proxy = process(2211, "docker-proxy", &["/usr/bin/docker-proxy", "-proto", "tcp"]);
    Endpoint {
        service: service("postgresql", "PostgreSQL", Some("postgresql"), Some("16")),
        container: container("shop-db-1", "postgres:16", Some(5432)),
        ..endpoint(5432, &["0.0.0.0", "::"], owner("root", 0, vec![proxy]))
    }
}

/// A published port, its other end within the container, and another network namespace by name.
pub(crate) fn containers() -> Snapshot {
    let postgres =
        Process { user: Some("postgres".into()), uid: Some(999), ..process(2301, "postgres", &["postgres"]) };
    let inner = Endpoint {
        exposure: Exposure::Namespace,
        netns: Netns { inode: Some(4_026_532_711), own: false, name: None, pid: Some(2301) },
        service: service("postgresql", "PostgreSQL", Some("postgresql"), Some("16")),
        container: container("shop-db-1", "postgres:16", None),
        ..endpoint(5432, &["0.0.0.0", "::"], owner("postgres", 999, vec![postgres]))
    };
    let named = Endpoint {
        exposure: Exposure::Namespace,
        netns: Netns { inode: Some(4_026_532_800), own: false, name: Some("blue".into()), pid: Some(77) },
        ..endpoint(8080, &["10.0.0.2"], owner("root", 0, vec![process(77, "busybox", &["busybox", "httpd"])]))
    };
    snapshot(vec![published_database(), inner, named])
}

/// One project in its main work tree and two linked ones.
pub(crate) fn worktrees() -> Snapshot {
    let dev = |port, pid, worktree, branch| {
        let next = process(pid, "next-server (v1", &["next-server (v15.4)"]);
        let mut endpoint = endpoint(port, &["::"], owner("ana", ANA, vec![next]));
        endpoint.listeners[0].v6_only = Some(false);
        endpoint.service = service("next", "Next.js", Some("http"), None);
        endpoint.project = project("shop", branch, worktree, None);
        endpoint
    };
    snapshot(vec![
        dev(3000, 4121, None, "main"),
        dev(3001, 4230, Some("basket"), "feature/basket"),
        dev(3002, 4344, Some("agent-2"), "fix/checkout-rounding"),
    ])
}

/// Every way in which an owner is not known, and sockets in odd places.
pub(crate) fn unknown_owners() -> Snapshot {
    let mut in_flight = endpoint(4000, &["127.0.0.1"], unknown("ana", ANA, HeldBy::InFlight));
    in_flight.owner.queued_to = vec![process(812, "supervisord", &["supervisord"])];
    let kernel = endpoint(2049, &["0.0.0.0", "::"], unknown("root", 0, HeldBy::NoProcess));
    let mut hidden_unit = endpoint(6379, &["127.0.0.1"], unknown("redis", 117, HeldBy::Hidden));
    hidden_unit.unit = unit("redis-server.service");
    let mut hidden_container = endpoint(9000, &["192.168.1.5"], unknown("root", 0, HeldBy::Hidden));
    hidden_container.container = container("minio", "minio/minio", None);
    let mut nameless = endpoint(7777, &["127.0.0.2"], unknown("", 4711, HeldBy::Hidden));
    nameless.owner.user = None;
    let mut bound =
        endpoint(5000, &["127.0.0.1"], owner("ana", ANA, vec![process(900, "python3", &["python3"])]));
    bound.state = EndpointState::Bound;
    (bound.listeners[0].accept_queue, bound.listeners[0].backlog) = (None, None);
    let mut device = endpoint(5353, &["0.0.0.0"], owner("ana", ANA, vec![process(901, "avahi", &["avahi"])]));
    device = udp(device);
    device.exposure = Exposure::Loopback;
    device.listeners[0].device = Some("lo".into());
    device.notes = vec![note("executable-deleted", "runs an executable that was replaced", Level::Warning)];
    snapshot(vec![in_flight, bound, device, nameless, hidden_unit, hidden_container, kernel])
}

pub(crate) fn process_ref(pid: u32, name: &str) -> ProcessRef {
    ProcessRef { pid, start_ticks: u64::from(pid), name: name.into() }
}

pub(crate) fn connection(local: &str, remote: &str, state: TcpState, peer: Option<ProcessRef>) -> Connection {
    Connection {
        protocol: Protocol::Tcp,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        state,
        inode: (state != TcpState::TimeWait).then_some(90_001),
        uid: ANA,
        process: (state != TcpState::TimeWait).then(|| process_ref(4121, "node")),
        peer,
    }
}

/// What browsers and others keep open to Vite.
pub(crate) fn connections_to_vite() -> Vec<Connection> {
    let local = "127.0.0.1:3000";
    let chrome = Some(process_ref(900, "chrome"));
    let mut all: Vec<Connection> = (0..3)
        .map(|i| {
            connection(local, &format!("127.0.0.1:{}", 40_000 + i), TcpState::Established, chrome.clone())
        })
        .collect();
    all.push(connection(local, "127.0.0.1:40010", TcpState::CloseWait, chrome));
    all.push(connection(local, "127.0.0.1:40011", TcpState::Established, Some(process_ref(1200, "curl"))));
    all.push(connection(local, "127.0.0.1:40012", TcpState::TimeWait, None));
    all
}

pub(crate) fn facts(port: u16) -> PortFacts {
    PortFacts {
        port,
        range: PortRange::of(port),
        iana: Vec::new(),
        ephemeral: Some(EphemeralFacts {
            first: 32_768,
            last: 60_999,
            handed_out: (32_768..=60_999).contains(&port),
            reserved: false,
        }),
        ephemeral_by_default_on: Vec::new(),
        browsers_refuse: false,
        needs_privilege: Some(port < 1024),
    }
}

fn trials(port: u16, error: Option<&str>) -> Vec<BindTrial> {
    ["127.0.0.1", "::1", "0.0.0.0", "::"]
        .iter()
        .map(|ip| BindTrial {
            address: SocketAddr::new(ip.parse().unwrap(), port),
            reuse_address: true,
            error: error.map(str::to_owned),
        })
        .collect()
}

fn detail(port: u16, endpoints: Vec<EndpointDetail>) -> PortDetail {
    PortDetail {
        schema: PORT_SCHEMA.into(),
        taken_at: ago(0),
        target: port.to_string(),
        number: Some(facts(port)),
        availability: None,
        endpoints,
        runs: Vec::new(),
        leases: Vec::new(),
        holding: Vec::new(),
        warnings: Vec::new(),
    }
}

/// `wharf show 3000`, where Vite was started by npm from a shell in tmux.
pub(crate) fn show_vite() -> PortDetail {
    let ancestry = vec![
        process(4110, "npm run dev", &["npm", "run", "dev"]),
        process(3000, "zsh", &["-zsh"]),
        process(811, "tmux: server", &["tmux"]),
        process(1, "systemd", &["/sbin/init"]),
    ];
    let endpoint = EndpointDetail {
        endpoint: vite(),
        ancestry,
        started_by: Some(StartedBy {
            kind: StarterKind::Multiplexer,
            text: "zsh in tmux (pid 811), terminal pts/3".into(),
            pid: Some(811),
            supervisor: Some(Supervisor { name: "nodemon".into(), pid: 4110 }),
        }),
        options: vec![SocketOptions {
            reuse_address: Some(true),
            keep_alive: Some(false),
            defer_accept_s: Some(0),
            ..SocketOptions::default()
        }],
        environment_port: Some("3000".into()),
        connections: connections_to_vite(),
    };
    let mut detail = detail(3000, vec![endpoint]);
    if let Some(facts) = &mut detail.number {
        facts.iana = vec![IanaName {
            name: "hbci".into(),
            protocols: vec!["tcp".into(), "udp".into()],
            description: Some("HBCI".into()),
        }];
    }
    detail
}

/// `wharf show nginx`: several endpoints, many processes, a container.
pub(crate) fn show_several() -> PortDetail {
    let of = |endpoint| EndpointDetail {
        endpoint,
        ancestry: Vec::new(),
        started_by: None,
        options: Vec::new(),
        environment_port: None,
        connections: Vec::new(),
    };
    let mut detail = detail(80, vec![of(nginx()), of(published_database()), of(resolver())]);
    detail.endpoints.extend(unknown_owners().endpoints.into_iter().take(2).map(of));
    detail.target = "nginx".into();
    detail.number = None;
    detail
}

/// `wharf show 62893`, which nobody uses.
pub(crate) fn show_free() -> PortDetail {
    let mut detail = detail(62_893, Vec::new());
    if let Some(facts) = &mut detail.number {
        facts.ephemeral_by_default_on = vec!["macos".into(), "windows".into()];
    }
    detail.availability = Some(Availability { free: true, tried: trials(62_893, None) });
    detail
}

/// `wharf show 45678`, which a browser's connection took.
pub(crate) fn show_held() -> PortDetail {
    let mut detail = detail(45_678, Vec::new());
    detail.availability = Some(Availability { free: false, tried: trials(45_678, Some("EADDRINUSE")) });
    detail.holding = vec![Connection {
        process: Some(process_ref(900, "firefox")),
        ..connection("192.168.1.5:45678", "192.0.2.7:443", TcpState::Established, None)
    }];
    detail
}

/// `wharf show 6000` where old connections linger and only a strict server is refused.
pub(crate) fn show_lingering() -> PortDetail {
    let mut detail = detail(6000, Vec::new());
    let mut tried = trials(6000, None);
    tried.push(BindTrial {
        address: "0.0.0.0:6000".parse().unwrap(),
        reuse_address: false,
        error: Some("EADDRINUSE".into()),
    });
    detail.availability = Some(Availability { free: true, tried });
    detail.holding = vec![connection("127.0.0.1:6000", "127.0.0.1:50000", TcpState::TimeWait, None)];
    if let Some(facts) = &mut detail.number {
        facts.browsers_refuse = true;
    }
    detail
}

/// `wharf show 80` by an ordinary user.
pub(crate) fn show_privileged() -> PortDetail {
    let mut detail = detail(80, Vec::new());
    detail.availability = Some(Availability { free: false, tried: trials(80, Some("EACCES")) });
    detail
}

pub(crate) fn event(kind: EventKind, endpoint: Endpoint, changed: &[&str]) -> Event {
    Event {
        schema: EVENT_SCHEMA.into(),
        revision: 1,
        at: ago(0),
        kind,
        endpoint,
        changed: changed.iter().map(|name| (*name).to_owned()).collect(),
    }
}

pub(crate) fn warning(text: &str) -> Warning {
    Warning { code: "owners-hidden".into(), text: text.into() }
}
