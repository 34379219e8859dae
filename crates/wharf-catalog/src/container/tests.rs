//! Command lines of proxies, and the match of a listener with a published port.

use std::net::IpAddr;

use proptest::prelude::*;
use wharf_model::endpoint::Protocol;
use wharf_os::facts::{ContainerFacts, PublishedPort};

use super::{DockerProxy, match_published, parse_docker_proxy, parse_pasta, with_id};

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn container(id: &str, address: &str, host: Option<&str>, ports: (u16, u16)) -> ContainerFacts {
    ContainerFacts {
        engine: "docker".to_owned(),
        id: id.to_owned(),
        name: format!("name-{id}"),
        image: "bb:1".to_owned(),
        ports: vec![PublishedPort {
            protocol: Protocol::Tcp,
            host: host.map(ip),
            host_port: ports.0,
            container_port: ports.1,
        }],
        addresses: vec![ip(address)],
        compose_project: Some("shop".to_owned()),
        compose_service: None,
    }
}

#[test]
fn docker_proxy_tells_what_it_publishes() {
    let line = "/usr/sbin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 62893 -container-ip 172.17.0.2 \
                -container-port 80";
    let expected = DockerProxy {
        protocol: Protocol::Tcp,
        host_ip: Some(ip("127.0.0.1")),
        host_port: 62893,
        container_ip: Some(ip("172.17.0.2")),
        container_port: 80,
    };
    assert_eq!(parse_docker_proxy(&words(line)), Some(expected.clone()));
    assert_eq!(parse_docker_proxy(&words(&format!("{line} -use-listen-fd"))), Some(expected.clone()));
    let joined = "docker-proxy -use-listen-fd --proto=tcp -host-ip=127.0.0.1 -host-port=62893 \
                  -container-ip=172.17.0.2 -container-port=80";
    assert_eq!(parse_docker_proxy(&words(joined)), Some(expected));
    let udp6 = "docker-proxy -proto udp -host-ip :: -host-port 53 -container-ip fd00::2 -container-port 5353";
    let udp6 = parse_docker_proxy(&words(udp6)).unwrap();
    assert_eq!((udp6.protocol, udp6.host_ip, udp6.container_port), (Protocol::Udp, Some(ip("::")), 5353));
}

#[test]
fn what_is_no_docker_proxy_or_tells_no_port_is_refused() {
    for line in [
        "",
        "docker-proxy",
        "docker-proxy -proto sctp -host-port 1 -container-port 2",
        "docker-proxy -host-port 0 -container-port 2",
        "docker-proxy -host-port 65536 -container-port 2",
        "docker-proxy -container-port 80 -host-port",
        "vim docker-proxy -host-port 1 -container-port 2",
    ] {
        assert_eq!(parse_docker_proxy(&words(line)), None, "{line}");
    }
    assert_eq!(parse_docker_proxy(&[]), None);
}

#[test]
fn pasta_tells_each_port_it_forwards() {
    let line = "/usr/bin/pasta --config-net -t 127.0.0.1/8080-8081:80-81 -u=53:5353 --dns-forward 169.254.0.1 \
                -t auto -T none --quiet --netns /run/user/1000/netns/netns-1";
    let seen: Vec<_> = parse_pasta(&words(line))
        .into_iter()
        .map(|port| (port.protocol, port.host_ip, port.host_port, port.container_port))
        .collect();
    let loopback = Some(ip("127.0.0.1"));
    assert_eq!(
        seen,
        [
            (Protocol::Tcp, loopback, 8080, 80),
            (Protocol::Tcp, loopback, 8081, 81),
            (Protocol::Udp, None, 53, 5353)
        ]
    );
    assert!(parse_pasta(&words("cat -t 80:80")).is_empty());
    assert_eq!(parse_pasta(&words(&format!("pasta{}", " -t 1-65535".repeat(100)))).len(), 4096);
}

#[test]
fn a_listener_is_matched_by_its_address_and_the_containers() {
    let all = [
        container("aaaaaaaaaaaa1", "172.17.0.2", Some("127.0.0.1"), (8080, 80)),
        container("bbbbbbbbbbbb2", "172.17.0.3", Some("127.0.0.2"), (8080, 81)),
        container("cccccccccccc3", "172.17.0.4", Some("0.0.0.0"), (9090, 90)),
    ];
    let find = |host: Option<&str>, port, inner: Option<&str>| {
        match_published(&all, Protocol::Tcp, host.map(ip), port, inner.map(ip))
            .map(|c| (c.id, c.port.unwrap()))
    };
    assert_eq!(find(Some("127.0.0.2"), 8080, None), Some(("bbbbbbbbbbbb2".to_owned(), 81)));
    assert_eq!(find(Some("127.0.0.1"), 8080, Some("172.17.0.2")), Some(("aaaaaaaaaaaa1".to_owned(), 80)));
    assert_eq!(find(Some("127.0.0.1"), 8080, Some("172.17.0.3")), None);
    assert_eq!(find(Some("127.0.0.3"), 8080, None), None);
    assert_eq!(find(Some("0.0.0.0"), 9090, None), Some(("cccccccccccc3".to_owned(), 90)));
    assert_eq!(find(Some("10.0.0.1"), 9090, None), Some(("cccccccccccc3".to_owned(), 90)));
    assert_eq!(find(Some("::"), 9090, None), Some(("cccccccccccc3".to_owned(), 90)));
    assert_eq!(find(None, 9090, None), Some(("cccccccccccc3".to_owned(), 90)));
    assert_eq!(find(Some("::1"), 9090, None), None);
    assert_eq!(find(None, 8080, None), None);
    assert_eq!(match_published(&all, Protocol::Udp, None, 9090, None), None);
    let whole = match_published(&all, Protocol::Tcp, None, 9090, None).unwrap();
    assert_eq!(whole.label(), "name-cccccccccccc3");
    assert_eq!((whole.image.as_deref(), whole.compose_project.as_deref()), (Some("bb:1"), Some("shop")));
}

#[test]
fn two_containers_that_nothing_tells_apart_are_no_match() {
    let all = [
        container("aaaaaaaaaaaa1", "172.17.0.2", None, (8080, 80)),
        container("bbbbbbbbbbbb2", "172.17.0.3", None, (8080, 80)),
    ];
    assert_eq!(match_published(&all, Protocol::Tcp, None, 8080, None), None);
    let told = match_published(&all, Protocol::Tcp, None, 8080, Some(ip("172.17.0.3"))).unwrap();
    assert_eq!(told.id, "bbbbbbbbbbbb2");
}

#[test]
fn a_container_is_found_by_its_whole_or_short_id() {
    let all = [container("aaaaaaaaaaaa1", "172.17.0.2", None, (1, 1))];
    assert_eq!(with_id(&all, "aaaaaaaaaaaa").unwrap().port, None);
    assert!(with_id(&all, "aaaaaaaaaaaa1").is_some());
    assert!(with_id(&all, "aaaa").is_none() && with_id(&all, "").is_none());
}

proptest! {
    #[test]
    fn any_command_line_is_read_without_panic(
        command in prop::collection::vec("(-?-?(proto|host-port|container-port|host-ip|t|u)=?)?\\PC{0,12}|[0-9]{1,5}-[0-9]{1,5}:[0-9]{1,5}", 0..10),
        program in "docker-proxy|pasta",
    ) {
        let mut whole = vec![program];
        whole.extend(command);
        let _ = parse_docker_proxy(&whole);
        let _ = parse_pasta(&whole);
    }
}
