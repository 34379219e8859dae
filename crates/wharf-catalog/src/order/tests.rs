//! Each order, and that equals stay in the order of their ports.

use wharf_model::timestamp::Timestamp;
use wharf_os::facts::SocketFacts;
use wharf_os::fake::{NOW_MS, World, process};

use super::{SortKey, sort};
use crate::testing::{endpoints, listener};

/// Ports 1 to 4: 1 is root's and hidden; 2 is alice's zsh in no project; 3 and 4 are her redis and node, in
/// the projects `web` and `API`.
fn world() -> World {
    let at = |address: &str, inode, uid| SocketFacts { uid, ..listener(address, inode) };
    let mut processes = vec![process(12, 5, "zsh"), process(13, 5, "redis-server"), process(14, 5, "Node")];
    for (process, (hours, cwd)) in processes.iter_mut().zip([(3, "/x"), (1, "/p/web"), (2, "/p/API")]) {
        process.started_at = Timestamp::from_unix_ms(NOW_MS - hours * 3_600_000);
        process.cwd = Some(cwd.to_owned());
    }
    processes[2].exe = Some("/usr/bin/node".to_owned());
    processes[2].command = vec!["node".to_owned()];
    World {
        sockets: vec![
            at("127.0.0.3:4", 14, 1000),
            at("0.0.0.0:3", 13, 1000),
            at("10.0.0.1:2", 12, 1000),
            at("127.0.0.1:1", 11, 0),
        ],
        processes,
        holds: vec![(12, 12, 3), (13, 13, 3), (14, 14, 3)],
        users: [(0, "root".to_owned()), (1000, "alice".to_owned())].into(),
        files: ["/p/web/.git/HEAD", "/p/API/.git/HEAD"]
            .map(|path| (path.into(), b"ref: refs/heads/main\n".to_vec()))
            .into(),
        own_uid: 1000,
        ..World::default()
    }
}

#[test]
fn every_key_has_its_order_and_what_is_unknown_comes_last() {
    for (key, ports) in [
        (SortKey::Port, [1, 2, 3, 4]),
        (SortKey::Importance, [3, 4, 2, 1]),
        (SortKey::Address, [3, 2, 1, 4]),
        (SortKey::Process, [4, 3, 2, 1]),
        (SortKey::Service, [4, 3, 1, 2]),
        (SortKey::Project, [4, 3, 1, 2]),
        (SortKey::User, [2, 3, 4, 1]),
        (SortKey::Since, [3, 4, 2, 1]),
        (SortKey::Exposure, [3, 2, 1, 4]),
    ] {
        let mut endpoints = endpoints(world());
        endpoints.reverse();
        sort(&mut endpoints, key, 1000);
        let sorted: Vec<u16> = endpoints.iter().map(|endpoint| endpoint.port).collect();
        assert_eq!(sorted, ports, "{key:?}");
    }
}
