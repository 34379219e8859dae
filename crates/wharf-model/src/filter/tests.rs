//! Filters: every form a person may write, and what each matches.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::any;
use proptest::proptest;

use super::{Filter, FilterError};
use crate::endpoint::{Endpoint, EndpointState, Exposure, Listener, Protocol};
use crate::owner::{HeldBy, Owner};
use crate::place::{Netns, Unit};
use crate::port::PortRange;

mod edges;

fn parse(text: &str) -> Result<Filter, FilterError> {
    text.parse()
}

fn endpoint(address: &str, port: u16, v6_only: Option<bool>) -> Endpoint {
    let address: IpAddr = address.parse().unwrap();
    let listener = Listener {
        address,
        inode: Some(1),
        cookie: Some(2),
        uid: 113,
        accept_queue: Some(0),
        backlog: Some(5),
        receive_queue_bytes: None,
        device: None,
        v6_only,
        cgroup_id: None,
    };
    let owner = Owner {
        uid: 113,
        user: Some("postgres".to_owned()),
        held_by: HeldBy::Hidden,
        processes: Vec::new(),
        queued_to: Vec::new(),
        cgroup: None,
    };
    Endpoint {
        id: String::new(),
        protocol: Protocol::Tcp,
        addresses: vec![address],
        port,
        state: EndpointState::Listening,
        exposure: Exposure::Loopback,
        netns: Netns { inode: None, own: true, name: None, pid: None },
        listeners: vec![listener],
        owner,
        service: None,
        project: None,
        container: None,
        unit: Some(Unit { name: "postgresql@15-main.service".to_owned(), user_manager: None }),
        run: None,
        range: PortRange::of(port),
        notes: Vec::new(),
    }
}

fn matches(filter: &str, endpoint: &Endpoint) -> bool {
    parse(filter).unwrap().matches(endpoint)
}

#[test]
fn a_number_is_a_port_and_a_word_a_name() {
    let port = |text: &str| parse(text).unwrap().port().map(std::num::NonZeroU16::get);
    for text in
        ["3000", ":3000", "port:3000", " 3000 ", "127.0.0.1:3000", "[::1]:3000", "localhost:3000", "*:3000"]
    {
        assert_eq!(port(text), Some(3000), "{text}");
    }
    assert_eq!(parse("pid:4121"), Ok(Filter::Pid(4121)));
    assert_eq!(parse("user:postgres"), Ok(Filter::User("postgres".to_owned())));
    assert_eq!(parse("name:3000"), Ok(Filter::Name("3000".to_owned())));
    assert_eq!(parse("next-server"), Ok(Filter::Name("next-server".to_owned())));
    assert!(matches!(parse("3000-3999"), Ok(Filter::PortRange(..))));
}

#[test]
fn what_cannot_be_is_one_sentence_with_what_to_do() {
    for (text, says) in [
        ("0", "1 to 65535"),
        ("65536", "1 to 65535"),
        ("70000-80000", "1 to 65535"),
        ("3000-2000", "write 2000-3000"),
        ("pid:", "pid:"),
        ("pid:x", "process id"),
        ("user:", "names nothing"),
        ("", "empty"),
        ("example.com:80", "no local address"),
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(said.contains(says) && !said.contains('\n'), "{text}: {said}");
    }
}

#[test]
fn an_address_matches_what_a_client_of_it_reaches() {
    let dual = endpoint("::", 80, Some(false));
    let v6 = endpoint("::", 80, Some(true));
    let mapped = endpoint("::ffff:127.0.0.1", 80, None);
    let unknown = endpoint("::", 80, None);
    assert!(matches("127.0.0.1:80", &dual) && matches("[::1]:80", &dual));
    assert!(!matches("127.0.0.1:80", &v6) && matches("[::1]:80", &v6) && matches("localhost:80", &v6));
    assert!(matches("127.0.0.1:80", &unknown) && matches("[::1]:80", &unknown));
    assert!(matches("127.0.0.1:80", &mapped) && !matches("[::1]:80", &mapped));
    assert!(matches("192.168.1.5:80", &endpoint("0.0.0.0", 80, None)));
    assert!(!matches("127.0.0.1:80", &endpoint("127.0.0.2", 80, None)));
    assert!(!matches("127.0.0.1:81", &dual));
}

#[test]
fn names_users_and_ranges_match_without_a_process() {
    let endpoint = endpoint("127.0.0.1", 5432, None);
    for filter in ["postgres", "POSTGRESQL", "user:postgres", "user:113", "5000-5999", "5432-5432"] {
        assert!(matches(filter, &endpoint), "{filter}");
    }
    for filter in ["mysql", "user:114", "pid:1", "project:shop", "5433-6000"] {
        assert!(!matches(filter, &endpoint), "{filter}");
    }
}

#[test]
fn a_filter_says_what_it_looks_for() {
    let said = |text: &str| parse(text).unwrap().to_string();
    assert_eq!(said("[::1]:80"), "[::1]:80");
    assert_eq!(said("localhost:80"), "localhost:80");
    assert_eq!(said("3000"), "port 3000");
    assert_eq!(
        parse("127.0.0.1:1"),
        Ok(Filter::Address(vec![Ipv4Addr::LOCALHOST.into()], 1.try_into().unwrap()))
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Ok(filter) = parse(&text) {
            let _ = (filter.matches(&endpoint("::1", 80, None)), filter.to_string());
        }
    }

    #[test]
    fn every_port_is_one(port in 1_u16..) {
        assert_eq!(parse(&port.to_string()).unwrap().port().unwrap().get(), port);
    }
}
