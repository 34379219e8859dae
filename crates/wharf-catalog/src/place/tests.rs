//! Containers, units and projects of endpoints whose processes are not in sight, or stand outside.

use std::collections::BTreeMap;

use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_os::facts::{ContainerFacts, Namespace, Partial, SocketFacts};
use wharf_os::fake::{World, process};
use wharf_os::traits::Containers;

use crate::request::Request;
use crate::survey::survey;
use crate::testing::{endpoints, listener};

const ID: &str = "9c3bd0aa6bf1d2b49c3bd0aa6bf1d2b49c3bd0aa6bf1d2b49c3bd0aa6bf1d2b4";

/// No engine answers.
struct Silent;

impl Containers for Silent {
    fn list(&self) -> Partial<Vec<ContainerFacts>> {
        let warning = Warning { code: "engine-silent".to_owned(), text: "no answer".to_owned() };
        Partial { value: Vec::new(), warnings: vec![warning] }
    }
}

/// A docker-proxy (7) that leads port 8080 to port 80 of a container in another namespace.
fn proxy() -> World {
    let mut proxy = process(7, 1, "docker-proxy");
    let line = "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 \
                -container-ip 172.17.0.2 -container-port 80";
    proxy.command = line.split_whitespace().map(str::to_owned).collect();
    proxy.cwd = Some("/p/web".to_owned());
    let mut inside = process(8, 1, "nginx");
    inside.cgroup = Some(format!("/system.slice/docker-{ID}.scope"));
    let namespace = Namespace { key: 1, inode: Some(9), name: None, pids: vec![8] };
    World {
        sockets: vec![SocketFacts { uid: 0, ..listener("0.0.0.0:8080", 1) }],
        processes: vec![proxy, inside],
        holds: vec![(1, 7, 4)],
        namespaces: vec![(namespace, Vec::new())],
        namespace_addresses: BTreeMap::from([(1, vec!["172.17.0.2".parse().unwrap()])]),
        files: [("/p/web/.git/HEAD".into(), b"ref: refs/heads/main\n".to_vec())].into(),
        own_uid: 1000,
        ..World::default()
    }
}

#[test]
fn without_an_api_the_address_of_a_namespace_leads_to_the_container() {
    let container = endpoints(proxy()).remove(0).container.unwrap();
    assert_eq!((container.id.as_str(), container.port, container.image), (ID, Some(80), None));
}

#[test]
fn a_hidden_proxy_is_known_by_its_command_line_and_the_silent_engine_is_told_once() {
    let world = World { denied: vec![7], ..proxy() };
    let os = Os { containers: Box::new(Silent), ..world.os() };
    let snapshot = survey(&os, &Request::default()).unwrap();
    let container = snapshot.endpoints[0].container.as_ref().unwrap();
    assert_eq!((container.id.as_str(), container.port), (ID, Some(80)));
    assert_eq!(snapshot.warnings.iter().filter(|warning| warning.code == "engine-silent").count(), 1);
}

#[test]
fn a_proxy_of_another_port_leads_nowhere() {
    let mut world = proxy();
    world.sockets = vec![listener("0.0.0.0:8081", 1)];
    assert_eq!(endpoints(world).remove(0).container, None);
}

#[test]
fn what_a_proxy_publishes_is_no_project_of_the_proxys_directory() {
    assert_eq!(endpoints(proxy()).remove(0).project, None);
    let mut plain = proxy();
    plain.processes[0].command = vec!["node".to_owned()];
    plain.processes[0].name = "node".to_owned();
    assert_eq!(endpoints(plain).remove(0).project.unwrap().name, "web");
}

#[test]
fn a_hidden_owner_is_placed_by_the_control_group_of_its_socket() {
    let within = |path: &str| {
        endpoints(World {
            sockets: vec![SocketFacts { cgroup_id: Some(5), uid: 0, ..listener("127.0.0.1:80", 1) }],
            denied: vec![7],
            cgroups: [(5, path.to_owned())].into(),
            own_uid: 1000,
            ..World::default()
        })
        .remove(0)
    };
    assert_eq!(within("/system.slice/cups.service").unit.unwrap().name, "cups.service");
    assert_eq!(within(&format!("/system.slice/docker-{ID}.scope")).container.unwrap().id, ID);
    let root = within("/");
    assert_eq!((root.unit, root.container, root.owner.cgroup), (None, None, None));
}
