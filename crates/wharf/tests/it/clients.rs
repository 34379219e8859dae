//! A listener and its clients: only the listener owns the port.

use std::collections::BTreeSet;

use wharf_testkit::sandbox;

use crate::support::{at, ls, only, only_detail, owned_by, says, show, text};

#[test]
fn clients_are_listed_as_clients_and_own_nothing() {
    let sandbox = sandbox!();
    let mut server = sandbox.scene("listen.py", &["tcp:0.0.0.0:3000"]);
    let one = sandbox.scene("connect.py", &["-", "127.0.0.1:3000"]);
    let two = sandbox.scene("connect.py", &["-", "127.0.0.1:3000", "2"]);
    let pid = server.pid("pid");
    server.tell("accept 3000");

    owned_by(only(&ls(&sandbox, &[]), 3000), &[pid]);
    let detail = show(&sandbox, "3000");
    let endpoint = only_detail(&detail);
    owned_by(&endpoint.endpoint, &[pid]);
    assert!(detail.holding.is_empty(), "{detail:#?}");
    assert_eq!(endpoint.connections.len(), 3, "{endpoint:#?}");
    let clients: BTreeSet<u32> = endpoint
        .connections
        .iter()
        .filter_map(|connection| connection.peer.as_ref().map(|peer| peer.pid))
        .collect();
    assert_eq!(clients, BTreeSet::from([one.pid("pid"), two.pid("pid")]), "{endpoint:#?}");
    assert!(endpoint.connections.iter().all(|connection| connection.local.port() == 3000), "{endpoint:#?}");
    let [one, two] = [one.pid("pid").to_string(), two.pid("pid").to_string()];
    says(&text(&sandbox, &["show", "3000"]), &[&one, &two]);
}

#[test]
fn all_lists_connections_with_both_ends() {
    let sandbox = sandbox!();
    let mut server = sandbox.scene("listen.py", &["tcp:[::]:3000"]);
    let client = sandbox.scene("connect.py", &["127.0.0.1:40000", "127.0.0.1:3000"]);
    let pid = server.pid("pid");
    server.tell("accept 3000");
    assert!(ls(&sandbox, &[]).connections.is_empty());
    let all = ls(&sandbox, &["--all"]);
    let outgoing =
        all.connections.iter().find(|connection| connection.local.port() == 40000).expect("its own end");
    assert_eq!(
        outgoing.process.as_ref().map(|process| process.pid),
        Some(client.pid("pid")),
        "{outgoing:#?}"
    );
    assert_eq!(outgoing.peer.as_ref().map(|process| process.pid), Some(pid), "{outgoing:#?}");
    assert_eq!(outgoing.remote.to_string(), "127.0.0.1:3000", "an IPv4 peer is written as IPv4");
}

#[test]
fn connected_udp_sockets_are_shown_as_clients_of_the_server() {
    let sandbox = sandbox!();
    let server = sandbox.scene("listen.py", &["udp:0.0.0.0:5353"]);
    let client = sandbox.scene("connect.py", &["127.0.0.1:40000", "udp:127.0.0.1:5353"]);
    let detail = show(&sandbox, "5353");
    let [connection] = only_detail(&detail).connections.as_slice() else { panic!("one client: {detail:#?}") };
    assert_eq!((connection.local.port(), connection.remote.port()), (5353, 40000), "the server's side");
    assert_eq!(
        connection.process.as_ref().map(|process| process.pid),
        Some(server.pid("pid")),
        "{detail:#?}"
    );
    assert_eq!(connection.peer.as_ref().map(|process| process.pid), Some(client.pid("pid")), "{detail:#?}");
    assert!(detail.holding.is_empty(), "{detail:#?}");
    says(&text(&sandbox, &["show", "5353"]), &[&format!("(pid {}): open", client.pid("pid"))]);
}

#[test]
fn a_connected_udp_socket_is_a_client_and_no_endpoint() {
    let sandbox = sandbox!();
    let server = sandbox.scene("listen.py", &["udp:127.0.0.1:5353"]);
    let client = sandbox.scene("connect.py", &["127.0.0.1:40000", "udp:127.0.0.1:5353"]);
    let plain = ls(&sandbox, &[]);
    owned_by(only(&plain, 5353), &[server.pid("pid")]);
    assert!(at(&plain, 40000).is_empty(), "{plain:#?}");
    let all = ls(&sandbox, &["--all"]);
    let outgoing =
        all.connections.iter().find(|connection| connection.local.port() == 40000).expect("its own end");
    assert_eq!(
        outgoing.process.as_ref().map(|process| process.pid),
        Some(client.pid("pid")),
        "{outgoing:#?}"
    );
}
