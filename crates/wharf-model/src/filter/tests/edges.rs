//! Every form of a word at its edges, and what is shown of it; the plain cases are in the file above.

use std::net::IpAddr;

use proptest::prelude::*;

use crate::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use crate::filter::{Filter, FilterError};
use crate::owner::{HeldBy, Owner};
use crate::place::{Container, KnownBy, Netns, Project, Service, Unit};
use crate::port::PortRange;
use crate::process::{Process, ProcessState};

fn parse(text: &str) -> Result<Filter, FilterError> {
    text.parse()
}

fn matches(word: &str, endpoint: &Endpoint) -> bool {
    parse(word).unwrap().matches(endpoint)
}

fn port(text: &str) -> std::num::NonZeroU16 {
    text.parse().unwrap()
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// An endpoint of uid 1000 that no process is known of.
fn endpoint(address: &str, port: u16, v6_only: Option<bool>) -> Endpoint {
    let address: IpAddr = address.parse().unwrap();
    let listener = Listener {
        address,
        inode: Some(1),
        cookie: Some(1),
        uid: 1000,
        accept_queue: Some(0),
        backlog: Some(511),
        receive_queue_bytes: None,
        device: None,
        v6_only,
        cgroup_id: None,
    };
    Endpoint {
        id: "own".to_owned(),
        protocol: Protocol::Tcp,
        addresses: vec![address],
        port,
        state: EndpointState::Listening,
        exposure: Exposure::Loopback,
        netns: Netns { inode: None, own: true, name: None, pid: None },
        listeners: vec![listener],
        owner: Owner {
            uid: 1000,
            user: Some("alice".to_owned()),
            held_by: HeldBy::Hidden,
            processes: Vec::new(),
            queued_to: Vec::new(),
            cgroup: None,
        },
        service: None,
        project: None,
        container: None,
        unit: None,
        run: None,
        range: PortRange::of(port),
        notes: Vec::new(),
    }
}

fn process(pid: u32) -> Process {
    Process {
        pid,
        started_at: None,
        start_ticks: 1,
        ppid: Some(1),
        name: "MainThread".to_owned(),
        command: vec!["/usr/bin/node".to_owned(), "/srv/shop/server.js".to_owned(), "--flag".to_owned()],
        exe: Some("/opt/runtime/bin/node-22".to_owned()),
        exe_deleted: false,
        cwd: None,
        uid: Some(33),
        user: Some("www-data".to_owned()),
        state: ProcessState::Sleeping,
        tty: None,
        cgroup: None,
        fds: Vec::new(),
    }
}

fn container(name: Option<&str>, id: &str) -> Container {
    Container {
        engine: "docker".to_owned(),
        id: id.to_owned(),
        name: name.map(str::to_owned),
        image: Some("postgres:16".to_owned()),
        port: None,
        compose_project: Some("store".to_owned()),
        compose_service: Some("queue".to_owned()),
    }
}

#[test]
fn a_number_is_a_port_with_or_without_colon_prefix_and_spaces() {
    for text in ["3000", ":3000", " 3000 ", "\t:3000\n", "port:3000", "03000"] {
        assert_eq!(parse(text), Ok(Filter::Port(port("3000"))), "{text:?}");
    }
    assert_eq!(parse("65535"), Ok(Filter::Port(port("65535"))));
}

#[test]
fn a_number_that_is_no_port_is_refused() {
    for text in ["0", ":0", "65536", "99999999999999999999", "port:0", "0-10", "10-65536", "127.0.0.1:0"] {
        assert!(matches!(parse(text), Err(FilterError::NoSuchPort(_))), "{text:?}: {:?}", parse(text));
    }
    for text in ["port:", "port:x", "port:+5"] {
        assert!(matches!(parse(text), Err(FilterError::NoSuchPort(_))), "{text:?}: {:?}", parse(text));
    }
}

#[test]
fn a_range_has_both_ends_and_is_not_turned_around() {
    assert_eq!(parse("2000-3000"), Ok(Filter::PortRange(port("2000"), port("3000"))));
    assert_eq!(parse("3000-3000"), Ok(Filter::PortRange(port("3000"), port("3000"))));
    assert_eq!(parse("3000-2000"), Err(FilterError::EmptyRange(port("3000"), port("2000"))));
    assert!(parse("3000-2000").unwrap_err().to_string().contains("write 2000-3000"));
}

#[test]
fn an_address_with_a_port_is_read_in_every_notation() {
    for (text, expected) in [
        ("[::1]:80", &["::1"][..]),
        ("::1:80", &["::1"]),
        ("127.0.0.1:80", &["127.0.0.1"]),
        ("localhost:80", &["127.0.0.1", "::1"]),
        ("shop.localhost:80", &["127.0.0.1", "::1"]),
        ("*:80", &["0.0.0.0", "::"]),
    ] {
        assert_eq!(parse(text), Ok(Filter::Address(addresses(expected), port("80"))), "{text}");
    }
}

#[test]
fn a_host_that_is_not_of_this_machine_is_refused() {
    for text in ["example.org:80", "256.0.0.1:80", "[::g]:80", "notlocalhost:80"] {
        assert!(matches!(parse(text), Err(FilterError::NoSuchHost(_))), "{text}");
    }
}

#[test]
fn a_prefix_says_what_the_rest_is() {
    assert_eq!(parse("pid:4121"), Ok(Filter::Pid(4121)));
    assert_eq!(parse("user:postgres"), Ok(Filter::User("postgres".to_owned())));
    assert_eq!(parse("project:3000"), Ok(Filter::Project("3000".to_owned())));
    assert_eq!(parse("name:redis:7"), Ok(Filter::Name("redis:7".to_owned())));
}

#[test]
fn a_prefix_without_what_it_announces_is_refused() {
    for text in ["pid:", "pid:x", "pid:-1", "pid:4294967296"] {
        assert!(matches!(parse(text), Err(FilterError::NoSuchPid(_))), "{text}");
    }
    for text in ["user:", "project:", "name:", " user: "] {
        assert_eq!(parse(text), Err(FilterError::Empty(text.trim().to_owned())), "{text}");
    }
    for text in ["", " ", "\n"] {
        assert_eq!(parse(text), Err(FilterError::Empty(String::new())), "{text:?}");
    }
}

#[test]
fn any_other_word_is_a_name_also_of_letters_beyond_ascii() {
    for text in ["shop", "my-shop", "größe", "商店", "٣٠٠٠", "3000-", "-3000", "a:b"] {
        assert_eq!(parse(text), Ok(Filter::Name(text.to_owned())), "{text}");
    }
}

#[test]
fn an_address_is_shown_as_it_can_be_written() {
    for text in ["[::1]:80", "127.0.0.1:80", "0.0.0.0:80", "[::]:80", "localhost:80", "*:80"] {
        assert_eq!(parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_address_is_shown_in_words() {
    for (text, shown) in [
        (":3000", "port 3000"),
        ("1-2", "ports 1-2"),
        ("pid:7", "pid 7"),
        ("user:root", "user root"),
        ("project:shop", "project shop"),
        ("shop", "\"shop\""),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), shown);
    }
}

#[test]
fn only_a_port_alone_or_with_an_address_names_one_port() {
    assert_eq!(parse("80").unwrap().port(), Some(port("80")));
    assert_eq!(parse("localhost:80").unwrap().port(), Some(port("80")));
    for text in ["80-80", "pid:80", "user:80", "name:80"] {
        assert_eq!(parse(text).unwrap().port(), None, "{text}");
    }
}

#[test]
fn a_port_and_a_range_match_by_number() {
    let endpoint = endpoint("127.0.0.1", 3000, None);
    for word in ["3000", "3000-3001", "2999-3000", "1-65535"] {
        assert!(matches(word, &endpoint), "{word}");
    }
    for word in ["3001", "3001-4000", "1-2999"] {
        assert!(!matches(word, &endpoint), "{word}");
    }
}

#[test]
fn an_address_matches_what_serves_it() {
    for (own, v6_only, asked, expected) in [
        ("127.0.0.1", None, "127.0.0.1:80", true),
        ("127.0.0.1", None, "127.0.0.2:80", false),
        ("127.0.0.1", None, "127.0.0.1:81", false),
        ("127.0.0.1", None, "localhost:80", true),
        ("::1", Some(true), "localhost:80", true),
        ("0.0.0.0", None, "127.0.0.1:80", true),
        ("0.0.0.0", None, "[::1]:80", false),
        ("::", Some(true), "[::1]:80", true),
        ("::", Some(true), "127.0.0.1:80", false),
        ("::", Some(false), "127.0.0.1:80", true),
        ("::1", Some(false), "127.0.0.1:80", false),
        ("0.0.0.0", None, "*:80", true),
        ("::", Some(true), "*:80", true),
        ("127.0.0.1", None, "*:80", false),
        ("::ffff:127.0.0.1", Some(false), "127.0.0.1:80", true),
        ("::ffff:0.0.0.0", Some(false), "127.0.0.1:80", true),
        ("127.0.0.1", None, "[::ffff:127.0.0.1]:80", true),
    ] {
        assert_eq!(matches(asked, &endpoint(own, 80, v6_only)), expected, "{own} {v6_only:?} by {asked}");
    }
}

#[test]
fn a_pid_matches_any_holder_and_no_other() {
    let mut held = endpoint("127.0.0.1", 80, None);
    assert!(!matches("pid:7", &held));
    held.owner.processes = vec![process(6), process(7)];
    assert!(matches("pid:7", &held));
    assert!(!matches("pid:70", &held));
    assert!(!matches("pid:80", &held));
}

#[test]
fn a_user_matches_by_whole_name_or_id_of_socket_or_process() {
    let mut held = endpoint("127.0.0.1", 80, None);
    assert!(!matches("user:www-data", &held));
    held.owner.processes = vec![process(7)];
    for word in ["user:alice", "user:1000", "user:www-data", "user:33", "alice"] {
        assert!(matches(word, &held), "{word}");
    }
    for word in ["user:ali", "user:100", "user:root", "user:0", "ali"] {
        assert!(!matches(word, &held), "{word}");
    }
}

#[test]
fn a_user_by_number_is_not_a_process_of_unknown_user() {
    let mut held = endpoint("127.0.0.1", 80, None);
    held.owner.processes = vec![Process { uid: None, user: None, ..process(7) }];
    assert!(!matches("user:nobody", &held));
}

#[test]
fn a_name_matches_process_program_and_script_but_not_directories_or_later_arguments() {
    let mut held = endpoint("127.0.0.1", 80, None);
    held.owner.processes = vec![process(7)];
    for word in ["mainthread", "NODE", "node-22", "server.js"] {
        assert!(matches(word, &held), "{word}");
    }
    for word in ["srv", "runtime", "flag"] {
        assert!(!matches(word, &held), "{word}");
    }
}

#[test]
fn a_name_matches_service_unit_project_and_package() {
    let plain = endpoint("127.0.0.1", 80, None);
    let mut named = plain.clone();
    named.service = Some(Service {
        id: "postgresql".to_owned(),
        name: "Postgres Server".to_owned(),
        protocol: None,
        version: None,
        known_by: KnownBy::Executable,
    });
    named.unit = Some(Unit { name: "cluster@main.service".to_owned(), user_manager: None });
    named.project = Some(Project {
        name: "Größe".to_owned(),
        root: "/home/alice/code".to_owned(),
        package: Some("@corp/web-shop".to_owned()),
        manifest: None,
        branch: Some("trunk".to_owned()),
        detached_at: None,
        worktree: None,
    });
    for word in ["postgresql", "postgres s", "cluster@main", "größe", "GRÖSSE", "web-shop"] {
        // Lower case of a sharp s is a sharp s: two spellings stay two words.
        assert_eq!(matches(word, &named), word != "GRÖSSE", "{word}");
        assert!(!matches(word, &plain), "{word}");
    }
    assert!(matches("project:shop", &named) && !matches("project:postgres", &named));
    assert!(!matches("trunk", &named));
}

#[test]
fn a_name_matches_container_image_and_compose_service() {
    let mut held = endpoint("127.0.0.1", 80, None);
    let id = "3fdb00aa11cc22ee".repeat(4);
    held.container = Some(container(Some("shop-cache-1"), &id));
    for word in ["cache", "name:postgres:16", "queue", "store", "3fdb00aa", "project:store"] {
        assert!(matches(word, &held), "{word}");
    }
    for word in ["3fd", "aa11cc22", "docker", "project:queue"] {
        assert!(!matches(word, &held), "{word}");
    }
}

#[test]
fn a_short_word_does_not_match_digits_within_the_id_of_an_unnamed_container() {
    let mut held = endpoint("127.0.0.1", 80, None);
    held.container = Some(container(None, &"3fdb00aa11cc22ee".repeat(4)));
    assert!(!matches("db", &held));
    assert!(matches("3fdb", &held));
    // The machines of lxc and systemd-nspawn have their name for an id.
    held.container = Some(container(None, "a-long-machine-db"));
    assert!(matches("db", &held));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = parse(&text).map(|filter| filter.to_string()).map_err(|error| error.to_string());
    }

    #[test]
    fn parsing_of_what_looks_like_a_filter_never_panics(text in "[\\[\\]:*.a-z0-9 -]{0,24}") {
        let _ = parse(&text).map(|filter| filter.to_string()).map_err(|error| error.to_string());
    }

    #[test]
    fn every_address_is_shown_as_it_can_be_written(address: IpAddr, port in 1_u16..) {
        let filter = Filter::Address(vec![address], port.try_into().unwrap());
        prop_assert_eq!(parse(&filter.to_string()), Ok(filter));
    }
}
